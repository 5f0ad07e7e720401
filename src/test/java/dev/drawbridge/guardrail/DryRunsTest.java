package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A dry run of one incident, of everything, and what is left of it when it is switched off. */
class DryRunsTest {
    private static final Actor ALICE = Actor.person("alice");
    private static final IncidentId FIRST = IncidentId.of("i1");

    private TestDatabase database = TestDatabase.h2();

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private AuditTrail audit() {
        return TestAudit.on(database, Clock.systemUTC());
    }

    private DryRuns runs() {
        return TestGate.dryRuns(database, Clock.systemUTC());
    }

    /** At most one node, and a dry run of everything or not. */
    private EffectGate gate(boolean all) {
        GuardrailProperties properties = new GuardrailProperties(
                all,
                Set.of(),
                Set.of(),
                1,
                1000,
                new GuardrailProperties.Storm(1000, Duration.ofHours(1)),
                TestGate.wide());
        return new EffectGate(
                List.of(
                        new MaxContainedNodes(properties, TestGate.contained(database)),
                        new DryRun(properties, runs())),
                TestGate.situations(database),
                TestGate.overrides(database),
                audit(),
                Clock.systemUTC(),
                database.transactions());
    }

    private static Effect effect(String incident, Effect.Kind kind) {
        return new Effect(
                Actor.playbook("tampering"),
                IncidentId.of(incident),
                NodeName.of("worker-" + incident),
                kind,
                "cordon",
                "PATCH /api/v1/nodes/worker-1 [...]");
    }

