package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One change of an object that is no node; its text is the exact request, for the audit trail and the dry run. */
sealed interface Change {
    /** Asks for the end of this very pod: one of the same name that came later is not meant. */
    record Evict(
            String namespace,
            String name,
            String uid,
            @Nullable Duration grace) implements Change {
        /** @param grace how long the pod may take to end; null for what it asks for itself */
        static Evict of(Pod pod, @Nullable Duration grace) {
            return new Evict(
                    pod.getMetadata().getNamespace(),
                    pod.getMetadata().getName(),
                    pod.getMetadata().getUid(),
                    grace);
        }

        String path() {
            return "/api/v1/namespaces/" + namespace + "/pods/" + name + "/eviction";
        }

        String body() {
            ObjectNode eviction = JsonNodeFactory.instance
                    .objectNode()
                    .put("apiVersion", "policy/v1")
                    .put("kind", "Eviction");
            eviction.putObject("metadata").put("name", name).put("namespace", namespace);
            ObjectNode options = eviction.putObject("deleteOptions");
            if (grace != null) {
                options.put("gracePeriodSeconds", grace.toSeconds());
            }
            options.putObject("preconditions").put("uid", uid);
            return eviction.toString();
        }

        @Override
        public String toString() {
            return "POST " + path() + " " + body();
        }
    }

    /** All requests, one on a line. */
    static String text(List<Change> changes) {
        return changes.stream().map(Change::toString).collect(Collectors.joining("\n"));
    }
}
