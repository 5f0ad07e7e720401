package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Announcement;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Row;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.State;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainmentJournalTest {
    private static final IncidentId FIRST = IncidentId.of("first");
    private static final IncidentId SECOND = IncidentId.of("second");
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00.123456Z");

    private TestDatabase database;
    private ContainmentJournal journal;

    private void on(String kind) {
        database = kind.equals("h2") ? TestDatabase.h2() : TestDatabase.postgres();
        journal = new ContainmentJournal(database.jdbc(), Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private void begin(IncidentId incident, String uid, boolean owned, String prior) {
        journal.begin(
                new Announcement(incident, NODE, uid, Rung.CORDON, owned, incident.value(), prior, "x".repeat(3000)),
                journal.rows(incident).stream().anyMatch(row -> row.uid().equals(uid)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void keepsWhatWasAnnouncedAndHowItEnded(String kind) {
        on(kind);
        begin(FIRST, "u1", true, "{\"a\":\"\0\"}");
        assertThat(journal.rows(FIRST, NODE)).singleElement().satisfies(row -> {
            assertThat(row.state()).isEqualTo(State.BEGUN);
            assertThat(row.open()).isTrue();
            assertThat(row.priorState()).isEqualTo("{\"a\":\" \"}");
            assertThat(row.detail()).hasSize(2000);
            assertThat(row.begunAt()).isEqualTo(NOW);
            assertThat(row.settledAt()).isNull();
        });
        journal.settle(FIRST, "u1", Rung.CORDON, State.APPLIED, true, "done");
        Row applied = journal.rows(FIRST).get(0);
        assertThat(applied.settledAt()).isEqualTo(NOW);
        assertThat(journal.release(applied, "undone")).isTrue();
        assertThat(journal.rows(FIRST).get(0).open()).isFalse();
        begin(FIRST, "u1", true, "{}");
        assertThat(journal.rows(FIRST))
                .singleElement()
                .satisfies(row -> assertThat(row.open()).isTrue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void anHeirIsAnotherOpenIncidentOnTheSameNodeObject(String kind) {
        on(kind);
        begin(FIRST, "u1", true, "{\"unschedulable\":false}");
        Row first = journal.rows(FIRST).get(0);
        assertThat(journal.heir(first)).isEmpty();
        begin(SECOND, "another object", false, "{}");
        assertThat(journal.heir(first)).isEmpty();
        begin(SECOND, "u1", false, "{\"unschedulable\":true}");
        Row heir = journal.heir(first).orElseThrow();
        journal.inherit(heir, first.priorState());
        // read before it inherited: its release has to look again
        assertThat(journal.release(heir, "not ours")).isFalse();
        Row owner = journal.heir(first).orElseThrow();
        assertThat(owner.owned()).isTrue();
        assertThat(owner.priorState()).isEqualTo("{\"unschedulable\":false}");
        assertThat(journal.release(owner, "undone")).isTrue();
        assertThat(journal.heir(first)).isEmpty();
        assertThatThrownBy(() -> journal.inherit(owner, "{}")).hasMessageContaining("released the node meanwhile");
    }
}
