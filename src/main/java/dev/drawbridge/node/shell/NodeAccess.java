package dev.drawbridge.node.shell;

/** How a node is reached. */
public enum NodeAccess {
    SSH,
    /** A privileged helper pod on the node. */
    POD
}
