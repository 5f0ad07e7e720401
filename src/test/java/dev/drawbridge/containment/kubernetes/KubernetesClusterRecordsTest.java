package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.containment.ClusterRecords.Document;
import dev.drawbridge.containment.ClusterRecords.Documents;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KubernetesClusterRecordsTest {
    private static final NodeName WORKER = NodeName.of("worker-1");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final KubernetesClusterRecords records = new KubernetesClusterRecords(client);

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private void pod(String namespace, String name, String node, boolean mirror, String padding) {
        server.client()
                .resource(new PodBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(name)
                        .withAnnotations(
                                mirror ? Map.of("kubernetes.io/config.mirror", "h", "padding", padding) : Map.of())
                        .endMetadata()
                        .withNewSpec()
                        .withNodeName(node)
                        .withHostNetwork(true)
                        .addNewContainer()
                        .withName("c")
                        .withImage("registry.example/miner:1")
                        .withNewSecurityContext()
                        .withPrivileged(true)
                        .endSecurityContext()
                        .endContainer()
                        .endSpec()
                        .build())
                .create();
    }

    private void event(String namespace, String name, String kind, String about, String host) {
        server.client()
                .resource(new EventBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(name)
                        .endMetadata()
                        .withNewInvolvedObject()
                        .withKind(kind)
                        .withName(about)
                        .endInvolvedObject()
                        .withReason("Started")
                        .withNewSource("kubelet", host)
                        .build())
                .create();
    }

    @Test
    void takesTheNodeItsMirrorPodsAndTheEventsOfBothAndNothingOfOthers() throws Exception {
        pod("kube-system", "etcd-worker-1", "worker-1", true, "");
        pod("shop", "web", "worker-1", false, "");
        pod("kube-system", "etcd-worker-2", "worker-2", true, "");
        event("default", "e1", "Node", "worker-1", "worker-1");
        event("default", "e2", "Node", "worker-2", "worker-2");
        event("kube-system", "e3", "Pod", "etcd-worker-1", "worker-1");
        event("kube-system", "e4", "Pod", "etcd-worker-2", "worker-2");
        event("kube-system", "e5", "Pod", "etcd-worker-1", "worker-2");
        event("shop", "e6", "Pod", "etcd-worker-1", "worker-1");

        JsonNode node = JSON.readTree(records.node(WORKER).orElseThrow().json());
        assertThat(node.at("/metadata/uid").asText()).isNotEmpty();
        assertThat(node.path("kind").asText()).isEqualTo("Node");
        Documents pods = records.mirrorPods(WORKER);
        assertThat(pods.complete()).isTrue();
        assertThat(pods.items())
                .extracting(Document::namespace, Document::name)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("kube-system", "etcd-worker-1"));
        JsonNode pod = JSON.readTree(pods.items().get(0).json());
        assertThat(pod.at("/spec/containers/0/securityContext/privileged").asBoolean())
                .isTrue();
        Documents events = records.events(WORKER, pods.items());
        assertThat(events.complete()).isTrue();
        assertThat(events.items()).extracting(Document::name).containsExactlyInAnyOrder("e1", "e3");
        assertThat(records.events(WORKER, List.of()).items())
                .extracting(Document::name)
                .containsExactly("e1");
    }

    @Test
    void whatIsNotThereIsEmptyAndWhatCannotBeReadIsAFault() {
        NodeName unknown = NodeName.of("worker-9");
        assertThat(records.node(unknown)).isEmpty();
        assertThat(records.mirrorPods(unknown).items()).isEmpty();
        assertThat(records.events(unknown, List.of()).items()).isEmpty();
        for (int code : List.of(403, 503)) {
            server.inject((method, path) -> Optional.of(new Fault.Answer(code, "Injected", null)));
            assertThatThrownBy(() -> records.node(WORKER)).isInstanceOf(KubernetesClientException.class);
            assertThatThrownBy(() -> records.mirrorPods(WORKER)).isInstanceOf(KubernetesClientException.class);
            assertThatThrownBy(() -> records.events(WORKER, List.of())).isInstanceOf(KubernetesClientException.class);
        }
    }

    @Test
    void whatIsTakenIsBounded() {
        for (int i = 0; i < 6; i++) {
            pod("kube-system", "big-" + i, "worker-1", true, "x".repeat(900_000));
        }
        Documents pods = records.mirrorPods(WORKER);
        assertThat(pods.items()).hasSize(4);
        assertThat(pods.complete()).isFalse();
    }

    @Test
    void noRequestBeginsWhenTheTimeIsOver() {
        assertThatThrownBy(() -> TimeLimit.within(Duration.ofMillis(500), () -> records.mirrorPods(WORKER)))
                .isInstanceOf(TimeLimitException.class);
    }
}
