package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.http.MockResponse;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the sandbox's API server says it serves: the mock serves whatever it is asked for, and a real server does not. */
final class ApiDiscovery {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Kind by resource, by version. */
    private final Map<String, Map<String, String>> served = new TreeMap<>();

    ApiDiscovery() {
        serve("v1", "nodes", "Node");
        serve("v1", "namespaces", "Namespace");
        serve("v1", "configmaps", "ConfigMap");
        serve("v1", "pods", "Pod");
        serve("v1", "pods/eviction", "Eviction");
        serve("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget");
        serve("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy");
        serve("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview");
    }

    /** As if its CustomResourceDefinition had been created. */
    void serve(String version, String resource, String kind) {
        served.computeIfAbsent(version, none -> new TreeMap<>()).put(resource, kind);
    }

    /** The list of the groups, or of what a version has; 404 for a version that is not served; empty for any other path. */
    Optional<MockResponse> answer(ApiPath path) {
        if (path.path().equals("/apis")) {
            return Optional.of(groups());
        }
        String version = path.path().equals("/api/v1")
                ? "v1"
                : path.path().startsWith("/apis/") ? path.path().substring("/apis/".length()) : "";
        Map<String, String> resources = served.get(version);
        if (resources == null) {
            return path.path().matches("/apis/[^/]+(/[^/]+)?")
                    ? Optional.of(notFound().response())
                    : Optional.empty();
        }
        ObjectNode list = JSON.createObjectNode()
                .put("kind", "APIResourceList")
                .put("apiVersion", "v1")
                .put("groupVersion", version);
        ArrayNode array = list.putArray("resources");
        resources.forEach((name, kind) -> array.addObject()
                .put("name", name)
                .put("singularName", "")
                .put("namespaced", true)
                .put("kind", kind)
                .putArray("verbs"));
        return Optional.of(ApiRefusal.answer(200, list.toString()));
    }

    private MockResponse groups() {
        ObjectNode list = JSON.createObjectNode().put("kind", "APIGroupList").put("apiVersion", "v1");
        ArrayNode groups = list.putArray("groups");
        served.keySet().stream()
                .filter(version -> version.contains("/"))
                .collect(Collectors.groupingBy(
                        version -> version.substring(0, version.indexOf('/')), TreeMap::new, Collectors.toList()))
                .forEach((name, versions) -> {
                    ArrayNode all = groups.addObject().put("name", name).putArray("versions");
                    versions.forEach(version -> all.addObject()
                            .put("groupVersion", version)
                            .put("version", version.substring(version.indexOf('/') + 1)));
                });
        return ApiRefusal.answer(200, list.toString());
    }

    /** @throws ApiRefusal 404 for what is not served */
    void require(ApiPath path) {
        String[] parts = path.path().split("/");
        if (path.path().startsWith("/apis/")
                && (parts.length < 4
                        || !served.getOrDefault(parts[2] + "/" + parts[3], Map.of())
                                .containsKey(path.resource()))) {
            throw notFound();
        }
    }

    private static ApiRefusal notFound() {
        return new ApiRefusal(404, "NotFound", "the server could not find the requested resource");
    }
}
