package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.web.TestClock;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EffectGateTest {
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final Effect CORDON = new Effect(
            Actor.playbook("p"), IncidentId.of("i1"), NODE, Effect.Kind.CONTAIN, "cordon", "PATCH /api/v1/nodes");

    private TestDatabase database = TestDatabase.h2();
    private AuditTrail audit;

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private final TestClock clock = new TestClock();

    private EffectGate gate(String kind, Guardrail... guardrails) throws Exception {
        if (kind.equals("postgres")) {
            database.close();
            database = TestDatabase.postgres();
        }
        audit = TestAudit.on(database, Clock.systemUTC());
        return new EffectGate(
                List.of(guardrails),
                TestGate.situations(database),
                TestGate.overrides(database),
                audit,
                clock,
                database.transactions());
    }

    private static Guardrail rule(String name, java.util.function.Function<Effect, Verdict> judge) {
        return new Guardrail() {
            @Override
            public String rule() {
                return name;
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                return judge.apply(effect);
            }
        };
    }

    private List<AuditEvent> trail() {
        return audit.page(0, 100).stream().map(AuditEntry::event).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void aGuardrailWhoseQueryFailsRefusesAndTheRefusalIsOnRecord(String kind) throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        // on PostgreSQL a failed statement spoils the transaction in which the refusal would be recorded
        EffectGate gate = gate(kind, rule("broken", effect -> {
            database.jdbc().sql("select * from no_such_table").query().listOfRows();
            return new Verdict.Allowed("never said");
        }));

        EffectResult<String> result = gate.perform(CORDON, permit -> {
            done.set(true);
            return "done";
        });

        assertThat(done).isFalse();
        assertThat(result)
                .isInstanceOfSatisfying(
                        EffectResult.NotAllowed.class,
                        refused -> assertThat(refused.rule()).isEqualTo("broken"));
        assertThat(trail())
                .singleElement()
                .satisfies(entry -> assertThat(entry.details()).containsEntry("verdict", "Refused"));
        assertThat(audit.verify()).isInstanceOf(ChainVerdict.Intact.class);
    }

    private static Effect restore(String path) {
        return new Effect(
                Actor.playbook("p"), IncidentId.of("i1"), NODE, Effect.Kind.RESTORE_FILE, path, "put " + path);
    }

    @Test
    void effectsTogetherHaveEachTheirIntentBeforeAndTheirOutcomeAfter() throws Exception {
        EffectGate gate = gate("h2", rule("calm", effect -> new Verdict.Allowed("fine")));
        List<Effect> effects = List.of(restore("/a"), restore("/b"));
        assertThat(gate.performTogether(effects, () -> {}, permits -> {
                    assertThat(trail()).extracting(AuditEvent::phase).containsOnly(AuditEvent.Phase.INTENT);
                    assertThat(permits).extracting(permit -> permit.effect()).isEqualTo(effects);
                    return List.of("first", "second");
                }))
                .contains(List.of("first", "second"));
        assertThat(trail())
                .extracting(entry -> entry.phase() + " " + entry.subject() + " " + entry.reason())
                .containsExactly(
                        "INTENT /a no guardrail objects",
                        "INTENT /b no guardrail objects",
                        "OUTCOME /a first",
                        "OUTCOME /b second");
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void whereOneIsNotAllowedNoneHappensAndNothingIsReserved(String kind) throws Exception {
        for (Verdict objection : List.of(
                new Verdict.Refused("strict", "no"),
                Verdict.NeedsApproval.ofTwo("strict", "ask"),
                new Verdict.DryRun("looking"),
                Verdict.Refused.undecided("strict", "who knows"))) {
            AtomicBoolean announced = new AtomicBoolean();
            List<Effect> reserved = new ArrayList<>();
            EffectGate gate = gate(kind, new Guardrail() {
                @Override
                public String rule() {
                    return "strict";
                }

                @Override
                public Verdict judge(Effect effect, Situation situation) {
                    return effect.target().equals("/b") ? objection : new Verdict.Allowed("fine");
                }

                @Override
                public void reserve(Effect effect, Situation situation) {
                    reserved.add(effect);
                    database.jdbc()
                            .sql(
                                    "insert into guardrail_reservation (node, incident_id, reserved_at) values ('n', 'i', current_timestamp)")
                            .update();
                }
            });
            assertThat(gate.performTogether(
                            List.of(restore("/a"), restore("/b")), () -> announced.set(true), permits -> {
                                throw new AssertionError("not allowed");
                            }))
                    .isEmpty();
            assertThat(announced).isFalse();
            assertThat(reserved).extracting(Effect::target).containsExactly("/a");
            assertThat(database.jdbc()
                            .sql("select count(*) from guardrail_reservation")
                            .query(Long.class)
                            .single())
                    .isZero();
            assertThat(trail()).isEmpty();
        }
    }

    @Test
    void aFaultOfEffectsTogetherIsOnRecordForEach() throws Exception {
        EffectGate gate = gate("h2");
        List<Permit> kept = new ArrayList<>();
        assertThatThrownBy(() -> gate.performTogether(List.of(restore("/a"), restore("/b")), () -> {}, permits -> {
                    kept.addAll(permits);
                    throw new IllegalStateException("cut");
                }))
                .hasMessage("cut");
        assertThat(trail())
                .filteredOn(entry -> entry.phase() == AuditEvent.Phase.OUTCOME)
                .extracting(entry -> entry.subject() + " " + entry.reason())
                .containsExactly("/a failed: cut", "/b failed: cut");
        assertThat(kept)
                .allSatisfy(permit ->
                        assertThatThrownBy(() -> permit.requireNode(NODE)).hasMessageContaining("is over"));
    }

    private void somethingInTheCallersName() {
        database.jdbc()
                .sql(
                        "insert into guardrail_reservation (node, incident_id, reserved_at) values ('n', 'i', current_timestamp)")
                .update();
    }

    private long rows() {
        return database.jdbc()
                .sql("select count(*) from guardrail_reservation")
                .query(Long.class)
                .single();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void whatIsAnnouncedWithAnAlertIsDurableWithItAndDoneOnceAfterIt(String kind) throws Exception {
        EffectGate gate = gate(kind, rule("calm", effect -> new Verdict.Allowed("fine")));
        assertThatThrownBy(() -> database.transaction().executeWithoutResult(alert -> {
                    assertThat(gate.announce(CORDON, this::somethingInTheCallersName))
                            .isPresent();
                    throw new IllegalStateException("the alert could not be kept");
                }))
                .hasMessage("the alert could not be kept");
        assertThat(rows()).isZero();
        assertThat(trail()).isEmpty();

        EffectGate.Announced announced = database.transaction()
                .execute(alert ->
                        gate.announce(CORDON, this::somethingInTheCallersName).orElseThrow());
        assertThat(rows()).isEqualTo(1);
        assertThat(trail()).extracting(AuditEvent::phase).containsExactly(AuditEvent.Phase.INTENT);
        List<Permit> kept = new ArrayList<>();
        String came = announced.perform(
                permit -> {
                    permit.require(NODE, Effect.Kind.CONTAIN);
                    kept.add(permit);
                    return "read back";
                },
                () -> "too late");
        assertThat(trail()).as("not known yet").hasSize(1);
        announced.record(came);
        assertThat(trail())
                .extracting(entry -> entry.phase() + " " + entry.reason())
                .containsExactly("INTENT no guardrail objects", "OUTCOME read back");
        assertThatThrownBy(() -> kept.get(0).requireNode(NODE)).hasMessageContaining("is over");
        assertThatThrownBy(() -> announced.perform(permit -> "again", () -> "too late"))
                .hasMessageContaining("performed before");
        assertThat(audit.verify()).isInstanceOf(ChainVerdict.Intact.class);
    }

    /** Threads that all wait for an API server, or a process that was halted: meanwhile people decide otherwise, or another instance takes over. */
    @Test
    void whatWaitedForTooLongIsNotDoneByAnOldVerdict() throws Exception {
        EffectGate gate = gate("h2", rule("calm", effect -> new Verdict.Allowed("fine")));
        EffectGate.Announced late = database.transaction()
                .execute(alert -> gate.announce(CORDON, () -> {}).orElseThrow());
        EffectGate.Announced soon = database.transaction()
                .execute(alert -> gate.announce(CORDON, () -> {}).orElseThrow());
        clock.forward(Duration.ofSeconds(9));
        assertThat(soon.perform(permit -> "done", () -> "too late")).isEqualTo("done");
        clock.forward(Duration.ofSeconds(2));
        AtomicBoolean done = new AtomicBoolean();
        assertThat(late.perform(permit -> String.valueOf(done.getAndSet(true)), () -> "too late"))
                .isEqualTo("too late");
        assertThat(done).isFalse();
    }

    /** What a guardrail wrote or broke on the way to its no is taken back, and the alert is kept. */
    @ParameterizedTest
    @CsvSource({
        "h2, refused", "h2, approval", "h2, dry", "h2, undecided", "h2, broken", "h2, reserving",
        "postgres, refused", "postgres, approval", "postgres, dry", "postgres, undecided", "postgres, broken",
                "postgres, reserving"
    })
    void whatIsNotAllowedOutrightLeavesTheAlertAlone(String kind, String answer) throws Exception {
        EffectGate gate = gate(kind, new Guardrail() {
            @Override
            public String rule() {
                return "writing";
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                somethingInTheCallersName();
                audit.record(AuditEvent.fact(Actor.SYSTEM, "guardrail.storm", "storm", "too many"));
                return switch (answer) {
                    case "refused" -> new Verdict.Refused("writing", "no");
                    case "approval" -> Verdict.NeedsApproval.ofTwo("writing", "ask");
                    case "dry" -> new Verdict.DryRun("looking");
                    case "undecided" -> Verdict.Refused.undecided("writing", "who knows");
                    case "broken" -> {
                        database.jdbc()
                                .sql("select * from no_such_table")
                                .query()
                                .listOfRows();
                        yield new Verdict.Allowed("never said");
                    }
                    default -> new Verdict.Allowed("yes");
                };
            }

            @Override
            public void reserve(Effect effect, Situation situation) {
                throw new IllegalStateException("nothing can be reserved");
            }
        });
        database.transaction().executeWithoutResult(alert -> {
            audit.record(AuditEvent.fact(Actor.SYSTEM, "alert.take", "a", "opened"));
            assertThat(gate.announce(CORDON, this::somethingInTheCallersName)).isEmpty();
            somethingInTheCallersName();
        });
        assertThat(rows()).as("the caller's own").isEqualTo(1);
        assertThat(trail()).extracting(AuditEvent::action).containsExactly("alert.take");
        assertThat(audit.verify()).isInstanceOf(ChainVerdict.Intact.class);
    }

    @Test
    void anAlertIsNotHeldUpByWhatOnlyOthersKnow() throws Exception {
        EffectGate gate = gate("h2", rule("calm", effect -> new Verdict.Allowed("fine")));
        Effect taint = new Effect(
                Actor.playbook("p"), IncidentId.of("i1"), NODE, Effect.Kind.CONTAIN, "taint", "PATCH /api/v1/nodes");
        database.transaction()
                .executeWithoutResult(
                        alert -> assertThat(gate.announce(taint, () -> {})).isEmpty());
        assertThat(trail()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void whatHasToBeDurableBeforeTheEffectIsSoWhenTheStepRollsBack(String kind) throws Exception {
        EffectGate gate = gate(kind);
        assertThatThrownBy(() -> database.transaction().executeWithoutResult(step -> {
                    gate.perform(
                            CORDON,
                            () -> database.jdbc()
                                    .sql(
                                            "insert into guardrail_reservation (node, incident_id, reserved_at) values ('n', 'i', current_timestamp)")
                                    .update(),
                            permit -> "done");
                    throw new IllegalStateException("crash");
                }))
                .hasMessage("crash");
        assertThat(database.jdbc()
                        .sql("select count(*) from guardrail_reservation")
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
        assertThat(trail()).extracting(AuditEvent::phase).containsExactly(AuditEvent.Phase.INTENT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dry-run", "needs-approval", "refused"})
    void nothingIsReservedOrAnnouncedForWhatWillNotHappen(String answer) throws Exception {
        Verdict verdict = answer.equals("dry-run")
                ? new Verdict.DryRun("dry")
                : answer.equals("refused")
                        ? new Verdict.Refused("r", "no")
                        : new Verdict.NeedsApproval("limit", "ask", "approvers");
        List<String> happened = new ArrayList<>();
        Guardrail counting = new Guardrail() {
            @Override
            public String rule() {
                return "counting";
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                return new Verdict.Allowed("yes");
            }

            @Override
            public void reserve(Effect effect, Situation situation) {
                happened.add("reserved");
            }
        };
        EffectGate gate = gate("h2", counting, rule("other", effect -> verdict));
        gate.perform(CORDON, () -> happened.add("announced"), permit -> happened.add("done"));
        assertThat(happened).isEmpty();
        assertThat(trail()).singleElement().satisfies(intent -> {
            assertThat(intent.reason()).isEqualTo(verdict.reason());
            assertThat(intent.details())
                    .containsEntry("verdict", verdict.getClass().getSimpleName());
            assertThat(intent.details().get("by")).isEqualTo(answer.equals("needs-approval") ? "approvers" : null);
        });
    }

    @org.junit.jupiter.api.Test
    void theStrictestAnswerCountsWhateverTheOrder() throws Exception {
        EffectGate gate = gate(
                "h2",
                rule("a", effect -> new Verdict.DryRun("dry")),
                rule("b", effect -> new Verdict.Refused("b", "no")),
                rule("c", effect -> new Verdict.Allowed("yes")));
        assertThat(gate.perform(CORDON, permit -> "done")).isEqualTo(new EffectResult.NotAllowed<>("b", "no"));
    }

    @org.junit.jupiter.api.Test
    void aGuardrailWithoutAnswerRefuses() throws Exception {
        EffectGate gate = gate("h2", rule("silent", effect -> null));
        assertThat(gate.perform(CORDON, permit -> "done")).isInstanceOf(EffectResult.NotAllowed.class);
    }

    @org.junit.jupiter.api.Test
    void aPermitEndsWithItsEffectAndIsGoodForItsNodeAndKindOnly() throws Exception {
        List<Permit> kept = new ArrayList<>();
        EffectGate gate = gate("h2");
        gate.perform(CORDON, permit -> {
            permit.require(NODE, Effect.Kind.CONTAIN);
            assertThatThrownBy(() -> permit.requireNode(NodeName.of("worker-2")))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> permit.require(NODE, Effect.Kind.RELEASE))
                    .isInstanceOf(IllegalStateException.class);
            return kept.add(permit);
        });
        assertThatThrownBy(() -> kept.get(0).requireNode(NODE)).hasMessageContaining("is over");
    }

    @org.junit.jupiter.api.Test
    void whatTheEffectCameToAndHowItFailedAreOnRecord() throws Exception {
        EffectGate gate = gate("h2");
        gate.perform(CORDON, permit -> "read back: unschedulable");
        assertThatThrownBy(() -> gate.perform(CORDON, permit -> {
                    throw new IllegalStateException("API server is down");
                }))
                .hasMessage("API server is down");
        assertThat(trail())
                .extracting(AuditEvent::phase, AuditEvent::reason)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(AuditEvent.Phase.INTENT, "no guardrail objects"),
                        org.assertj.core.groups.Tuple.tuple(AuditEvent.Phase.OUTCOME, "read back: unschedulable"),
                        org.assertj.core.groups.Tuple.tuple(AuditEvent.Phase.INTENT, "no guardrail objects"),
                        org.assertj.core.groups.Tuple.tuple(AuditEvent.Phase.OUTCOME, "failed: API server is down"));
    }
}
