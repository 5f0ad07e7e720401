package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import java.time.Duration;
import java.util.Optional;

/** Fetches, verifies and pins; see the decision record on trust in the baseline. */
public interface Baselines {
    /** The baseline of a node at the newest trusted revision; fetches from the remote first where it can. */
    BaselineResult trusted(NodeInfo node);

    /**
     * As {@link #trusted}, for many nodes in a row: the remote is not asked again when it was asked, or did not answer, less than
     * this long ago. What is in the cache is verified all the same.
     */
    default BaselineResult recentlyTrusted(NodeInfo node, Duration age) {
        return trusted(node);
    }

    /**
     * The baseline of a node at a revision that {@link #trusted} gave before, without asking anybody whether it still is: to show
     * it, never to restore from it. Empty when this instance does not hold it, or holds a newer one.
     */
    default Optional<Baseline> loaded(NodeName node, BaselineRevision revision) {
        return Optional.empty();
    }
}
