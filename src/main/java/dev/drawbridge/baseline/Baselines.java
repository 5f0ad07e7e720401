package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import java.util.Optional;

/** Fetches, verifies and pins; see the decision record on trust in the baseline. */
public interface Baselines {
    /** The baseline of a node at the newest trusted revision; fetches from the remote first where it can. */
    BaselineResult trusted(NodeInfo node);

    /**
     * The baseline of a node at a revision that {@link #trusted} gave before, without asking anybody whether it still is: to show
     * it, never to restore from it. Empty when this instance does not hold it, or holds a newer one.
     */
    default Optional<Baseline> loaded(NodeName node, BaselineRevision revision) {
        return Optional.empty();
    }
}
