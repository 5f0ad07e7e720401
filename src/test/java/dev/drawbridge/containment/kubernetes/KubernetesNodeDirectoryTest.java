package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.node.NodeDirectory.Lookup;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class KubernetesNodeDirectoryTest {
    private static final NodeName WORKER = NodeName.of("worker-1");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private KubernetesNodeDirectory directory;

    @AfterEach
    void close() {
        directory.stop();
        client.close();
        server.close();
    }

    private void start() {
        directory = new KubernetesNodeDirectory(client);
    }

    private void synced() {
        start();
        await().atMost(PATIENCE).until(() -> directory.find(WORKER) instanceof Lookup.Known);
    }

    private void down() {
        server.inject((method, path) -> Optional.of(new Fault.Answer(503, "ServiceUnavailable", null)));
    }

    @Test
    void knowsAddressesRolesAndUidOfEveryNodeInTheOrderOfTheirNames() {
        synced();
        assertThat(directory.all())
                .extracting(node -> node.name().value())
                .containsExactly("cp-1", "cp-2", "cp-3", "worker-1", "worker-2", "worker-3");
        NodeInfo controlPlane = ((Lookup.Known) directory.find(NodeName.of("cp-1"))).node();
        assertThat(controlPlane.controlPlane()).isTrue();
        assertThat(controlPlane.addresses()).containsExactlyInAnyOrder("10.20.0.11", "cp-1");
        assertThat(controlPlane.uid())
                .isEqualTo(server.client()
                        .nodes()
                        .withName("cp-1")
                        .get()
                        .getMetadata()
                        .getUid());
        assertThat(directory.labels(WORKER).orElseThrow()).containsEntry("kubernetes.io/os", "linux");
    }

    @Test
    void aNodeThatTheClusterDoesNotHaveIsUnknown() {
        synced();
        NodeName other = NodeName.of("worker-9");
        assertThat(directory.find(other)).isInstanceOf(Lookup.Unknown.class);
        assertThat(directory.labels(other)).isEmpty();
        assertThat(directory.cached(other)).isEmpty();
    }

    @Test
    void beforeTheFirstReadNothingIsConcluded() {
        down();
        start();
        assertThat(directory.find(WORKER)).isInstanceOf(Lookup.NotAvailable.class);
        assertThat(directory.labels(WORKER)).isEmpty();
        assertThat(directory.cached(WORKER)).isEmpty();
        assertThat(directory.all()).isEmpty();
    }

    @Test
    void anApiServerThatIsDownAtTheStartIsReadWhenItComesBack() {
        down();
        start();
        assertThat(directory.find(WORKER)).isInstanceOf(Lookup.NotAvailable.class);
        server.inject(ApiFaults.NONE);
        await().atMost(PATIENCE).until(() -> directory.find(WORKER) instanceof Lookup.Known);
    }

    @Test
    void whatIsKnownStaysKnownWhileTheApiServerIsDown() {
        synced();
        down();
        assertThat(directory.find(WORKER)).isInstanceOf(Lookup.Known.class);
        assertThat(directory.labels(WORKER)).isPresent();
    }

    @Test
    void whetherTheApiServerAnswersIsAskedAndNotConcludedFromAWatch() {
        synced();
        assertThat(directory.answers()).isTrue();
        server.inject((method, path) -> Optional.of(new Fault.Answer(403, "Forbidden", null)));
        assertThat(directory.answers()).as("who refuses answers").isTrue();
        down();
        assertThat(directory.answers()).isFalse();
        int port = server.port();
        server.close();
        assertThat(directory.answers()).isFalse();
        assertThat(directory.lastSeen().orElseThrow())
                .as("whose a name is stays known, who is ready does not")
                .isNotEmpty()
                .noneMatch(ClusterNodes.Member::healthy);
        server = SandboxApiServer.start(port, null);
        assertThat(directory.answers()).isTrue();
    }

    @Test
    void followsNodesThatComeChangeAndGo() {
        synced();
        server.addNode("worker-9", "10.20.0.29", false);
        server.client()
                .nodes()
                .withName("worker-1")
                .edit(node -> new NodeBuilder(node)
                        .editMetadata()
                        .addToLabels("drawbridge.dev/protected", "")
                        .endMetadata()
                        .build());
        server.client().nodes().withName("worker-2").delete();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(directory.find(NodeName.of("worker-9"))).isInstanceOf(Lookup.Known.class);
            assertThat(directory.labels(WORKER).orElseThrow()).containsKey("drawbridge.dev/protected");
            assertThat(directory.find(NodeName.of("worker-2"))).isInstanceOf(Lookup.Unknown.class);
        });
    }

    @Test
    void followsTheNodesAgainAfterAnOutage() {
        synced();
        int port = server.port();
        server.close();
        assertThat(directory.find(WORKER)).isInstanceOf(Lookup.Known.class);
        server = SandboxApiServer.start(port, null);
        server.addNode("after-the-outage", "10.20.0.30", false);
        await().atMost(PATIENCE).until(() -> directory.find(NodeName.of("after-the-outage")) instanceof Lookup.Known);
    }

    @Test
    void anOutageAtTheStartIsToldOnceAndSoIsItsEnd(CapturedOutput output) {
        AtomicInteger attempts = new AtomicInteger();
        server.inject((method, path) -> {
            attempts.incrementAndGet();
            return Optional.of(new Fault.Answer(503, "ServiceUnavailable", null));
        });
        start();
        // the client itself repeats twice
        await().atMost(PATIENCE).until(() -> attempts.get() > 6);
        server.inject(ApiFaults.NONE);
        await().atMost(PATIENCE).until(() -> output.toString().contains("are watched again"));
        assertThat(output.toString().split("cannot be watched", -1)).hasSize(2);
    }

    @Test
    void aNodeWithoutStatusIsANodeWithoutAddresses() {
        server.client()
                .resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName("bare")
                        .endMetadata()
                        .build())
                .create();
        synced();
        await().atMost(PATIENCE).until(() -> directory.find(NodeName.of("bare")) instanceof Lookup.Known);
        NodeInfo bare = ((Lookup.Known) directory.find(NodeName.of("bare"))).node();
        assertThat(bare.addresses()).isEmpty();
        assertThat(bare.controlPlane()).isFalse();
    }
}
