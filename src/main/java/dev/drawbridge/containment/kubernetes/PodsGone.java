package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Row;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/**
 * Looks for the pods that a taint of ours evicts. The API shows a pod until the kubelet has said that its containers ended, so whoever owns the node
 * can say so of one that runs; what a taint is worth on such a node is in {@link Rung#doesNotStop}.
 */
@Component
class PodsGone {
    private final ContainmentJournal journal;
    private final NodeObjects nodes;
    private final ClusterObjects objects;
    private final Duration deadline;
    private final Clock clock;

    PodsGone(
            ContainmentJournal journal,
            NodeObjects nodes,
            ClusterObjects objects,
            ContainmentProperties properties,
            Clock clock) {
        this.journal = journal;
        this.nodes = nodes;
        this.objects = objects;
        this.deadline = properties.drain().deadline();
        this.clock = clock;
    }

    Proven look(IncidentId incident, NodeName name) {
        Optional<Row> row = journal.rows(incident, name).stream()
                .filter(one -> one.rung() == Rung.TAINT && one.open())
                .findFirst();
        if (row.isEmpty()) {
            return new Proven.No("the rung taint is not applied for this incident");
        }
        // also of another incident, whose taint contains the node too
        Optional<String> mark = nodes.read(name)
                .filter(node -> node.getMetadata().getUid().equals(row.get().uid()))
                .flatMap(PodsGone::mark);
        if (mark.isEmpty()) {
            return new Proven.No("the taint is not on the node any more");
        }
        List<Pod> pods = objects.podsOn(name).stream()
                .filter(pod -> !NodePods.ended(pod) && !NodePods.mirror(pod))
                .toList();
        List<String> left = pods.stream()
                .filter(pod -> !Tolerated.forEver(pod, mark.get()))
                .map(pod -> NodePods.name(pod) + (NodePods.leaving(pod) ? " (still ending)" : ""))
                .sorted()
                .toList();
        if (left.isEmpty()) {
            return new Proven.Yes("no pod is left on the node that the taint evicts; " + pods.size() + " tolerate it");
        }
        String detail = "still on the node: " + NodePods.named(left);
        Duration elapsed = Duration.between(row.get().begunAt(), clock.instant());
        Duration time = deadline.minus(elapsed);
        return time.isNegative() || time.isZero()
                ? new Proven.No(detail)
                : new Proven.NotYet(detail, Evictor.pause(elapsed, time));
    }

    private static Optional<String> mark(Node node) {
        return Stream.ofNullable(node.getSpec())
                .flatMap(spec -> spec.getTaints().stream())
                .filter(taint -> Marks.CONTAINED.equals(taint.getKey()) && TaintRung.EFFECT.equals(taint.getEffect()))
                .map(taint -> taint.getValue() == null ? "" : taint.getValue())
                .findFirst();
    }
}
