package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Map;

/** Makes the node selectable, for people and for policies that act on contained nodes; whoever set the label first keeps it. */
record LabelRung() implements NodeRung {
    private static final String LABELS = "/metadata/labels";
    private static final String LABEL = LABELS + "/" + JsonPatch.token(Marks.CONTAINED);

    @Override
    public Rung rung() {
        return Rung.LABEL;
    }

    @Override
    public String mark(IncidentId incident) {
        return Marks.labelValue(incident);
    }

    @Override
    public Hold hold(Node node, String mark) {
        String value = labels(node).get(Marks.CONTAINED);
        if (value == null) {
            return new Hold.Nobody();
        }
        return mark.equals(value)
                ? new Hold.Ours()
                : new Hold.Others("labelled already, with the mark of " + Marks.shown(value));
    }

    @Override
    public JsonNode prior(Node node) {
        return JsonNodeFactory.instance
                .objectNode()
                .put(Marks.CONTAINED, labels(node).get(Marks.CONTAINED));
    }

    @Override
    public JsonPatch apply(Node node, String mark) {
        JsonPatch patch = JsonPatch.ofNode(node.getMetadata().getUid());
        if (labels(node).isEmpty()) {
            patch.test(LABELS, (String) null).addObject(LABELS).put(Marks.CONTAINED, mark);
            return patch;
        }
        return patch.test(LABEL, (String) null).add(LABEL, mark);
    }

    @Override
    public JsonPatch undo(Node node, String mark) {
        return JsonPatch.ofNode(node.getMetadata().getUid()).test(LABEL, mark).remove(LABEL);
    }

    @Override
    public JsonPatch handOver(Node node, String mark, String heir) {
        return JsonPatch.ofNode(node.getMetadata().getUid()).test(LABEL, mark).add(LABEL, heir);
    }

    @Override
    public String applied(String mark) {
        return "label " + Marks.CONTAINED + "=" + mark;
    }

    private static Map<String, String> labels(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels();
        return labels == null ? Map.of() : labels;
    }
}
