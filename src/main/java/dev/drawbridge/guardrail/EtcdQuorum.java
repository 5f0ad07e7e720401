package dev.drawbridge.guardrail;

import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Keeps the control plane able to decide: etcd needs more than half of all its voters
 * (<a href="https://etcd.io/docs/v3.5/faq/">etcd.io, FAQ</a>). A node of the control plane is isolated, or a manifest of its static pods
 * rewritten or taken away, only while the other voters that are healthy are a quorum without it, and never two at once, however many there are. What is not
 * known counts as not healthy. While the API server cannot be asked, the manifests that start no etcd anew are restored all the same: one of them may
 * be why. A cordon and a mark take nothing away from a running control plane.
 */
@Component
// after the reservation of the node, which it marks
@Order(5)
class EtcdQuorum implements Guardrail {
    private static final int NAMED = 5;
    private static final String MANIFESTS = "/etc/kubernetes/manifests/";
    private static final String ETCD = MANIFESTS + "etcd.yaml";

    /** kubeadm's static pods beside etcd. */
    private static final Set<String> SPARE_ETCD = Set.of(
            MANIFESTS + "kube-apiserver.yaml",
            MANIFESTS + "kube-controller-manager.yaml",
            MANIFESTS + "kube-scheduler.yaml");

    private final EtcdVoters voters;
    private final ContainedNodes contained;

    EtcdQuorum(EtcdVoters voters, ContainedNodes contained) {
        this.contained = contained;
        this.voters = voters;
    }

    @Override
    public String rule() {
        return "etcd-quorum";
    }

    /** For the first rung there is nothing to look at, and nothing is waited for. */
    @Override
    public void prepare(Effect effect, Situation situation) {
        if (effect.isolates() || restarts(effect)) {
            situation.seen(voters.look());
        }
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (!effect.isolates() && !restarts(effect)) {
            return new Verdict.Allowed("takes nothing away from a control plane");
        }
        boolean asked = situation.etcd().nodesKnown();
        if (sparesEtcd(effect) && (!asked || situation.etcd() instanceof EtcdVoters.Look.Unknown)) {
            return spared(effect, situation);
        }
        if (situation.etcd() instanceof EtcdVoters.Look.Unknown unknown) {
            return new Verdict.Refused(
                    rule(), "who votes in etcd is not known, so the node may be one of them: " + unknown.why());
        }
        if (!asked && effect.isolates()) {
            return new Verdict.Refused(
                    rule(),
                    "the API server does not answer, so it is not known which other nodes of the control plane are ready");
        }
        EtcdVoters.Look.Known known = (EtcdVoters.Look.Known) situation.etcd();
        Set<NodeName> members = new TreeSet<>(known.controlPlane().keySet());
        known.voters().forEach(voter -> members.add(voter.node()));
        if (!members.contains(effect.node())) {
            return new Verdict.Allowed("the node is none of the control plane, and no voter of etcd");
        }
        boolean isolates = effect.isolates();
        if (isolates && isOnly(effect.node(), known)) {
            return new Verdict.Refused(
                    rule(),
                    "the only node of the control plane is never isolated: containment ends with the cordon, and the files are restored");
        }
        if (members.size() == 1) {
            return new Verdict.Allowed("a single control plane has no quorum to lose");
        }
        if (!isolates && !situation.contains(effect.node())) {
            // the mark that keeps a second one away lies on the reservation
            return new Verdict.Refused(
                    rule(),
                    "the node is not contained for this incident, so nothing would keep a second one from being rewritten");
        }
        Set<NodeName> isolated = new HashSet<>(situation.othersIsolatedLocked());
        Optional<NodeName> other = members.stream().filter(isolated::contains).findFirst();
        if (other.isPresent()) {
            return new Verdict.Refused(
                    rule(),
                    "the node " + other.get() + " of the control plane is isolated or rewritten: one after the other");
        }
        return counted(effect.node(), known);
    }

