package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.kubernetes.ClusterObjects.Answer;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Cuts the node's pods off: each gets a label, and each of their namespaces a policy that selects it and allows nothing. The policies come first, so
 * that a label cuts off at once. A pod with the host's network is out of reach of any NetworkPolicy, a static pod's label is the kubelet's, and a pod that starts later has
 * none: the rung says so.
 */
@Component
class NetworkPolicyRung implements ObjectRung {
    static final Ref.Api POLICIES = new Ref.Api("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");

    /** API groups of what is known to enforce NetworkPolicies; the API itself is always there, and may do nothing. */
    private static final Map<String, String> ENFORCERS = new TreeMap<>(Map.of(
            "cilium.io", "Cilium",
            "crd.antrea.io", "Antrea",
            "crd.projectcalico.org", "Calico",
            "k8s.ovn.org", "OVN-Kubernetes",
            "kubeovn.io", "Kube-OVN"));

    private final ClusterObjects objects;
    private final ServedApis apis;
    private final ContainmentProperties.Network settings;

    NetworkPolicyRung(ClusterObjects objects, ServedApis apis, ContainmentProperties properties) {
        this.objects = objects;
        this.apis = apis;
        this.settings = properties.network();
    }

    @Override
    public Rung rung() {
        return Rung.NETWORK_POLICIES;
    }

    @Override
    public Optional<String> unsupported(Node node) {
        if (!apis.serves(POLICIES.apiVersion(), POLICIES.plural())) {
            return Optional.of("the cluster does not serve NetworkPolicies");
        }
        return enforcer().isPresent()
                ? Optional.empty()
                : Optional.of("nothing is known to enforce NetworkPolicies here (none of "
                        + String.join(", ", ENFORCERS.values())
                        + "); where something else does, drawbridge.containment.network.policies-enforced says so");
    }

    private Optional<String> enforcer() {
        return settings.policiesEnforced()
                ? Optional.of("what the configuration vouches for")
                : ENFORCERS.entrySet().stream()
                        .filter(known -> apis.groups().contains(known.getKey()))
                        .map(Map.Entry::getValue)
                        .findFirst();
    }

    /** The node's pods: those to cut off, and by reason those that cannot be or must not be. */
    private record Sorted(List<Pod> pods, Map<String, List<String>> others) {}

    private Sorted sorted(Target target) {
        Sorted sorted = new Sorted(new ArrayList<>(), new TreeMap<>());
        for (Pod pod : objects.podsOn(target.node())) {
            if (NodePods.ended(pod)) {
                continue;
            }
            Optional<String> why = outOfReach(pod);
            if (why.isPresent()) {
                sorted.others()
                        .computeIfAbsent(why.get(), none -> new ArrayList<>())
                        .add(NodePods.name(pod));
            } else {
                sorted.pods().add(pod);
            }
        }
        sorted.pods().sort(NodePods.ORDER);
        return sorted;
    }

    private Optional<String> outOfReach(Pod pod) {
        if (NodePods.mirror(pod)) {
            return Optional.of("static pods");
        }
        if (pod.getSpec() != null && Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
            return Optional.of("host network");
        }
        return settings.exempt().stream().anyMatch(exempt -> exempt.fits(pod))
                ? Optional.of("exempt by configuration")
                : Optional.empty();
    }

    @Override
    public Look toApply(Target target) {
        return toApply(target, Map.of());
    }

    /** @param refused what could not be created just now, and why */
    private Look toApply(Target target, Map<Ref, String> refused) {
        Sorted sorted = sorted(target);
        List<JsonNode> there = policies(target);
        Optional<String> other = there.stream()
                .filter(policy -> !Owned.by(target.incident(), policy))
                .map(policy -> "isolated already, with the mark of " + Marks.shown(Owned.owner(policy)))
                .findFirst();
        if (other.isPresent()) {
            return new Look.Foreign(other.get());
        }
        List<Change> changes = new ArrayList<>();
        List<String> trouble = new ArrayList<>();
        for (String namespace : namespaces(sorted)) {
            Ref ref = policy(target, namespace);
            Optional<JsonNode> policy =
                    there.stream().filter(one -> ref(one).equals(ref)).findFirst();
            if (policy.isEmpty() && refused.containsKey(ref)) {
                trouble.add("no policy in " + namespace + ": " + refused.get(ref));
            } else if (policy.isEmpty()) {
                changes.add(new Change.Create(ref, Owned.object(ref, target, spec(target))));
            } else if (!Owned.unchanged(policy.get(), spec(target))) {
                trouble.add("the policy in " + namespace + " was changed by somebody else");
            }
        }
        for (Pod pod : sorted.pods()) {
            String label = label(pod);
            if (label == null) {
                changes.add(new Change.Patch(Ref.of(pod), mark(pod, target.uid())));
            } else if (!label.equals(target.uid())) {
                trouble.add(NodePods.name(pod) + " has the label of somebody else");
            }
        }
        if (!changes.isEmpty()) {
            return new Look.Left(
                    report(sorted, trouble),
                    prior(sorted),
                    changes,
                    permit -> toApply(target, made(permit, target, changes)));
        }
        return trouble.isEmpty()
                ? new Look.Complete(report(sorted, trouble))
                : new Look.Partial(report(sorted, trouble));
    }

