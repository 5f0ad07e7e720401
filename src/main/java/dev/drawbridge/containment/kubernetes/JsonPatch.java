package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** A JSON Patch (RFC 6902) in the making. The API server applies all of it or, when a test fails, nothing. */
final class JsonPatch {
    private final ArrayNode steps = JsonNodeFactory.instance.arrayNode();

    private JsonPatch() {}

    /** A patch for this very node: one of the same name that was created later is not meant. */
    static JsonPatch ofNode(String uid) {
        return of(uid);
    }

    /** A patch for this very object. */
    static JsonPatch of(String uid) {
        return new JsonPatch().test("/metadata/uid", uid);
    }

    /** Changes nothing. */
    static JsonPatch none() {
        return new JsonPatch();
    }

    /** The same, when nobody has changed anything of it since. */
    static JsonPatch ofUnchanged(ObjectMeta seen) {
        return of(seen.getUid()).test("/metadata/resourceVersion", seen.getResourceVersion());
    }

    /** A key as one reference token of a JSON Pointer (RFC 6901). */
    static String token(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }

    /** @param value null when nothing may be there; what holds it must exist */
    JsonPatch test(String path, @Nullable String value) {
        step("test", path).put("value", value);
        return this;
    }

    /** @param value null when nothing may be there */
    JsonPatch test(String path, @Nullable Boolean value) {
        step("test", path).put("value", value);
        return this;
    }

    JsonPatch add(String path, String value) {
        step("add", path).put("value", value);
        return this;
    }

    JsonPatch add(String path, boolean value) {
        step("add", path).put("value", value);
        return this;
    }

    ObjectNode addObject(String path) {
        return step("add", path).putObject("value");
    }

    ArrayNode addArray(String path) {
        return step("add", path).putArray("value");
    }

    JsonPatch remove(String path) {
        step("remove", path);
        return this;
    }

    private ObjectNode step(String operation, String path) {
        return steps.addObject().put("op", operation).put("path", path);
    }

    /** The whole request in words; says so when there is none to make. */
    String request(String path) {
        return steps.isEmpty() ? "none: it is so already" : "PATCH " + path + " " + steps;
    }

    /** The patch as it is sent. */
    @Override
    public String toString() {
        return steps.toString();
    }
}
