package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import java.util.List;

/**
 * Which nodes the cluster has. Answers from memory (a watch keeps it fresh), because intake asks it for every alert and must
 * go on while the API server is the victim.
 */
public interface NodeDirectory {
    /** The answer to "is this a node of ours". */
    sealed interface Lookup {
        record Known(NodeInfo node) implements Lookup {}

        record Unknown() implements Lookup {}

        /** The cluster was never read: nothing may be concluded. */
        record NotAvailable(String reason) implements Lookup {}
    }

    Lookup find(NodeName name);

    /** All nodes in the order of their names; empty before the first read. */
    List<NodeInfo> all();
}
