package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.sandbox.TestTrees;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of a response, each beside the least that could do the same work. Both sides take turns. */
@Tag("benchmark")
class PartsBenchmarkTest {
    private static final int WARM_UP = 60;
    private static final int ROUNDS = 200;

    @AfterAll
    static void print() {
        Report.print();
    }

    /** Hands over what a scan has to tell: type, owner, mode and digest of every file, of a node with many small ones. */
    @Test
    void scanOfANodeBesideFindAndSha256sum(@TempDir Path directory) throws Exception {
        int small = 2000;
        try (TestNode node = TestNode.in(directory)) {
            new TestTrees().create(node.root(), "worker-1", true);
            for (int i = 0; i < small; i++) {
                node.put("/etc/kubernetes/pki/many/" + i + ".crt", ("file " + i).getBytes(StandardCharsets.UTF_8));
            }
            List<NodePath> roots = List.of(NodePath.of("/etc/kubernetes"));
            String bare = "find '" + node.root() + "/etc/kubernetes' -type f -print0 | xargs -0 sha256sum";
            Measured ours = new Measured();
            Measured floor = new Measured();
            for (int round = 0; round < 50; round++) {
                long begun = System.nanoTime();
                node.exec(bare);
                long turn = System.nanoTime();
                NodeScan scan = node.files().scan(TestNode.NAME, roots);
                long ended = System.nanoTime();
                assertThat(scan.files()).hasSizeGreaterThan(small);
                if (round >= 10) {
                    floor.add(turn - begun);
                    ours.add(ended - turn);
                }
            }
            Report.add("node-scan", small + "-files", ours, floor);
        }
    }

    /** One chained entry in a transaction of its own, beside the bare commit of a row of the same content. */
    @Test
    void appendToTheAuditTrailBesideOneCommit() throws Exception {
        try (TestDatabase database = TestDatabase.postgres()) {
            assertThat(database.jdbc().sql("show fsync").query(String.class).single())
                    .isEqualTo("on");
            assertThat(database.jdbc()
                            .sql("show synchronous_commit")
                            .query(String.class)
                            .single())
                    .isEqualTo("on");
            database.jdbc()
                    .sql(
                            "create table benchmark_floor (id bigserial primary key, actor varchar(220), action varchar(80),"
                                    + " subject varchar(4096), reason varchar(4000), hash varchar(64))")
                    .update();
            AuditTrail trail = TestAudit.on(database, Clock.systemUTC());
            for (int writers : List.of(1, 16)) {
                Measured ours = new Measured();
                Measured floor = new Measured();
                int warmUp = Math.max(20, WARM_UP / writers);
                for (int round = 0; round < warmUp + Math.max(15, ROUNDS / writers); round++) {
                    List<Long> bare = together(writers, () -> commit(database));
                    List<Long> chained = together(writers, () -> trail.recordNow(event()));
                    if (round >= warmUp) {
                        bare.forEach(floor::add);
                        chained.forEach(ours::add);
                    }
                }
                Report.add("audit-append", writers + "-writers", ours, floor);
            }
            assertThat(trail.verify()).isInstanceOf(ChainVerdict.Intact.class);
        }
    }

    private static AuditEvent event() {
        return AuditEvent.fact(Actor.playbook("benchmark"), "benchmark.append", "subject", "reason")
                .on(IncidentId.of("benchmark"), TestNode.NAME);
    }

    private static void commit(TestDatabase database) throws Exception {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement(
                    "insert into benchmark_floor (actor, action, subject, reason, hash) values (?, ?, ?, ?, ?)")) {
                insert.setString(1, "playbook:benchmark");
                insert.setString(2, "benchmark.append");
                insert.setString(3, "subject");
                insert.setString(4, "reason");
                insert.setString(5, "0".repeat(64));
                insert.executeUpdate();
            }
            connection.commit();
            connection.setAutoCommit(true);
        }
    }

    private interface Act {
        void go() throws Exception;
    }

    private static List<Long> together(int threads, Act act) throws Exception {
        ExecutorService pool = POOL;
        CyclicBarrier start = new CyclicBarrier(threads);
        List<Future<Long>> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            running.add(pool.submit(() -> {
                start.await();
                long begun = System.nanoTime();
                act.go();
                return System.nanoTime() - begun;
            }));
        }
        List<Long> nanos = new ArrayList<>();
        for (Future<Long> one : running) {
            nanos.add(one.get());
        }
        return nanos;
    }

    private static final ExecutorService POOL = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "benchmark-writer");
        thread.setDaemon(true);
        return thread;
    });
}
