package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * No new pods. {@code spec.unschedulable} has no room for an owner, so an annotation beside it names one: a cordon without our annotation
 * is a person's, even when we made it and they took the annotation away. One with our annotation is a person's too when the API server's record of
 * fields names somebody else for it: they made the node schedulable and cordoned it anew, and kubectl leaves the annotation where it is
 * (<a href="https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management">kubernetes.io, Field management</a>; seen so
 * with Kubernetes 1.36). No patch can test that record, so an undo rests on the node as it was read.
 */
record CordonRung() implements NodeRung {
    private static final String UNSCHEDULABLE = "/spec/unschedulable";
    private static final String ANNOTATIONS = "/metadata/annotations";
    private static final String OWNER = ANNOTATIONS + "/" + JsonPatch.token(Marks.CORDONED_BY);

    @Override
    public Rung rung() {
        return Rung.CORDON;
    }

    @Override
    public String mark(IncidentId incident) {
        return incident.value();
    }

    @Override
    public Hold hold(Node node, String mark) {
        if (!cordoned(node)) {
            return new Hold.Nobody();
        }
        String owner = owner(node);
        if (mark.equals(owner)) {
            return others(node)
                    .<Hold>map(manager -> new Hold.Others("cordoned anew by " + Marks.shown(manager)
                            + " since Drawbridge did, under Drawbridge's annotation"))
                    .orElseGet(Hold.Ours::new);
        }
        return new Hold.Others(
                owner == null ? "cordoned, not by Drawbridge" : "cordoned already, marked by " + Marks.shown(owner));
    }

    @Override
    public JsonNode prior(Node node) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("unschedulable", cordoned(node))
                .put(Marks.CORDONED_BY, owner(node));
    }

    @Override
    public JsonPatch apply(Node node, String mark) {
        @Nullable Boolean now = node.getSpec() == null ? null : node.getSpec().getUnschedulable();
        JsonPatch patch = JsonPatch.ofNode(node.getMetadata().getUid())
                .test(UNSCHEDULABLE, now)
                .add(UNSCHEDULABLE, true);
        if (annotations(node).isEmpty()) {
            // a real node always has some; this would replace those that were added meanwhile
            patch.test(ANNOTATIONS, (String) null).addObject(ANNOTATIONS).put(Marks.CORDONED_BY, mark);
            return patch;
        }
        // what an earlier cordon left behind, after a person made the node schedulable, marks nothing any more
        return patch.test(OWNER, owner(node)).add(OWNER, mark);
    }

    @Override
    public JsonPatch undo(Node node, String mark) {
        return JsonPatch.ofUnchanged(node.getMetadata())
                .test(UNSCHEDULABLE, true)
                .test(OWNER, mark)
                .remove(UNSCHEDULABLE)
                .remove(OWNER);
    }

    @Override
    public JsonPatch handOver(Node node, String mark, String heir) {
        return JsonPatch.ofUnchanged(node.getMetadata())
                .test(UNSCHEDULABLE, true)
                .test(OWNER, mark)
                .add(OWNER, heir);
    }

    @Override
    public String applied(String mark) {
        return "unschedulable, " + Marks.CORDONED_BY + "=" + mark;
    }

    private static boolean cordoned(Node node) {
        return node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable());
    }

    /** Whoever set the cordon, or declares it, besides us; empty where the server keeps no record, or nobody is in it. */
    private static Optional<String> others(Node node) {
        return Stream.ofNullable(node.getMetadata().getManagedFields())
                .flatMap(List::stream)
                .filter(entry -> entry.getFieldsV1() != null
                        && entry.getFieldsV1().getAdditionalProperties().get("f:spec") instanceof Map<?, ?> spec
                        && spec.containsKey("f:unschedulable"))
                .map(entry -> String.valueOf(entry.getManager()))
                .filter(manager -> !manager.equals(Marks.MANAGER))
                .findFirst();
    }

    private static @Nullable String owner(Node node) {
        return annotations(node).get(Marks.CORDONED_BY);
    }

    private static Map<String, String> annotations(Node node) {
        Map<String, String> annotations = node.getMetadata().getAnnotations();
        return annotations == null ? Map.of() : annotations;
    }
}
