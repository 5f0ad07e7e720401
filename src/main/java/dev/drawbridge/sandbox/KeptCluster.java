package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.crud.AttributeSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/**
 * The objects of the sandbox's cluster in one JSON file, so that uids, cordons and taints outlive the process. It is replaced
 * whole by rename, before the client gets its answer. No flush to the disk: the sandbox has to survive {@code kill -9}, not a power cut.
 */
final class KeptCluster {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path file;

    KeptCluster(Path file) {
        this.file = file;
    }

    boolean exists() {
        return Files.exists(file);
    }

    void keep(KubernetesCrudDispatcher crud) {
        try {
            ArrayNode objects = JSON.createArrayNode();
            for (Map.Entry<AttributeSet, String> entry : crud.getMap().entrySet()) {
                objects.addObject().put("path", path(entry.getKey())).set("object", JSON.readTree(entry.getValue()));
            }
            Path staged = file.resolveSibling(file.getFileName() + ".new");
            Files.write(staged, JSON.writeValueAsBytes(objects));
            Files.move(staged, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException full) {
            throw new UncheckedIOException("the sandbox's cluster cannot be kept in " + file, full);
        }
    }

    /** Puts the kept objects into an empty server, with their uids; resource versions go on from where they were. */
    void load(KubernetesCrudDispatcher crud) {
        try {
            long version = 0;
            for (JsonNode kept : JSON.readTree(Files.readAllBytes(file))) {
                String path = kept.path("path").asText();
                crud.processEvent(
                        path, crud.getKey(path), null, null, kept.path("object").toString());
                version = Math.max(
                        version, kept.at("/object/metadata/resourceVersion").asLong());
            }
            while (crud.requestResourceVersion() < version) {
                // the mock offers no other way to set its counter
            }
        } catch (IOException damaged) {
            throw new UncheckedIOException("the sandbox's cluster cannot be read from " + file, damaged);
        }
    }

    private static String path(AttributeSet key) {
        String group = key.getAttribute("api") == null ? "/api" : "/apis/" + value(key, "api");
        String namespace = key.getAttribute("namespace") == null ? "" : "/namespaces/" + value(key, "namespace");
        return group + "/" + value(key, "version") + namespace + "/" + value(key, "plural") + "/" + value(key, "name");
    }

    private static String value(AttributeSet key, String name) {
        return key.getAttribute(name).getValues().get(0).toString();
    }
}
