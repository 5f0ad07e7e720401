package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.kubernetes.ClusterObjects.Answer;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the node itself off, by a policy of the network plugin that selects it: what the host and its host-network pods send and receive. The
 * way that Drawbridge and the control plane need stays open, and it must be said explicitly where Drawbridge comes from: who cuts off his own
 * way ends the response. What exactly was made is in the journal, so that a release knows it again when facts and settings have changed.
 */
abstract class HostPolicyRung implements ObjectRung {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Ref.Api NODES = new Ref.Api("", "v1", "Node", "nodes");
    private static final String LABELS = "/metadata/labels";
    private static final String LABEL = LABELS + "/" + JsonPatch.token(Marks.ISOLATED);
    private static final int KUBELET_PORT = 10_250;

    /** For the network plugin, counted from the announcement. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

    /** One object that does it. */
    record Wanted(Ref ref, ObjectNode spec) {}

    protected final ClusterObjects objects;
    protected final NodeObjects nodes;
    private final NodeEndpoints endpoints;
    protected final ContainmentProperties.Network settings;
    private final Clock clock;

    HostPolicyRung(
            ClusterObjects objects,
            NodeObjects nodes,
            NodeEndpoints endpoints,
            ContainmentProperties.Network settings,
            Clock clock) {
        this.objects = objects;
        this.nodes = nodes;
        this.endpoints = endpoints;
        this.settings = settings;
        this.clock = clock;
    }

    /** What is to be made for this node, in this order. */
    abstract List<Wanted> wanted(Node node);

    /** Whether the node is selected by a label of its own. */
    abstract boolean labelsNode(Node node);

    /** What the cluster itself says against an object that is there as it should be. */
    abstract Optional<String> objection(JsonNode object);

    /** What the network plugin has still to do for it; empty when nothing is known to be missing. */
    abstract Optional<String> notYet(Node node);

    /** What people must know of what is in place. */
    abstract String inPlace(Target target);

    /** Why Drawbridge's own way would be cut off; empty when it stays open. */
    Optional<String> closedToUs(Node node) {
        int ssh = endpoints
                .find(NodeName.of(node.getMetadata().getName()))
                .map(NodeEndpoint::port)
                .orElse(22);
        return settings.allowIn().stream()
                        .anyMatch(allowed -> allowed.protocol().equals("TCP") && allowed.port() == ssh)
                ? Optional.empty()
                : Optional.of("Drawbridge would cut off its own way to the node: no entry of"
                        + " drawbridge.containment.network.allow-in is for tcp/" + ssh + " (SSH)");
    }

    static int kubeletPort(Node node) {
        return Optional.ofNullable(node.getStatus())
                .map(status -> status.getDaemonEndpoints())
                .map(daemons -> daemons.getKubeletEndpoint())
                .map(kubelet -> kubelet.getPort())
                // what an API server says until the kubelet has reported
                .filter(port -> port > 0)
                .orElse(KUBELET_PORT);
    }

    static String name(Node node) {
        return "drawbridge-isolated-" + node.getMetadata().getUid();
    }

    @Override
    public final Look toApply(Target target) {
        return toApply(target, Map.of());
    }

    /** @param refused what could not be made just now, and why */
    private Look toApply(Target target, Map<Ref, String> refused) {
        Optional<Node> read = nodes.read(target.node())
                .filter(node -> node.getMetadata().getUid().equals(target.uid()));
        if (read.isEmpty()) {
            return new Look.Partial("the node is gone");
        }
        Node node = read.get();
        List<Wanted> wanted =
                written(target).filter(objects -> !objects.isEmpty()).orElseGet(() -> wanted(node));
        List<Change> changes = new ArrayList<>();
        List<String> trouble = new ArrayList<>();
        for (Wanted one : wanted) {
            Optional<JsonNode> there = objects.read(one.ref());
            if (there.isEmpty() && refused.containsKey(one.ref())) {
                trouble.add(one.ref() + ": " + refused.get(one.ref()));
            } else if (there.isEmpty()) {
                changes.add(new Change.Create(one.ref(), Owned.object(one.ref(), target, one.spec())));
            } else if (!Owned.by(target.incident(), there.get())) {
                return new Look.Foreign("isolated already, with the mark of " + Marks.shown(Owned.owner(there.get())));
            } else if (!Owned.unchanged(there.get(), one.spec())) {
                trouble.add(one.ref() + " was changed by somebody else");
            } else {
                objection(there.get()).ifPresent(trouble::add);
            }
        }
        if (labelsNode(node)) {
            String label = label(node);
            if (label == null) {
                changes.add(new Change.Patch(ref(target), mark(node)));
            } else if (!label.equals(target.uid())) {
                trouble.add("the node has the label " + Marks.ISOLATED + " of somebody else");
            }
        }
        String detail = trouble.isEmpty() ? inPlace(target) : String.join("; ", trouble) + "; " + inPlace(target);
        if (!changes.isEmpty()) {
            return new Look.Left(
                    detail,
                    prior(wanted),
                    changes,
                    permit -> toApply(target.knowing(prior(wanted).toString()), made(permit, target, changes)));
        }
        if (!trouble.isEmpty()) {
            return new Look.Partial(detail);
        }
        Optional<String> missing = notYet(node);
        if (missing.isEmpty()) {
            return new Look.Complete(detail);
        }
        boolean late = clock.instant().isAfter(target.begunAt().plus(PATIENCE));
        return late ? new Look.Partial(missing.get() + "; " + detail) : new Look.Pending(missing.get(), LOOK_AGAIN);
    }

