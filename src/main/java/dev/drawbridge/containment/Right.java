package dev.drawbridge.containment;

import java.util.Comparator;

/**
 * One thing that an API server may allow, in every namespace, in the words of Kubernetes' RBAC.
 *
 * @param verb {@code get}, {@code patch}, {@code create}, ...
 * @param group the API group; empty for the core group, and for a path
 * @param resource in the plural, a subresource after a slash ({@code pods/eviction}); or a path that is no resource, which begins with a slash
 */
public record Right(String verb, String group, String resource) implements Comparable<Right> {
    private static final Comparator<Right> ORDER =
            Comparator.comparing(Right::group).thenComparing(Right::resource).thenComparing(Right::verb);

    public static Right core(String verb, String resource) {
        return new Right(verb, "", resource);
    }

    /** Whether it is about a path such as {@code /readyz}. */
    public boolean path() {
        return resource.startsWith("/");
    }

    @Override
    public int compareTo(Right other) {
        return ORDER.compare(this, other);
    }

    /** As people say it: {@code patch nodes}, {@code create pods/eviction}, {@code list networkpolicies.networking.k8s.io}. */
    @Override
    public String toString() {
        if (group.isEmpty()) {
            return verb + " " + resource;
        }
        int slash = resource.indexOf('/');
        return slash < 0
                ? verb + " " + resource + "." + group
                : verb + " " + resource.substring(0, slash) + "." + group + resource.substring(slash);
    }
}
