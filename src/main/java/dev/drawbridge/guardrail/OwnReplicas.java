package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.stream.Collectors;

/** The pods that are Drawbridge itself, as the cluster shows them; whoever knows the cluster implements it. */
public interface OwnReplicas {
    /**
     * Asks the cluster each time, unless it runs elsewhere.
     *
     * @throws RuntimeException when it could not be asked
     */
    Look look();

    /** Where Drawbridge runs as far as it was told, for people; asks nobody. */
    String self();

    /** What one look found. */
    sealed interface Look {
        /** Drawbridge is none of this cluster's pods, by its configuration. */
        record Elsewhere() implements Look {}

        /** @param replicas all that are bound to a node and have not ended, the one that looks among them */
        record Known(List<Replica> replicas) implements Look {
            private static final int NAMED = 5;

            public Known {
                replicas = List.copyOf(replicas);
            }

            /** The first of them, for people. */
            String named() {
                String first = replicas.stream()
                        .limit(NAMED)
                        .map(replica ->
                                replica.name() + " on " + replica.node() + (replica.ready() ? "" : ", not ready"))
                        .collect(Collectors.joining("; "));
                return replicas.size() <= NAMED ? first : first + "; and " + (replicas.size() - NAMED) + " more";
            }
        }

        record Unknown(String why) implements Look {}
    }

    /**
     * One of them.
     *
     * @param ready it is shown as ready, and nobody is about to end it
     */
    record Replica(String name, NodeName node, boolean ready) {}
}
