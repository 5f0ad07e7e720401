package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import java.util.Optional;

/** How to reach a node; empty when nothing is known of it. The sandbox brings its own. */
public interface NodeEndpoints {
    Optional<NodeEndpoint> find(NodeName node);
}
