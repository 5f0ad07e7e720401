package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All nodes of the cluster as guardrails see them; whoever knows the cluster implements it. */
public interface ClusterNodes {
    /** From memory; empty when they are not known, from which nothing may be concluded. */
    Optional<List<Member>> members();

    /**
     * One node.
     *
     * @param controlPlane it runs the control plane
     * @param healthy known to be so now; not known is not healthy
     * @param addresses names and addresses by which it is reached
     */
    record Member(
            NodeName node, boolean controlPlane, boolean healthy, Map<String, String> labels, Set<String> addresses) {}
}
