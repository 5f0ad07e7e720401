package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.Dispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.zjsonpatch.JsonPatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URLDecoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sandbox's Kubernetes API: fabric8's CRUD mock on loopback, behind a dispatcher that answers as a real API server where the mock
 * would let something pass or hang (field selectors, JSON patches whose test fails, {@code /readyz}), and that keeps nodes and pods on
 * disk, so that a cordon survives a power cut as it does in a real cluster.
 */
public final class SandboxApiServer implements AutoCloseable {
    private static final Set<String> MUTATING = Set.of("POST", "PUT", "PATCH", "DELETE");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final KubernetesMockServer server;
    private final KubernetesClient client;
    private final @Nullable Path state;
    private final KubernetesCrudDispatcher crud = new KubernetesCrudDispatcher();
    private volatile Function<RecordedRequest, Optional<MockResponse>> faults = request -> Optional.empty();
    private volatile boolean seeded;

    /**
     * @param port 0 for any free one
     * @param state file that keeps nodes and pods, null to keep nothing
     * @param nodes what the cluster has when nothing was kept
     */
    public SandboxApiServer(int port, @Nullable Path state, Collection<Node> nodes) {
        this.state = state;
        server = new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), new Front(), false);
        server.init(InetAddress.getLoopbackAddress(), port);
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl(url())
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
        seed(nodes);
    }

    /** A node as kubeadm registers it. */
    public static Node node(String name, boolean controlPlane, String address) {
        NodeBuilder node = new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .withUid(UUID.nameUUIDFromBytes(("node " + name).getBytes(StandardCharsets.UTF_8))
                        .toString())
                .addToLabels("kubernetes.io/hostname", name)
                .addToLabels("kubernetes.io/os", "linux")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .addNewAddress(address, "InternalIP")
                .addNewAddress(name, "Hostname")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .withReason("KubeletReady")
                .endCondition()
                .endStatus();
        if (controlPlane) {
            node.editMetadata()
                    .addToLabels("node-role.kubernetes.io/control-plane", "")
                    .endMetadata()
                    .editSpec()
                    .addNewTaint()
                    .withKey("node-role.kubernetes.io/control-plane")
                    .withEffect("NoSchedule")
                    .endTaint()
                    .endSpec();
        }
        return node.build();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getPort();
    }

    /** A client of its own, for whoever plays the cluster. */
    public KubernetesClient client() {
        return client;
    }

    /** Answers of its choice before the server sees a request: for tests of 409, 429, 5xx. */
    public void faults(Function<RecordedRequest, Optional<MockResponse>> chosen) {
        faults = chosen;
    }

    private void seed(Collection<Node> nodes) {
        for (String namespace : List.of("default", "kube-system", "kube-public", "kube-node-lease")) {
            client.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(namespace)
                            .endMetadata()
                            .build())
                    .create();
        }
        if (state != null && Files.exists(state)) {
            restore(state);
        } else {
            nodes.forEach(node -> client.resource(node).create());
        }
        seeded = true;
        keep();
    }

    private void restore(Path kept) {
        try {
            JsonNode lists = JSON.readTree(kept.toFile());
            for (JsonNode item : lists.path("nodes")) {
                Node node = Serialization.unmarshal(item.toString(), Node.class);
                node.getMetadata().setResourceVersion(null);
                client.resource(node).create();
            }
            for (JsonNode item : lists.path("pods")) {
                Pod pod = Serialization.unmarshal(item.toString(), Pod.class);
                pod.getMetadata().setResourceVersion(null);
                client.resource(pod).create();
            }
        } catch (IOException damaged) {
            throw new UncheckedIOException("the sandbox's cluster cannot be read from " + kept, damaged);
        }
    }

    /** Whole or not at all, before the client gets its answer. */
    private synchronized void keep() {
        if (state == null || !seeded) {
            return;
        }
        try {
            ObjectNode lists = JSON.createObjectNode();
            lists.set("nodes", items("/api/v1/nodes"));
            lists.set("pods", items("/api/v1/pods"));
            Path staged = state.resolveSibling(state.getFileName() + ".new");
            try (FileChannel out = FileChannel.open(
                    staged,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                out.write(StandardCharsets.UTF_8.encode(lists.toString()));
            }
            Files.move(staged, state, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException full) {
            throw new UncheckedIOException("the sandbox's cluster cannot be kept", full);
        }
    }

    private JsonNode items(String path) throws JsonProcessingException {
        return JSON.readTree(body(crud.handleGet(path))).path("items");
    }

    private static String body(MockResponse response) {
        return new String(response.getBody().getBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        client.close();
        server.destroy();
    }

    /** What stands in front of the mock. */
    private final class Front extends Dispatcher {
        @Override
        public MockResponse dispatch(RecordedRequest request) {
            Optional<MockResponse> fault = faults.apply(request);
            if (fault.isPresent()) {
                return fault.get();
            }
            String path = request.getPath();
            if (path.startsWith("/readyz") || path.startsWith("/livez") || path.startsWith("/healthz")) {
                return new MockResponse().setResponseCode(200).setBody("ok");
            }
            if (path.contains("fieldSelector=")
                    && !path.contains("watch=true")
                    && request.getMethod().equals("GET")) {
                Optional<MockResponse> selected = select(path);
                if (selected.isPresent()) {
                    return selected.get();
                }
            }
            Optional<MockResponse> refused = refusePatch(request);
            if (refused.isPresent()) {
                return refused.get();
            }
            MockResponse response = crud.dispatch(request);
            if (MUTATING.contains(request.getMethod())) {
                keep();
            }
            return response;
        }

        /** {@code spec.nodeName=x}, which the mock answers with an empty list. */
        private Optional<MockResponse> select(String path) {
            String query = path.substring(path.indexOf('?') + 1);
            String selector = "";
            for (String parameter : query.split("&")) {
                if (parameter.startsWith("fieldSelector=")) {
                    selector =
                            URLDecoder.decode(parameter.substring("fieldSelector=".length()), StandardCharsets.UTF_8);
                }
            }
            if (selector.startsWith("metadata.name=")) {
                return Optional.empty();
            }
            if (!selector.startsWith("spec.nodeName=")) {
                return Optional.of(status(400, "BadRequest", "field label not supported: " + selector));
            }
            String node = selector.substring("spec.nodeName=".length());
            try {
                ObjectNode list =
                        (ObjectNode) JSON.readTree(body(crud.handleGet(path.substring(0, path.indexOf('?')))));
                ArrayNode kept = JSON.createArrayNode();
                list.path("items").forEach(item -> {
                    if (item.at("/spec/nodeName").asText().equals(node)) {
                        kept.add(item);
                    }
                });
                list.set("items", kept);
                return Optional.of(new MockResponse()
                        .setResponseCode(200)
                        .setHeader("Content-Type", "application/json")
                        .setBody(list.toString()));
            } catch (JsonProcessingException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }

        /** A JSON patch whose test fails or whose path is not there: 422 at once, where the mock would never answer. */
        private Optional<MockResponse> refusePatch(RecordedRequest request) {
            String type = request.getHeader("Content-Type");
            if (!request.getMethod().equals("PATCH") || type == null || !type.contains("json-patch")) {
                return Optional.empty();
            }
            try {
                MockResponse current = crud.handleGet(request.getPath().split("\\?")[0]);
                if (current.code() == 200) {
                    JsonPatch.apply(
                            JSON.readTree(new String(request.getBody().getBytes(), StandardCharsets.UTF_8)),
                            JSON.readTree(body(current)));
                }
                return Optional.empty();
            } catch (RuntimeException | JsonProcessingException failed) {
                return Optional.of(
                        status(422, "Invalid", "the server rejected our request due to an error in our request"));
            }
        }
    }

    /** An error as the API server words it. */
    public static MockResponse status(int code, String reason, String message) {
        ObjectNode status = JSON.createObjectNode()
                .put("kind", "Status")
                .put("apiVersion", "v1")
                .put("status", "Failure")
                .put("message", message)
                .put("reason", reason)
                .put("code", code);
        return new MockResponse()
                .setResponseCode(code)
                .setHeader("Content-Type", "application/json")
                .setBody(status.toString());
    }
}
