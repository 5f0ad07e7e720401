package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.support.TransactionTemplate;

/** The storm latch and the hourly budget: each is shown to fire, and to let go only when it should. */
@ExtendWith(OutputCaptureExtension.class)
class RateGuardrailsTest {
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private final TestDatabase database = TestDatabase.h2();
    private final Ticking clock = new Ticking();

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static final class Ticking extends Clock {
        private Instant now = Instant.parse("2026-11-24T10:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("everything is UTC");
        }
    }

    /** One instance of Drawbridge on a database. */
    private record Instance(
            StormLatch latch, HourlyBudget budget, ContainedNodes contained, Situations situations, EffectGate gate) {
        static Instance on(TestDatabase database, Clock clock, int budget, int incidents) {
            GuardrailProperties limits = new GuardrailProperties(
                    false,
                    Set.of(),
                    Set.of(),
                    1000,
                    budget,
                    new GuardrailProperties.Storm(incidents, WINDOW),
                    TestGate.wide());
            ContainedNodes contained = new ContainedNodes(database.jdbc(), clock);
            AuditTrail audit = TestAudit.on(database, clock);
            StormLatch latch = new StormLatch(limits, database.jdbc(), database.transactions(), audit, clock);
            HourlyBudget hourly = new HourlyBudget(limits);
            Situations situations = new Situations(contained, limits);
            return new Instance(
                    latch,
                    hourly,
                    contained,
                    situations,
                    new EffectGate(
                            List.of(latch, new MaxContainedNodes(limits, contained), hourly),
                            situations,
                            TestGate.overrides(database),
                            audit,
                            Clock.systemUTC(),
                            database.transactions()));
        }

        static Effect cordon(int n) {
            return new Effect(
                    Actor.playbook("tampering"),
                    IncidentId.of("i" + n),
                    NodeName.of("node-" + n),
                    Effect.Kind.CONTAIN,
                    "cordon",
                    "[]");
        }

        String contain(int n) {
            EffectResult<String> result = gate.perform(cordon(n), permit -> "done");
            return result instanceof EffectResult.NotAllowed<String> refused
                    ? refused.rule()
                    : result.getClass().getSimpleName();
        }

        void opened(int from, int to) {
            for (int n = from; n <= to; n++) {
                latch.opened(IncidentId.of("i" + n));
            }
        }
    }

    @Test
    void asManyIncidentsAsAllowedAreNoStorm() {
        Instance instance = Instance.on(database, clock, 100, 3);
        instance.opened(1, 3);
        assertThat(instance.contain(3)).isEqualTo("Done");
        assertThat(instance.latch().tripped()).isEmpty();
    }

    @Test
    void oneMoreTripsTheLatchForEverythingThatHasNotBegun() {
        Instance instance = Instance.on(database, clock, 100, 3);
        instance.opened(1, 3);
        assertThat(instance.contain(1)).isEqualTo("Done");
        instance.opened(4, 4);
        assertThat(instance.contain(4)).isEqualTo("storm");
        assertThat(instance.contain(2)).as("opened before the storm, not begun").isEqualTo("storm");
        assertThat(instance.contain(1)).as("began before").isEqualTo("Done");
        assertThat(instance.latch().tripped().map(StormLatch.Tripped::incidents))
                .contains(4);
    }

    /** Within the transaction of an alert, and then as a step of its workflow. */
    @Test
    void theLatchIsSaidToHaveTrippedOnceAndWhenItHolds(CapturedOutput output) {
        Instance instance = Instance.on(database, clock, 100, 1);
        for (int alert = 1; alert <= 4; alert++) {
            int n = alert;
            Optional<EffectGate.Announced> announced = database.transaction().execute(status -> {
                instance.opened(n, n);
                return instance.gate().announce(Instance.cordon(n), () -> {});
            });
            assertThat(announced.isPresent()).isEqualTo(n == 1);
        }
        assertThat(output).doesNotContain("storm latch tripped");
        assertThat(instance.latch().tripped()).isEmpty();
        assertThat(instance.contain(2)).isEqualTo("storm");
        assertThat(instance.latch().tripped().map(StormLatch.Tripped::incidents))
                .contains(4);
        assertThat(instance.contain(3)).isEqualTo("storm");
        assertThat(output).containsOnlyOnce("storm latch tripped: 4 incidents");
    }

    /** An announcement that is taken back later takes nothing with it that was said before. */
    @Test
    void aTripOutlivesWhatIsTakenBackAfterIt(CapturedOutput output) {
        Instance instance = Instance.on(database, clock, 100, 1);
        instance.opened(1, 2);
        TransactionTemplate within = new TransactionTemplate(database.transactions());
        within.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        database.transaction().executeWithoutResult(step -> {
            assertThat(instance.latch()
                            .judge(Instance.cordon(2), instance.situations().of(Instance.cordon(2))))
                    .isInstanceOf(Verdict.NeedsApproval.class);
            within.executeWithoutResult(TransactionExecution::setRollbackOnly);
        });
        assertThat(instance.latch().tripped()).isPresent();
        assertThat(output).containsOnlyOnce("storm latch tripped: 2 incidents");
    }

