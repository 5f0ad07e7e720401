package dev.drawbridge.recovery;

import dev.drawbridge.node.NodeScan;
import dev.drawbridge.shared.Digest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The looks at nodes from which the newest plans were made: the evidence for a plan is taken moments later, and what it reads is compared
 * with the digests of that look. A saving and no memory: whoever finds nothing here looks again. What is kept is closed by it or by who takes it.
 */
@Component
class RecentLooks {
    private static final Duration FRESH = Duration.ofMinutes(1);
    private static final int MOST = 4;

    private final Clock clock;
    private final Map<Digest, NodeScan> looks = new LinkedHashMap<>();

    RecentLooks(Clock clock) {
        this.clock = clock;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableScheduling
    static class Schedule {
        private final RecentLooks looks;

        Schedule(RecentLooks looks) {
            this.looks = looks;
        }

        /** Nobody takes the look of a plan that waits for a person. */
        @Scheduled(initialDelay = 10, fixedDelay = 10, timeUnit = TimeUnit.SECONDS)
        void forgetStale() {
            looks.forgetStale();
        }
    }

    /** @param plan hash of what was planned by it */
    synchronized void keep(Digest plan, NodeScan look) {
        forgetStale();
        forget(plan);
        looks.put(plan, look);
        if (looks.size() > MOST) {
            forget(looks.keySet().iterator().next());
        }
    }

    /** At most once: a second capture is for something that changed since. */
    synchronized Optional<NodeScan> take(Digest plan) {
        forgetStale();
        return Optional.ofNullable(looks.remove(plan));
    }

    /** Closes what is too old to be taken: a large one holds a file open, and room that other scans need. */
    synchronized void forgetStale() {
        Instant oldest = clock.instant().minus(FRESH);
        looks.values().removeIf(look -> {
            boolean stale = look.at().isBefore(oldest);
            if (stale) {
                look.close();
            }
            return stale;
        });
    }

    private void forget(Digest plan) {
        NodeScan look = looks.remove(plan);
        if (look != null) {
            look.close();
        }
    }
}
