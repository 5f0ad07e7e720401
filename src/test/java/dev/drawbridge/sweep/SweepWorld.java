package dev.drawbridge.sweep;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.TestIntake;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.guardrail.TestPools;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.incident.TestIncidents;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.playbook.TestPlaybooks;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/** Sweeps with their real parts, except that nodes are simulated and no workflow runs. */
public final class SweepWorld {
    public static final String MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";

    public final MovableClock clock = new MovableClock();
    public final SimulatedNodes files;
    public final TestIntake intake;
    public final Incidents incidents;
    public final AuditTrail audit;
    public final List<PlaybookRunner.Start> started = new CopyOnWriteArrayList<>();
    final SweepStore store;
    private final DriftSweep sweep;
    private final NodeDirectory nodes;
    private final PlaybookCatalogue playbooks;

    /** @param count of files on each node */
    public SweepWorld(TestDatabase database, Path directory, NodeDirectory nodes, int count) throws Exception {
        this.nodes = nodes;
        Path root = directory.resolve("root");
        for (int i = 0; i < count; i++) {
            write(root, i == 0 ? MANIFEST : "/etc/kubernetes/pki/" + i + ".crt", "file " + i);
        }
        TestBaseline baseline = new TestBaseline(directory.resolve("git"), database);
        Map<String, Path> roots = new HashMap<>();
        nodes.all().forEach(node -> roots.put(node.name().value(), root));
        baseline.publish(roots);
        files = new SimulatedNodes(root, clock);
        intake = TestIntake.on(database, clock);
        playbooks = TestPlaybooks.bundled(database);
        incidents = TestIncidents.on(
                database,
                intake.alerts,
                nodes,
                playbooks,
                new PlaybookRunner() {
                    @Override
                    public void start(Start start) {
                        started.add(start);
                    }

                    @Override
                    public void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded) {}
                },
                clock,
                intake.meters);
        audit = TestAudit.on(database, clock);
        store = new SweepStore(database.jdbc());
        sweep = new DriftSweep(
                baseline.baselines(),
                files,
                incidents,
                intake.alerts,
                intake.findings(TestIncidents.handler(incidents)),
                audit,
                clock);
    }

    private static void write(Path root, String path, String content) throws Exception {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    /** An instance as after its start; several share the database. */
    public Instance instance(String pool, Duration interval, int concurrency) {
        SweepProperties.Pool settings = new SweepProperties.Pool(interval, null, concurrency);
        return new Instance(rounds(Map.of(pool, settings), playbooks), pool, settings);
    }

    SweepRounds rounds(Map<String, SweepProperties.Pool> pools, PlaybookCatalogue catalogue) {
        return new SweepRounds(
                new SweepProperties(pools),
                store,
                sweep,
                nodes,
                TestPools.unlabelled(),
                catalogue,
                intake.meters,
                clock,
                () -> UUID.randomUUID().toString());
    }

    /** The rounds of one instance for one pool. */
    public record Instance(SweepRounds rounds, String pool, SweepProperties.Pool settings) {
        /** Makes the nodes of the pool known; they are due within the interval. */
        public void register() {
            rounds.register(pool, settings);
        }

        /** What one worker does. */
        public void sweepDue() {
            rounds.sweepDue(pool, settings);
        }
    }

    /** Time moves when a test says so. */
    public static final class MovableClock extends Clock {
        private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-24T12:00:00Z"));

        public void pass(Duration time) {
            now.updateAndGet(before -> before.plus(time));
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now.get();
        }
    }
}
