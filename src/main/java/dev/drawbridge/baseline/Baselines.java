package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeInfo;

/** Fetches, verifies and pins; see the decision record on trust in the baseline. */
public interface Baselines {
    /** The baseline of a node at the newest trusted revision; fetches from the remote first where it can. */
    BaselineResult trusted(NodeInfo node);
}
