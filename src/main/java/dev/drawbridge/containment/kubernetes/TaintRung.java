package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;

/**
 * Evicts what does not tolerate it. A taint is known by key and effect, so a node has at most one of ours: another incident's contains
 * the node as well, and stays. The list changes under us (the node controller adds its own after a cordon), so it is never written as a whole.
 */
record TaintRung() implements NodeRung {
    private static final String TAINTS = "/spec/taints";
    static final String EFFECT = "NoExecute";

    @Override
    public Rung rung() {
        return Rung.TAINT;
    }

    @Override
    public String mark(IncidentId incident) {
        return Marks.labelValue(incident);
    }

    @Override
    public Hold hold(Node node, String mark) {
        int index = index(node);
        if (index < 0) {
            return new Hold.Nobody();
        }
        String value = taints(node).get(index).getValue();
        return mark.equals(value)
                ? new Hold.Ours()
                : new Hold.Others("tainted already, with the mark of " + Marks.shown(value));
    }

    @Override
    public JsonNode prior(Node node) {
        ObjectNode prior = JsonNodeFactory.instance.objectNode();
        ArrayNode list = prior.putArray("taints");
        taints(node)
                .forEach(taint -> list.addObject()
                        .put("key", taint.getKey())
                        .put("value", taint.getValue())
                        .put("effect", taint.getEffect()));
        return prior;
    }

    @Override
    public JsonPatch apply(Node node, String mark) {
        JsonPatch patch = JsonPatch.ofNode(node.getMetadata().getUid());
        ObjectNode taint;
        if (taints(node).isEmpty()) {
            patch.test(TAINTS, (String) null);
            taint = patch.addArray(TAINTS).addObject();
        } else {
            // appending takes nothing away, and a second one of this key and effect is refused by the server
            taint = patch.addObject(TAINTS + "/-");
        }
        taint.put("key", Marks.CONTAINED).put("value", mark).put("effect", EFFECT);
        return patch;
    }

    @Override
    public JsonPatch undo(Node node, String mark) {
        return ours(node, mark).remove(path(node));
    }

    @Override
    public JsonPatch handOver(Node node, String mark, String heir) {
        return ours(node, mark).add(path(node) + "/value", heir);
    }

    @Override
    public String applied(String mark) {
        return "taint " + Marks.CONTAINED + "=" + mark + ":" + EFFECT;
    }

    /** Field by field: what else a server may have put into the taint does not matter. */
    private static JsonPatch ours(Node node, String mark) {
        String path = path(node);
        return JsonPatch.ofNode(node.getMetadata().getUid())
                .test(path + "/key", Marks.CONTAINED)
                .test(path + "/effect", EFFECT)
                .test(path + "/value", mark);
    }

    private static String path(Node node) {
        return TAINTS + "/" + index(node);
    }

    private static int index(Node node) {
        List<Taint> taints = taints(node);
        for (int i = 0; i < taints.size(); i++) {
            if (Marks.CONTAINED.equals(taints.get(i).getKey())
                    && EFFECT.equals(taints.get(i).getEffect())) {
                return i;
            }
        }
        return -1;
    }

    private static List<Taint> taints(Node node) {
        return node.getSpec() == null || node.getSpec().getTaints() == null
                ? List.of()
                : node.getSpec().getTaints();
    }
}
