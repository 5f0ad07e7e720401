package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.List;

/** What runs on nodes, by the same ways as {@link NodeFiles} and with the same faults. Changes nothing there. */
public interface NodeProcesses {
    /**
     * Every process, in one round trip.
     *
     * @param directories which files are open below them, and who works in them, is part of the answer; what else processes
     *     have open is not
     */
    Snapshot processes(NodeName node, List<NodePath> directories);

    sealed interface Snapshot {
        /**
         * @param processes in the order of their ids
         * @param gaps what the answer lacks, each in a sentence; empty when it lacks nothing
         */
        record Seen(List<NodeProcess> processes, List<String> gaps) implements Snapshot {
            public Seen {
                processes = List.copyOf(processes);
                gaps = List.copyOf(gaps);
            }
        }

        /** Node access does not reach the processes of the node: nothing may be concluded. */
        record NotAvailable(String reason) implements Snapshot {}
    }
}
