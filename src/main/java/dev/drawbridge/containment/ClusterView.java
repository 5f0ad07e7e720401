package dev.drawbridge.containment;

import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The cluster as verification and pages read it. Faults are exceptions: "could not be read" is never an empty answer. */
public interface ClusterView {
    /**
     * Node conditions and marks.
     *
     * @param ready {@code True}, {@code False} or {@code Unknown} (condition Ready); {@code Unknown} when absent
     */
    record NodeView(
            String name,
            String uid,
            boolean unschedulable,
            String ready,
            List<TaintView> taints,
            Map<String, String> labels,
            Map<String, String> annotations) {}

    record TaintView(String key, String value, String effect) {}

    /**
     * A static pod as the API shows it: a mirror pod of the node.
     *
     * @param name without the node suffix
     * @param configHash annotation {@code kubernetes.io/config.hash}
     */
    record StaticPodView(String namespace, String name, String phase, String configHash) {}

    /** What kubelet says of the pods that it has, or that it may not be asked. */
    sealed interface KubeletAnswer {
        /**
         * @param configured static pods that it has, whatever the API knows of them
         * @param others uids of the other pods that it has: those that the API gave it
         * @param running what its container runtime runs, by its word; without those that it knows nothing else of it is a part of the above
         */
        record Pods(List<KubeletPod> configured, Set<String> others, List<RunningPod> running)
                implements KubeletAnswer {
            public Pods {
                configured = List.copyOf(configured);
                others = Set.copyOf(others);
                running = List.copyOf(running);
            }
        }

        /** The question was refused; asking again changes nothing. */
        record Refused(String reason) implements KubeletAnswer {}
    }

    /**
     * A static pod as kubelet has it.
     *
     * @param name without the node suffix
     * @param uid digest of the manifest and its path, 32 hexadecimal digits, unless the manifest sets another; mirror pods show it as their hash
     * @param fields of the pod as JSON has them: a finite tree of maps, lists, text, numbers, truth values and null
     * @param startedAt of its running containers, by name, in whole seconds of the node's clock
     */
    record KubeletPod(
            String namespace,
            String name,
            String uid,
            Map<String, @Nullable Object> fields,
            Map<String, Instant> startedAt) {
        public String key() {
            return namespace + "/" + name;
        }
    }

    /**
     * @param name as kubelet names it, a static pod's with the node suffix
     * @param containers their names
     */
    record RunningPod(String namespace, String name, String uid, Set<String> containers) {
        public String key() {
            return namespace + "/" + name;
        }
    }

    List<NodeView> nodes();

    java.util.Optional<NodeView> node(NodeName node);

    List<StaticPodView> staticPods(NodeName node);

    /** Asks kubelet itself, through the API server. It knows of static pods that the API does not show, and of what took their place. */
    KubeletAnswer kubelet(NodeName node);

    /** Names of all namespaces: kubelet runs a static pod of any other, and nobody sees it here. */
    Set<String> namespaces();

    /** True when {@code /readyz} answers ok. */
    boolean apiServerReady();
}
