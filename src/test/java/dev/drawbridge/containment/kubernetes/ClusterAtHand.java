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

    /** A namespace for pods of this test; it goes with the cluster. */
    String namespace();

    /**
     * Serves a resource of somebody's add-on, as far as objects go; one that is served already stays what it is.
     *
     * @param version group and version, {@code cilium.io/v2}
     */
    void serve(String version, String plural, String kind);

    /** Where no kubelet does it: the pod's containers ended, the pod is gone. */
    default void endPod(String name) {
        administrator()
                .pods()
                .inNamespace(namespace())
                .withName(name)
                .withGracePeriod(0)
                .delete();
    }

    /** Where no controller does it: the taint of the node evicts the pod. */
    default void evictByTaint(String name) {}

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
        public String namespace() {
            return "default";
        }

        @Override
        public void serve(String version, String plural, String kind) {
            server.serve(version, plural, kind);
        }

        @Override
        public void evictByTaint(String name) {
            server.client().pods().inNamespace(namespace()).withName(name).delete();
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
