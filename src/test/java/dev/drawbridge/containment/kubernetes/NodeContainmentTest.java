package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeContainmentTest {
    private static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    private static final IncidentId FIRST = IncidentId.of("11111111-aaaa-4bbb-8ccc-000000000001");
    private static final IncidentId SECOND = IncidentId.of("22222222-aaaa-4bbb-8ccc-000000000002");
    private static final NodeName WORKER = NodeName.of("worker-1");
    private static final NodeName CONTROL_PLANE = NodeName.of("cp-1");

    private final TestDatabase database = TestDatabase.h2();
    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final KubernetesNodeDirectory directory = new KubernetesNodeDirectory(client);
    private final ContainedNodes contained = TestGate.contained(database);
    private final AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private NodeContainment containment = behind(TestGate.limited(database, 3));

    @BeforeEach
    void watch() {
        await().until(() -> directory.cached(WORKER).isPresent());
        faults(ApiFaults.NONE);
    }

    @AfterEach
    void close() throws Exception {
        directory.stop();
        client.close();
        server.close();
        database.close();
    }

    private NodeContainment behind(EffectGate gate) {
        return new NodeContainment(
                directory,
                new NodeObjects(client),
                gate,
                new ContainmentJournal(database.jdbc(), Clock.systemUTC()),
                contained,
                audit,
                database.transactions());
    }

    /** Counts what the server is asked, and lets things go wrong. */
    private void faults(ApiFaults faults) {
        server.inject((method, path) -> {
            requests.add(method + " " + path);
            return faults.on(method, path);
        });
    }

    private Node node(NodeName name) {
        return server.client().nodes().withName(name.value()).get();
    }

    private void edit(NodeName name, UnaryOperator<NodeBuilder> change) {
        server.client()
                .nodes()
                .withName(name.value())
                .edit(node -> change.apply(new NodeBuilder(node)).build());
    }

    private RungOutcome apply(Rung rung) {
        return containment.apply(ACTOR, FIRST, WORKER, rung);
    }

    private RungOutcome release(Rung rung) {
        return containment.release(ACTOR, FIRST, WORKER, rung);
    }

    private List<AuditEvent> trail() {
        return audit.page(0, 1000).stream().map(AuditEntry::event).toList();
    }

    @Test
    void aCordonCostsOneRequestAndIsReadBackFromItsAnswer() {
        requests.clear();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(requests).containsExactly("PATCH /api/v1/nodes/worker-1");
        assertThat(node(WORKER).getSpec().getUnschedulable()).isTrue();
        assertThat(node(WORKER).getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", FIRST.value())
                .containsKey("node.alpha.kubernetes.io/ttl");
        assertThat(contained.all()).extracting(r -> r.node().value()).containsExactly("worker-1");
    }

    @Test
    void theWholeLadderIsUndoneInReverseAndLeavesTheNodeAsItWas() {
        Node before = node(WORKER);
        for (Rung rung : Rung.values()) {
            assertThat(apply(rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(node(WORKER).getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", FIRST.value());
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(node(WORKER).getSpec().getTaints())
                        .extracting("key")
                        .contains("node.kubernetes.io/unschedulable", "drawbridge.dev/contained"));
        assertThat(containment.applied(FIRST))
                .extracting(AppliedRung::rung)
                .containsExactly(Rung.CORDON, Rung.TAINT, Rung.LABEL);

        for (Rung rung : List.of(Rung.LABEL, Rung.TAINT, Rung.CORDON)) {
            assertThat(contained.all()).hasSize(1);
            assertThat(release(rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
        await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> {
            assertThat(node(WORKER).getSpec()).isEqualTo(before.getSpec());
            assertThat(node(WORKER).getMetadata().getLabels())
                    .isEqualTo(before.getMetadata().getLabels());
            assertThat(node(WORKER).getMetadata().getAnnotations())
                    .isEqualTo(before.getMetadata().getAnnotations());
        });
    }
}
