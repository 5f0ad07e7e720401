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
 * with the digests of that look. A saving and no memory: whoever finds nothing here looks again.
 */
final class RecentLooks {
    private static final Duration FRESH = Duration.ofMinutes(1);
    private static final int MOST = 4;
    private static final int LARGEST = 20_000;

    private final Map<Digest, NodeScan> looks = new LinkedHashMap<>();

    /** @param plan hash of what was planned by it */
    synchronized void keep(Digest plan, NodeScan look) {
        if (look.files().size() > LARGEST) {
            return;
        }
        looks.remove(plan);
        looks.put(plan, look);
        if (looks.size() > MOST) {
            looks.remove(looks.keySet().iterator().next());
        }
    }

    /** At most once: a second capture is for something that changed since. */
    synchronized Optional<NodeScan> take(Digest plan, Instant now) {
        return Optional.ofNullable(looks.remove(plan))
                .filter(look -> !now.isAfter(look.at().plus(FRESH)));
    }
}
