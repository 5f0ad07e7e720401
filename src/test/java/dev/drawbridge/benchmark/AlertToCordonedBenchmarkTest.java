package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * From the start of the request that brings an alert to the node being cordoned at the API server. The floor is the least that
 * could be done honestly: one durable commit on the same pool, then the same patch by the same client. Both sides are looked at
 * by the same eye, the API server's own, and take turns, so that a busy machine is busy for both.
 */
@Tag("benchmark")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AlertToCordonedBenchmarkTest {
    /** Rounds until the compiler of the JVM has seen enough of both sides: until 200 calls it interprets what is called once for an alert. */
    private static final Map<Integer, Integer> WARM_UP = Map.of(1, 300, 16, 20);

    private static final Map<Integer, Integer> ROUNDS = Map.of(1, 200, 16, 13);
    private static final long PATIENCE_SECONDS = 60;
    private static final int CORDON_ONLY = 1;

    /** The ladder of the playbook that ships, bare. */
    private static final List<BareRung> RUNGS =
            List.of(new BareRung("""
                    [{"op":"test","path":"/spec/unschedulable","value":null},
                     {"op":"add","path":"/metadata/annotations/drawbridge.dev~1cordoned-by","value":"floor"},
                     {"op":"add","path":"/spec/unschedulable","value":true}]""", """
                    [{"op":"remove","path":"/metadata/annotations/drawbridge.dev~1cordoned-by"},
                     {"op":"remove","path":"/spec/unschedulable"}]"""), new BareRung("""
                    [{"op":"add","path":"/spec/taints","value":
                      [{"key":"drawbridge.dev/contained","value":"floor","effect":"NoExecute"}]}]""", """
                    [{"op":"add","path":"/spec/taints","value":[]}]"""), new BareRung("""
                    [{"op":"add","path":"/metadata/labels/drawbridge.dev~1contained","value":"floor"}]""", """
                    [{"op":"remove","path":"/metadata/labels/drawbridge.dev~1contained"}]"""));

    private record BareRung(String raise, String lower) {}

    private final AlertTemplate alerts = new AlertTemplate();
    private final Map<String, Climb> expected = new ConcurrentHashMap<>();
    private final ExecutorService clients = Executors.newCachedThreadPool();
    private final Deque<BenchmarkNode> fresh = new ArrayDeque<>();
    private List<BenchmarkNode> bare = List.of();
    private List<BenchmarkNode> burst = List.of();
    private BenchmarkWorld world;
    private AlertWire wire;

    @BeforeAll
    void start() throws Exception {
        Path directory = Files.createTempDirectory(
                Files.createDirectories(Path.of("target/benchmark").toAbsolutePath()), "run-");
        for (int concurrent : List.of(1, 16)) {
            int needed = concurrent * (WARM_UP.get(concurrent) + ROUNDS.get(concurrent));
            nodes("node" + concurrent, needed, directory).forEach(fresh::add);
        }
        burst = nodes("burst", 50, directory).toList();
        List<BenchmarkNode> served = new ArrayList<>(fresh);
        served.addAll(burst);
        bare = nodes("bare", 16, directory).toList();
        world = new BenchmarkWorld(directory, served, bare);
        wire = new AlertWire(URI.create(world.url()), BenchmarkWorld.TOKEN);
    }

    private void risen(String node) {
        Climb climb = expected.get(node);
        if (climb != null) {
            climb.risen();
        }
    }

    /** When a node had its first rung, and its last. */
    private static final class Climb {
        private final CompletableFuture<Long> first = new CompletableFuture<>();
        private final CompletableFuture<Long> last = new CompletableFuture<>();
        private final int rungs;
        private int reached;

        Climb(int rungs) {
            this.rungs = rungs;
        }

        /** On the one thread that sees all changes. */
        void risen() {
            reached++;
            if (reached == 1) {
                first.complete(System.nanoTime());
            }
            if (reached == rungs) {
                last.complete(System.nanoTime());
            }
        }
    }

    /** Nanoseconds from the start. */
    private record Times(long first, long last) {}

    private static Stream<BenchmarkNode> nodes(String kind, int count, Path directory) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(number -> BenchmarkNode.of(kind, number, directory.resolve("nodes")));
    }

    @AfterAll
    void stop() throws Exception {
        clients.shutdownNow();
        if (wire != null) {
            wire.close();
        }
        if (world != null) {
            world.close();
        }
        Report.print();
    }

    @Test
    @Order(1)
    void alertToCordonedBesideOneCommitAndTheSamePatch() throws Exception {
        for (int concurrent : List.of(1, 16)) {
            measure(concurrent);
        }
        assertThat(world.failedJobs()).isZero();
    }

    /** Whatever the time it takes: no file is restored while a node that was reported in the same burst is still open to the scheduler. */
    @Test
    @Order(2)
    void inABurstEveryNodeIsCordonedBeforeTheFirstFileIsRestored() throws Exception {
        world.followUp(true);
        world.join(burst);
        Map<String, CompletableFuture<Instant>> cordons = new ConcurrentHashMap<>();
        world.cluster().observe(name -> {
            CompletableFuture<Instant> waiting = cordons.get(name);
            if (waiting != null) {
                waiting.complete(Instant.now());
            }
        });
        for (BenchmarkNode node : burst) {
            cordons.put(node.name(), new CompletableFuture<>());
            Files.writeString(node.root().resolve("etc/kubernetes/manifests/metrics-agent.yaml"), "# of nobody\n");
        }
        CyclicBarrier start = new CyclicBarrier(4 * burst.size() + 1);
        List<Future<AlertWire.Answer>> answers = new ArrayList<>();
        for (int i = 0; i < 4 * burst.size(); i++) {
            BenchmarkNode node = burst.get(i % burst.size());
            String alert = alerts.alert(node);
            answers.add(clients.submit(() -> {
                start.await();
                return send(alert);
            }));
        }
        start.await();
        Instant begun = Instant.now();
        for (Future<AlertWire.Answer> answer : answers) {
            assertThat(answer.get().status()).as(answer.get().body()).isEqualTo(202);
        }
        Report.say("burst answered %s", Duration.between(begun, Instant.now()));
        Instant last = begun;
        for (BenchmarkNode node : burst) {
            Instant at = cordons.get(node.name()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            last = at.isAfter(last) ? at : last;
        }
        Instant restored = world.firstRestore(burst);
        for (BenchmarkNode node : burst) {
            assertThat(cordoned(node)).as(node.name()).isTrue();
        }
        double cordonedAfter = millis(begun, last);
        double restoredAfter = millis(begun, restored);
        Report.add(
                "burst",
                "last-cordon-beside-first-restore",
                cordonedAfter,
                cordonedAfter,
                restoredAfter,
                restoredAfter);
        assertThat(last).as("the last of the cordons").isBefore(restored);
    }

    private static double millis(Instant from, Instant to) {
        return Duration.between(from, to).toNanos() / 1e6;
    }

    private void measure(int concurrent) throws Exception {
        world.cluster().observe(this::risen);
        Measured cordon = new Measured();
        Measured cordonFloor = new Measured();
        Measured ladder = new Measured();
        Measured ladderFloor = new Measured();
        int warmUp = WARM_UP.get(concurrent);
        for (int round = 0; round < warmUp + ROUNDS.get(concurrent); round++) {
            boolean counts = round >= warmUp;
            // one alert after the other meets nothing of what follows a containment; many at once do
            world.followUp(counts && concurrent > 1);
            List<BenchmarkNode> used = bare.subList(0, concurrent);
            List<Times> one = together(used, CORDON_ONLY, node -> commitAndPatch(node, CORDON_ONLY));
            used.forEach(node -> lower(node, CORDON_ONLY));
            List<Times> three = together(used, RUNGS.size(), node -> commitAndPatch(node, RUNGS.size()));
            used.forEach(node -> lower(node, RUNGS.size()));
            List<BenchmarkNode> next = new ArrayList<>();
            IntStream.range(0, concurrent).forEach(i -> next.add(fresh.remove()));
            world.join(next);
            // made before the clock runs
            Map<String, String> bodies = next.stream().collect(Collectors.toMap(BenchmarkNode::name, alerts::alert));
            List<Times> taken = together(next, RUNGS.size(), node -> post(bodies.get(node.name())));
            next.forEach(node -> assertThat(cordoned(node)).as(node.name()).isTrue());
            world.awaitQuiet();
            world.leave(next);
            if (counts) {
                one.forEach(times -> cordonFloor.add(times.first()));
                three.forEach(times -> ladderFloor.add(times.last()));
                taken.forEach(times -> {
                    cordon.add(times.first());
                    ladder.add(times.last());
                });
            }
        }
        String sample = concurrent + "-concurrent";
        Report.add("alert-to-cordoned", sample, cordon, cordonFloor);
        Report.target("alert-to-cordoned", sample, cordon, cordonFloor, 3, 5);
        Report.add("alert-to-last-rung", sample, ladder, ladderFloor);
    }

    /** One side of a sample. */
    private interface Way {
        void go(BenchmarkNode node) throws Exception;
    }

    /** All at once, each from its own start to the moments at which the API server has its node's first and last rung. */
    private List<Times> together(List<BenchmarkNode> nodes, int rungs, Way way) throws Exception {
        CyclicBarrier start = new CyclicBarrier(nodes.size());
        List<Future<Times>> running = new ArrayList<>();
        for (BenchmarkNode node : nodes) {
            Climb climb = new Climb(rungs);
            expected.put(node.name(), climb);
            running.add(clients.submit(() -> {
                start.await();
                long begun = System.nanoTime();
                way.go(node);
                return new Times(
                        climb.first.get(PATIENCE_SECONDS, TimeUnit.SECONDS) - begun,
                        climb.last.get(PATIENCE_SECONDS, TimeUnit.SECONDS) - begun);
            }));
        }
        List<Times> times = new ArrayList<>();
        for (Future<Times> one : running) {
            times.add(one.get());
        }
        nodes.forEach(node -> expected.remove(node.name()));
        return times;
    }

    private void post(String alert) throws IOException {
        AlertWire.Answer answer = send(alert);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        assertThat(answer.body()).contains("\"opened\"");
    }

    private AlertWire.Answer send(String alert) throws IOException {
        return wire.send(alert);
    }

    private void commitAndPatch(BenchmarkNode node, int rungs) throws SQLException {
        try (Connection connection = world.bean(DataSource.class).getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement insert =
                    connection.prepareStatement("insert into benchmark_floor (content) values (?)")) {
                insert.setString(1, node.name());
                insert.executeUpdate();
            }
            connection.commit();
            connection.setAutoCommit(true);
        }
        RUNGS.subList(0, rungs).forEach(rung -> patch(node, rung.raise()));
    }

    private void lower(BenchmarkNode node, int rungs) {
        RUNGS.subList(0, rungs).forEach(rung -> patch(node, rung.lower()));
    }

    private Node patch(BenchmarkNode node, String patch) {
        KubernetesClient client = world.client();
        Node address = new NodeBuilder()
                .withNewMetadata()
                .withName(node.name())
                .endMetadata()
                .build();
        return client.resource(address).patch(PatchContext.of(PatchType.JSON), patch);
    }

    private boolean cordoned(BenchmarkNode node) {
        return Boolean.TRUE.equals(world.cluster()
                .client()
                .nodes()
                .withName(node.name())
                .get()
                .getSpec()
                .getUnschedulable());
    }
}
