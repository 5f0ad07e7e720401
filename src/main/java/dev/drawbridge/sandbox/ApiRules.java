package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Right;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of fabric8's CRUD mock and answers as a real API server (Kubernetes 1.32) does where the mock lets something
 * pass, hangs, or answers with nothing. Without it, code that only works against the mock would look right. Used from one thread.
 */
final class ApiRules {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String VERSION =
            "{\"major\":\"1\",\"minor\":\"32\",\"gitVersion\":\"v1.32.13\",\"platform\":\"linux/amd64\"}";

    /** Tells whoever plays the cluster from its clients; no secret, for the sandbox guards nothing. */
    static final String CLUSTER = "the-cluster-itself";

    private static final String REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

    private final KubernetesCrudDispatcher crud;
    private final ApiDiscovery discovery = new ApiDiscovery();
    private final Evictions evictions;
    private final WatchSender watches;
    private final Consumer<ApiPath> changed;
    private ApiRights rights = ApiRights.ALL;
    private NodeProxy kubelets = NodeProxy.NONE;

    /** @param changed told after every change, before the client is */
    ApiRules(KubernetesCrudDispatcher crud, WatchSender watches, Consumer<ApiPath> changed) {
        this.crud = crud;
        this.evictions = new Evictions(crud);
        this.watches = watches;
        this.changed = changed;
    }

    /** As if its CustomResourceDefinition had been created. */
    void serve(String version, String resource, String kind) {
        discovery.serve(version, resource, kind);
    }

    /** What everybody but the cluster itself may do from now on. */
    void allow(ApiRights rights) {
        this.rights = rights;
    }

    /** Who answers for the nodes from now on. */
    void kubelets(NodeProxy kubelets) {
        this.kubelets = kubelets;
    }

    MockResponse answer(RecordedRequest request) {
        ApiPath path = ApiPath.of(request.getPath());
        try {
            Optional<MockResponse> version =
                    request.method() == HttpMethod.GET ? discovery.answer(path) : Optional.empty();
            if (version.isPresent()) {
                // every authenticated user may, by the role system:discovery
                return version.get();
            }
            ApiRights ofClient =
                    ("Bearer " + CLUSTER).equals(request.getHeader("Authorization")) ? ApiRights.ALL : rights;
            if (path.path().equals(REVIEWS) && request.method() == HttpMethod.POST) {
                // every authenticated user may, by the role system:basic-user
                return review(request, ofClient);
            }
            authorize(path.right(request.method().name()), ofClient);
            discovery.require(path);
            if (request.method() == HttpMethod.GET) {
                MockResponse response = get(path);
                return path.watches() && response.getWebSocketListener() != null
                        ? response.withWebSocketUpgrade(watches.through(response.getWebSocketListener()))
                        : response;
            }
            MockResponse response = change(request, path);
            if (response.code() < 300) {
                changed.accept(path);
            }
            return response;
        } catch (ApiRefusal refused) {
            return refused.response();
        } catch (RuntimeException | JsonProcessingException broken) {
            // an exception here would leave the client without any answer until it gives up
            return new ApiRefusal(500, "InternalError", String.valueOf(broken.getMessage())).response();
        }
    }

