package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What kind of pod a pod is, as the API shows it; whoever may write pods can lie about it. */
final class NodePods {
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final Set<String> ENDED = Set.of("Succeeded", "Failed");
    private static final int NAMED = 20;

    /** Lower priority first, as the kubelet's own graceful shutdown has it: what the cluster lives on goes last. */
    static final Comparator<Pod> ORDER = Comparator.comparingInt(NodePods::priority)
            .thenComparing(pod -> pod.getMetadata().getNamespace())
            .thenComparing(pod -> pod.getMetadata().getName());

    private NodePods() {}

    /** The API's picture of a static pod: deleting it stops nothing. */
    static boolean mirror(Pod pod) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        return annotations != null && annotations.containsKey(MIRROR);
    }

    static boolean ended(Pod pod) {
        return pod.getStatus() != null
                && pod.getStatus().getPhase() != null
                && ENDED.contains(pod.getStatus().getPhase());
    }

    static boolean leaving(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    /** Shown as ready, and nobody is about to end it. */
    static boolean ready(Pod pod) {
        return !leaving(pod)
                && Stream.ofNullable(pod.getStatus())
                        .flatMap(status -> status.getConditions().stream())
                        .anyMatch(condition ->
                                "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    static boolean ofDaemonSet(Pod pod) {
        return controller(pod)
                .filter(owner -> "DaemonSet".equals(owner.getKind())
                        && owner.getApiVersion() != null
                        && owner.getApiVersion().startsWith("apps/"))
                .isPresent();
    }

    static Optional<OwnerReference> controller(Pod pod) {
        return pod.getMetadata().getOwnerReferences().stream()
                .filter(owner -> Boolean.TRUE.equals(owner.getController()))
                .findFirst();
    }

    static boolean holdsLocalData(Pod pod) {
        return pod.getSpec() != null
                && pod.getSpec().getVolumes().stream().anyMatch(volume -> volume.getEmptyDir() != null);
    }

    private static int priority(Pod pod) {
        return pod.getSpec() == null || pod.getSpec().getPriority() == null
                ? 0
                : pod.getSpec().getPriority();
    }

    /** {@code namespace/name}. */
    static String name(Pod pod) {
        return pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    }

    /** The first of them, and how many more there are. */
    static String named(List<String> names) {
        String first = names.stream().limit(NAMED).collect(Collectors.joining(", "));
        return names.size() <= NAMED ? first : first + " and " + (names.size() - NAMED) + " more";
    }
}
