package dev.drawbridge.containment;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

    List<NodeView> nodes();

    java.util.Optional<NodeView> node(NodeName node);

    List<StaticPodView> staticPods(NodeName node);

    /** Names of all namespaces: kubelet runs a static pod of any other, and nobody sees it here. */
    Set<String> namespaces();

    /** True when {@code /readyz} answers ok. */
    boolean apiServerReady();
}