    private String outcome(boolean all, Effect effect) {
        EffectResult<String> result = gate(all).perform(effect, permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused
                ? refused.rule() + (refused.overridable() ? " (overridable)" : "")
                : result.getClass().getSimpleName();
    }

    private List<String> actions() {
        return audit().page(0, 100).stream()
                .map(entry -> entry.event().action())
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void changesNothingForItsIncidentAndForNoOther(Effect.Kind kind) {
        assertThat(runs().begin(ALICE, FIRST, "let me see the plan first")).isTrue();
        assertThat(outcome(false, effect("i1", kind))).isEqualTo("DryRun");
        assertThat(TestGate.contained(database).all()).isEmpty();
        assertThat(outcome(false, effect("i2", kind))).isEqualTo("Done");
        assertThat(audit().timeline(FIRST, 0, 10))
                .extracting(
                        entry -> entry.event().action() + " " + entry.event().phase())
                .containsExactly("guardrail.dry-run FACT", "effect." + kind.code() + " INTENT");
        AuditEvent intent = audit().timeline(FIRST, 0, 10).get(1).event();
        assertThat(intent.details())
                .containsEntry("verdict", "DryRun")
                .containsEntry("request", "PATCH /api/v1/nodes/worker-1 [...]");
        assertThat(intent.reason()).isEqualTo("the incident is in dry run, by alice: let me see the plan first");
    }

    @Test
    void skipsNoCheck() {
        outcome(false, effect("i2", Effect.Kind.CONTAIN));
        runs().begin(ALICE, FIRST, "look");
        assertThat(outcome(false, effect("i1", Effect.Kind.CONTAIN))).isEqualTo("max-contained-nodes (overridable)");
        assertThat(outcome(true, effect("i1", Effect.Kind.CONTAIN))).isEqualTo("max-contained-nodes (overridable)");
    }

    @Test
    void beginsOnceAndEndsOnceWithReasons() {
        assertThatThrownBy(() -> runs().begin(ALICE, FIRST, " ")).isInstanceOf(IllegalArgumentException.class);
        assertThat(runs().end(ALICE, FIRST, "nothing to end")).isFalse();
        assertThat(runs().begin(ALICE, FIRST, "look")).isTrue();
        assertThat(runs().begin(ALICE, FIRST, "look")).isFalse();
        assertThat(runs().of(FIRST))
                .hasValueSatisfying(
                        mode -> assertThat(mode.reason() + mode.ended()).isEqualTo("lookfalse"));
        assertThatThrownBy(() -> runs().end(ALICE, FIRST, "")).isInstanceOf(IllegalArgumentException.class);
        assertThat(runs().end(ALICE, FIRST, "it is right")).isTrue();
        assertThat(runs().end(ALICE, FIRST, "it is right")).isFalse();
        assertThat(runs().of(FIRST))
                .hasValueSatisfying(mode -> assertThat(mode.ended()).isTrue());
        assertThat(actions()).containsExactly("guardrail.dry-run", "guardrail.dry-run-end");
    }

    @ParameterizedTest
    @EnumSource
    void whenItIsEndedEveryEffectWaitsForAPersonsWord(Effect.Kind kind) {
        runs().begin(ALICE, FIRST, "look");
        runs().end(ALICE, FIRST, "it is right");
        for (int times = 0; times < 2; times++) {
            assertThat(outcome(false, effect("i1", kind)))
                    .as("also when the step runs again after a crash")
                    .isEqualTo("dry-run");
        }
        runs().goesOn(ALICE, FIRST);
        assertThat(outcome(false, effect("i1", kind))).isEqualTo("Done");
        assertThat(actions()).contains("guardrail.dry-run-over");
    }

    @Test
    void aPersonsWordDuringItEndsNothing() {
        runs().begin(ALICE, FIRST, "look");
        runs().goesOn(ALICE, FIRST);
        assertThat(outcome(false, effect("i1", Effect.Kind.CONTAIN))).isEqualTo("DryRun");
        assertThat(actions()).doesNotContain("guardrail.dry-run-over");
    }

    @Test
    void beginsAnewAfterItWasEnded() {
        runs().begin(ALICE, FIRST, "look");
        runs().end(ALICE, FIRST, "it is right");
        assertThat(runs().begin(ALICE, FIRST, "it is not")).isTrue();
        assertThat(outcome(false, effect("i1", Effect.Kind.CONTAIN))).isEqualTo("DryRun");
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void anIncidentThatPassedOverAnEffectStaysInItWhateverIsSwitchedOff(String kind) throws Exception {
        if (kind.equals("postgres")) {
            database.close();
            database = TestDatabase.postgres();
        }
        assertThat(outcome(true, effect("i1", Effect.Kind.CONTAIN))).isEqualTo("DryRun");
        assertThat(outcome(true, effect("i1", Effect.Kind.RESTORE_FILE))).isEqualTo("DryRun");
        assertThat(outcome(false, effect("i1", Effect.Kind.RESTORE_FILE)))
                .as("its node is not contained")
                .isEqualTo("DryRun");
        assertThat(outcome(false, effect("i2", Effect.Kind.CONTAIN))).isEqualTo("Done");
        assertThat(runs().of(FIRST).orElseThrow().reason()).contains("drawbridge.guardrail.dry-run");
        assertThat(actions()).containsOnlyOnce("guardrail.dry-run");
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void aPlaybookThatIsSwitchedPutsNewIncidentsIntoItAndLeavesOpenOnesAlone(String kind) throws Exception {
        if (kind.equals("postgres")) {
            database.close();
            database = TestDatabase.postgres();
        }
        assertThat(runs().beginIfSwitched("tampering", IncidentId.of("i0"))).isFalse();
        assertThatThrownBy(() -> runs().switchOn(ALICE, "tampering", " ")).isInstanceOf(IllegalArgumentException.class);
        assertThat(runs().switchOn(ALICE, "tampering", "new rules")).isTrue();
        assertThat(runs().switchOn(ALICE, "tampering", "again")).isFalse();
        assertThat(runs().switched())
                .extracting(on ->
                        on.playbook() + ": " + on.reason() + ", " + on.by().display())
                .containsExactly("tampering: new rules, person:alice");

        assertThat(outcome(false, effect("i0", Effect.Kind.CONTAIN)))
                .as("opened before")
                .isEqualTo("Done");
        assertThat(runs().beginIfSwitched("other", IncidentId.of("i2"))).isFalse();
        assertThat(runs().beginIfSwitched("tampering", FIRST)).isTrue();
        assertThat(outcome(false, effect("i1", Effect.Kind.RESTORE_FILE))).isEqualTo("DryRun");
        assertThat(runs().of(FIRST).orElseThrow().reason())
                .contains("the playbook was switched to dry run by alice: new rules");

        runs().end(ALICE, FIRST, "the plan is right");
        runs().goesOn(ALICE, FIRST);
        assertThat(outcome(false, effect("i1", Effect.Kind.RESTORE_FILE)))
                .as("a person ended it for this one, and the switch takes that back for none")
                .isEqualTo("Done");

        assertThatThrownBy(() -> runs().switchOff(ALICE, "tampering", "")).isInstanceOf(IllegalArgumentException.class);
        assertThat(runs().switchOff(ALICE, "tampering", "tried")).isTrue();
        assertThat(runs().switchOff(ALICE, "tampering", "tried")).isFalse();
        assertThat(runs().switched()).isEmpty();
        assertThat(runs().beginIfSwitched("tampering", IncidentId.of("i3"))).isFalse();
        assertThat(audit().page(0, 100).stream()
                        .filter(entry -> entry.event().subject().equals("playbook tampering"))
                        .map(entry ->
                                entry.event().action() + ": " + entry.event().reason()))
                .containsExactly("guardrail.dry-run: new rules", "guardrail.dry-run-end: tried");
    }

    @Test
    void aReasonThatFillsItsColumnStillBeginsTheIncidents() {
        runs().switchOn(ALICE, "tampering", "x".repeat(2000));
        assertThat(runs().beginIfSwitched("tampering", FIRST)).isTrue();
        assertThat(runs().of(FIRST).orElseThrow().reason()).hasSize(2000);
    }
}
