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
import java.util.Objects;
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
import org.springframework.transaction.support.TransactionSynchronizationManager;

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

    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";

    private static NodeName cp(int n) {
        return NodeName.of("cp-" + n);
    }

    private static Effect effect(NodeName node, Effect.Kind kind, String target) {
        return new Effect(Actor.playbook("tampering"), IncidentId.of("i-" + node), node, kind, target, "[]");
    }

    private static Effect isolate(NodeName node) {
        return effect(node, Effect.Kind.CONTAIN, "taint");
    }

    private static EffectGate gate(TestDatabase database, Cluster cluster) {
        AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
        ContainedNodes contained = TestGate.contained(database);
        return new EffectGate(
                List.of(new MaxContainedNodes(WIDE, contained), new EtcdQuorum(cluster.voters(), contained)),
                new Situations(contained, WIDE),
                TestGate.overrides(database),
                audit,
                Clock.systemUTC(),
                database.transactions());
    }

    private static String outcome(EffectGate gate, Effect effect) {
        EffectResult<String> result = gate.perform(effect, permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused
                ? refused.rule()
                : result.getClass().getSimpleName();
    }

    /** A control plane whose health a test changes. */
    private static final class Cluster implements ClusterNodes, EtcdPods {
        private final Map<NodeName, Boolean> healthy = new HashMap<>();
        private final Map<NodeName, Boolean> pods = new HashMap<>();
        /** Whether each was made in a transaction. */
        private final List<Boolean> looks = new ArrayList<>();

        private boolean known = true;
        private boolean seen = true;
        private boolean podsKnown = true;

        EtcdVoters voters() {
            return new EtcdVoters(
                    this,
                    this,
                    new EtcdMembers(new EtcdProperties(List.of(), null, null, null, Duration.ofSeconds(1))));
        }

        @Override
        public List<EtcdPod> etcdPods() {
            looks.add(TransactionSynchronizationManager.isActualTransactionActive());
            if (!podsKnown) {
                throw new IllegalStateException("the API server is down");
            }
            return pods.entrySet().stream()
                    .map(pod -> new EtcdPod(pod.getKey(), pod.getValue()))
                    .toList();
        }

        @Override
        public Optional<List<Member>> lastSeen() {
            return seen
                    ? Optional.of(healthy.keySet().stream()
                            .map(node -> new Member(node, true, false, Map.of(), Set.of()))
                            .toList())
                    : Optional.empty();
        }

        Cluster(int size) {
            for (int n = 1; n <= size; n++) {
                healthy.put(cp(n), true);
            }
        }

        @Override
        public Optional<List<Member>> members() {
            return known
                    ? Optional.of(healthy.entrySet().stream()
                            .map(member -> new Member(member.getKey(), true, member.getValue(), Map.of(), Set.of()))
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
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, ETCD)))
                    .isEqualTo("etcd-quorum");
        }

        @Test
        void notForTheApiServersOwnManifestWhenTheApiServerCannotBeAskedAndForEverythingElse() {
            three.known = false;
            for (String name : List.of("kube-apiserver", "kube-controller-manager", "kube-scheduler")) {
                assertThat(outcome(
                                gate,
                                effect(cp(1), Effect.Kind.RESTORE_FILE, "/etc/kubernetes/manifests/" + name + ".yaml")))
                        .as(name)
                        .isEqualTo("Done");
            }
            for (String name :
                    List.of("etcd.yaml", "etcd-main.yaml", "kube-apiserver.yml", "x/kube-apiserver.yaml", "own.yaml")) {
                assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, "/etc/kubernetes/manifests/" + name)))
                        .as("%s may be etcd's", name)
                        .isEqualTo("etcd-quorum");
            }
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("etcd-quorum");
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RETURN_FILE, ETCD)))
                    .isEqualTo("etcd-quorum");
        }

        @Test
        void forTheApiServersOwnManifestOfASecondNodeAlsoWhenTheApiServerCannotBeAsked() {
            for (int n = 1; n <= 2; n++) {
                outcome(gate, effect(cp(n), Effect.Kind.CONTAIN, "cordon"));
            }
            outcome(gate, effect(NodeName.of("worker-1"), Effect.Kind.CONTAIN, "cordon"));
            assertThat(outcome(gate, isolate(NodeName.of("worker-1")))).isEqualTo("Done");
            three.known = false;
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .as("a worker that is isolated is none of the control plane, as last seen")
                    .isEqualTo("Done");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .isEqualTo("etcd-quorum");
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .as("a rerun")
                    .isEqualTo("Done");
            three.seen = false;
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .as("whose the isolated node is, nobody ever said")
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
        void whenAManifestOfTheControlPlaneWouldBeTakenAwayAsWhenItWouldBeRewritten() {
            for (int n = 1; n <= 2; n++) {
                outcome(gate, effect(cp(n), Effect.Kind.CONTAIN, "cordon"));
            }
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.RESTORE_FILE, ETCD)))
                    .isEqualTo("Done");
            for (String path : List.of(ETCD, APISERVER)) {
                assertThat(outcome(gate, effect(cp(2), Effect.Kind.QUARANTINE_FILE, path)))
                        .as(path)
                        .isEqualTo("etcd-quorum");
                assertThat(outcome(gate, effect(NodeName.of("worker-1"), Effect.Kind.QUARANTINE_FILE, path)))
                        .as("a name alone makes no control plane")
                        .isEqualTo("Done");
            }
            TestGate.contained(database).free(IncidentId.of("i-" + cp(1)), cp(1));
            three.healthy.put(cp(3), false);
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.QUARANTINE_FILE, ETCD)))
                    .as("one of three would be left")
                    .isEqualTo("etcd-quorum");
            three.known = false;
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.QUARANTINE_FILE, ETCD)))
                    .isEqualTo("etcd-quorum");
            assertThat(outcome(gate, effect(cp(2), Effect.Kind.QUARANTINE_FILE, APISERVER)))
                    .as("starts no etcd anew")
                    .isEqualTo("Done");
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
    class ByPods {
        private final TestDatabase database = TestDatabase.h2();
        private final Cluster three = new Cluster(3);
        private final EffectGate gate = gate(database, three);

        @BeforeEach
        void everyNodeHasItsPod() {
            three.healthy.keySet().forEach(node -> three.pods.put(node, true));
        }

        @AfterEach
        void close() throws Exception {
            database.close();
        }

        private String reason(Effect effect) {
            EffectResult<String> result = gate.perform(effect, permit -> "done");
            return ((EffectResult.NotAllowed<String>) result).reason();
        }

        @Test
        void aNodeThatIsReadyWithAPodThatIsNotIsNoHealthyVoter() {
            three.pods.put(cp(1), false);
            assertThat(reason(isolate(cp(2))))
                    .startsWith("1 of 3 voters of etcd are healthy without this node, a quorum is 2")
                    .contains("cp-1: its pod of etcd is not ready");
            assertThat(outcome(gate, isolate(cp(1))))
                    .as("the ill one takes nothing away")
                    .isEqualTo("Done");
        }

        @Test
        void aNodeWithoutItsPodCountsAsAVoterThatIsNotHealthy() {
            three.pods.remove(cp(1));
            assertThat(reason(isolate(cp(2)))).contains("1 of 3", "cp-1: no pod of etcd is to be seen on it");
        }

        @Test
        void aPodOnANodeThatIsNotReadyIsNoHealthyVoter() {
            three.healthy.put(cp(1), false);
            assertThat(reason(isolate(cp(2)))).contains("1 of 3", "cp-1: its node is not ready");
        }

        @Test
        void aVoterOutsideOfTheControlPlaneIsGuardedToo() {
            NodeName extra = NodeName.of("etcd-1");
            three.pods.put(extra, false);
            three.pods.put(cp(3), false);
            assertThat(reason(isolate(cp(1))))
                    .as("two of four are left where three are a quorum")
                    .contains("1 of 4", "etcd-1: its node is not ready");
            assertThat(outcome(gate, isolate(extra))).isEqualTo("etcd-quorum");
        }

        @Test
        void withoutAnyPodItIsSaidWhatIsAssumed() {
            three.pods.clear();
            three.healthy.put(cp(1), false);
            assertThat(reason(isolate(cp(2)))).contains("1 of 3", "assumed: no pod of etcd is to be seen");
        }

        @Test
        void whatTheVerdictRestsOnIsOnRecordAlsoWhenItAllows() {
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
            three.pods.clear();
            assertThat(outcome(gate, isolate(cp(1)))).as("a rerun").isEqualTo("Done");
            assertThat(TestAudit.on(database, Clock.systemUTC()).page(0, 100))
                    .extracting(entry -> entry.event().details().get("etcd-voters"))
                    .filteredOn(Objects::nonNull)
                    .satisfiesExactly(
                            first -> assertThat(first).isEqualTo("by etcd's pods"),
                            second -> assertThat(second).startsWith("assumed: "));
        }

        @Test
        void podsThatCannotBeReadAreUnknownWhateverTheNode() {
            three.podsKnown = false;
            assertThat(reason(isolate(NodeName.of("worker-1"))))
                    .contains("who votes in etcd is not known", "the API server is down");
            assertThat(reason(effect(cp(1), Effect.Kind.RESTORE_FILE, APISERVER)))
                    .contains("is not known");
            assertThat(reason(effect(cp(1), Effect.Kind.RESTORE_FILE, ETCD))).contains("is not known");
        }

        /** A round trip under the lock would be one that every other node's cordon waits for. */
        @Test
        void theFirstRungWaitsForNoLookAndNoLookIsMadeUnderTheLock() {
            assertThat(outcome(gate, effect(cp(1), Effect.Kind.CONTAIN, "cordon")))
                    .isEqualTo("Done");
            assertThat(three.looks).isEmpty();
            assertThat(outcome(gate, isolate(cp(1)))).isEqualTo("Done");
            assertThat(three.looks).as("one look, outside of any transaction").containsExactly(false);
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
        POD_FALLS_ILL,
        POD_GOES,
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
            @ForAll @IntRange(min = 2, max = 7) int size, @ForAll boolean visible, @ForAll("acts") List<Act> acts) {
        generated.jdbc().sql("delete from guardrail_reservation").update();
        Cluster cluster = new Cluster(size);
        if (visible) {
            cluster.healthy.keySet().forEach(node -> cluster.pods.put(node, true));
        }
        EffectGate gate = gate(generated, cluster);
        Set<NodeName> isolated = new HashSet<>();
        for (Act act : acts) {
            NodeName node = cp(act.node());
            switch (act.what()) {
                case FALL_ILL -> cluster.healthy.computeIfPresent(node, (name, before) -> false);
                case POD_FALLS_ILL -> cluster.pods.computeIfPresent(node, (name, before) -> false);
                case POD_GOES -> cluster.pods.remove(node);
                case RECOVER -> {
                    cluster.healthy.computeIfPresent(node, (name, before) -> true);
                    if (cluster.healthy.containsKey(node)) {
                        cluster.pods.put(node, true);
                    }
                }
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
                                        && (cluster.pods.isEmpty() || cluster.pods.getOrDefault(member.getKey(), false))
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
