package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class GuardrailsTest {
    private static final GuardrailProperties.Storm STORM = new GuardrailProperties.Storm(10, Duration.ofMinutes(10));
    private static final Actor ADMIN = Actor.person("admin");
    private static final Actor PLAYBOOK = Actor.playbook("tampering");

    private final TestDatabase database = TestDatabase.h2();
    private final TestClock clock = new TestClock();
    private final AuditTrail audit = TestAudit.on(database, clock);
    private final AtomicInteger next = new AtomicInteger();
    private final Pauses pauses =
            new Pauses(database.jdbc(), database.transactions(), audit, clock, () -> "pause-" + next.incrementAndGet());
    private final ContainedNodes contained = new ContainedNodes(database.jdbc(), clock);

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static GuardrailProperties limits(int maxContained) {
        return new GuardrailProperties(false, Set.of(), Set.of(), maxContained, 5, STORM, TestGate.wide());
    }

    private EffectGate gate(Guardrail... guardrails) {
        return new EffectGate(
                List.of(guardrails),
                new Situations(contained, limits(9)),
                TestGate.overrides(database),
                audit,
                Clock.systemUTC(),
                database.transactions());
    }

    /** A sweep by a helper pod. It is held back like the rest, and uses nothing up. */
    @Test
    void aLookForNoIncidentIsJudgedToo() {
        GuardrailProperties limits =
                new GuardrailProperties(false, Set.of("protected-1"), Set.of(), 1, 1, STORM, TestGate.wide());
        Effect look = look("node-1");
        EffectGate gate = gate(
                new PauseGuardrail(pauses),
                new ProtectedNodes(limits, node -> Optional.of(Map.of())),
                new MaxContainedNodes(limits, contained),
                new DryRun(limits, TestGate.dryRuns(database, clock)));
        assertThat(gate.perform(look, permit -> "made")).isEqualTo(new EffectResult.Done<>("made"));
        assertThat(contained.all()).isEmpty();
        assertThat(gate.perform(look("protected-1"), permit -> "made"))
                .isInstanceOfSatisfying(
                        EffectResult.NotAllowed.class,
                        refused -> assertThat(refused.rule()).isEqualTo("protected-nodes"));
        pauses.set(ADMIN, Pause.Scope.NODE, "node-1", "no looks", null);
        assertThat(gate.perform(look, permit -> "made"))
                .isInstanceOfSatisfying(
                        EffectResult.NotAllowed.class,
                        refused -> assertThat(refused.rule()).isEqualTo("pause"));
        GuardrailProperties dry = new GuardrailProperties(true, Set.of(), Set.of(), 1, 1, STORM, TestGate.wide());
        assertThat(gate(new DryRun(dry, TestGate.dryRuns(database, clock))).perform(look, permit -> "made"))
                .isInstanceOf(EffectResult.DryRun.class);
        assertThat(audit.page(0, 100))
                .filteredOn(entry -> entry.event().action().equals("effect.start-helper-pod"))
                .hasSize(5)
                .allSatisfy(entry -> assertThat(entry.event().incident()).isNull());
    }

    @Test
    void everythingElseIsForAnIncident() {
        for (Effect.Kind kind : Effect.Kind.values()) {
            assertThatThrownBy(() -> new Effect(PLAYBOOK, null, NodeName.of("node-1"), kind, "change", "request"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static Effect look(String node) {
        return new Effect(
                Actor.detector("drift-sweep"),
                null,
                NodeName.of(node),
                Effect.Kind.START_HELPER_POD,
                Effect.LOOK,
                "request");
    }

    private static Effect effect(String incident, String node, Effect.Kind kind) {
        return new Effect(PLAYBOOK, IncidentId.of(incident), NodeName.of(node), kind, "target", "request");
    }

    private static Effect contain(String incident, String node) {
        return effect(incident, node, Effect.Kind.CONTAIN);
    }

    private static String outcome(EffectGate gate, Effect effect) {
        EffectResult<String> result = gate.perform(effect, permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused
                ? refused.rule()
                : result.getClass().getSimpleName();
    }

    private static final class TestClock extends Clock {
        private Instant now = Instant.parse("2026-11-24T10:00:00Z");

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    @Nested
    class APause {
        private final EffectGate gate = gate(new PauseGuardrail(pauses), new MaxContainedNodes(limits(9), contained));

        @ParameterizedTest
        @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RELEASE")
        void holdsBackEverythingNew(Effect.Kind kind) {
            pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "maintenance of the network", null);
            assertThat(outcome(gate, effect("i1", "worker-1", kind))).isEqualTo("pause");
        }

        @Test
        void neverHoldsBackARelease() {
            pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "maintenance", null);
            pauses.set(ADMIN, Pause.Scope.NODE, "worker-1", "maintenance", null);
            assertThat(outcome(gate, effect("i1", "worker-1", Effect.Kind.RELEASE)))
                    .isEqualTo("Done");
        }

        @Test
        void letsAResponseThatBeganBeforeItRunToItsEnd() {
            assertThat(outcome(gate, contain("i1", "worker-1"))).isEqualTo("Done");
            clock.pass(Duration.ofSeconds(1));
            pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "maintenance", null);
            assertThat(outcome(gate, effect("i1", "worker-1", Effect.Kind.RESTORE_FILE)))
                    .isEqualTo("Done");
            assertThat(outcome(gate, contain("i2", "worker-2"))).isEqualTo("pause");
        }

        @Test
        void ofANodeOrAPlaybookConcernsNoOther() {
            pauses.set(ADMIN, Pause.Scope.NODE, "worker-1", "being rebuilt", null);
            pauses.set(ADMIN, Pause.Scope.PLAYBOOK, "other", "being rewritten", null);
            assertThat(outcome(gate, contain("i1", "worker-1"))).isEqualTo("pause");
            assertThat(outcome(gate, contain("i2", "worker-2"))).isEqualTo("Done");
            pauses.set(ADMIN, Pause.Scope.PLAYBOOK, "tampering", "being rewritten", null);
            assertThat(outcome(gate, contain("i3", "worker-3"))).isEqualTo("pause");
        }

        @Test
        void endsByItselfAndByHandWithAuditEntries() {
            pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "an hour", clock.instant().plusSeconds(3600));
            Pause open = pauses.set(ADMIN, Pause.Scope.NODE, "worker-1", "until I say", null);
            clock.pass(Duration.ofHours(1));
            assertThat(pauses.active()).containsExactly(open);
            assertThat(outcome(gate, contain("i1", "worker-2"))).isEqualTo("Done");

            assertThat(pauses.lift(ADMIN, open.id(), "rebuilt")).isTrue();
            assertThat(pauses.lift(ADMIN, open.id(), "rebuilt")).isFalse();
            assertThat(outcome(gate, contain("i2", "worker-1"))).isEqualTo("Done");
            assertThat(audit.page(0, 100))
                    .extracting(AuditEntry::event)
                    .filteredOn(event -> event.action().startsWith("guardrail."))
                    .extracting(event -> event.action() + ": " + event.reason())
                    .containsExactly(
                            "guardrail.pause: an hour", "guardrail.pause: until I say", "guardrail.resume: rebuilt");
        }

        @Test
        void needsAReasonATargetAndAnEndThatIsToCome() {
            assertThatThrownBy(() -> pauses.set(ADMIN, Pause.Scope.GLOBAL, "", " ", null))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pauses.set(ADMIN, Pause.Scope.NODE, "no node!", "r", null))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pauses.set(ADMIN, Pause.Scope.PLAYBOOK, "", "r", null))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "r", clock.instant()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(pauses.active()).isEmpty();
        }
    }

    @Nested
    class AProtectedNode {
        private final Map<String, Map<String, String>> labels =
                Map.of("worker-1", Map.of("drawbridge.dev/protected", ""), "worker-2", Map.of("tier", "gold"));

        private EffectGate protecting(Set<String> names, Set<String> protectedLabels) {
            return gate(new ProtectedNodes(
                    new GuardrailProperties(false, names, protectedLabels, 1, 5, STORM, TestGate.wide()),
                    node -> Optional.ofNullable(labels.get(node.value()))));
        }

        @ParameterizedTest
        @EnumSource(names = {"CONTAIN", "RESTORE_FILE", "QUARANTINE_FILE"})
        void isNotTouched(Effect.Kind kind) {
            EffectGate gate = protecting(Set.of("cp-1"), Set.of("drawbridge.dev/protected", "tier=silver"));
            assertThat(outcome(gate, effect("i1", "cp-1", kind))).isEqualTo("protected-nodes");
            assertThat(outcome(gate, effect("i1", "worker-1", kind))).isEqualTo("protected-nodes");
            assertThat(outcome(gate, effect("i1", "worker-2", kind))).isEqualTo("Done");
        }

        @Test
        void isWhateverLabelsAreNotKnown() {
            assertThat(outcome(protecting(Set.of(), Set.of("a")), contain("i1", "worker-9")))
                    .isEqualTo("protected-nodes");
            assertThat(outcome(protecting(Set.of(), Set.of()), contain("i1", "worker-9")))
                    .isEqualTo("Done");
        }

        @Test
        void mayBeReleased() {
            assertThat(outcome(protecting(Set.of("cp-1"), Set.of()), effect("i1", "cp-1", Effect.Kind.RELEASE)))
                    .isEqualTo("Done");
        }

        @Test
        void isFoundByTheValueOfALabelWhenOneIsGiven() {
            assertThat(outcome(protecting(Set.of(), Set.of("tier=gold")), contain("i1", "worker-2")))
                    .isEqualTo("protected-nodes");
        }
    }

    @Nested
    class TheBlastRadius {
        @Test
        void refusesTheNodeBeyondItUntilOneIsFreed() {
            EffectGate gate = gate(new MaxContainedNodes(limits(2), contained));
            assertThat(outcome(gate, contain("i1", "worker-1"))).isEqualTo("Done");
            assertThat(outcome(gate, contain("i1", "worker-1"))).isEqualTo("Done");
            assertThat(outcome(gate, contain("i2", "worker-1"))).isEqualTo("Done");
            assertThat(outcome(gate, contain("i3", "worker-2"))).isEqualTo("Done");
            assertThat(outcome(gate, contain("i4", "worker-3"))).isEqualTo("max-contained-nodes");

            contained.free(IncidentId.of("i1"), NodeName.of("worker-1"));
            assertThat(outcome(gate, contain("i4", "worker-3"))).isEqualTo("max-contained-nodes");
            contained.free(IncidentId.of("i2"), NodeName.of("worker-1"));
            assertThat(outcome(gate, contain("i4", "worker-3"))).isEqualTo("Done");
        }

        @Test
        void ofZeroContainsNothing() {
            assertThat(outcome(gate(new MaxContainedNodes(limits(0), contained)), contain("i1", "worker-1")))
                    .isEqualTo("max-contained-nodes");
        }

        @Test
        void countsNothingThatADryRunOrARefusalKeptFromHappening() {
            GuardrailProperties dry = new GuardrailProperties(true, Set.of(), Set.of(), 1, 5, STORM, TestGate.wide());
            EffectGate gate =
                    gate(new MaxContainedNodes(dry, contained), new DryRun(dry, TestGate.dryRuns(database, clock)));
            assertThat(outcome(gate, contain("i1", "worker-1"))).isEqualTo("DryRun");
            assertThat(outcome(gate, effect("i1", "worker-1", Effect.Kind.RELEASE)))
                    .isEqualTo("DryRun");
            assertThat(contained.all()).isEmpty();
        }

        @Test
        void countsNoFiles() {
            EffectGate gate = gate(new MaxContainedNodes(limits(0), contained));
            assertThat(outcome(gate, effect("i1", "worker-1", Effect.Kind.RESTORE_FILE)))
                    .isEqualTo("Done");
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void holdsAgainstTwoInstancesOnOnePostgres(int limit) throws Exception {
            try (TestDatabase shared = TestDatabase.postgres();
                    HikariDataSource one = pool(shared);
                    HikariDataSource two = pool(shared)) {
                List<EffectGate> instances = List.of(instance(one, limit), instance(two, limit));
                ExecutorService threads = Executors.newFixedThreadPool(16);
                List<Callable<String>> race = new ArrayList<>();
                for (int i = 0; i < 32; i++) {
                    int n = i;
                    race.add(() -> outcome(instances.get(n % 2), contain("i" + n, "node-" + n)));
                }
                List<String> outcomes = new ArrayList<>();
                for (Future<String> each : threads.invokeAll(race)) {
                    outcomes.add(each.get());
                }
                threads.shutdown();
                assertThat(outcomes.stream().filter("Done"::equals)).hasSize(limit);
                assertThat(outcomes.stream().filter("max-contained-nodes"::equals))
                        .hasSize(32 - limit);
                assertThat(new ContainedNodes(shared.jdbc(), Clock.systemUTC()).all())
                        .hasSize(limit);
            }
        }

        private static HikariDataSource pool(TestDatabase shared) {
            HikariDataSource pool = new HikariDataSource();
            pool.setDataSource(shared.dataSource());
            pool.setMaximumPoolSize(16);
            return pool;
        }

        private static EffectGate instance(HikariDataSource pool, int limit) {
            var jdbc = org.springframework.jdbc.core.simple.JdbcClient.create(pool);
            var transactions = new org.springframework.jdbc.support.JdbcTransactionManager(pool);
            ContainedNodes contained = new ContainedNodes(jdbc, Clock.systemUTC());
            return new EffectGate(
                    List.of(new MaxContainedNodes(limits(limit), contained)),
                    new Situations(contained, limits(limit)),
                    new Overrides(
                            jdbc,
                            new OverrideProperties(Duration.ofMinutes(15)),
                            TestAudit.on(transactions, Clock.systemUTC()),
                            Clock.systemUTC(),
                            () -> "override"),
                    TestAudit.on(transactions, Clock.systemUTC()),
                    Clock.systemUTC(),
                    transactions);
        }
    }

    @Nested
    class TheDefaults {
        private final ApplicationContextRunner context =
                new ApplicationContextRunner().withUserConfiguration(Bound.class);

        @EnableConfigurationProperties(GuardrailProperties.class)
        static class Bound {}

        @Test
        void areOnTheSafeSide() {
            context.run(started -> assertThat(started.getBean(GuardrailProperties.class))
                    .isEqualTo(new GuardrailProperties(
                            true,
                            Set.of(),
                            Set.of("drawbridge.dev/protected"),
                            1,
                            5,
                            STORM,
                            new GuardrailProperties.Pool("", 34, 50))));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "drawbridge.guardrail.max-contained-nodes=-1",
                    "drawbridge.guardrail.protected-labels==x",
                    "drawbridge.guardrail.protected-nodes=Not A Node"
                })
        void doNotStartWhenTheyAreNonsense(String property) {
            context.withPropertyValues(property)
                    .run(failed -> assertThat(failed).hasFailed());
        }
    }
}
