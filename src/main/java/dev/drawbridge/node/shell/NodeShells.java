package dev.drawbridge.node.shell;

import dev.drawbridge.shared.NodeName;

/** Which shell leads to which node. */
@FunctionalInterface
public interface NodeShells {
    NodeShell of(NodeName node);
}
