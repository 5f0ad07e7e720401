package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.guardrail.OwnReplicas.Look;
import dev.drawbridge.guardrail.OwnReplicas.Replica;
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
import org.springframework.transaction.support.TransactionSynchronizationManager;

class OwnLastReplicaTest {
    private static final List<String> ISOLATING =
            List.of("taint", "drain", "network-policies", "cilium-host-policy", "calico-host-policy");

    private static final GuardrailProperties WIDE = new GuardrailProperties(
            false,
            Set.of(),
            Set.of(),
            1000,
            1000,
            new GuardrailProperties.Storm(1000, Duration.ofMinutes(10)),
            TestGate.wide());

    private static NodeName node(int n) {
        return NodeName.of("worker-" + n);
    }

    private static Effect effect(NodeName node, Effect.Kind kind, String target) {
        return new Effect(Actor.playbook("tampering"), IncidentId.of("i-" + node), node, kind, target, "[]");
    }

    private static Effect rung(int n, String rung) {
        return effect(node(n), Effect.Kind.CONTAIN, rung);
    }

    /** With the guardrails that it shares the reservation with; a cluster without a control plane that is looked at. */
    private static EffectGate gate(TestDatabase database, OwnReplicas replicas) {
        ContainedNodes contained = TestGate.contained(database);
        EtcdVoters voters = new EtcdVoters(
                () -> java.util.Optional.of(List.of()),
                List::of,
                new EtcdMembers(new EtcdProperties(List.of(), null, null, null, Duration.ofSeconds(1))));
        return new EffectGate(
                List.of(
                        new MaxContainedNodes(WIDE, contained),
                        new EtcdQuorum(voters, contained),
                        new OwnLastReplica(replicas)),
                new Situations(contained, WIDE),
                TestGate.overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                database.transactions());
    }

