package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Field selectors as the API server knows them per resource; the mock answers the ones of pods with nothing. */
final class FieldSelector {
    private static final Set<String> EVERYWHERE = Set.of("metadata.name", "metadata.namespace");
    private static final Map<String, Set<String>> KNOWN = Map.of(
            "pods",
            Set.of(
                    "spec.nodeName",
                    "spec.restartPolicy",
                    "spec.schedulerName",
                    "spec.serviceAccountName",
                    "spec.hostNetwork",
                    "status.phase",
                    "status.podIP",
                    "status.nominatedNodeName"),
            "nodes",
            Set.of("spec.unschedulable"),
            "events",
            Set.of(
                    "involvedObject.kind",
                    "involvedObject.namespace",
                    "involvedObject.name",
                    "involvedObject.uid",
                    "involvedObject.apiVersion",
                    "involvedObject.resourceVersion",
                    "involvedObject.fieldPath",
                    "reason",
                    "reportingComponent",
                    "source",
                    "type"));
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private record Term(String pointer, boolean equal, String value) {}

    private final List<Term> terms = new ArrayList<>();

    /** @throws ApiRefusal 400 for a field that this resource cannot be selected by, as the real server answers */
    FieldSelector(String resource, String selector) {
        for (String term : selector.split(",")) {
            int operator = term.indexOf('=');
            if (operator < 1) {
                throw new ApiRefusal(400, "BadRequest", "invalid field selector");
            }
            boolean equal = term.charAt(operator - 1) != '!';
            String field = term.substring(0, equal ? operator : operator - 1);
            if (!EVERYWHERE.contains(field)
                    && !KNOWN.getOrDefault(resource, Set.of()).contains(field)) {
                throw new ApiRefusal(400, "BadRequest", "field label not supported: " + field);
            }
            String value = term.substring(operator + 1);
            terms.add(
                    new Term("/" + field.replace('.', '/'), equal, value.startsWith("=") ? value.substring(1) : value));
        }
    }

    boolean matches(JsonNode object) {
        return terms.stream().allMatch(term -> {
            String found = object.at(term.pointer()).asText();
            boolean flag =
                    term.pointer().endsWith("unschedulable") || term.pointer().endsWith("hostNetwork");
            return (found.isEmpty() && flag ? "false" : found).equals(term.value()) == term.equal();
        });
    }

    /** A watch that shows only what is selected. */
    WebSocketListener filter(WebSocketListener all) {
        return new WatchBehind(all, Selected::new);
    }

    private final class Selected implements WebSocket {
        private final WebSocket socket;

        Selected(WebSocket socket) {
            this.socket = socket;
        }

        @Override
        public RecordedRequest request() {
            return socket.request();
        }

        @Override
        public boolean send(String event) {
            try {
                return !matches(JSON.readTree(event).path("object")) || socket.send(event);
            } catch (IOException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        @Override
        public boolean send(byte[] event) {
            return send(new String(event, java.nio.charset.StandardCharsets.UTF_8));
        }

        @Override
        public boolean close(int code, String reason) {
            return socket.close(code, reason);
        }
    }
}
