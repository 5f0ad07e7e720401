package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * No new pods. {@code spec.unschedulable} has no room for an owner, so an annotation beside it names one: a cordon without our annotation
 * is a person's, even when we made it and they took the annotation away.
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
            return new Hold.Ours();
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
        return JsonPatch.ofNode(node.getMetadata().getUid())
                .test(UNSCHEDULABLE, true)
                .test(OWNER, mark)
                .remove(UNSCHEDULABLE)
                .remove(OWNER);
    }

    @Override
    public JsonPatch handOver(Node node, String mark, String heir) {
        return JsonPatch.ofNode(node.getMetadata().getUid())
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

    private static @Nullable String owner(Node node) {
        return annotations(node).get(Marks.CORDONED_BY);
    }

    private static Map<String, String> annotations(Node node) {
        Map<String, String> annotations = node.getMetadata().getAnnotations();
        return annotations == null ? Map.of() : annotations;
    }
}
