package dev.drawbridge.investigation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Data streams of one test, with the mappings that the real integrations give the fields we search: {@code dynamic: false}, so
 * that a query for an unmapped field finds nothing here as it would there.
 */
final class EventStreams {
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> PROCESS = List.of(
            "agent.id",
            "host.id",
            "host.name",
            "event.action",
            "event.category",
            "user.id",
            "user.name",
            "process.entity_id",
            "process.executable",
            "process.real_user.id",
            "process.entry_leader.entity_id",
            "process.entry_leader.entry_meta.type");
    private static final List<String> FILE = List.of(
            "agent.id",
            "host.id",
            "host.name",
            "event.action",
            "user.id",
            "user.name",
            "file.path",
            "file.Ext.original.path",
            "file.hash.sha256");
    private static final List<String> LOGIN = List.of(
            "agent.id",
            "host.id",
            "host.name",
            "event.action",
            "event.category",
            "event.outcome",
            "user.id",
            "user.name");

    private final ElasticsearchServer.Node server;
    private final String namespace = "test" + COUNT.incrementAndGet();

    EventStreams(ElasticsearchServer.Node server) {
        this.server = server;
    }

    String process() {
        return "logs-endpoint.events.process-" + namespace;
    }

    String file() {
        return "logs-endpoint.events.file-" + namespace;
    }

    String login() {
        return "logs-system.auth-" + namespace;
    }

    EventStreams withProcessStream() {
        template("process", process(), PROCESS);
        return this;
    }

    EventStreams withFileStream() {
        template("file", file(), FILE);
        return this;
    }

    EventStreams withLoginStream() {
        template("login", login(), LOGIN);
        return this;
    }

    private void template(String kind, String stream, List<String> keywords) {
        ObjectNode body = JSON.createObjectNode();
        body.putArray("index_patterns").add(stream);
        body.putObject("data_stream");
        body.put("priority", 500);
        ObjectNode settings = body.putObject("template").putObject("settings");
        settings.put("number_of_replicas", 0).put("number_of_shards", 1);
        ObjectNode mappings = ((ObjectNode) body.get("template")).putObject("mappings");
        mappings.put("dynamic", false);
        ObjectNode properties = mappings.putObject("properties");
        properties.putObject("@timestamp").put("type", "date");
        for (String field : keywords) {
            ObjectNode level = properties;
            String[] names = field.split("\\.");
            for (int i = 0; i < names.length - 1; i++) {
                ObjectNode object = level.withObjectProperty(names[i]);
                level = object.withObjectProperty("properties");
            }
            level.putObject(names[names.length - 1]).put("type", "keyword").put("ignore_above", 1024);
        }
        server.send("PUT", "/_index_template/" + kind + "-" + namespace, body.toString());
    }

    /** Creates the stream with events; each map has dotted keys, which are stored nested as the sensor does. */
    void add(String stream, List<Map<String, Object>> events) {
        List<ObjectNode> documents = new ArrayList<>();
        for (Map<String, Object> event : events) {
            ObjectNode document = JSON.createObjectNode();
            event.forEach((field, value) -> {
                ObjectNode level = document;
                String[] names = field.split("\\.");
                for (int i = 0; i < names.length - 1; i++) {
                    level = level.withObjectProperty(names[i]);
                }
                level.set(names[names.length - 1], JSON.valueToTree(value));
            });
            documents.add(document);
        }
        addDocuments(stream, documents);
    }

    void addDocuments(String stream, List<ObjectNode> documents) {
        StringBuilder bulk = new StringBuilder();
        documents.forEach(
                document -> bulk.append("{\"create\":{}}\n").append(document).append('\n'));
        server.send("POST", "/" + stream + "/_bulk?refresh=true", bulk.toString());
    }

    static String at(Instant time) {
        return time.toString();
    }
}
