package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.http.MockResponse;
import org.jspecify.annotations.Nullable;

/** A request that a real API server would refuse, with the Status object that it would answer. */
final class ApiRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final int code;
    private final String reason;
    private final transient @Nullable ObjectNode details;

    ApiRefusal(int code, String reason, String message) {
        this(code, reason, message, null);
    }

    /** @param details of the Status object, null for none; {@code retryAfterSeconds} among them is a header, too */
    ApiRefusal(int code, String reason, String message, @Nullable ObjectNode details) {
        super(message);
        this.code = code;
        this.reason = reason;
        this.details = details;
    }

    MockResponse response() {
        MockResponse answer = answer(code, status(code, reason, String.valueOf(getMessage()), details));
        return details != null && details.has("retryAfterSeconds")
                ? answer.setHeader(
                        "Retry-After", details.path("retryAfterSeconds").asText())
                : answer;
    }

    static String status(int code, String reason, String message, @Nullable ObjectNode details) {
        ObjectNode status = JSON.createObjectNode()
                .put("kind", "Status")
                .put("apiVersion", "v1")
                .put("status", "Failure")
                .put("message", message)
                .put("reason", reason)
                .put("code", code);
        if (details != null) {
            status.set("details", details);
        }
        return status.toString();
    }

    static MockResponse answer(int code, String json) {
        return new MockResponse()
                .setResponseCode(code)
                .setHeader("Content-Type", "application/json")
                .setBody(json);
    }
}
