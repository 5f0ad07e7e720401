package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;

/** The product's own client, for a server of a test. */
final class TestClients {
    private TestClients() {}

    static KubernetesClient of(SandboxApiServer server) {
        return new KubernetesConnection()
                .kubernetesClient(new KubernetesProperties(
                        null, null, server.url(), Duration.ofSeconds(2), Duration.ofSeconds(5)));
    }
}
