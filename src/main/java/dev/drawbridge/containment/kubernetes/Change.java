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
    /** What is changed. */
    Ref ref();

    /** Asks for the end of this very pod: one of the same name that came later is not meant. */
    record Evict(Ref ref, String uid, @Nullable Duration grace) implements Change {
        /** @param grace how long the pod may take to end; null for what it asks for itself */
        static Evict of(Pod pod, @Nullable Duration grace) {
            return new Evict(Ref.of(pod), pod.getMetadata().getUid(), grace);
        }

        String path() {
            return ref.path() + "/eviction";
        }

        String body() {
            ObjectNode eviction = JsonNodeFactory.instance
                    .objectNode()
                    .put("apiVersion", "policy/v1")
                    .put("kind", "Eviction");
            eviction.putObject("metadata").put("name", ref.name()).put("namespace", ref.namespace());
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

    /** Makes an object that is not there. */
    record Create(Ref ref, ObjectNode object) implements Change {
        @Override
        public String toString() {
            return "POST " + ref.collection() + " " + object;
        }
    }

    /** Changes an object that still is what the patch tests. */
    record Patch(Ref ref, JsonPatch patch) implements Change {
        @Override
        public String toString() {
            return "PATCH " + ref.path() + " " + patch;
        }
    }

    /** Removes an object that nobody changed since it was read. */
    record Delete(Ref ref, String uid, String resourceVersion) implements Change {
        String body() {
            ObjectNode options = JsonNodeFactory.instance
                    .objectNode()
                    .put("apiVersion", "v1")
                    .put("kind", "DeleteOptions");
            options.putObject("preconditions").put("uid", uid).put("resourceVersion", resourceVersion);
            return options.toString();
        }

        @Override
        public String toString() {
            return "DELETE " + ref.path() + " " + body();
        }
    }

    /** All requests, one on a line. */
    static String text(List<Change> changes) {
        return changes.isEmpty()
                ? "none: it is so already"
                : changes.stream().map(Change::toString).collect(Collectors.joining("\n"));
    }
}
