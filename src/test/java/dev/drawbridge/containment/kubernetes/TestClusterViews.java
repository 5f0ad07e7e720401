package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;

/** The product's own view of a cluster, for tests of other packages. */
public final class TestClusterViews {
    private TestClusterViews() {}

    public static ClusterView of(KubernetesClient client) {
        return new KubernetesClusterView(client);
    }

    /** The product's own client; the caller closes it. */
    public static KubernetesClient connect(SandboxApiServer server) {
        return TestClients.of(server);
    }

    /** Watches the nodes until the client is closed. */
    public static ClusterNodes nodes(KubernetesClient client) {
        return new KubernetesNodeDirectory(client);
    }

    public static EtcdPods etcdPods(KubernetesClient client) {
        return new KubernetesEtcdPods(client);
    }
}
