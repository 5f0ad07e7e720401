package dev.drawbridge.guardrail;

import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Keeps the control plane able to decide: etcd needs more than half of all its voters
 * (<a href="https://etcd.io/docs/v3.5/faq/">etcd.io, FAQ</a>). A node of the control plane is isolated, or a manifest of its static pods
 * rewritten, only while the other nodes that are healthy are a quorum without it, and never two at once, however many there are. What is not
 * known counts as not healthy. A cordon and a mark take nothing away from a running control plane.
 */
@Component
// after the reservation of the node, which it marks
@Order(5)
class EtcdQuorum implements Guardrail {
    private static final Set<String> HARMLESS = Set.of("cordon", "label");

    private final ClusterNodes cluster;
    private final ContainedNodes contained;

    EtcdQuorum(ClusterNodes cluster, ContainedNodes contained) {
        this.contained = contained;
        this.cluster = cluster;
    }

    @Override
    public String rule() {
        return "etcd-quorum";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        boolean isolates = isolates(effect);
        if (!isolates && !restarts(effect)) {
            return new Verdict.Allowed("takes nothing away from a control plane");
        }
        Optional<List<ClusterNodes.Member>> known = cluster.members();
        if (known.isEmpty()) {
            return new Verdict.Refused(
                    rule(), "the members of the control plane are not known, so the node may be one of them");
        }
        List<ClusterNodes.Member> members =
                known.get().stream().filter(ClusterNodes.Member::controlPlane).toList();
        if (members.stream().noneMatch(member -> member.node().equals(effect.node()))) {
            return new Verdict.Allowed("the node is none of the control plane");
        }
        if (members.size() == 1) {
            return isolates
                    ? new Verdict.Refused(
                            rule(),
                            "the only node of the control plane is never isolated: containment ends with the cordon, and the files are restored")
                    : new Verdict.Allowed("a single control plane has no quorum to lose");
        }
        if (!isolates && !situation.contains(effect.node())) {
            // the mark that keeps a second one away lies on the reservation
            return new Verdict.Refused(
                    rule(),
                    "the node is not contained for this incident, so nothing would keep a second one from being rewritten");
        }
        Set<NodeName> isolated = new HashSet<>(situation.othersIsolatedLocked());
        Optional<NodeName> other = members.stream()
                .map(ClusterNodes.Member::node)
                .filter(isolated::contains)
                .findFirst();
        if (other.isPresent()) {
            return new Verdict.Refused(
                    rule(),
                    "the node " + other.get() + " of the control plane is isolated or rewritten: one after the other");
        }
        long left = members.stream()
                .filter(member -> !member.node().equals(effect.node()))
                .filter(ClusterNodes.Member::healthy)
                .count();
        int quorum = members.size() / 2 + 1;
        String sum = left + " of " + members.size()
                + " nodes of the control plane are healthy without this one, a quorum is " + quorum;
        return left >= quorum ? new Verdict.Allowed(sum) : new Verdict.Refused(rule(), sum);
    }

    @Override
    public void reserve(Effect effect, Situation situation) {
        if (isolates(effect) || restarts(effect)) {
            contained.isolated(effect.incident(), effect.node());
        }
    }

    private static boolean isolates(Effect effect) {
        return effect.kind() == Effect.Kind.CONTAIN && !HARMLESS.contains(effect.target());
    }

    /** Whether kubelet starts a static pod anew because of it. An unexpected manifest that is taken away is not the control plane's. */
    private static boolean restarts(Effect effect) {
        return effect.kind() == Effect.Kind.RESTORE_FILE
                && FileClass.of(NodePath.parse(effect.target())) == FileClass.STATIC_POD_MANIFEST;
    }
}
