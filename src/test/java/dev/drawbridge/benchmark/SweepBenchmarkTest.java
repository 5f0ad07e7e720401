package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.TestNodes;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.sweep.SweepWorld;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the engine of a sweep costs, without the transport: that is the nodes' and the network's time. */
@Tag("benchmark")
class SweepBenchmarkTest {
    private static final int NODES = 1000;
    private static final int FILES = 60;
    private static final int WORKERS = 4;
    private static final int ROUNDS = 3;

    @AfterAll
    static void print() {
        Report.print();
    }

    @Test
    void aThousandNodesBesideTwoCommitsForEach(@TempDir Path directory) throws Exception {
        TestNodes nodes = new TestNodes();
        for (int i = 0; i < NODES; i++) {
            nodes.add("worker-" + i, Set.of(), "10." + i / 250 + ".1." + i % 250);
        }
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
        try (TestDatabase database = TestDatabase.postgres()) {
            SweepWorld world = new SweepWorld(database, directory, nodes, FILES);
            SweepWorld.Instance instance = world.instance("worker", Duration.ofHours(1), WORKERS);
            instance.register();
            database.jdbc()
                    .sql("create table benchmark_floor (id integer primary key, at timestamp with time zone)")
                    .update();
            for (int i = 0; i < NODES; i++) {
                database.jdbc()
                        .sql("insert into benchmark_floor (id) values (:id)")
                        .param("id", i)
                        .update();
            }
            Measured ours = new Measured();
            Measured floor = new Measured();
            // the first round also reads the baseline of every node and writes each into the trail
            for (int round = 0; round < ROUNDS; round++) {
                long begun = System.nanoTime();
                all(workers, worker -> commits(database, worker));
                long turn = System.nanoTime();
                world.clock.pass(Duration.ofHours(2));
                all(workers, worker -> instance.sweepDue());
                ours.add(System.nanoTime() - turn);
                floor.add(turn - begun);
            }
            assertThat(world.files.scans).hasValue(NODES * ROUNDS);
            assertThat(world.intake
                            .meters
                            .counter("drawbridge.sweep.nodes", "pool", "worker", "outcome", "in-sync")
                            .count())
                    .isEqualTo(NODES * ROUNDS);
            Report.add("sweep", NODES + "-nodes-of-" + FILES + "-files", ours, floor);
            Report.say(
                    "target sweep: %d nodes of %d files in at most 60 s: %.1f s, %s",
                    NODES, FILES, ours.p99() / 1000, ours.p99() <= 60_000 ? "met" : "NOT met");
        } finally {
            workers.shutdownNow();
        }
    }

    private interface Work {
        void by(int worker);
    }

    private static void all(ExecutorService workers, Work work) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            int worker = i;
            running.add(workers.submit(() -> work.by(worker)));
        }
        for (Future<?> one : running) {
            one.get();
        }
    }

    private static void commits(TestDatabase database, int worker) {
        for (int i = worker; i < NODES; i += WORKERS) {
            for (int commit = 0; commit < 2; commit++) {
                database.jdbc()
                        .sql("update benchmark_floor set at = current_timestamp where id = :id")
                        .param("id", i)
                        .update();
            }
        }
    }
}
