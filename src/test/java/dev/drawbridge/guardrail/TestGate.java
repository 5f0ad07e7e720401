package dev.drawbridge.guardrail;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/** A gate with chosen guardrails for tests without a Spring context. */
public final class TestGate {
    private TestGate() {}

    /** No guardrail objects. */
    public static EffectGate open(TestDatabase database) {
        return new EffectGate(
                List.of(),
                situations(database),
                overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                database.transactions());
    }

    /** The blast radius on this database. */
    public static ContainedNodes contained(TestDatabase database) {
        return new ContainedNodes(database.jdbc(), Clock.systemUTC());
    }

    /** Overrides on this database, good for a quarter of an hour. */
    static Overrides overrides(TestDatabase database) {
        return overrides(database, Clock.systemUTC());
    }

    static Overrides overrides(TestDatabase database, Clock clock) {
        return new Overrides(
                database.jdbc(),
                new OverrideProperties(java.time.Duration.ofMinutes(15)),
                TestAudit.on(database, clock),
                clock,
                () -> java.util.UUID.randomUUID().toString());
    }

    /** Dry runs of incidents on this database. */
    public static DryRuns dryRuns(TestDatabase database, Clock clock) {
        return new DryRuns(
                database.jdbc(), contained(database), database.transactions(), TestAudit.on(database, clock), clock);
    }

    static Situations situations(TestDatabase database) {
        return new Situations(
                contained(database),
                new GuardrailProperties(false, Set.of(), Set.of(), 1000, 1000, calm(), TestGate.wide()));
    }

    /** A storm latch that no test reaches. */
    public static StormLatch latch(TestDatabase database, Clock clock) {
        return new StormLatch(
                new GuardrailProperties(false, Set.of(), Set.of(), 1000, 1000, calm(), TestGate.wide()),
                database.jdbc(),
                database.transactions(),
                TestAudit.on(database, clock),
                clock);
    }

    /** No limit on a pool. */
    static GuardrailProperties.Pool wide() {
        return new GuardrailProperties.Pool("", 100, 0);
    }

    private static GuardrailProperties.Storm calm() {
        return new GuardrailProperties.Storm(100_000, java.time.Duration.ofHours(1));
    }

    /** The blast radius is bounded, nothing else. */
    public static EffectGate limited(TestDatabase database, int maxContainedNodes) {
        GuardrailProperties properties =
                new GuardrailProperties(false, Set.of(), Set.of(), maxContainedNodes, 1000, calm(), TestGate.wide());
        return new EffectGate(
                List.of(new MaxContainedNodes(properties, contained(database))),
                situations(database),
                overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                database.transactions());
    }

    /** Everything gets this verdict. */
    public static EffectGate answering(TestDatabase database, Verdict verdict) {
        Guardrail rule = new Guardrail() {
            @Override
            public String rule() {
                return "test";
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                return verdict;
            }
        };
        return new EffectGate(
                List.of(rule),
                situations(database),
                overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                database.transactions());
    }
}
