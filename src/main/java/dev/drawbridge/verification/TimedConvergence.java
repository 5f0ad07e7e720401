package dev.drawbridge.verification;

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
        long end = System.nanoTime() + time.toNanos();
        return () -> {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                Thread.sleep(Math.min(BETWEEN.toMillis(), Duration.ofNanos(left).toMillis() + 1));
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the cluster came to rest", stopping);
            }
            return true;
        };
    }
}
