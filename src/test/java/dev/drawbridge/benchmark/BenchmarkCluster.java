package dev.drawbridge.benchmark;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The API server of a run, seen by whoever plays the cluster: the stand-in in this process, or a real one, named by
 * {@code DRAWBRIDGE_TEST_KUBECONFIG}.
 */
interface BenchmarkCluster extends AutoCloseable {
    String KUBECONFIG = "DRAWBRIDGE_TEST_KUBECONFIG";

    static BenchmarkCluster with(Collection<Node> nodes) {
        String kubeconfig = System.getenv(KUBECONFIG);
        return kubeconfig == null ? new StandInCluster(nodes) : new RealBenchmarkCluster(kubeconfig, nodes);
    }

    /** What tells Drawbridge where it is. */
    Map<String, Object> properties();

    KubernetesClient client();

    default void create(Node node) {
        client().resource(node).create();
    }

    /** All that it has, whoever made them. */
    default int nodes() {
        return client().nodes().list().getItems().size();
    }

    /**
     * Both sides of a measurement are looked at by the same eye.
     *
     * @param risen receives a node's name each time that one more rung of cordon, taint and label is on it
     */
    void observe(Consumer<String> risen);

    @Override
    void close();
}
