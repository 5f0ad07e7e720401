package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Parts of a response, each beside the least that could do the same work. Both sides take turns. */
@Tag("benchmark")
class PartsBenchmarkTest {
    private static final int WARM_UP = 60;
    private static final int ROUNDS = 200;

    @AfterAll
    static void print() {
        Report.print();
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

    /** From the question to the durable outcome of an effect that takes no time, beside two bare commits: its intent and its outcome. */
    @Test
    void verdictInALargeClusterBesideTwoCommits() throws Exception {
        int nodes = 5000;
        int held = 100;
        List<ClusterNodes.Member> members = IntStream.rangeClosed(1, nodes)
                .mapToObj(number -> new ClusterNodes.Member(
                        NodeName.of("node-" + number),
                        number <= 5,
                        true,
                        Map.of("kubernetes.io/os", "linux", "pool", "pool-" + number % 20),
                        Set.of("10.20." + number / 250 + "." + number % 250)))
                .toList();
        List<EtcdPods.EtcdPod> pods = members.subList(0, 5).stream()
                .map(member -> new EtcdPods.EtcdPod(member.node(), true))
                .toList();
        try (TestDatabase database = TestDatabase.postgres()) {
            database.jdbc()
                    .sql("create table benchmark_floor (id bigserial primary key, actor varchar(220),"
                            + " action varchar(80), subject varchar(4096), reason varchar(4000), hash varchar(64))")
                    .update();
            EffectGate gate = TestGate.whole(database, () -> Optional.of(members), () -> pods);
            ContainedNodes contained = TestGate.contained(database);
            for (int number = 1; number <= held; number++) {
                assertThat(contain(gate, 4000 + number)).isInstanceOf(EffectResult.Done.class);
            }
            Measured ours = new Measured();
            Measured floor = new Measured();
            for (int round = 0; round < WARM_UP + ROUNDS; round++) {
                long begun = System.nanoTime();
                commit(database);
                commit(database);
                long turn = System.nanoTime();
                EffectResult<String> result = contain(gate, 100 + round);
                long ended = System.nanoTime();
                assertThat(result).isInstanceOf(EffectResult.Done.class);
                contained.free(incident(100 + round), NodeName.of("node-" + (100 + round)));
                assertThat(contained.all()).hasSize(held);
                if (round >= WARM_UP) {
                    floor.add(turn - begun);
                    ours.add(ended - turn);
                }
            }
            Report.add("verdict", nodes + "-nodes-" + held + "-contained", ours, floor);
        }
    }

    private static IncidentId incident(int number) {
        return IncidentId.of("incident-" + number);
    }

    private static EffectResult<String> contain(EffectGate gate, int number) {
        return gate.perform(
                new Effect(
                        Actor.playbook("benchmark"),
                        incident(number),
                        NodeName.of("node-" + number),
                        Effect.Kind.CONTAIN,
                        "cordon",
                        "PATCH /api/v1/nodes/node-" + number),
                permit -> "done");
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
