package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396) as the API server applies them: a test of an absent field against null passes,
 * and nothing is created on the way. The mock's own implementation differs in both.
 */
final class JsonPatches {
    private JsonPatches() {}

    /** @throws IllegalArgumentException when a test fails, a path is not there or the patch is malformed */
    static JsonNode apply(JsonNode patch, JsonNode source) {
        JsonNode target = source.deepCopy();
        for (JsonNode step : patch) {
            JsonPointer path = JsonPointer.compile(step.path("path").asText());
            switch (step.path("op").asText()) {
                case "test" -> test(target, path, step.path("value"));
                case "add" -> add(target, path, step.path("value").deepCopy());
                case "remove" -> remove(target, path);
                case "replace" -> {
                    remove(target, path);
                    add(target, path, step.path("value").deepCopy());
                }
                case "move", "copy" -> {
                    JsonPointer from = JsonPointer.compile(step.path("from").asText());
                    JsonNode value = required(target, from).deepCopy();
                    if (step.path("op").asText().equals("move")) {
                        remove(target, from);
                    }
                    add(target, path, value);
                }
                default -> throw new IllegalArgumentException("unknown operation");
            }
        }
        return target;
    }

    /** Null removes, an array replaces; the mock would keep the null and append. */
    static JsonNode merge(JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode fields)) {
            return patch;
        }
        ObjectNode merged = target instanceof ObjectNode object ? object.deepCopy() : fields.objectNode();
        fields.fields().forEachRemaining(field -> {
            if (field.getValue().isNull()) {
                merged.remove(field.getKey());
            } else {
                merged.set(field.getKey(), merge(merged.path(field.getKey()), field.getValue()));
            }
        });
        return merged;
    }

    private static void test(JsonNode target, JsonPointer path, JsonNode expected) {
        required(target, path.head());
        JsonNode found = target.at(path);
        boolean same = expected.isNull() ? found.isNull() || found.isMissingNode() : found.equals(expected);
        if (!same) {
            throw new IllegalArgumentException("testing value " + path + " failed");
        }
    }

    private static void add(JsonNode target, JsonPointer path, JsonNode value) {
        JsonNode parent = required(target, path.head());
        String key = path.last().getMatchingProperty();
        if (parent instanceof ArrayNode list) {
            int index = key.equals("-") ? list.size() : path.last().getMatchingIndex();
            if (index < 0 || index > list.size()) {
                throw new IllegalArgumentException("no such index: " + path);
            }
            list.insert(index, value);
        } else if (parent instanceof ObjectNode object) {
            object.set(key, value);
        } else {
            throw new IllegalArgumentException("not a container: " + path.head());
        }
    }

    private static void remove(JsonNode target, JsonPointer path) {
        required(target, path);
        JsonNode parent = target.at(path.head());
        if (parent instanceof ArrayNode list) {
            list.remove(path.last().getMatchingIndex());
        } else {
            ((ObjectNode) parent).remove(path.last().getMatchingProperty());
        }
    }

    private static JsonNode required(JsonNode target, JsonPointer path) {
        JsonNode found = target.at(path);
        if (found.isMissingNode()) {
            throw new IllegalArgumentException("doc is missing path: " + path);
        }
        return found;
    }
}
