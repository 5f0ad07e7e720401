package dev.drawbridge.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.KnownClusterRecords;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.UnaskedFiles;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.scheduling.config.ScheduledTaskHolder;
import org.springframework.util.unit.DataSize;

class EvidenceRetentionTest {
    private static final Instant NOW = Instant.parse("2026-11-24T00:00:00Z");
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final Duration KEPT = Duration.ofDays(90);

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private final Cases cases = new Cases();
    private final Content content = new Content();

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    /** A node whose files hold their own names, until something happens at the next read. */
    private static final class Content extends UnaskedFiles {
        @Nullable
        Runnable meanwhile;

        @Override
        public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
            if (meanwhile != null) {
                Runnable once = meanwhile;
                meanwhile = null;
                once.run();
            }
            try {
                sink.write(path.toString().getBytes(UTF_8));
            } catch (IOException full) {
                throw new UncheckedIOException(full);
            }
            return Optional.of(Digest.ofText(path.toString()));
        }
    }

    /** Incidents that a test says to be open or closed. */
    private static final class Cases implements Incidents {
        final Map<IncidentId, Incident> all = new HashMap<>();

        void put(String id, @Nullable Instant closedAt) {
            IncidentId key = IncidentId.of(id);
            IncidentState state = closedAt == null ? IncidentState.RESTORING : IncidentState.CLOSED_RESOLVED;
            all.put(key, new Incident(key, "c", NODE, "h", state, "low", "t", "p", "1", NOW, NOW, closedAt, null));
        }

        @Override
        public Optional<Incident> find(IncidentId id) {
            return Optional.ofNullable(all.get(id));
        }

        @Override
        public List<Incident> page(
                @Nullable NodeName node, @Nullable IncidentState state, @Nullable IncidentId before, int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Alert> alerts(IncidentId id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Alert> alertsAfter(IncidentId id, Instant event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void move(Actor actor, IncidentId id, IncidentState state, String reason) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close(Actor actor, IncidentId id, IncidentState state, String resolution) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void resume(Actor actor, IncidentId id, String reason) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<IncidentId> respond(Actor actor, AlertId alert, String reason) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void hold(IncidentId id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void answerAgain(AlertId alert) {
            throw new UnsupportedOperationException();
        }
    }

    private TestLocker at(Instant time, @Nullable Duration retention) {
        return TestLocker.with(temp, database, Clock.fixed(time, ZoneOffset.UTC), retention);
    }

    private EvidenceLocker locker() {
        return at(NOW, null).locker(content, TestLocker.unseen(), new KnownClusterRecords());
    }

    private EvidenceReceipt capture(String incident, String... names) {
        List<ScannedFile> files = new ArrayList<>();
        for (String name : names) {
            files.add(new ScannedFile(
                    NodePath.of(name), FileType.FILE, 0600, 0, 0, name.length(), 1, 1, Digest.ofText(name), null));
        }
        NodeScan scan = new NodeScan(NODE, NOW, List.of(NodePath.of("/etc")), files, Map.of(), Map.of());
        return locker().capture(Actor.playbook("p"), IncidentId.of(incident), NODE, scan, files)
                .orElseThrow();
    }

    private void sweep(Duration later) {
        at(NOW.plus(later), KEPT).retention(cases).sweep();
    }

    private boolean held(String name) {
        return locker().open(Digest.ofText(name)).isPresent();
    }

    private List<String> removals() {
        return at(NOW, null).audit.page(0, 1000).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().equals("evidence.remove"))
                .map(event ->
                        event.actor().display() + " " + event.phase() + " " + event.incident() + " " + event.subject())
                .toList();
    }

    @Test
    void evidenceOfAnIncidentThatWasClosedLongAgoGoesAndItsReceiptStays() throws Exception {
        capture("closed-1", "/etc/a");
        EvidenceReceipt receipt = capture("closed-1", "/etc/a", "/etc/b");
        cases.put("closed-1", NOW);

        sweep(KEPT);
        assertThat(held("/etc/a")).as("not a moment too early").isTrue();
        sweep(KEPT.plusSeconds(1));

        assertThat(held("/etc/a")).isFalse();
        assertThat(held("/etc/b")).isFalse();
        assertThat(locker().receipt(IncidentId.of("closed-1")).orElseThrow())
                .usingRecursiveComparison()
                .isEqualTo(receipt);
        assertThat(removals())
                .hasSize(2)
                .satisfies(
                        lines -> assertThat(lines.get(0)).isEqualTo("system:drawbridge INTENT closed-1 content"),
                        lines ->
                                assertThat(lines.get(1)).startsWith("system:drawbridge OUTCOME closed-1 4 contents, "));
        sweep(KEPT.plusDays(1));
        assertThat(removals()).as("once").hasSize(2);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        at(NOW, null).export().write(Actor.person("auditor"), cases.all.get(IncidentId.of("closed-1")), out);
        Bags bag = Bags.read(out.toByteArray());
        assertThat(bag.problems()).isEmpty();
        assertThat(bag.text("custody.jsonl")).contains("because its time was over");
        assertThat(bag.text("handling.jsonl")).contains("evidence.remove");
    }

    @Test
    void evidenceOfOpenIncidentsAndOfUnknownOnesStays() {
        capture("open-1", "/etc/a");
        capture("unknown-1", "/etc/b");
        cases.put("open-1", null);
        sweep(Duration.ofDays(10_000));
        assertThat(held("/etc/a")).isTrue();
        assertThat(held("/etc/b")).isTrue();
        assertThat(removals()).isEmpty();
    }

    @Test
    void whatAnotherIncidentNeedsStaysUntilItNeedsItNoMore() {
        capture("closed-1", "/etc/shared", "/etc/own");
        capture("open-1", "/etc/shared");
        cases.put("closed-1", NOW);
        cases.put("open-1", null);
        sweep(Duration.ofDays(91));
        assertThat(held("/etc/own")).isFalse();
        assertThat(held("/etc/shared")).isTrue();
        cases.put("open-1", NOW.plus(Duration.ofDays(100)));
        sweep(Duration.ofDays(189));
        assertThat(held("/etc/shared")).isTrue();
        sweep(Duration.ofDays(191));
        assertThat(held("/etc/shared")).isFalse();
    }

    @Test
    void whatIsBeingCapturedIsNotRemovedUnderTheReceipt() {
        capture("closed-1", "/etc/shared");
        cases.put("closed-1", NOW);
        cases.put("open-1", null);
        // the shared content is found in the store; while the other file is read, the first incident's time is over
        content.meanwhile = () -> sweep(Duration.ofDays(91));
        EvidenceReceipt receipt = capture("open-1", "/etc/shared", "/etc/new");
        assertThat(removals()).hasSize(2);
        assertThat(receipt.items())
                .filteredOn(item -> item.sha256() != null)
                .isNotEmpty()
                .allSatisfy(item -> assertThat(locker().open(item.sha256()))
                        .as(item.origin())
                        .isPresent());
    }

    @Test
    void contentOfACaptureThatFailedGoesWithItsIncident() {
        content.meanwhile = () -> {
            throw new IllegalStateException("the connection broke");
        };
        assertThatThrownBy(() -> capture("closed-1", "/etc/a")).hasMessage("the connection broke");
        content.meanwhile = () -> content.meanwhile = () -> {
            throw new IllegalStateException("the connection broke");
        };
        assertThatThrownBy(() -> capture("closed-1", "/etc/a", "/etc/b")).hasMessage("the connection broke");
        assertThat(held("/etc/a")).isTrue();
        cases.put("closed-1", NOW);
        sweep(Duration.ofDays(91));
        assertThat(held("/etc/a")).isFalse();
    }

    @Test
    void receiptsOfBeforeTheirContentWasEnteredCountToo() {
        capture("closed-1", "/etc/shared");
        capture("open-1", "/etc/shared");
        database.jdbc().sql("delete from evidence_content").update();
        database.jdbc().sql("update evidence_receipt set indexed = false").update();
        cases.put("closed-1", NOW);
        cases.put("open-1", null);
        sweep(Duration.ofDays(91));
        assertThat(held("/etc/shared")).isTrue();
        assertThat(removals()).hasSize(2);
        cases.put("open-1", NOW);
        sweep(Duration.ofDays(91));
        assertThat(held("/etc/shared")).isFalse();
    }

    @Test
    void evidenceWithADamagedReceiptStaysAndHoldsUpNoOther() {
        capture("closed-1", "/etc/a", "/etc/shared");
        capture("closed-2", "/etc/b", "/etc/shared");
        database.jdbc()
                .sql(
                        "update evidence_receipt set items = replace(items, '\"size\"', '\"sizf\"') where incident_id = 'closed-1'")
                .update();
        // as if both had been captured before contents were entered
        database.jdbc().sql("delete from evidence_content").update();
        database.jdbc().sql("update evidence_receipt set indexed = false").update();
        cases.put("closed-1", NOW);
        cases.put("closed-2", NOW);
        sweep(Duration.ofDays(91));
        sweep(Duration.ofDays(92));
        assertThat(held("/etc/b")).as("its time was over").isFalse();
        assertThat(held("/etc/a")).as("a person has to look").isTrue();
        assertThat(held("/etc/shared")).as("the damaged receipt names it").isTrue();
        assertThat(removals()).hasSize(2).allMatch(removal -> removal.contains("closed-2"));
        assertThat(at(NOW, null).audit.page(0, 1000).stream()
                        .filter(entry -> entry.event().action().equals("evidence.damaged")))
                .as("told once")
                .singleElement()
                .satisfies(entry -> assertThat(entry.event().incident()).isEqualTo(IncidentId.of("closed-1")));
    }

    @Test
    void oneThatCannotBeRemovedHoldsUpNoOther() throws Exception {
        capture("closed-1", "/etc/a");
        capture("closed-2", "/etc/b");
        cases.put("closed-1", NOW);
        cases.put("closed-2", NOW);
        String name = Digest.ofText("/etc/a").hex();
        Path blob = temp.resolve(name.substring(0, 2)).resolve(name);
        Files.delete(blob);
        Files.createDirectories(blob.resolve("in the way"));
        sweep(Duration.ofDays(91));
        assertThat(held("/etc/b")).isFalse();
        assertThat(removals()).noneMatch(line -> line.contains("OUTCOME closed-1"));
        Files.delete(blob.resolve("in the way"));
        sweep(Duration.ofDays(91));
        assertThat(removals()).anyMatch(line -> line.contains("OUTCOME closed-1"));
    }

    @Test
    void allPagesAreSeen() {
        for (int i = 0; i < 205; i++) {
            database.jdbc()
                    .sql("insert into evidence_content (digest, incident_id, size) values (?, ?, 1)")
                    .params(Digest.ofText("content " + i).hex(), "closed-" + i)
                    .update();
            cases.put("closed-" + i, i == 7 ? null : NOW);
        }
        sweep(Duration.ofDays(91));
        assertThat(database.jdbc()
                        .sql("select incident_id from evidence_content")
                        .query(String.class)
                        .list())
                .containsExactly("closed-7");
    }

    @Test
    void withoutATimeNothingIsEverRemoved() {
        capture("closed-1", "/etc/a");
        cases.put("closed-1", NOW);
        at(NOW.plus(Duration.ofDays(100_000)), null).retention(cases).sweep();
        assertThat(held("/etc/a")).isTrue();
    }

    @Test
    void itIsSweptOnlyWhereATimeIsSet() {
        TestLocker test = at(NOW, KEPT);
        ApplicationContextRunner application = new ApplicationContextRunner()
                .withUserConfiguration(EvidenceRetention.class)
                .withBean(EvidenceRecords.class, () -> test.records)
                .withBean(EvidenceDamage.class, () -> test.damage)
                .withBean(ContentStore.class, () -> test.store)
                .withBean(Incidents.class, () -> cases)
                .withBean(AuditTrail.class, () -> test.audit)
                .withBean(Clock.class, () -> Clock.fixed(NOW, ZoneOffset.UTC))
                .withBean(
                        EvidenceProperties.class,
                        () -> new EvidenceProperties(temp, DataSize.ofMegabytes(1), DataSize.ofMegabytes(1), KEPT));
        application.run(context -> assertThat(context).doesNotHaveBean(ScheduledTaskHolder.class));
        application
                .withPropertyValues("drawbridge.evidence.retention=90d")
                .run(context -> assertThat(
                                context.getBean(ScheduledTaskHolder.class).getScheduledTasks())
                        .singleElement()
                        .asString()
                        .contains("EvidenceRetention$Schedule.sweep"));
    }

    @Test
    void aTimeThatMustBeAMistakeIsRefused() {
        assertThatThrownBy(() -> new EvidenceProperties(
                        temp, DataSize.ofMegabytes(1), DataSize.ofMegabytes(1), Duration.ofMillis(365)))
                .hasMessageContaining("drawbridge.evidence.retention must be at least 1d");
        assertThatThrownBy(() -> new EvidenceProperties(temp, DataSize.ofBytes(0), DataSize.ofMegabytes(1), null))
                .hasMessageContaining("positive");
    }
}