    /** Makes the changes; what was not made is seen by the next look, unless it is named here. */
    private Map<Ref, String> made(Permit permit, Target target, List<Change> changes) {
        Map<Ref, String> refused = new HashMap<>();
        for (Change change : changes) {
            Answer answer = objects.make(permit, target.node(), change);
            if (answer instanceof Answer.Changed changed) {
                refused.put(change.ref(), changed.reason());
            } else if (answer instanceof Answer.Failed failed) {
                refused.put(change.ref(), failed.reason());
            }
        }
        return refused;
    }

    @Override
    public Look toUndo(Target target) {
        return toUndo(target, false);
    }

    private Look toUndo(Target target, boolean begun) {
        List<Change> changes = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (JsonNode policy : policies(target)) {
            if (!Owned.by(target.incident(), policy)) {
                return new Look.Foreign(
                        "not ours any more, and stays: isolated with the mark of " + Marks.shown(Owned.owner(policy)));
            }
            if (Owned.unchanged(policy, spec(target))) {
                changes.add(Owned.delete(ref(policy), policy));
            } else {
                kept.add("the policy " + ref(policy) + " was changed by somebody else, and stays");
            }
        }
        for (Pod pod : objects.podsOn(target.node())) {
            if (target.uid().equals(label(pod))) {
                changes.add(new Change.Patch(
                        Ref.of(pod),
                        JsonPatch.of(pod.getMetadata().getUid())
                                .test(LABEL, target.uid())
                                .remove(LABEL)));
            }
        }
        if (!changes.isEmpty()) {
            return new Look.Left("to be undone", JsonNodeFactory.instance.objectNode(), changes, permit -> {
                made(permit, target, changes);
                return toUndo(target, true);
            });
        }
        if (!kept.isEmpty()) {
            return new Look.Partial("no pod is cut off any more; " + String.join("; ", kept));
        }
        return begun
                ? new Look.Complete("no pod is cut off any more; read back")
                : new Look.Foreign("undone by somebody else, or never done");
    }

    @Override
    public Look toHandOver(Target target, IncidentId heir) {
        List<JsonNode> policies = policies(target);
        List<Change> changes = policies.stream()
                .filter(policy -> Owned.by(target.incident(), policy))
                .map(policy -> Owned.handOver(ref(policy), policy, target.incident(), heir))
                .toList();
        if (!changes.isEmpty()) {
            return new Look.Left("to be handed over", JsonNodeFactory.instance.objectNode(), changes, permit -> {
                made(permit, target, changes);
                return toHandOver(target, heir);
            });
        }
        return policies.stream().anyMatch(policy -> Owned.by(heir, policy))
                ? new Look.Complete("handed over to the incident " + heir + ", which contains the node too")
                : new Look.Foreign("undone by somebody else, or never done");
    }

    private List<JsonNode> policies(Target target) {
        return objects.list(POLICIES, Marks.ISOLATED + "=" + target.uid());
    }

    private static TreeSet<String> namespaces(Sorted sorted) {
        TreeSet<String> namespaces = new TreeSet<>();
        sorted.pods().forEach(pod -> namespaces.add(pod.getMetadata().getNamespace()));
        return namespaces;
    }

    private static Ref policy(Target target, String namespace) {
        return new Ref(POLICIES, namespace, "drawbridge-isolated-" + target.uid());
    }

    private static Ref ref(JsonNode policy) {
        return new Ref(
                POLICIES,
                policy.at("/metadata/namespace").asText(),
                policy.at("/metadata/name").asText());
    }

    /** Selects what has the label, and names no rule: nothing may come in or go out. */
    private static ObjectNode spec(Target target) {
        ObjectNode spec = JsonNodeFactory.instance.objectNode();
        spec.putObject("podSelector").putObject("matchLabels").put(Marks.ISOLATED, target.uid());
        spec.putArray("policyTypes").add("Ingress").add("Egress");
        return spec;
    }

    private static final String LABELS = "/metadata/labels";
    private static final String LABEL = LABELS + "/" + JsonPatch.token(Marks.ISOLATED);

    private static @Nullable String label(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels == null ? null : labels.get(Marks.ISOLATED);
    }

    private static JsonPatch mark(Pod pod, String uid) {
        JsonPatch patch = JsonPatch.of(pod.getMetadata().getUid());
        Map<String, String> labels = pod.getMetadata().getLabels();
        if (labels == null || labels.isEmpty()) {
            patch.test(LABELS, (String) null).addObject(LABELS).put(Marks.ISOLATED, uid);
            return patch;
        }
        return patch.test(LABEL, (String) null).add(LABEL, uid);
    }

    private static JsonNode prior(Sorted sorted) {
        ObjectNode prior = JsonNodeFactory.instance.objectNode();
        ArrayNode pods = prior.putArray("pods");
        sorted.pods().forEach(pod -> pods.add(NodePods.name(pod)));
        return prior.put(Marks.ISOLATED, (String) null);
    }

    private String report(Sorted sorted, List<String> trouble) {
        List<String> parts = new ArrayList<>();
        parts.add(
                sorted.pods().isEmpty()
                        ? "no pod to cut off"
                        : sorted.pods().size() + " pods in "
                                + namespaces(sorted).size()
                                + " namespaces may reach nothing and be reached by nothing but their node, as far as "
                                + enforcer().orElse("nothing") + " enforces it");
        parts.addAll(trouble);
        sorted.others().forEach((why, names) -> parts.add("not cut off (" + why + "): " + NodePods.named(names)));
        return String.join("; ", parts);
    }
}
