package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.time.Duration;

/** The product's own client, for a server of a test. */
final class TestClients {
    private TestClients() {}

    static KubernetesClient of(SandboxApiServer server) {
        return new KubernetesConnection().kubernetesClient(properties(server));
    }

    static KubernetesProperties properties(SandboxApiServer server) {
        return new KubernetesProperties(null, null, server.url(), Duration.ofSeconds(2), Duration.ofSeconds(5));
    }

    /** As where a service account is used. */
    static KubernetesProperties inCluster() {
        return new KubernetesProperties(null, null, null, Duration.ofSeconds(2), Duration.ofSeconds(5));
    }

    /** The same, but it repeats nothing: what it meets, the caller meets. */
    static KubernetesClient repeatingNothing(SandboxApiServer server) {
        KubernetesClient client = of(server);
        return client.newClient(new RequestConfigBuilder()
                        .withRequestTimeout(client.getConfiguration().getRequestTimeout())
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .adapt(KubernetesClient.class);
    }
}
