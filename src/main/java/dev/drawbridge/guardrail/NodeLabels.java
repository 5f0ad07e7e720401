package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.Map;
import java.util.Optional;

/** What guardrails need to know of nodes; whoever knows the cluster implements it. */
public interface NodeLabels {
    /** Labels of the node, from memory; empty when they are not known, from which nothing may be concluded. */
    Optional<Map<String, String>> labels(NodeName node);
}
