package dev.drawbridge.verification;

import dev.drawbridge.shared.TimeLimit;
import java.time.Duration;
import org.springframework.stereotype.Component;

/**
 * Looks again every second. The only place where a step waits: kubelet and API server offer nothing to wait for, and the
 * wall clock, which a person may set back, does not measure it.
 */
@Component
class TimedConvergence implements Convergence {
    private static final Duration BETWEEN = Duration.ofSeconds(1);

    private final Duration time;

    TimedConvergence(VerificationProperties settings) {
        this.time = settings.staticPodWait();
    }

    @Override
    public Turns begin() {
        // half of what the step has left at most: a scan and the other checks come after it
        Duration left = TimeLimit.atMost(time.multipliedBy(2)).dividedBy(2);
        long end = System.nanoTime() + left.toNanos();
        return () -> {
            long nanos = end - System.nanoTime();
            if (nanos <= 0) {
                return false;
            }
            try {
                Thread.sleep(
                        Math.min(BETWEEN.toMillis(), Duration.ofNanos(nanos).toMillis() + 1));
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the cluster came to rest", stopping);
            }
            return true;
        };
    }
}
