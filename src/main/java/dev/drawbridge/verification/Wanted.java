package dev.drawbridge.verification;

import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A static pod that a node must run.
 *
 * @param path of its manifest
 * @param fields of the manifest
 */
record Wanted(NodePath path, StaticPod pod, Map<String, @Nullable Object> fields) {
    String key() {
        return pod.key();
    }

    /** Names of the containers that run for as long as the pod does. */
    Set<String> containers() {
        Set<String> names = new TreeSet<>();
        if (fields.get("spec") instanceof Map<?, ?> spec && spec.get("containers") instanceof List<?> containers) {
            for (Object container : containers) {
                if (container instanceof Map<?, ?> one) {
                    names.add(String.valueOf(one.get("name")));
                }
            }
        }
        return names;
    }
}
