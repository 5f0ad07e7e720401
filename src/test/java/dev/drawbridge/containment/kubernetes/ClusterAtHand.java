package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.Manifests;
import dev.drawbridge.containment.Right;
import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Set;
import java.util.TreeSet;

/** A cluster for one test: whoever may do everything in it, and Drawbridge with the rights that manifests grant. */
interface ClusterAtHand extends AutoCloseable {
    /** Whoever may do everything. */
    KubernetesClient administrator();

    /** Drawbridge, with what the manifests of these features grant and nothing else; closed with the cluster. */
    KubernetesClient drawbridge(Feature... features);

    @Override
    void close();

    /** The one that is always at hand. */
    final class Sandbox implements ClusterAtHand {
        private final SandboxApiServer server = SandboxApiServer.start();
        private final KubernetesClient client = TestClients.of(server);

        @Override
        public KubernetesClient administrator() {
            return server.client();
        }

        @Override
        public KubernetesClient drawbridge(Feature... features) {
            Set<Right> granted = new TreeSet<>();
            for (Feature feature : features) {
                granted.addAll(Manifests.granted(Manifests.build(Manifests.ROOT.resolve("access/" + feature.code()))));
            }
            server.allow(granted::contains);
            return client;
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
