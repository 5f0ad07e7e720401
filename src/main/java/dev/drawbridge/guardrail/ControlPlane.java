package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Optional;

/** The nodes that run the control plane, each with its voter of etcd; whoever knows the cluster implements it. */
public interface ControlPlane {
    /** All members, from memory; empty when they are not known, from which nothing may be concluded. */
    Optional<List<Member>> members();

    /** @param healthy known to be so now; not known is not healthy */
    record Member(NodeName node, boolean healthy) {}
}
