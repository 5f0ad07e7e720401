package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import org.jspecify.annotations.Nullable;

/**
 * Where an object is in the API.
 *
 * @param api what kind of object it is
 * @param namespace null for an object of the whole cluster
 */
record Ref(Api api, @Nullable String namespace, String name) {
    /**
     * A kind of object.
     *
     * @param group empty for the core group
     */
    record Api(String group, String version, String kind, String plural) {
        static final Api PODS = new Api("", "v1", "Pod", "pods");

        /** As objects name it. */
        String apiVersion() {
            return group.isEmpty() ? version : group + "/" + version;
        }

        /** Objects of all namespaces. */
        String path() {
            return (group.isEmpty() ? "/api/" : "/apis/") + apiVersion() + "/" + plural;
        }
    }

    static Ref of(Pod pod) {
        return new Ref(
                Api.PODS, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    }

    String collection() {
        String root = (api.group().isEmpty() ? "/api/" : "/apis/") + api.apiVersion();
        return root + (namespace == null ? "" : "/namespaces/" + namespace) + "/" + api.plural();
    }

    String path() {
        return collection() + "/" + name;
    }

    /** For people. */
    @Override
    public String toString() {
        return namespace == null ? name : namespace + "/" + name;
    }
}
