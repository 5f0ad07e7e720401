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

    /** Whether the API server answers a read now; takes a round trip. A watch that broke may still be trying, and says nothing meanwhile. */
    default boolean answers() {
        return members().isPresent();
    }

    /**
     * The nodes as they were when the cluster last said, also while it cannot be asked; none of them is known to be healthy then. Good for
     * telling whose a name or an address is. Empty when they were never known.
     */
    default Optional<List<Member>> lastSeen() {
        return members();
    }

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
