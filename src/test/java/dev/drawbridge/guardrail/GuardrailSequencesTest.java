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
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * All guardrails together, in front of generated clusters and sequences of incidents, releases, pauses, dry runs and restarts: whatever comes, no
 * limit is exceeded; and over all of them every rule was seen to refuse.
 */
class GuardrailSequencesTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration WINDOW = Duration.ofMinutes(10);
    private static final Actor ADMIN = Actor.person("admin");
    private static final String PROTECTED = "drawbridge.dev/protected";

    private static final GuardrailProperties LIMITS = new GuardrailProperties(
            false,
            Set.of(),
            Set.of(PROTECTED),
            3,
            3,
            new GuardrailProperties.Storm(3, WINDOW),
            new GuardrailProperties.Pool("", 40, 50));

    private static final Set<String> FIRED = new TreeSet<>();
    private static TestDatabase database;

    @BeforeContainer
    static void open() {
        database = TestDatabase.h2();
    }

    @AfterContainer
    static void everyGuardrailWasAbleToFire() throws Exception {
        database.close();
        assertThat(FIRED)
                .contains(
                        "dry-run",
                        "etcd-quorum",
                        "hourly-budget",
                        "max-contained-nodes",
                        "own-last-replica",
                        "pause",
                        "pool-limits",
                        "protected-nodes",
                        "storm");
    }

    private static final class Ticking extends Clock {
        private Instant now = Instant.parse("2026-11-24T10:00:00Z");

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

    private enum What {
        OPEN,
        CONTAIN,
        RELEASE,
        FALL_ILL,
        RECOVER,
        PAUSE,
        RESUME,
        DRY_RUN,
        PASS_TIME,
        RESET_STORM,
        RESTART
    }

    private record Act(What what, int node, String rung) {}

    @Provide
    static Arbitrary<List<Act>> acts() {
        return Combinators.combine(
                        Arbitraries.frequency(
                                Tuple.of(4, What.OPEN),
                                Tuple.of(12, What.CONTAIN),
                                Tuple.of(3, What.RELEASE),
                                Tuple.of(2, What.FALL_ILL),
                                Tuple.of(1, What.RECOVER),
                                Tuple.of(1, What.PAUSE),
                                Tuple.of(1, What.RESUME),
                                Tuple.of(1, What.DRY_RUN),
                                Tuple.of(2, What.PASS_TIME),
                                Tuple.of(1, What.RESET_STORM),
                                Tuple.of(1, What.RESTART)),
                        Arbitraries.integers().between(0, 99),
                        Arbitraries.of("cordon", "cordon", "taint"))
                .as(Act::new)
                .list()
                .ofMinSize(5)
                .ofMaxSize(30);
    }

    /** One cluster with Drawbridge in it, and what a test knows of it without asking a guardrail. */
    private static final class World implements ClusterNodes {
        private final Ticking clock = new Ticking();
        private final Map<NodeName, Member> nodes = new HashMap<>();
        private final KnownReplicas replicas = new KnownReplicas();
        /** Since when each node is contained. */
        private final Map<NodeName, Instant> contained = new HashMap<>();

        private final Set<NodeName> isolated = new HashSet<>();
        private final Map<NodeName, Instant> begun = new HashMap<>();
        private final List<Instant> opened = new ArrayList<>();
        private final Set<NodeName> dry = new HashSet<>();
        private Optional<Pause> pause = Optional.empty();
        private EffectGate gate;
        private Pauses pauses;
        private StormLatch storm;
        private DryRuns dryRuns;

        World(int controlPlanes, int workers) {
            JdbcClient jdbc = database.jdbc();
            for (String table :
                    List.of("guardrail_reservation", "guardrail_opened", "guardrail_pause", "guardrail_dry_run")) {
                jdbc.sql("delete from " + table).update();
            }
            jdbc.sql("update guardrail_storm set tripped_at = null, incidents = null")
                    .update();
            for (int n = 0; n < controlPlanes; n++) {
                put(NodeName.of("cp-" + n), true, true, Map.of());
            }
            for (int n = 0; n < workers; n++) {
                put(NodeName.of("worker-" + n), false, true, n == 2 ? Map.of(PROTECTED, "") : Map.of());
            }
            start();
        }

        private void put(NodeName node, boolean controlPlane, boolean healthy, Map<String, String> labels) {
            nodes.put(node, new Member(node, controlPlane, healthy, labels, Set.of()));
        }

        /** A new process on the same database. */
        void start() {
            AuditTrail audit = TestAudit.on(database, clock);
            ContainedNodes reservations = new ContainedNodes(database.jdbc(), clock);
            pauses = new Pauses(
                    database.jdbc(),
                    database.transactions(),
                    audit,
                    clock,
                    () -> UUID.randomUUID().toString());
            storm = new StormLatch(LIMITS, database.jdbc(), database.transactions(), audit, clock);
            dryRuns = new DryRuns(database.jdbc(), reservations, database.transactions(), audit, clock);
            EtcdMembers members =
                    new EtcdMembers(new EtcdProperties(List.of(), null, null, null, Duration.ofSeconds(1)));
            gate = new EffectGate(
                    List.of(
                            new PauseGuardrail(pauses),
                            new ProtectedNodes(
                                    LIMITS, node -> Optional.of(nodes.get(node).labels())),
                            new MaxContainedNodes(LIMITS, reservations),
                            new PoolLimits(LIMITS, this),
                            new HourlyBudget(LIMITS),
                            storm,
                            new DryRun(LIMITS, dryRuns),
                            new EtcdQuorum(new EtcdVoters(this, List::of, members), reservations),
                            new OwnLastReplica(replicas)),
                    new Situations(reservations, LIMITS),
                    TestGate.overrides(database, clock),
                    audit,
                    Clock.systemUTC(),
                    database.transactions());
        }

        @Override
        public Optional<List<Member>> members() {
            return Optional.of(List.copyOf(nodes.values()));
        }

        NodeName node(int number) {
            return nodes.keySet().stream().sorted().toList().get(number % nodes.size());
        }

        private static IncidentId incident(NodeName node) {
            return IncidentId.of("i-" + node);
        }

        /** Drawbridge runs on the first two workers. */
        private void look() {
            replicas.put(new OwnReplicas.Look.Known(nodes.values().stream()
                    .filter(member -> Set.of("worker-0", "worker-1")
                            .contains(member.node().value()))
                    .map(member -> new OwnReplicas.Replica("on-" + member.node(), member.node(), member.healthy()))
                    .toList()));
        }

        void contain(NodeName node, String rung) {
            look();
            Instant now = clock.now;
            boolean first = !contained.containsKey(node);
            EffectResult<String> result = gate.perform(
                    new Effect(Actor.playbook("tampering"), incident(node), node, Effect.Kind.CONTAIN, rung, "[]"),
                    permit -> "done");
            if (result instanceof EffectResult.NotAllowed<String> refused) {
                FIRED.addAll(Arrays.asList(refused.rule().split(",")));
                return;
            }
            if (result instanceof EffectResult.DryRun<String>) {
                FIRED.add("dry-run");
                assertThat(dry).contains(node);
                return;
            }
            assertThat(dry).as("changes nothing in a dry run").doesNotContain(node);
            assertThat(nodes.get(node).labels()).doesNotContainKey(PROTECTED);
            assertThat(pause.filter(held -> first || !contained.get(node).isBefore(held.setAt())))
                    .as("nothing begins in a pause")
                    .isEmpty();
            if (first) {
                assertThat(opened.stream().filter(at -> !at.isBefore(now.minus(WINDOW))))
                        .as("nothing begins in a storm")
                        .hasSizeLessThanOrEqualTo(3);
                contained.put(node, now);
                begun.put(node, now);
                assertThat(begun.values().stream().filter(at -> at.isAfter(now.minus(HOUR))))
                        .as("budget of an hour")
                        .hasSizeLessThanOrEqualTo(3);
                assertThat(contained).as("contained at once").hasSizeLessThanOrEqualTo(3);
                pool(nodes.get(node).controlPlane());
            }
            if (!rung.equals("cordon")) {
                isolated.add(node);
                quorum(node);
                replicas(node);
            }
        }

        private void pool(boolean controlPlane) {
            Collection<Member> pool = nodes.values().stream()
                    .filter(member -> member.controlPlane() == controlPlane)
                    .toList();
            Predicate<Member> out = member -> contained.containsKey(member.node());
            assertThat(pool.stream().filter(out).count())
                    .as("part of a pool")
                    .isLessThanOrEqualTo(Math.max(1, pool.size() * 40 / 100));
            assertThat(pool.stream()
                                    .filter(out.negate())
                                    .filter(Member::healthy)
                                    .count()
                            * 100)
                    .as("left healthy")
                    .isGreaterThanOrEqualTo(pool.size() * 50L);
        }

        private void quorum(NodeName node) {
            if (nodes.get(node).controlPlane()) {
                List<Member> voters =
                        nodes.values().stream().filter(Member::controlPlane).toList();
                assertThat(voters.stream()
                                .filter(voter -> voter.healthy() && !isolated.contains(voter.node()))
                                .count())
                        .as("quorum of etcd")
                        .isGreaterThanOrEqualTo(voters.size() / 2 + 1);
            }
        }

        private void replicas(NodeName node) {
            if (Set.of("worker-0", "worker-1").contains(node.value())) {
                assertThat(List.of("worker-0", "worker-1"))
                        .as("somebody who can lift the containment")
                        .anySatisfy(other -> {
                            assertThat(isolated).doesNotContain(NodeName.of(other));
                            assertThat(nodes.get(NodeName.of(other)).healthy()).isTrue();
                        });
            }
        }

        void act(Act act) {
            NodeName node = node(act.node());
            switch (act.what()) {
                case OPEN -> {
                    storm.opened(IncidentId.of(UUID.randomUUID().toString()));
                    opened.add(clock.now);
                }
                case CONTAIN -> contain(node, act.rung());
                case RELEASE -> {
                    new ContainedNodes(database.jdbc(), clock).free(incident(node), node);
                    contained.remove(node);
                    isolated.remove(node);
                }
                case FALL_ILL, RECOVER -> {
                    Member member = nodes.get(node);
                    put(node, member.controlPlane(), act.what() == What.RECOVER, member.labels());
                }
                case PAUSE -> {
                    if (pause.isEmpty()) {
                        pause = Optional.of(pauses.set(ADMIN, Pause.Scope.GLOBAL, "", "wait", null));
                    }
                }
                case RESUME -> {
                    pause.ifPresent(held -> pauses.lift(ADMIN, held.id(), "go on"));
                    pause = Optional.empty();
                }
                case DRY_RUN -> {
                    dryRuns.begin(ADMIN, incident(node), "look first");
                    dry.add(node);
                }
                case PASS_TIME -> clock.now = clock.now.plus(Duration.ofMinutes(25));
                case RESET_STORM -> {
                    if (storm.reset(ADMIN, "it is over")) {
                        opened.clear();
                    }
                }
                case RESTART -> start();
            }
            clock.now = clock.now.plusSeconds(1);
        }
    }

    @Property(tries = 150)
    void noSequenceExceedsAnyLimit(
            @ForAll @IntRange(min = 1, max = 5) int controlPlanes,
            @ForAll @IntRange(min = 2, max = 9) int workers,
            @ForAll("acts") List<Act> acts) {
        World world = new World(controlPlanes, workers);
        acts.forEach(world::act);
    }
}
