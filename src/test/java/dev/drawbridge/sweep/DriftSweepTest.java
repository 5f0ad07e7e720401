package dev.drawbridge.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.playbook.TestPlaybooks;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Import;

class DriftSweepTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final NodeName WORKER = NodeName.of("worker-1");

    @TempDir
    Path directory;

    private final TestDatabase database = TestDatabase.h2();
    private final TestNodes nodes = TestNodes.sandbox();
    private SweepWorld world;
    private SweepWorld.Instance workers;

    @BeforeEach
    void open() throws Exception {
        world = new SweepWorld(database, directory, nodes, 3);
        workers = world.instance("worker", HOUR, 2);
        workers.register();
    }

    @AfterEach
    void close() throws Exception {
        assertThat(world.audit.verify()).isInstanceOf(ChainVerdict.Intact.class);
        database.close();
    }

    /** Everything is due once more. */
    private void round() {
        world.clock.pass(HOUR.multipliedBy(2));
        workers.sweepDue();
    }

    private List<String> trail(NodeName node) {
        return world.audit.page(0, 1000).stream()
                .map(entry -> entry.event())
                .filter(event ->
                        event.action().equals("sweep.node") && event.subject().equals(node.value()))
                .map(event -> event.reason())
                .toList();
    }

    private String outcome(NodeName node) {
        return database.jdbc()
                .sql("select outcome from sweep_node where node = :node")
                .param("node", node.value())
                .query(String.class)
                .single();
    }

    private List<Incident> incidentsOf(NodeName node) {
        return world.incidents.page(node, null, null, 10);
    }

    private double count(String outcome) {
        return world.intake
                .meters
                .counter("drawbridge.sweep.nodes", "pool", "worker", "outcome", outcome)
                .count();
    }

    @Test
    void nodesInSyncRaiseNothingAndAreRecordedOnceNotEveryTime() {
        round();
        round();
        assertThat(world.files.scans).hasValue(6);
        assertThat(count("in-sync")).isEqualTo(6);
        assertThat(trail(WORKER)).singleElement().asString().startsWith("in-sync: in sync with refs/tags/baseline@");
        assertThat(world.started).isEmpty();
    }

    @Test
    void onlyNodesOfConfiguredPoolsAreSwept() {
        round();
        assertThat(database.jdbc()
                        .sql("select node from sweep_node")
                        .query(String.class)
                        .list())
                .containsExactlyInAnyOrder("worker-1", "worker-2", "worker-3");
    }

    @Test
    void withoutPoolsNothingIsSwept() {
        SweepRounds off = world.rounds(Map.of(), TestPlaybooks.bundled(database));
        off.start();
        off.close();
        assertThat(world.files.scans).hasValue(0);
    }

    @Test
    void driftThatNoDetectorSawOpensAnIncidentThroughTheSameIntake() {
        world.files.put("worker-1", "/etc/kubernetes/manifests/rogue.yaml", "kind: Pod");
        world.files.put("worker-1", "/etc/kubernetes/pki/1.crt", "another");
        round();
        assertThat(incidentsOf(WORKER)).singleElement().satisfies(incident -> {
            assertThat(incident.title()).endsWith("/etc/kubernetes/manifests/rogue.yaml");
            assertThat(incident.severity()).isEqualTo("high");
            List<Alert> alerts = world.incidents.alerts(incident.id());
            assertThat(alerts).singleElement().satisfies(alert -> {
                assertThat(alert.source()).isEqualTo("sweep");
                assertThat(alert.action()).isEqualTo("unexpected");
                assertThat(world.intake.alerts.raw(alert.id()).orElseThrow())
                        .contains("\"files\":2", "/etc/kubernetes/pki/1.crt");
            });
        });
        assertThat(world.started)
                .singleElement()
                .satisfies(start -> assertThat(start.node()).isEqualTo(WORKER));
        assertThat(count("drift")).isEqualTo(1);
        assertThat(count("in-sync")).isEqualTo(2);
    }

    @Test
    void aNodeUnderAnOpenIncidentIsSkippedAndSaysSo() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        round();
        assertThat(incidentsOf(WORKER)).hasSize(1);
        assertThat(count("skipped")).isEqualTo(1);
        assertThat(trail(WORKER))
                .last()
                .asString()
                .startsWith("skipped: incident ")
                .endsWith("is open on the node");
    }

    @Test
    void whatIsSeenWhileAnIncidentOpensIsNotRaisedBeside() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        // the other instance is faster
        world.files.during(() -> {
            world.files.during(() -> {});
            SweepWorld.Instance other = world.instance("worker", HOUR, 1);
            database.jdbc().sql("update sweep_node set claimed_until = null").update();
            other.sweepDue();
        });
        round();
        assertThat(incidentsOf(WORKER)).hasSize(1);
        assertThat(world.incidents.alerts(incidentsOf(WORKER).get(0).id())).hasSize(1);
    }

    @Test
    void anUnreachableNodeIsNotAvailableAndCountedAndNeverInSync() {
        round();
        world.files.cutOff("worker-1");
        round();
        assertThat(outcome(WORKER)).isEqualTo("not-available");
        assertThat(count("not-available")).isEqualTo(1);
        assertThat(world.intake
                        .meters
                        .get("drawbridge.sweep.not.available")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(trail(WORKER)).last().asString().isEqualTo("not-available: no connection to node worker-1");
        world.files.heal("worker-1");
        round();
        assertThat(outcome(WORKER)).isEqualTo("in-sync");
    }

    @Test
    void aNodeWithoutABaselineIsNotAvailable() {
        nodes.add("worker-9", Set.of(), "10.20.0.29");
        workers.register();
        round();
        assertThat(outcome(NodeName.of("worker-9"))).isEqualTo("not-available");
    }

    @Test
    void aFaultIsNotAvailableAndTheOthersAreSwept() {
        world.files.during(() -> {
            world.files.during(() -> {});
            throw new IllegalStateException("a fault");
        });
        round();
        assertThat(count("not-available")).isEqualTo(1);
        assertThat(count("in-sync")).isEqualTo(2);
    }

    @Test
    void aDirectoryThatHidesItsFilesIsRaisedAlthoughItIsNoWatchedFile() {
        world.files.put("worker-1", SimulatedNodes.file("/etc/kubernetes/manifests", FileType.SYMLINK, null));
        round();
        assertThat(incidentsOf(WORKER))
                .singleElement()
                .satisfies(incident -> assertThat(incident.title()).endsWith("/etc/kubernetes/manifests/(not seen)"));
    }

    @Test
    void whatAPersonJudgedAFalsePositiveIsNotRaisedAgainUntilItChanges() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        closeAs(IncidentState.CLOSED_FALSE_POSITIVE);
        round();
        assertThat(outcome(WORKER)).isEqualTo("known-drift");
        assertThat(incidentsOf(WORKER)).hasSize(1);
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed again");
        round();
        assertThat(incidentsOf(WORKER)).hasSize(2);
    }

    @Test
    void theSameDriftAfterARestoreIsAnotherAlert() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        closeAs(IncidentState.CLOSED_RESOLVED);
        round();
        assertThat(incidentsOf(WORKER)).hasSize(2);
        assertThat(outcome(WORKER)).isEqualTo("drift");
    }

    @Test
    void theSameDriftAfterTheNodeWasInSyncIsAnotherAlert() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        closeAs(IncidentState.CLOSED_FALSE_POSITIVE);
        world.files.heal("worker-1");
        round();
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        assertThat(incidentsOf(WORKER)).hasSize(2);
    }

    private void closeAs(IncidentState state) {
        world.incidents.close(Actor.person("alice"), incidentsOf(WORKER).get(0).id(), state, "looked at it");
    }

    @Test
    void aSweepThatIsRunAgainAfterACrashRaisesTheSameAlertOnce() {
        world.files.put("worker-1", SweepWorld.MANIFEST, "changed");
        round();
        closeAs(IncidentState.CLOSED_RESOLVED);
        // as if the process had died before it wrote down what it raised
        database.jdbc()
                .sql("update sweep_node set drift = null, alert_id = null, outcome = null")
                .update();
        round();
        assertThat(incidentsOf(WORKER)).hasSize(1);
        assertThat(trail(WORKER)).last().asString().contains("duplicate");
    }

    @Test
    void aNodeThatLeftTheClusterIsForgotten() {
        database.jdbc()
                .sql("update sweep_node set node = 'worker-7' where node = 'worker-1'")
                .update();
        round();
        assertThat(database.jdbc()
                        .sql("select count(*) from sweep_node where node = 'worker-7'")
                        .query(Long.class)
                        .single())
                .isZero();
    }

    @Test
    void theNextSweepIsDueAfterTheIntervalAndAPartOfTheJitter() {
        round();
        world.clock.pass(HOUR.minusSeconds(1));
        workers.sweepDue();
        assertThat(world.files.scans).hasValue(3);
        world.clock.pass(HOUR.dividedBy(10).plusSeconds(1));
        workers.sweepDue();
        assertThat(world.files.scans).hasValue(6);
    }

    @Test
    void noMoreNodesAreSweptAtOnceThanConfigured() throws Exception {
        for (int i = 10; i < 30; i++) {
            nodes.add("worker-" + i, Set.of(), "10.20.1." + i);
        }
        workers.register();
        world.clock.pass(HOUR.multipliedBy(2));
        workers.rounds().start();
        workers.rounds().start();
        org.awaitility.Awaitility.await().until(() -> count("in-sync") + count("not-available") == 23);
        workers.rounds().close();
        assertThat(world.files.most()).isLessThanOrEqualTo(2);
    }

    @Test
    void aPoolIsRefusedAtStartWhenNoPlaybookAnswersItsAlerts() throws Exception {
        Path playbook = Files.createDirectory(directory.resolve("playbooks")).resolve("one.yaml");
        Files.writeString(
                playbook,
                Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml"))
                        .replaceFirst("      sweep: \\[drift][^\\n]*\\n", ""));
        Map<String, SweepProperties.Pool> pools = Map.of("worker", new SweepProperties.Pool(HOUR, null, 1));
        assertThatThrownBy(() -> world.rounds(pools, TestPlaybooks.from(database, playbook.getParent())))
                .hasMessageContaining("drawbridge.sweep.pools");
    }

    @Test
    void poolsAreReadAsTheReadmeShowsThemAndOnlyThenIsThereASchedule() {
        new ApplicationContextRunner()
                .withUserConfiguration(Settings.class)
                .withPropertyValues(
                        "drawbridge.sweep.pools.control-plane.interval=15m",
                        "drawbridge.sweep.pools.worker.interval=2h",
                        "drawbridge.sweep.pools.worker.jitter=30m",
                        "drawbridge.sweep.pools.worker.concurrency=8")
                .withBean(SweepRounds.class, () -> workers.rounds())
                .run(context -> {
                    assertThat(context.getBean(SweepProperties.class).pools())
                            .containsEntry("control-plane", new SweepProperties.Pool(Duration.ofMinutes(15), null, 4))
                            .containsEntry(
                                    "worker", new SweepProperties.Pool(Duration.ofHours(2), Duration.ofMinutes(30), 8));
                    assertThat(context).hasSingleBean(SweepRounds.Schedule.class);
                });
        new ApplicationContextRunner()
                .withUserConfiguration(Settings.class)
                .withBean(SweepRounds.class, () -> workers.rounds())
                .run(context -> {
                    assertThat(context.getBean(SweepProperties.class).pools()).isEmpty();
                    assertThat(context).doesNotHaveBean(SweepRounds.Schedule.class);
                });
    }

    @EnableConfigurationProperties(SweepProperties.class)
    @Import(SweepRounds.Schedule.class)
    static class Settings {}

    @Test
    void settingsOutOfReasonAreRefused() {
        assertThatThrownBy(() -> new SweepProperties.Pool(Duration.ofSeconds(59), null, 1))
                .hasMessageContaining("interval");
        assertThatThrownBy(() -> new SweepProperties.Pool(HOUR, HOUR.plusSeconds(1), 1))
                .hasMessageContaining("jitter");
    }

    @Test
    void noNodeIsClaimedTwiceOnPostgres() throws Exception {
        try (TestDatabase postgres = TestDatabase.postgres()) {
            SweepStore store = new SweepStore(postgres.jdbc());
            for (int i = 0; i < 100; i++) {
                store.register(NodeName.of("node-" + i), "worker", world.clock.instant());
            }
            ExecutorService instances = Executors.newFixedThreadPool(8);
            try {
                List<CompletableFuture<List<NodeName>>> claimed = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    String claim = "instance-" + i;
                    claimed.add(CompletableFuture.supplyAsync(() -> all(store, claim), instances));
                }
                List<NodeName> taken = new ArrayList<>();
                claimed.forEach(one -> taken.addAll(one.join()));
                assertThat(taken).hasSize(100).doesNotHaveDuplicates();
            } finally {
                instances.shutdownNow();
            }
            // whoever claimed died: another takes over when the claim has ended, and the first can no longer write
            assertThat(store.claim("worker", "late", world.clock.instant())).isEmpty();
            assertThat(store.claim(
                            "worker",
                            "late",
                            world.clock.instant().plus(SweepStore.CLAIM).plusSeconds(1)))
                    .isPresent();
        }
    }

    private List<NodeName> all(SweepStore store, String claim) {
        List<NodeName> taken = new ArrayList<>();
        var next = store.claim("worker", claim, world.clock.instant());
        while (next.isPresent()) {
            taken.add(next.get().node());
            next = store.claim("worker", claim, world.clock.instant());
        }
        return taken;
    }
}
