package dev.drawbridge.recovery;

import dev.drawbridge.node.NodeScan;
import dev.drawbridge.shared.Digest;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The looks at nodes from which the newest plans were made: the evidence for a plan is taken moments later, and what it reads is compared
 * with the digests of that look. A saving and no memory: whoever finds nothing here looks again. What is kept is closed by it or by who takes it.
 */
final class RecentLooks {
    private static final Duration FRESH = Duration.ofMinutes(1);
    private static final int MOST = 4;

    private final Map<Digest, NodeScan> looks = new LinkedHashMap<>();

    /** @param plan hash of what was planned by it */
    synchronized void keep(Digest plan, NodeScan look) {
        forget(plan);
        looks.put(plan, look);
        if (looks.size() > MOST) {
            forget(looks.keySet().iterator().next());
        }
    }

    /** At most once: a second capture is for something that changed since. */
    synchronized Optional<NodeScan> take(Digest plan, Instant now) {
        NodeScan look = looks.get(plan);
        if (look == null || now.isAfter(look.at().plus(FRESH))) {
            forget(plan);
            return Optional.empty();
        }
        return Optional.of(looks.remove(plan));
    }

    private void forget(Digest plan) {
        NodeScan look = looks.remove(plan);
        if (look != null) {
            look.close();
        }
    }
}
