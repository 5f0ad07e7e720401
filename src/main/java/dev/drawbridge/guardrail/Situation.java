package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.util.function.SingletonSupplier;

/**
 * What the guardrails of one verdict look at, each part read at most once and only when one of them asks: every round trip here is one before
 * a node is cordoned.
 */
final class Situation {
    private final Supplier<List<ContainedNodes.Held>> own;
    private final Supplier<Usage> usage;
    private final Supplier<List<NodeName>> isolated;
    private EtcdVoters.Look etcd = new EtcdVoters.Look.Unknown("nobody looked");
    private OwnReplicas.Look replicas = new OwnReplicas.Look.Unknown("nobody looked");

    Situation(Supplier<List<ContainedNodes.Held>> own, Supplier<Usage> usage, Supplier<List<NodeName>> isolated) {
        this.own = SingletonSupplier.of(own);
        this.usage = SingletonSupplier.of(usage);
        this.isolated = SingletonSupplier.of(isolated);
    }

    /**
     * What is used of the limits.
     *
     * @param others nodes beside this one that are contained now, for whichever incident, by name
     * @param begun containments that were begun in the last hour, ended or not
     * @param opened incidents that were opened in the storm's window
     */
    record Usage(List<NodeName> others, long begun, long opened, Optional<StormLatch.Tripped> storm) {}

    /** Whether the incident contains this node already: then nothing is counted again. No lock is needed to rely on it. */
    boolean contains(NodeName node) {
        return own.get().stream().anyMatch(held -> held.holds() && held.node().equals(node));
    }

    /** Whether the incident contained this node before and released it. */
    boolean released(NodeName node) {
        return own.get().stream().anyMatch(held -> !held.holds() && held.node().equals(node));
    }

    /** Whether the response began before this moment and goes on. */
    boolean beganBefore(Instant moment) {
        return own.get().stream().anyMatch(held -> held.holds() && held.since().isBefore(moment));
    }

    /**
     * Waits for every verdict in progress that asked the same, on any instance, and makes later ones wait for this transaction: nobody else
     * can take what is left.
     */
    Usage usageLocked() {
        return usage.get();
    }

    /** Other nodes that are contained now and were isolated, or whose static pods were rewritten, under the same lock. */
    List<NodeName> othersIsolatedLocked() {
        usage.get();
        return isolated.get();
    }

    /** @param look from before the transaction */
    void seen(EtcdVoters.Look look) {
        etcd = look;
    }

    /** Who votes in etcd, as it was just before the transaction. */
    EtcdVoters.Look etcd() {
        return etcd;
    }

    /** @param look from before the transaction */
    void seenReplicas(OwnReplicas.Look look) {
        replicas = look;
    }

    /** Where Drawbridge itself runs, as it was just before the transaction. */
    OwnReplicas.Look replicas() {
        return replicas;
    }
}
