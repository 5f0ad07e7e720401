package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

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
                Clock.systemUTC(),
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
                Clock.systemUTC(),
                database.transactions());
    }

    /** Every guardrail, with limits that a large cluster would have, in front of this cluster. */
    public static EffectGate whole(TestDatabase database, ClusterNodes cluster, EtcdPods pods) {
        Clock clock = Clock.systemUTC();
        GuardrailProperties properties = new GuardrailProperties(
                false,
                Set.of("protected-1"),
                Set.of("drawbridge.dev/protected"),
                1000,
                100_000,
                calm(),
                new GuardrailProperties.Pool("", 34, 50));
        ContainedNodes contained = contained(database);
        Map<NodeName, Map<String, String>> labels = cluster.members().orElseThrow().stream()
                .collect(Collectors.toMap(ClusterNodes.Member::node, ClusterNodes.Member::labels));
        EtcdMembers members =
                new EtcdMembers(new EtcdProperties(List.of(), null, null, null, java.time.Duration.ofSeconds(1)));
        AuditTrail audit = TestAudit.on(database, clock);
        return new EffectGate(
                List.of(
                        new DryRun(properties, dryRuns(database, clock)),
                        new PauseGuardrail(new Pauses(
                                database.jdbc(),
                                database.transactions(),
                                audit,
                                clock,
                                () -> java.util.UUID.randomUUID().toString())),
                        new ProtectedNodes(properties, node -> Optional.ofNullable(labels.get(node))),
                        new EtcdQuorum(new EtcdVoters(cluster, pods, members), contained),
                        new OwnLastReplica(new KnownReplicas()),
                        new MaxContainedNodes(properties, contained),
                        new PoolLimits(properties, cluster),
                        new HourlyBudget(properties),
                        latch(database, clock)),
                new Situations(contained, properties),
                overrides(database),
                audit,
                Clock.systemUTC(),
                database.transactions());
    }

    /** What guards etcd, in front of this cluster. */
    public static EffectGate quorum(TestDatabase database, ClusterNodes cluster, EtcdPods pods) {
        EtcdMembers members =
                new EtcdMembers(new EtcdProperties(List.of(), null, null, null, java.time.Duration.ofSeconds(1)));
        return ruled(database, new EtcdQuorum(new EtcdVoters(cluster, pods, members), contained(database)));
    }

    static EffectGate ruled(TestDatabase database, Guardrail... rules) {
        return new EffectGate(
                List.of(rules),
                situations(database),
                overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                database.transactions());
    }

    /** Everything gets this verdict. */
    public static EffectGate answering(TestDatabase database, Verdict verdict) {
        return judging(database, effect -> verdict);
    }

    /** One guardrail that answers by the effect. */
    public static EffectGate judging(TestDatabase database, Function<Effect, Verdict> judge) {
        Guardrail rule = new Guardrail() {
            @Override
            public String rule() {
                return "test";
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                return judge.apply(effect);
            }
        };
        return new EffectGate(
                List.of(rule),
                situations(database),
                overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                database.transactions());
    }
}