    private static String outcome(EffectGate gate, Effect effect) {
        EffectResult<String> result = gate.perform(effect, permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused
                ? refused.rule()
                : result.getClass().getSimpleName();
    }

    private static Replica replica(int n, boolean ready) {
        return new Replica("drawbridge-" + n, node(n), ready);
    }

    @Nested
    class Fires {
        private final TestDatabase database = TestDatabase.h2();
        private final KnownReplicas replicas = new KnownReplicas();
        private final EffectGate gate = gate(database, replicas);

        @AfterEach
        void close() throws Exception {
            database.close();
        }

        private EffectResult.NotAllowed<String> refusal(Effect effect) {
            return (EffectResult.NotAllowed<String>) gate.perform(effect, permit -> "done");
        }

        @Test
        void forTheNodeOfTheOnlyReplicaByEveryRungThatEndsOrCutsOff() {
            replicas.put(new Look.Known(List.of(replica(1, true))));
            for (String rung : ISOLATING) {
                EffectResult.NotAllowed<String> refused = refusal(rung(1, rung));
                assertThat(refused.rule()).isEqualTo("own-last-replica");
                assertThat(refused.overridable()).as("whoever agrees").isFalse();
                assertThat(refused.reason()).contains("none is ready on another one", "drawbridge-1 on worker-1");
            }
            assertThat(outcome(gate, rung(2, "taint"))).isEqualTo("Done");
        }

        @Test
        void whenTheOtherOneIsNotReadyOrOnTheSameNode() {
            replicas.put(new Look.Known(List.of(replica(1, true), replica(2, false))));
            assertThat(refusal(rung(1, "taint")).reason()).contains("drawbridge-2 on worker-2, not ready");
            replicas.put(new Look.Known(List.of(replica(1, true), new Replica("drawbridge-9", node(1), true))));
            assertThat(outcome(gate, rung(1, "taint"))).isEqualTo("own-last-replica");
        }

        @Test
        void forTheSecondNodeAndNotForTheFirstUntilTheReplicaIsReadyElsewhere() {
            replicas.put(new Look.Known(List.of(replica(1, true), replica(2, true))));
            assertThat(outcome(gate, rung(2, "cordon"))).isEqualTo("Done");
            assertThat(outcome(gate, rung(1, "taint")))
                    .as("a replica on a node that is only cordoned goes on")
                    .isEqualTo("Done");
            assertThat(outcome(gate, rung(2, "taint"))).isEqualTo("own-last-replica");
            assertThat(TestAudit.on(database, Clock.systemUTC()).page(0, 100))
                    .as("who was relied on is on record, also where it was allowed")
                    .extracting(entry -> entry.event().details().get("own-replicas"))
                    .filteredOn(java.util.Objects::nonNull)
                    .containsOnly("drawbridge-1 on worker-1; drawbridge-2 on worker-2");
            assertThat(outcome(gate, rung(1, "drain")))
                    .as("further rungs of the first")
                    .isEqualTo("Done");
            replicas.put(new Look.Known(List.of(replica(2, true), replica(3, true))));
            assertThat(outcome(gate, rung(2, "taint"))).isEqualTo("Done");
        }

        @Test
        void whenItIsNotKnownWhereItRunsWhateverTheNode() {
            replicas.put(new Look.Unknown("the cluster shows no such pod"));
            assertThat(refusal(rung(7, "taint")).reason()).contains("the cluster shows no such pod");
            OwnReplicas silent = new OwnReplicas() {
                @Override
                public Look look() {
                    throw new IllegalStateException("the API server is down");
                }

                @Override
                public String self() {
                    return "";
                }
            };
            assertThat(((EffectResult.NotAllowed<String>)
                                    gate(database, silent).perform(rung(7, "taint"), permit -> "done"))
                            .reason())
                    .contains("is not known", "the API server is down");
        }

        @Test
        void neverForWhatEndsNothing() {
            replicas.put(new Look.Known(List.of(replica(1, true))));
            assertThat(outcome(gate, rung(1, "cordon"))).isEqualTo("Done");
            assertThat(outcome(gate, rung(1, "label"))).isEqualTo("Done");
            assertThat(outcome(gate, effect(node(1), Effect.Kind.RELEASE, "taint")))
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(node(1), Effect.Kind.QUARANTINE_FILE, "/etc/kubernetes/manifests/x.yaml")))
                    .isEqualTo("Done");
            replicas.put(new Look.Elsewhere());
            assertThat(outcome(gate, rung(1, "taint"))).isEqualTo("Done");
        }

        @Test
        void aDryRunShowsTheRefusalToo() {
            replicas.put(new Look.Known(List.of(replica(1, true))));
            EffectGate dry = new EffectGate(
                    List.of(
                            new DryRun(dryRun(), TestGate.dryRuns(database, Clock.systemUTC())),
                            new OwnLastReplica(replicas)),
                    TestGate.situations(database),
                    TestGate.overrides(database),
                    TestAudit.on(database, Clock.systemUTC()),
                    Clock.systemUTC(),
                    database.transactions());
            assertThat(outcome(dry, rung(1, "taint"))).isEqualTo("own-last-replica");
        }

        private GuardrailProperties dryRun() {
            return new GuardrailProperties(true, Set.of(), Set.of(), 1, 1, WIDE.storm(), TestGate.wide());
        }

