package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;

class ClusterObjectsTest {
    /** Every rung that evicts or cuts off asks here which pods there are. */
    @Test
    void noRungSeesThePodsByWhichTheNodeIsReached() {
        try (SandboxApiServer server = SandboxApiServer.start()) {
            server.client()
                    .resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName("access")
                            .endMetadata()
                            .build())
                    .create();
            for (String namespace : new String[] {"access", "default"}) {
                server.client()
                        .resource(new PodBuilder()
                                .withNewMetadata()
                                .withName("pod-of-" + namespace)
                                .withNamespace(namespace)
                                .addToLabels("drawbridge.dev/helper", "look")
                                .endMetadata()
                                .withNewSpec()
                                .withNodeName("worker-1")
                                .endSpec()
                                .build())
                        .create();
            }
            ClusterObjects objects = new ClusterObjects(
                    server.client(),
                    (namespace, labels) -> "access".equals(namespace)
                            && labels != null
                            && labels.containsKey("drawbridge.dev/helper"));
            assertThat(objects.podsOn(NodeName.of("worker-1")))
                    .extracting(pod -> pod.getMetadata().getName())
                    .contains("pod-of-default")
                    .doesNotContain("pod-of-access");
        }
    }
}
