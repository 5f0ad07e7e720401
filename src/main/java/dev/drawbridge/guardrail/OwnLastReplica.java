package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Leaves somebody who can lift the containment. Where Drawbridge runs as pods of the cluster that it guards, a rung that ends pods of a node or cuts
 * them off goes ahead on a node with one of them only while another one is ready on another node, for which no such rung was allowed. What is not
 * known counts as no. A cordon and a mark end nothing.
 */
@Component
@Order(6)
class OwnLastReplica implements Guardrail {
    private final OwnReplicas replicas;

    OwnLastReplica(OwnReplicas replicas) {
        this.replicas = replicas;
    }

    @Override
    public String rule() {
        return "own-last-replica";
    }

    /** Not under the lock, and for the first rung not at all. */
    @Override
    public void prepare(Effect effect, Situation situation) {
        if (effect.isolates()) {
            situation.seenReplicas(look());
        }
    }

    private OwnReplicas.Look look() {
        try {
            return replicas.look();
        } catch (RuntimeException failed) {
            return new OwnReplicas.Look.Unknown("the cluster could not be asked: "
                    + failed.getClass().getSimpleName() + ": " + failed.getMessage());
        }
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (!effect.isolates()) {
            return new Verdict.Allowed("ends no pod and cuts none off");
        }
        if (situation.replicas() instanceof OwnReplicas.Look.Elsewhere) {
            return new Verdict.Allowed("Drawbridge runs outside of the cluster");
        }
        if (situation.replicas() instanceof OwnReplicas.Look.Unknown unknown) {
            return new Verdict.Refused(
                    rule(),
                    "where Drawbridge itself runs is not known, so this may be the node of its last replica: "
                            + unknown.why());
        }
        OwnReplicas.Look.Known known = (OwnReplicas.Look.Known) situation.replicas();
        List<OwnReplicas.Replica> all = known.replicas();
        if (all.stream().noneMatch(replica -> replica.node().equals(effect.node()))) {
            return new Verdict.Allowed("no replica of Drawbridge runs on the node");
        }
        // what the guardrail of etcd marks, for every node: a second verdict waits here, and sees what the first one
        // took
        Set<NodeName> isolated = new HashSet<>(situation.othersIsolatedLocked());
        return all.stream()
                .filter(replica ->
                        replica.ready() && !replica.node().equals(effect.node()) && !isolated.contains(replica.node()))
                .findFirst()
                .<Verdict>map(other -> new Verdict.Allowed(
                        "the replica " + other.name() + " of Drawbridge is ready on the node " + other.node()))
                .orElseGet(() -> new Verdict.Refused(
                        rule(),
                        "a replica of Drawbridge runs on the node, and none is ready on another one that is not isolated ("
                                + known.named()
                                + "): nobody would be left to lift the containment"));
    }
}