    private Map<Ref, String> made(Permit permit, Target target, List<Change> changes) {
        Map<Ref, String> refused = new HashMap<>();
        for (Change change : changes) {
            Answer answer =
                    change instanceof Change.Patch patch && patch.ref().api().equals(NODES)
                            ? patched(permit, target, patch)
                            : objects.make(permit, target.node(), change);
            if (answer instanceof Answer.Changed changed) {
                refused.put(change.ref(), changed.reason());
            } else if (answer instanceof Answer.Failed failed) {
                refused.put(change.ref(), failed.reason());
            }
        }
        return refused;
    }

    private Answer patched(Permit permit, Target target, Change.Patch patch) {
        NodeObjects.Answer answer = nodes.patch(permit, target.node(), patch.patch());
        if (answer instanceof NodeObjects.Answer.Conflict conflict) {
            return new Answer.Changed(conflict.reason());
        }
        return answer instanceof NodeObjects.Answer.Gone ? new Answer.Changed("the node is gone") : new Answer.Done();
    }

    @Override
    public final Look toUndo(Target target) {
        return toUndo(target, false);
    }

    private Look toUndo(Target target, boolean begun) {
        List<Change> changes = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (Wanted one : written(target).orElse(List.of())) {
            Optional<JsonNode> there = objects.read(one.ref());
            if (there.isPresent() && !Owned.by(target.incident(), there.get())) {
                return new Look.Foreign("not ours any more, and stays: isolated with the mark of "
                        + Marks.shown(Owned.owner(there.get())));
            }
            if (there.isPresent() && Owned.unchanged(there.get(), one.spec())) {
                // the other way round: what opens the node is removed last
                changes.add(0, Owned.delete(one.ref(), there.get()));
            } else if (there.isPresent()) {
                kept.add(one.ref() + " was changed by somebody else, and stays");
            }
        }
        nodes.read(target.node())
                .filter(node -> node.getMetadata().getUid().equals(target.uid())
                        && target.uid().equals(label(node)))
                .ifPresent(node -> changes.add(new Change.Patch(
                        ref(target),
                        JsonPatch.ofNode(target.uid()).test(LABEL, target.uid()).remove(LABEL))));
        if (!changes.isEmpty()) {
            return new Look.Left("to be undone", JSON.createObjectNode(), changes, permit -> {
                made(permit, target, changes);
                return toUndo(target, true);
            });
        }
        if (!kept.isEmpty()) {
            return new Look.Partial(String.join("; ", kept));
        }
        return begun
                ? new Look.Complete("the node is not cut off any more; read back")
                : new Look.Foreign("undone by somebody else, or never done");
    }

    @Override
    public final Look toHandOver(Target target, IncidentId heir) {
        List<Change> changes = new ArrayList<>();
        boolean done = false;
        for (Wanted one : written(target).orElse(List.of())) {
            Optional<JsonNode> there = objects.read(one.ref());
            if (there.isPresent() && Owned.by(target.incident(), there.get())) {
                changes.add(Owned.handOver(one.ref(), there.get(), target.incident(), heir));
            }
            done |= there.isPresent() && Owned.by(heir, there.get());
        }
        if (!changes.isEmpty()) {
            return new Look.Left("to be handed over", JSON.createObjectNode(), changes, permit -> {
                made(permit, target, changes);
                return toHandOver(target, heir);
            });
        }
        return done
                ? new Look.Complete("handed over to the incident " + heir + ", which contains the node too")
                : new Look.Foreign("undone by somebody else, or never done");
    }

    private static Ref ref(Target target) {
        return new Ref(NODES, null, target.node().value());
    }

    private static @Nullable String label(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels();
        return labels == null ? null : labels.get(Marks.ISOLATED);
    }

    private static JsonPatch mark(Node node) {
        String uid = node.getMetadata().getUid();
        Map<String, String> labels = node.getMetadata().getLabels();
        JsonPatch patch = JsonPatch.ofNode(uid);
        if (labels == null || labels.isEmpty()) {
            patch.test(LABELS, (String) null).addObject(LABELS).put(Marks.ISOLATED, uid);
            return patch;
        }
        return patch.test(LABEL, (String) null).add(LABEL, uid);
    }

    /** What was not there before, and is to be known again. */
    private static ObjectNode prior(List<Wanted> wanted) {
        ObjectNode prior = JSON.createObjectNode();
        for (Wanted one : wanted) {
            Ref.Api api = one.ref().api();
            prior.withArrayProperty("absent")
                    .addObject()
                    .put("group", api.group())
                    .put("version", api.version())
                    .put("kind", api.kind())
                    .put("plural", api.plural())
                    .put("name", one.ref().name())
                    .set("spec", one.spec());
        }
        return prior;
    }

    /** What the journal has of it; empty before it was announced. */
    private static Optional<List<Wanted>> written(Target target) {
        if (target.prior() == null) {
            return Optional.empty();
        }
        try {
            List<Wanted> wanted = new ArrayList<>();
            for (JsonNode one : JSON.readTree(target.prior()).path("absent")) {
                Ref.Api api = new Ref.Api(
                        one.path("group").asText(),
                        one.path("version").asText(),
                        one.path("kind").asText(),
                        one.path("plural").asText());
                wanted.add(new Wanted(new Ref(api, null, one.path("name").asText()), (ObjectNode) one.path("spec")));
            }
            return Optional.of(wanted);
        } catch (JsonProcessingException ownText) {
            throw new IllegalStateException(ownText);
        }
    }
}
