package dev.drawbridge.benchmark;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.File;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** A real API server in front of etcd. The nodes have no kubelet, carry a label of their own, and are removed at the end. */
final class RealBenchmarkCluster implements BenchmarkCluster {
    private static final String TEST = "drawbridge.dev/test";
    private static final String CONTAINED = "drawbridge.dev/contained";

    private final String kubeconfig;
    private final KubernetesClient client;
    private final Watch watch;
    private final Map<String, Integer> rungs = new ConcurrentHashMap<>();
    private volatile Consumer<String> risen = node -> {};

    RealBenchmarkCluster(String kubeconfig, Collection<Node> nodes) {
        this.kubeconfig = kubeconfig;
        client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
                .build();
        client.nodes().withLabel(TEST).delete();
        nodes.forEach(this::create);
        watch = client.nodes().withLabel(TEST).watch(new Rungs());
    }

    private final class Rungs implements Watcher<Node> {
        @Override
        public void eventReceived(Action action, Node node) {
            String name = node.getMetadata().getName();
            int now = action == Action.DELETED ? 0 : rungs(node);
            Integer before = rungs.put(name, now);
            if (now > (before == null ? 0 : before)) {
                risen.accept(name);
            }
        }

        /** What is measured then waits in vain, and fails. */
        @Override
        public void onClose(WatcherException broken) {
            Report.say("the watch on the cluster broke: %s", broken);
        }
    }

    private static int rungs(Node node) {
        int rungs = Boolean.TRUE.equals(node.getSpec().getUnschedulable()) ? 1 : 0;
        rungs += node.getSpec().getTaints().stream()
                        .anyMatch(taint -> taint.getKey().equals(CONTAINED))
                ? 1
                : 0;
        return rungs + (node.getMetadata().getLabels().containsKey(CONTAINED) ? 1 : 0);
    }

    @Override
    public void create(Node node) {
        client.resource(new NodeBuilder(node)
                        .editMetadata()
                        .addToLabels(TEST, "true")
                        .endMetadata()
                        .build())
                .create();
    }

    @Override
    public Map<String, Object> properties() {
        return Map.of("drawbridge.kubernetes.kubeconfig", kubeconfig);
    }

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public void observe(Consumer<String> observer) {
        risen = observer;
    }

    @Override
    public void close() {
        watch.close();
        client.nodes().withLabel(TEST).delete();
        client.close();
    }
}
