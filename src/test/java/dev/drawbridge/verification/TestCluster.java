package dev.drawbridge.verification;

import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.shared.NodeName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A cluster of one node in memory, whose API server can go away. */
final class TestCluster implements ClusterView {
    final List<StaticPodView> pods = new ArrayList<>();
    final Set<String> namespaces = new TreeSet<>(Set.of("default", "kube-system"));
    String ready = "True";
    boolean known = true;
    boolean apiReady = true;
    boolean down;
    KubeletAnswer answer = new KubeletAnswer.Refused("nobody asked for it");

    void run(String namespace, String name) {
        run(namespace, name, "Running");
    }

    void run(String namespace, String name, String phase) {
        pods.add(new StaticPodView(namespace, name, phase, "hash-of-" + name));
    }

    private void answer() {
        if (down) {
            throw new IllegalStateException("GET https://admin:secret@127.0.0.1/readyz: connection refused\nretry");
        }
    }

    @Override
    public List<NodeView> nodes() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<NodeView> node(NodeName node) {
        answer();
        return known
                ? Optional.of(new NodeView(node.value(), "uid", true, ready, List.of(), Map.of(), Map.of()))
                : Optional.empty();
    }

    @Override
    public List<StaticPodView> staticPods(NodeName node) {
        answer();
        return List.copyOf(pods);
    }

    @Override
    public KubeletAnswer kubelet(NodeName node) {
        answer();
        return answer;
    }

    @Override
    public Set<String> namespaces() {
        answer();
        return Set.copyOf(namespaces);
    }

    @Override
    public boolean apiServerReady() {
        answer();
        return apiReady;
    }
}