    /**
     * As a server of Kubernetes 1.35 or later: the request is a get, and besides it must be allowed to create; and there must be such a
     * pod on a node.
     */
    Optional<ApiRefusal> refusesExec(ApiPath path, @Nullable String authorization) {
        try {
            ApiRights ofClient = ("Bearer " + CLUSTER).equals(authorization) ? ApiRights.ALL : rights;
            authorize(path.right("GET"), ofClient);
            authorize(path.right("POST"), ofClient);
            JsonNode pod = JSON.readTree(body(read(new ApiPath(path.object(), ""))));
            return pod.at("/spec/nodeName").asText().isEmpty()
                    ? Optional.of(new ApiRefusal(
                            400, "BadRequest", "pod " + path.object() + " does not have a host assigned"))
                    : Optional.empty();
        } catch (ApiRefusal refused) {
            return Optional.of(refused);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void authorize(Right right, ApiRights ofClient) {
        if (!ofClient.allow(right)) {
            String what = right.path()
                    ? "path \"" + right.resource() + "\""
                    : "resource \"" + right.resource() + "\" in API group \"" + right.group()
                            + "\" at the cluster scope";
            throw new ApiRefusal(
                    403,
                    "Forbidden",
                    "forbidden: User \"system:serviceaccount:drawbridge:drawbridge\" cannot " + right.verb() + " "
                            + what);
        }
    }

    private static MockResponse review(RecordedRequest request, ApiRights ofClient) throws JsonProcessingException {
        ObjectNode review =
                (ObjectNode) JSON.readTree(new String(request.getBody().getBytes(), StandardCharsets.UTF_8));
        JsonNode resource = review.at("/spec/resourceAttributes");
        JsonNode path = review.at("/spec/nonResourceAttributes");
        if (resource.isMissingNode() == path.isMissingNode()) {
            throw new ApiRefusal(
                    422,
                    "Invalid",
                    "spec.resourceAttributes: exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }
        String subresource = resource.path("subresource").asText();
        Right right = resource.isMissingNode()
                ? Right.core(path.path("verb").asText(), path.path("path").asText())
                : new Right(
                        resource.path("verb").asText(),
                        resource.path("group").asText(),
                        resource.path("resource").asText() + (subresource.isEmpty() ? "" : "/" + subresource));
        boolean allowed = ofClient.allow(right);
        ObjectNode status = review.putObject("status").put("allowed", allowed);
        if (allowed) {
            status.put("reason", "the sandbox allows it");
        }
        return ApiRefusal.answer(201, review.toString());
    }

    private MockResponse get(ApiPath path) throws JsonProcessingException {
        switch (path.path()) {
            case "/readyz", "/livez", "/healthz" -> {
                return new MockResponse().setResponseCode(200).setBody("ok");
            }
            case "/version" -> {
                return ApiRefusal.answer(200, VERSION);
            }
            default -> {
                if (path.proxied().isPresent()) {
                    return proxy(path, path.proxied().get());
                }
                return path.parameter("fieldSelector").isPresent() ? select(path) : read(path);
            }
        }
    }

    private MockResponse proxy(ApiPath path, String asked) {
        read(new ApiPath("/api/v1/nodes/" + path.name(), ""));
        NodeProxy.Answer answer = kubelets.get(path.name(), asked)
                .orElseThrow(() -> new ApiRefusal(
                        503,
                        "ServiceUnavailable",
                        "error trying to reach service: dial tcp: connect: connection refused"));
        return ApiRefusal.answer(answer.code(), answer.body());
    }

    private MockResponse read(ApiPath path) {
        String target = path.query().isEmpty() ? path.path() : path.path() + "?" + path.query();
        MockResponse response = crud.handleGet(target);
        if (response.code() == 404) {
            throw new ApiRefusal(404, "NotFound", path.resource() + " not found");
        }
        return response;
    }

    private MockResponse select(ApiPath path) throws JsonProcessingException {
        FieldSelector selector = new FieldSelector(
                path.resource(), path.parameter("fieldSelector").orElseThrow());
        MockResponse all = crud.handleGet(path.without("fieldSelector"));
        if (path.watches()) {
            return all.withWebSocketUpgrade(selector.filter(all.getWebSocketListener()));
        }
        ObjectNode list = (ObjectNode) JSON.readTree(body(all));
        ArrayNode selected = JSON.createArrayNode();
        list.path("items").forEach(item -> {
            if (selector.matches(item)) {
                selected.add(item);
            }
        });
        list.set("items", selected);
        return ApiRefusal.answer(200, list.toString());
    }

    private MockResponse change(RecordedRequest request, ApiPath path) throws JsonProcessingException {
        return switch (request.method()) {
            case PATCH -> patch(request, path);
            case POST -> create(request, path);
            case PUT -> conflictNamed(crud.dispatch(request));
            case DELETE -> delete(request, path);
            default -> throw new ApiRefusal(405, "MethodNotAllowed", "the server does not allow this method");
        };
    }

    private MockResponse create(RecordedRequest request, ApiPath path) throws JsonProcessingException {
        if (path.evicts()) {
            ObjectNode pod = (ObjectNode) JSON.readTree(body(read(new ApiPath(path.object(), ""))));
            return evictions.evict(path.object(), pod, JSON.readTree(text(request)));
        }
        if (path.namespace().isPresent()) {
            requireOpen(path.namespace().get());
        }
        return crud.dispatch(request);
    }

    /** Nothing is created in a namespace that is not there, or is being removed. */
    private void requireOpen(String name) throws JsonProcessingException {
        MockResponse namespace = crud.handleGet("/api/v1/namespaces/" + name);
        if (namespace.code() == 404) {
            throw new ApiRefusal(404, "NotFound", "namespaces \"" + name + "\" not found");
        }
        if (JSON.readTree(body(namespace)).path("metadata").has("deletionTimestamp")) {
            ObjectNode details = JSON.createObjectNode();
            details.putArray("causes")
                    .addObject()
                    .put("reason", "NamespaceTerminating")
                    .put("message", "namespace " + name + " is being terminated");
            throw new ApiRefusal(
                    403,
                    "Forbidden",
                    "unable to create new content in namespace " + name + " because it is being terminated",
                    details);
        }
    }

    private MockResponse delete(RecordedRequest request, ApiPath path) throws JsonProcessingException {
        String options = request.getBody() == null ? "" : text(request);
        if (!options.isBlank()) {
            JsonNode wanted = JSON.readTree(options).path("preconditions");
            JsonNode found =
                    JSON.readTree(body(read(new ApiPath(path.path(), "")))).path("metadata");
            for (String field : List.of("uid", "resourceVersion")) {
                if (wanted.has(field) && !wanted.path(field).equals(found.path(field))) {
                    throw new ApiRefusal(409, "Conflict", "Precondition failed: " + field);
                }
            }
        }
        MockResponse response = crud.dispatch(request);
        if (response.code() == 404) {
            throw new ApiRefusal(404, "NotFound", path.resource() + " not found");
        }
        return response;
    }

    private MockResponse patch(RecordedRequest request, ApiPath path) throws JsonProcessingException {
        JsonNode current = JSON.readTree(body(read(new ApiPath(path.object(), ""))));
        ObjectNode patched = apply(request, current);
        String version = current.at("/metadata/resourceVersion").asText();
        if (!patched.at("/metadata/resourceVersion").asText().equals(version)) {
            throw new ApiRefusal(
                    409, "Conflict", "the object has been modified; please apply your changes to the latest version");
        }
        if (path.resource().equals("nodes")) {
            checkNode(patched);
        }
        return put(path.path(), patched);
    }

    private static ObjectNode apply(RecordedRequest request, JsonNode current) {
        String type = String.valueOf(request.getHeader("Content-Type"));
        JsonNode patch;
        try {
            patch = JSON.readTree(text(request));
        } catch (JsonProcessingException malformed) {
            throw new ApiRefusal(400, "BadRequest", "the patch is not JSON");
        }
        if (type.contains("merge-patch+json") && !type.contains("strategic")) {
            return (ObjectNode) JsonPatches.merge(current, patch);
        }
        if (!type.contains("json-patch+json")) {
            throw new ApiRefusal(415, "UnsupportedMediaType", "the sandbox knows JSON patches and merge patches only");
        }
        try {
            return (ObjectNode) JsonPatches.apply(patch, current);
        } catch (RuntimeException failedTestOrPath) {
            throw new ApiRefusal(
                    422,
                    "Invalid",
                    "the server rejected our request due to an error in our request: " + failedTestOrPath.getMessage());
        }
    }

    /** What validation and {@code omitempty} of a real server do to a node. */
    private static void checkNode(ObjectNode node) {
        JsonNode taints = node.at("/spec/taints");
        Set<String> seen = new HashSet<>();
        taints.forEach(taint -> {
            String effect = taint.path("effect").asText();
            if (!Set.of("NoSchedule", "PreferNoSchedule", "NoExecute").contains(effect)) {
                throw new ApiRefusal(422, "Invalid", "spec.taints: unsupported effect");
            }
            if (!seen.add(taint.path("key").asText() + ":" + effect)) {
                throw new ApiRefusal(422, "Invalid", "spec.taints: duplicate value of key and effect");
            }
        });
        if (node.path("spec") instanceof ObjectNode spec) {
            if (taints.isEmpty()) {
                spec.remove("taints");
            }
            if (!spec.path("unschedulable").asBoolean()) {
                spec.remove("unschedulable");
            }
        }
    }

    /** Writes an object as it is; used for what a patch came to and for what controllers do. */
    MockResponse put(String path, ObjectNode object) {
        return conflictNamed(crud.dispatch(new RecordedRequest(
                "HTTP/1.1",
                HttpMethod.PUT,
                path,
                Headers.builder().add("Content-Type", "application/json").build(),
                new Buffer(object.toString().getBytes(StandardCharsets.UTF_8)))));
    }

    private static MockResponse conflictNamed(MockResponse response) {
        if (response.code() == 409) {
            throw new ApiRefusal(409, "Conflict", "the object has been modified");
        }
        if (response.code() == 404) {
            throw new ApiRefusal(404, "NotFound", "not found");
        }
        return response;
    }

    /** What a kubelet does some time after an eviction. */
    void end(String pod) {
        try {
            evictions.end(pod);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String text(RecordedRequest request) {
        return new String(request.getBody().getBytes(), StandardCharsets.UTF_8);
    }

    static String body(MockResponse response) {
        return new String(response.getBody().getBytes(), StandardCharsets.UTF_8);
    }
}
