package dev.drawbridge.sandbox;

import dev.drawbridge.containment.Right;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The parts of a request path of the Kubernetes API that the sandbox's rules look at. */
record ApiPath(String path, String query) {
    static ApiPath of(String target) {
        int mark = target.indexOf('?');
        return mark < 0 ? new ApiPath(target, "") : new ApiPath(target.substring(0, mark), target.substring(mark + 1));
    }

    Optional<String> parameter(String name) {
        return parameters()
                .filter(parameter -> parameter.getKey().equals(name))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    boolean watches() {
        return parameter("watch").filter(value -> !value.equals("false")).isPresent();
    }

    /** The same request without one parameter. */
    String without(String name) {
        String rest = Arrays.stream(query.split("&"))
                .filter(parameter -> !parameter.equals(name) && !parameter.startsWith(name + "="))
                .collect(Collectors.joining("&"));
        return rest.isEmpty() ? path : path + "?" + rest;
    }

    /** {@code nodes} for {@code /api/v1/nodes/worker-1/status}; empty when it is no resource path. */
    String resource() {
        List<String> parts = parts();
        return parts.isEmpty() ? "" : parts.get(0);
    }

    /** The namespace that the path lies in; empty for none. */
    Optional<String> namespace() {
        List<String> below = belowVersion();
        return below.size() > 2 && below.get(0).equals("namespaces") ? Optional.of(below.get(1)) : Optional.empty();
    }

    /** What a client needs for a request with this method to this path, as a real API server sees it. */
    Right right(String method) {
        if (resource().isEmpty()) {
            return Right.core(method.toLowerCase(Locale.ROOT), path);
        }
        String verb = switch (method) {
            case "GET" -> watches() ? "watch" : namesObject() ? "get" : "list";
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> namesObject() ? "delete" : "deletecollection";
            default -> method.toLowerCase(Locale.ROOT);
        };
        String group = path.startsWith("/apis/") ? path.split("/")[2] : "";
        List<String> parts = parts();
        return new Right(verb, group, parts.size() > 2 ? parts.get(0) + "/" + parts.get(2) : parts.get(0));
    }

    boolean namesObject() {
        return parts().size() > 1;
    }

    /** The object, where the path may name a subresource of it. */
    String object() {
        List<String> parts = parts();
        int subresource = parts.size() > 2 ? path.lastIndexOf('/') : path.length();
        return path.substring(0, subresource);
    }

    /** What is asked of a node's kubelet, without a slash before or behind it; empty when it is no request to one. */
    Optional<String> proxied() {
        List<String> parts = parts();
        return parts.size() > 2 && parts.get(0).equals("nodes") && parts.get(2).equals("proxy")
                ? Optional.of(String.join("/", parts.subList(3, parts.size())))
                : Optional.empty();
    }

    /** Name of the object; only where the path names one. */
    String name() {
        return parts().get(1);
    }

    /** Whether it is the eviction subresource of a pod. */
    boolean evicts() {
        List<String> parts = parts();
        return parts.size() == 3 && parts.get(0).equals("pods") && parts.get(2).equals("eviction");
    }

    /** Whether it is the exec subresource of a pod. */
    boolean executes() {
        List<String> parts = parts();
        return parts.size() == 3 && parts.get(0).equals("pods") && parts.get(2).equals("exec");
    }

    /** Every value of a parameter, in order. */
    List<String> parameters(String name) {
        return parameters()
                .filter(parameter -> parameter.getKey().equals(name))
                .map(Map.Entry::getValue)
                .toList();
    }

    private List<String> parts() {
        List<String> below = belowVersion();
        return below.size() > 2 && below.get(0).equals("namespaces") ? below.subList(2, below.size()) : below;
    }

    private List<String> belowVersion() {
        String[] all = path.substring(1).split("/");
        int version = path.startsWith("/apis/") ? 3 : 2;
        return all.length <= version ? List.of() : Arrays.asList(all).subList(version, all.length);
    }

    private java.util.stream.Stream<Map.Entry<String, String>> parameters() {
        return Arrays.stream(query.split("&")).filter(one -> !one.isEmpty()).map(one -> {
            int equals = one.indexOf('=');
            String name = equals < 0 ? one : one.substring(0, equals);
            String value = equals < 0 ? "" : URLDecoder.decode(one.substring(equals + 1), StandardCharsets.UTF_8);
            return Map.entry(name, value);
        });
    }
}