        /** A round trip under the lock would be one that every other node's cordon waits for. */
        @Test
        void theFirstRungWaitsForNoLookAndNoLookIsMadeUnderTheLock() {
            List<Boolean> looks = new ArrayList<>();
            EffectGate asking = gate(database, new OwnReplicas() {
                @Override
                public Look look() {
                    looks.add(TransactionSynchronizationManager.isActualTransactionActive());
                    return new Look.Elsewhere();
                }

                @Override
                public String self() {
                    return "";
                }
            });
            assertThat(outcome(asking, rung(1, "cordon"))).isEqualTo("Done");
            assertThat(looks).isEmpty();
            assertThat(outcome(asking, rung(1, "taint"))).isEqualTo("Done");
            assertThat(looks).containsExactly(false);
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

        /** Each sees the other's replica ready, and would leave it to the other. */
        @Test
        void twoThatTaintEachOthersNodeAtOnceLeaveOne() throws Exception {
            ExecutorService threads = Executors.newFixedThreadPool(2);
            CyclicBarrier start = new CyclicBarrier(2);
            List<Callable<String>> instances = new ArrayList<>();
            for (int n = 1; n <= 2; n++) {
                KnownReplicas replicas = new KnownReplicas();
                replicas.put(new Look.Known(List.of(replica(1, true), replica(2, true))));
                EffectGate instance = gate(shared, replicas);
                Effect effect = rung(n, "taint");
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
            assertThat(outcomes).containsExactlyInAnyOrder("Done", "own-last-replica");
        }
    }

    // ---- for sequences that nobody thought of

    private enum What {
        CORDON,
        ISOLATE,
        RELEASE,
        /** The replica of an isolated node ends there and is ready on the first node that takes it. */
        MOVE,
        RESTART
    }

    private record Act(What what, int node, int rung) {}

    private static TestDatabase generated;

    @BeforeContainer
    static void open() {
        generated = TestDatabase.h2();
    }

    @AfterContainer
    static void closeGenerated() throws Exception {
        generated.close();
    }

    @Provide
    static Arbitrary<List<Act>> acts() {
        return Combinators.combine(
                        Arbitraries.frequency(
                                net.jqwik.api.Tuple.of(2, What.CORDON),
                                net.jqwik.api.Tuple.of(6, What.ISOLATE),
                                net.jqwik.api.Tuple.of(1, What.RELEASE),
                                net.jqwik.api.Tuple.of(2, What.MOVE),
                                net.jqwik.api.Tuple.of(1, What.RESTART)),
                        Arbitraries.integers().between(1, 5),
                        Arbitraries.integers().between(0, ISOLATING.size() - 1))
                .as(Act::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(20);
    }

    @Property(tries = 200)
    void noSequenceLeavesNobodyToLiftTheContainment(
            @ForAll @IntRange(min = 1, max = 5) int nodes,
            @ForAll @IntRange(min = 1, max = 3) int count,
            @ForAll("acts") List<Act> acts) {
        generated.jdbc().sql("delete from guardrail_reservation").update();
        Map<String, NodeName> where = new HashMap<>();
        for (int n = 0; n < count; n++) {
            where.put("drawbridge-" + n, node(n % nodes + 1));
        }
        KnownReplicas replicas = new KnownReplicas();
        Set<NodeName> isolated = new HashSet<>();
        EffectGate gate = gate(generated, replicas);
        for (Act act : acts) {
            replicas.put(new Look.Known(where.entrySet().stream()
                    .map(pod -> new Replica(pod.getKey(), pod.getValue(), !isolated.contains(pod.getValue())))
                    .toList()));
            NodeName node = node((act.node() - 1) % nodes + 1);
            switch (act.what()) {
                case CORDON -> outcome(gate, effect(node, Effect.Kind.CONTAIN, "cordon"));
                case RESTART -> gate = gate(generated, replicas);
                case RELEASE -> {
                    TestGate.contained(generated).free(IncidentId.of("i-" + node), node);
                    isolated.remove(node);
                }
                case MOVE ->
                    where.replaceAll((pod, at) -> isolated.contains(at) && !isolated.contains(node) ? node : at);
                case ISOLATE -> {
                    String outcome = outcome(gate, effect(node, Effect.Kind.CONTAIN, ISOLATING.get(act.rung())));
                    Statistics.collect(outcome);
                    if (outcome.equals("Done")) {
                        isolated.add(node);
                    }
                }
            }
            assertThat(where.values())
                    .as("replicas, %s isolated", isolated)
                    .anySatisfy(at -> assertThat(isolated).doesNotContain(at));
        }
    }
}