    /**
     * Nobody can say who votes, and it takes no voter away. What can be known without the API server still holds: never two nodes of the control
     * plane at once, as far as we ourselves isolate or rewrite them.
     */
    private Verdict spared(Effect effect, Situation situation) {
        String why = situation.etcd() instanceof EtcdVoters.Look.Unknown unknown
                ? unknown.why()
                : "the API server does not answer";
        if (situation.etcd().nodesKnown() && !situation.contains(effect.node())) {
            return new Verdict.Refused(
                    rule(),
                    "who votes in etcd is not known (" + why
                            + "), and the node is not contained for this incident, so nothing would keep a second one from being rewritten");
        }
        Set<NodeName> controlPlane = situation.etcd().controlPlaneNodes();
        Optional<NodeName> other = situation.othersIsolatedLocked().stream()
                .filter(node -> controlPlane.isEmpty() || controlPlane.contains(node))
                .findFirst();
        return other.<Verdict>map(node -> new Verdict.Refused(
                        rule(),
                        "the node " + node
                                + " is isolated or rewritten, and may be one of the control plane: one after the other ("
                                + why + ")"))
                .orElseGet(() -> new Verdict.Allowed(
                        "this manifest starts no etcd anew, so no voter is taken away, whoever votes: " + why));
    }

    /** Of its kind: the only one that runs a control plane, or that votes. */
    private static boolean isOnly(NodeName node, EtcdVoters.Look.Known known) {
        return known.controlPlane().keySet().equals(Set.of(node))
                || known.voters().stream().allMatch(voter -> voter.node().equals(node));
    }

    private Verdict counted(NodeName node, EtcdVoters.Look.Known known) {
        List<EtcdVoters.Voter> others = known.voters().stream()
                .filter(voter -> !voter.node().equals(node))
                .toList();
        long left = others.stream().filter(EtcdVoters.Voter::healthy).count();
        int all = known.voters().size();
        int quorum = all / 2 + 1;
        String ill = others.stream()
                .filter(voter -> !voter.healthy())
                .limit(NAMED)
                .map(voter -> voter.node() + ": " + voter.ill().orElseThrow())
                .collect(Collectors.joining("; "));
        String sum = left + " of " + all + " voters of etcd are healthy without this node, a quorum is " + quorum
                + (ill.isEmpty() ? "" : " (" + ill + ")") + "; " + known.basis();
        if (left < quorum) {
            return new Verdict.Refused(rule(), sum);
        }
        if (!known.nodesKnown()) {
            // only a rewritten manifest comes here: what counts for it are etcd's voters, and no API server is left to
            // spare
            return new Verdict.Allowed(sum);
        }
        boolean served = known.controlPlane().entrySet().stream()
                .anyMatch(other -> other.getValue() && !other.getKey().equals(node));
        return served
                ? new Verdict.Allowed(sum)
                : new Verdict.Refused(rule(), "no other node of the control plane is ready; " + sum);
    }

    /** Whichever node it is: {@link OwnLastReplica} relies on the mark too. */
    @Override
    public void reserve(Effect effect, Situation situation) {
        if (effect.isolates() || restarts(effect)) {
            contained.isolated(effect.requireIncident(), effect.node());
        }
    }

    /** A closed list: whatever else lies there may be etcd, under any name. */
    private static boolean sparesEtcd(Effect effect) {
        return effect.kind() != Effect.Kind.RETURN_FILE && SPARE_ETCD.contains(effect.target());
    }

    /**
     * Whether kubelet ends or starts a static pod of the control plane because of it. Restore moves away what the baseline does not know, which is
     * not the control plane's; but under one of kubeadm's names it is taken for that, whoever says that the baseline does not know it.
     */
    private static boolean restarts(Effect effect) {
        return switch (effect.kind()) {
            case RESTORE_FILE -> FileClass.of(NodePath.parse(effect.target())) == FileClass.STATIC_POD_MANIFEST;
            case QUARANTINE_FILE -> effect.target().equals(ETCD) || SPARE_ETCD.contains(effect.target());
            case RETURN_FILE -> effect.target().equals(ETCD);
            case CONTAIN, RELEASE, START_HELPER_POD -> false;
        };
    }
}
