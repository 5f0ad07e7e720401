package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.kubernetes.ObjectRung.Target;
import dev.drawbridge.shared.IncidentId;
import java.util.Map;

/**
 * Objects that we create as a whole. They belong to a node, by its uid, and so outlive a change of the incident that holds them; an
 * annotation names that incident. What somebody else changed is not ours any more: it is neither overwritten nor removed.
 */
final class Owned {
    private static final String MANAGED_BY = "app.kubernetes.io/managed-by";

    private Owned() {}

    /** An object of ours for this node. */
    static ObjectNode object(Ref ref, Target target, ObjectNode spec) {
        ObjectNode object = JsonNodeFactory.instance
                .objectNode()
                .put("apiVersion", ref.api().apiVersion())
                .put("kind", ref.api().kind());
        ObjectNode metadata = object.putObject("metadata").put("name", ref.name());
        if (ref.namespace() != null) {
            metadata.put("namespace", ref.namespace());
        }
        metadata.putObject("labels").put(MANAGED_BY, "drawbridge").put(Marks.ISOLATED, target.uid());
        metadata.putObject("annotations")
                .put(Marks.INCIDENT, target.incident().value())
                .put(Marks.NODE, target.node().value());
        object.set("spec", spec);
        return object;
    }

    /** Whether this incident holds it. */
    static boolean by(IncidentId incident, JsonNode object) {
        return incident.value().equals(owner(object));
    }

    /** The incident that holds it, as the annotation has it; empty when there is none. */
    static String owner(JsonNode object) {
        return object.path("metadata").path("annotations").path(Marks.INCIDENT).asText();
    }

    /** Whether it still asks for what we asked for. */
    static boolean unchanged(JsonNode object, JsonNode spec) {
        return normal(object.path("spec")).equals(normal(spec));
    }

    static Change delete(Ref ref, JsonNode object) {
        return new Change.Delete(
                ref,
                object.at("/metadata/uid").asText(),
                object.at("/metadata/resourceVersion").asText());
    }

    /** The object stays, for another incident. */
    static Change handOver(Ref ref, JsonNode object, IncidentId from, IncidentId heir) {
        String owner = "/metadata/annotations/" + JsonPatch.token(Marks.INCIDENT);
        return new Change.Patch(
                ref,
                JsonPatch.of(object.at("/metadata/uid").asText())
                        .test(owner, from.value())
                        .add(owner, heir.value()));
    }

    /** A server adds or leaves out fields that are empty; an empty element of a list stays, for it may mean everything. */
    private static JsonNode normal(JsonNode node) {
        if (node instanceof ArrayNode list) {
            ArrayNode normal = JsonNodeFactory.instance.arrayNode();
            list.forEach(element -> normal.add(normal(element)));
            return normal;
        }
        if (!(node instanceof ObjectNode object)) {
            return node;
        }
        ObjectNode normal = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            JsonNode value = normal(field.getValue());
            if (!value.isNull() && !(value.isContainerNode() && value.isEmpty())) {
                normal.set(field.getKey(), value);
            }
        }
        return normal;
    }
}
