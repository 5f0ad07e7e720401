package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.ClusterRights.Answer;
import dev.drawbridge.containment.ClusterRights.Method;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What must hold on a real API server and on the sandbox's, done to a Node object that the test makes and removes. On a real cluster no
 * kubelet stands behind it, and controllers change it meanwhile; only what is ours is looked at.
 */
abstract class ClusterStories {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    private static final List<Rung> ON_THE_NODE = List.of(Rung.CORDON, Rung.TAINT, Rung.LABEL);

    private final NodeName name =
            NodeName.of("drawbridge-test-" + UUID.randomUUID().toString().substring(0, 8));
    private final IncidentId incident = IncidentId.of(UUID.randomUUID().toString());
    private final TestDatabase database = TestDatabase.h2();
    private ClusterAtHand cluster;
    private KubernetesNodeDirectory directory;
    private AskedRights rights;
    private Containment containment;

    abstract ClusterAtHand cluster();

    @BeforeEach
    void makeNode() {
        cluster = cluster();
        cluster.administrator()
                .resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName(name.value())
                        .addToLabels("drawbridge.dev/test", "true")
                        .addToAnnotations("drawbridge.dev/test", "true")
                        .endMetadata()
                        .withNewSpec()
                        .addNewTaint("NoSchedule", "drawbridge.dev/test", null, "kept")
                        .endSpec()
                        .build())
                .create();
    }

    @AfterEach
    void removeNode() throws Exception {
        try (database) {
            if (directory != null) {
                directory.stop();
            }
            if (rights != null) {
                rights.stop();
            }
            cluster.administrator().nodes().withName(name.value()).delete();
        } finally {
            cluster.close();
        }
    }

    /** Drawbridge with the manifests' rights, once the cluster knows them. */
    private void begin(Feature... features) {
        KubernetesClient client = cluster.drawbridge(features);
        rights = new AskedRights(client, Clock.systemUTC());
        await().atMost(PATIENCE).until(() -> {
            rights.ask();
            return answers().get("read") == Answer.ALLOWED;
        });
        directory = new KubernetesNodeDirectory(client);
        await().atMost(PATIENCE).until(() -> directory.cached(name).isPresent());
        EffectGate gate = TestGate.open(database);
        NodeObjects nodes = new NodeObjects(client);
        ContainmentJournal journal = new ContainmentJournal(database.jdbc(), Clock.systemUTC());
        ContainedNodes contained = TestGate.contained(database);
        var audit = TestAudit.on(database, Clock.systemUTC());
        containment = new Ladder(
                new NodeContainment(directory, nodes, rights, gate, journal, contained, audit, database.transactions()),
                new ObjectContainment(
                        List.of(), nodes, gate, journal, contained, audit, database.transactions(), Clock.systemUTC()),
                new TolerationSweep(
                        new Evictor(
                                new ClusterObjects(client),
                                nodes,
                                new ServedApis(client),
                                RungWorld.PROPERTIES,
                                Clock.systemUTC()),
                        RungWorld.PROPERTIES),
                journal,
                rights);
    }

    private Map<String, Answer> answers() {
        return rights.report().methods().stream().collect(Collectors.toMap(Method::name, Method::answer));
    }

    private Node node() {
        return cluster.administrator().nodes().withName(name.value()).get();
    }

    private List<String> ourTaints() {
        return node().getSpec().getTaints().stream()
                .map(Taint::getKey)
                .filter(key -> key.startsWith("drawbridge.dev/"))
                .sorted()
                .toList();
    }

    @Test
    void theRightsOfTheManifestsAreEnoughToContainAndRelease() {
        begin(Feature.READ, Feature.CONTAIN);
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        Node contained = node();
        assertThat(contained.getSpec().getUnschedulable()).isTrue();
        assertThat(contained.getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", incident.value());
        assertThat(contained.getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", incident.value());
        assertThat(ourTaints()).containsExactly("drawbridge.dev/contained", "drawbridge.dev/test");
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung))
                    .as("a rerun finds its own work")
                    .isInstanceOf(RungOutcome.Already.class);
        }

        for (Rung rung : List.of(Rung.LABEL, Rung.TAINT, Rung.CORDON)) {
            assertThat(containment.release(ACTOR, incident, name, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        Node released = node();
        assertThat(released.getSpec().getUnschedulable()).isNotEqualTo(true);
        assertThat(released.getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/test", "true")
                .doesNotContainKey("drawbridge.dev/cordoned-by");
        assertThat(released.getMetadata().getLabels())
                .containsEntry("drawbridge.dev/test", "true")
                .doesNotContainKey("drawbridge.dev/contained");
        assertThat(ourTaints()).containsExactly("drawbridge.dev/test");
        assertThat(containment.applied(incident)).isEmpty();
    }

    @Test
    void aCordonThatSomebodyElseSetStays() {
        cluster.administrator()
                .nodes()
                .withName(name.value())
                .edit(node -> new NodeBuilder(node)
                        .editSpec()
                        .withUnschedulable(true)
                        .endSpec()
                        .build());
        begin(Feature.READ, Feature.CONTAIN);
        assertThat(containment.apply(ACTOR, incident, name, Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        containment.release(ACTOR, incident, name, Rung.CORDON);
        assertThat(node().getSpec().getUnschedulable()).isTrue();
    }

    @Test
    void theServerSaysRungByRungWhatItAllows() {
        begin(Feature.READ, Feature.CONTAIN);
        rights.ask();
        assertThat(answers())
                .containsEntry("read", Answer.ALLOWED)
                .containsEntry("cordon", Answer.ALLOWED)
                .containsEntry("label", Answer.ALLOWED)
                .containsEntry("drain", Answer.DENIED)
                .containsEntry("network-policies", Answer.DENIED);
        assertThat(containment.apply(ACTOR, incident, name, Rung.DRAIN))
                .isEqualTo(new RungOutcome.NotSupported("missing right create pods/eviction"));
    }

    @Test
    void whoMayOnlyReadContainsNothing() {
        begin(Feature.READ);
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung))
                    .isEqualTo(new RungOutcome.NotSupported("missing right patch nodes"));
        }
        assertThat(node().getSpec().getUnschedulable()).isNotEqualTo(true);
        assertThat(ourTaints()).containsExactly("drawbridge.dev/test");
    }
}
