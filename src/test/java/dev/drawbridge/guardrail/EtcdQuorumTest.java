package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.statistics.Statistics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EtcdQuorumTest {
    private static final GuardrailProperties WIDE = new GuardrailProperties(
            false,
            Set.of(),
            Set.of(),
            1000,
            1000,
            new GuardrailProperties.Storm(1000, Duration.ofMinutes(10)),
            TestGate.wide());

    private static final String APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml";

    private static NodeName cp(int n) {
        return NodeName.of("cp-" + n);
    }

    private static Effect effect(NodeName node, Effect.Kind kind, String target) {
        return new Effect(Actor.playbook("tampering"), IncidentId.of("i-" + node), node, kind, target, "[]");
    }

    private static Effect isolate(NodeName node) {
        return effect(node, Effect.Kind.CONTAIN, "taint");
    }

    private static EffectGate gate(TestDatabase database, ClusterNodes cluster) {
        AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
        ContainedNodes contained = TestGate.contained(database);
        return new EffectGate(
                List.of(new MaxContainedNodes(WIDE, contained), new EtcdQuorum(cluster, contained)),
                new Situations(contained, WIDE),
                TestGate.overrides(database),
                audit,
                database.transactions());
    }

    private static String outcome(EffectGate gate, Effect effect) {
        EffectResult<String> result = gate.perform(effect, permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused
                ? refused.rule()
                : result.getClass().getSimpleName();
    }

    /** A control plane whose health a test changes. */
    private static final class Cluster implements ClusterNodes {
        private final Map<NodeName, Boolean> healthy = new HashMap<>();
        private boolean known = true;

        Cluster(int size) {
            for (int n = 1; n <= size; n++) {
                healthy.put(cp(n), true);
            }
        }

        @Override
        public Optional<List<Member>> members() {
            return known
                    ? Optional.of(healthy.entrySet().stream()
                            .map(member -> new Member(member.getKey(), true, member.getValue(), Map.of()))
                            .toList())
                    : Optional.empty();
        }
    }

    @Nested
    class Fires {
        private final TestDatabase database = TestDatabase.h2();
        private final Cluster three = new Cluster(3);
        private final EffectGate gate = gate(database, three);

        @AfterEach
        void close() throws Exception {
            database.close();
        }

        @Test
        void forTheSecondOfThreeAndNotForTheFirst() {
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
            assertThat(outcome(gate, isolate(cp(2)))).isEqualTo("etcd-quorum");
            assertThat(outcome(gate, isolate(cp(1)))).as("a rerun").isEqualTo("Done");
        }

        @Test
        void whenAnotherIsNotHealthyAndNotWhenOnlyThisOneIsNot() {
            three.healthy.put(cp(1), false);
            assertThat(outcome(gate, isolate(cp(2)))).isEqualTo("etcd-quorum");
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
        }

        @Test
        void whenTheControlPlaneIsNotKnownWhateverTheNode() {
            three.known = false;
            assertThat(outcome(gate, isolate(NodeName.of("worker-1")))).isEqualTo("etcd-quorum");
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("etcd-quorum");
        }

        @Test
        void whenAManifestWouldBeRewrittenWhileAnotherIsIsolatedOrRewritten() {
            for (int n = 1; n <= 2; n++) {
                assertThat(outcome(gate, effect(cp(n), Effect.Kind.CONTAIN, "cordon")))
                        .as("two that are attacked at once are both cordoned, and one of them goes on")
                        .isEqualTo("Done");
            }
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("etcd-quorum");
            assertThat(outcome(gate, isolate(cp(2)))).isEqualTo("etcd-quorum");
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
            TestGate.contained(database).free(IncidentId.of("i-" + cp(1)), cp(1));
            assertThat(outcome(gate, isolate(cp(2)))).isEqualTo("Done");
        }

        @Test
        void forASecondOneHoweverManyThereAre() {
            EffectGate seven = gate(database, new Cluster(7));
            assertThat(outcome(seven, isolate(cp(1)))).isEqualTo("Done");
            assertThat(outcome(seven, isolate(cp(2)))).isEqualTo("etcd-quorum");
        }

        @Test
        void whenAManifestWouldBeRewrittenOnANodeThatIsNotContained() {
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("etcd-quorum");
        }

        @Test
        void neverForWhatTakesNothingAway() {
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.CONTAIN, "cordon")))
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.CONTAIN, "label")))
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.RESTORE_FILE, "/etc/kubernetes/admin.conf")))
                    .isEqualTo("Done");
            assertThat(outcome(
                            gate, effect(cp(2), Effect.Kind.QUARANTINE_FILE, "/etc/kubernetes/manifests/rogue.yaml")))
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.RELEASE, "taint")))
                    .isEqualTo("Done");
            assertThat(outcome(gate, isolate(NodeName.of("worker-1")))).isEqualTo("Done");
        }

        @Test
        void forASingleOneThatIsCordonedAndRestoredAndNeverIsolated() {
            EffectGate single = gate(database, new Cluster(1));
            assertThat(outcome(single, isolate(cp(1)))).isEqualTo("etcd-quorum");
            assertThat(outcome(single, effect(cp(1), Effect.Kind.CONTAIN, "cordon")))
                    .isEqualTo("Done");
            assertThat(outcome(single, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("Done");
        }
    }

    @Nested
    class BetweenInstances {
        private TestDatabase shared;

        @BeforeEach
        void open() {
            shared = TestDatabase.postgres();
        }

        @AfterEach
        void close() throws Exception {
            shared.close();
        }

        @Test
        void onlyOneOfThreeIsIsolatedByThreeAtOnce() throws Exception {
            ExecutorService threads = Executors.newFixedThreadPool(3);
            CyclicBarrier start = new CyclicBarrier(3);
            List<Callable<String>> instances = new ArrayList<>();
            for (int n = 1; n <= 3; n++) {
                EffectGate instance = gate(shared, new Cluster(3));
                Effect effect = isolate(cp(n));
                instances.add(() -> {
                    start.await();
                    return outcome(instance, effect);
                });
            }
            List<String> outcomes = new ArrayList<>();
            for (Future<String> each : threads.invokeAll(instances)) {
                outcomes.add(each.get());
            }
            threads.shutdown();
            assertThat(outcomes).containsExactlyInAnyOrder("Done", "etcd-quorum", "etcd-quorum");
        }
    }

    // ---- for clusters and sequences that nobody thought of

    private enum What {
        CORDON,
        ISOLATE,
        RESTORE,
        RELEASE,
        FALL_ILL,
        RECOVER,
        RESTART
    }

    private record Act(What what, int node) {}

    private static TestDatabase generated;

    @BeforeContainer
    static void open() {
        generated = TestDatabase.h2();
    }

    @AfterContainer
    static void shut() throws Exception {
        generated.close();
    }

    @Provide
    Arbitrary<List<Act>> acts() {
        return Combinators.combine(
                        Arbitraries.of(What.class), Arbitraries.integers().between(1, 9))
                .as(Act::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(40);
    }

    /** Whatever comes: what Drawbridge does itself never leaves fewer than a quorum that is healthy and not contained. */
    @Property(tries = 150)
    void noSequenceOfAlertsReleasesAndRestartsCostsTheQuorum(
            @ForAll @IntRange(min = 2, max = 7) int size, @ForAll("acts") List<Act> acts) {
        generated.jdbc().sql("delete from guardrail_reservation").update();
        Cluster cluster = new Cluster(size);
        EffectGate gate = gate(generated, cluster);
        Set<NodeName> isolated = new HashSet<>();
        for (Act act : acts) {
            NodeName node = cp(act.node());
            switch (act.what()) {
                case FALL_ILL -> cluster.healthy.computeIfPresent(node, (name, before) -> false);
                case RECOVER -> cluster.healthy.computeIfPresent(node, (name, before) -> true);
                case RESTART -> gate = gate(generated, cluster);
                case RELEASE -> {
                    TestGate.contained(generated).free(IncidentId.of("i-" + node), node);
                    isolated.remove(node);
                }
                case CORDON -> {
                    assertThat(outcome(gate, effect(node, Effect.Kind.CONTAIN, "cordon")))
                            .isEqualTo("Done");
                }
                case ISOLATE, RESTORE -> {
                    boolean isolates = act.what() == What.ISOLATE;
                    String outcome =
                            outcome(gate, isolates ? isolate(node) : effect(node, Effect.Kind.RESTORE_FILE, APISERVER));
                    Statistics.collect(outcome);
                    if (outcome.equals("Done")) {
                        isolated.add(node);
                    }
                    if (outcome.equals("Done") && cluster.healthy.containsKey(node)) {
                        long left = cluster.healthy.entrySet().stream()
                                .filter(member -> member.getValue()
                                        && !member.getKey().equals(node)
                                        && !isolated.contains(member.getKey()))
                                .count();
                        assertThat(left).isGreaterThanOrEqualTo(size / 2 + 1);
                    }
                }
            }
            assertThat(isolated.stream().filter(cluster.healthy::containsKey))
                    .as("whoever falls ill, we took one away and not two")
                    .hasSizeLessThanOrEqualTo(1);
        }
    }
}
