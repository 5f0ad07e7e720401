package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.ClusterView;
import io.fabric8.kubernetes.client.KubernetesClient;

/** The product's own view of a cluster, for tests of other packages. */
public final class TestClusterViews {
    private TestClusterViews() {}

    public static ClusterView of(KubernetesClient client) {
        return new KubernetesClusterView(client);
    }
}