    @Test
    void timeDoesNotResetTheLatch() {
        Instance instance = Instance.on(database, clock, 100, 1);
        instance.opened(1, 2);
        assertThat(instance.contain(2)).isEqualTo("storm");
        clock.pass(Duration.ofDays(30));
        assertThat(instance.contain(3)).isEqualTo("storm");
        assertThat(Instance.on(database, clock, 100, 1).contain(4))
                .as("after a restart")
                .isEqualTo("storm");
    }

    @Test
    void aPersonResetsItWithAReasonAndTheIncidentsSoFarNoLongerCount() {
        Instance instance = Instance.on(database, clock, 100, 1);
        instance.opened(1, 2);
        assertThat(instance.contain(2)).isEqualTo("storm");
        assertThatThrownBy(() -> instance.latch().reset(Actor.person("admin"), " "))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(instance.latch().reset(Actor.person("admin"), "a roll-out, agreed in CHG-7"))
                .isTrue();
        assertThat(instance.latch().reset(Actor.person("admin"), "again")).isFalse();
        assertThat(instance.contain(2)).isEqualTo("Done");
        instance.opened(3, 4);
        assertThat(instance.contain(3)).isEqualTo("storm");
        assertThat(TestAudit.on(database, clock).page(0, 100).stream()
                        .map(entry -> entry.event().action() + " by "
                                + entry.event().actor().display())
                        .filter(action -> action.contains("storm")))
                .containsExactly(
                        "guardrail.storm by system:drawbridge",
                        "guardrail.reset-storm by person:admin",
                        "guardrail.storm by system:drawbridge");
    }

    @Test
    void incidentsBeforeTheWindowDoNotCount() {
        Instance instance = Instance.on(database, clock, 100, 2);
        instance.opened(1, 2);
        clock.pass(WINDOW.plusSeconds(1));
        instance.opened(3, 3);
        assertThat(instance.contain(3)).isEqualTo("Done");
    }

    @Test
    void theLatchNeverHoldsBackARelease() {
        Instance instance = Instance.on(database, clock, 100, 1);
        instance.opened(1, 1);
        assertThat(instance.contain(1)).isEqualTo("Done");
        instance.opened(2, 3);
        assertThat(instance.contain(3)).isEqualTo("storm");
        Effect release = new Effect(
                Actor.playbook("tampering"),
                IncidentId.of("i1"),
                NodeName.of("node-1"),
                Effect.Kind.RELEASE,
                "cordon",
                "[]");
        assertThat(instance.gate().perform(release, permit -> "released")).isInstanceOf(EffectResult.Done.class);
    }

    @Test
    void theBudgetCountsWhatWasReleasedAgain() {
        Instance instance = Instance.on(database, clock, 2, 100);
        for (int n = 1; n <= 2; n++) {
            assertThat(instance.contain(n)).isEqualTo("Done");
            instance.contained().free(IncidentId.of("i" + n), NodeName.of("node-" + n));
        }
        assertThat(instance.contain(3)).isEqualTo("hourly-budget");
        clock.pass(Duration.ofMinutes(59));
        assertThat(instance.contain(3)).isEqualTo("hourly-budget");
        clock.pass(Duration.ofMinutes(2));
        assertThat(instance.contain(3)).isEqualTo("Done");
    }

    @Test
    void theBudgetIsSpentOncePerNodeAndIncidentHoweverManyRungsItTakes() {
        Instance instance = Instance.on(database, clock, 1, 100);
        for (int rung = 0; rung < 3; rung++) {
            assertThat(instance.contain(1)).isEqualTo("Done");
        }
        assertThat(instance.contained().begun()).isEqualTo(1);
    }

    @Test
    void aBudgetOfNothingContainsNothing() {
        assertThat(Instance.on(database, clock, 0, 100).contain(1)).isEqualTo("hourly-budget");
    }

    @Test
    void twoInstancesOnOnePostgresSpendOneBudget() throws Exception {
        try (TestDatabase shared = TestDatabase.postgres()) {
            List<Instance> instances = List.of(
                    Instance.on(shared, Clock.systemUTC(), 3, 1000), Instance.on(shared, Clock.systemUTC(), 3, 1000));
            List<String> outcomes = race(instances, 24);
            assertThat(outcomes.stream().filter("Done"::equals)).hasSize(3);
            assertThat(outcomes.stream().filter("hourly-budget"::equals)).hasSize(21);
        }
    }

    @Test
    void twoInstancesOnOnePostgresSeeOneStorm() throws Exception {
        try (TestDatabase shared = TestDatabase.postgres()) {
            List<Instance> instances = List.of(
                    Instance.on(shared, Clock.systemUTC(), 1000, 10), Instance.on(shared, Clock.systemUTC(), 1000, 10));
            instances.get(0).opened(1, 11);
            assertThat(race(instances, 24)).containsOnly("storm");
            assertThat(TestAudit.on(shared, Clock.systemUTC()).page(0, 1000).stream()
                            .filter(entry -> entry.event().action().equals("guardrail.storm")))
                    .as("it trips once")
                    .hasSize(1);
        }
    }

    private static List<String> race(List<Instance> instances, int incidents) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(12);
        try {
            List<Callable<String>> race = new ArrayList<>();
            for (int n = 0; n < incidents; n++) {
                int one = n;
                race.add(() -> instances.get(one % instances.size()).contain(one));
            }
            List<String> outcomes = new ArrayList<>();
            for (Future<String> each : threads.invokeAll(race)) {
                outcomes.add(each.get());
            }
            return outcomes;
        } finally {
            threads.shutdown();
        }
    }
}
