package dev.drawbridge.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** On PostgreSQL: what the chain promises while nobody waits for the disk with the lock in his hand. */
class ChainLockTest {
    @TempDir
    Path temp;

    private static AuditEvent fact(String subject) {
        return AuditEvent.fact(Actor.SYSTEM, "test.fact", subject, "because");
    }

    private EmbeddedPostgres server(Path data) throws Exception {
        return EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofMinutes(1))
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                // or the log is written on its own before anybody can pull the plug
                .setServerConfig("wal_writer_delay", "10s")
                .start();
    }

    private static JdbcTransactionManager transactions(DataSource database) {
        return new JdbcTransactionManager(database);
    }

    @Test
    void whatTheWriterWasToldSurvivesTheEndOfTheServer() throws Exception {
        Path data = temp.resolve("data");
        EmbeddedPostgres killed = server(data);
        DataSource database = killed.getPostgresDatabase();
        Flyway.configure().dataSource(database).load().migrate();
        AuditTrail audit = TestAudit.on(transactions(database), Clock.systemUTC());
        audit.record(fact("first"));
        audit.record(fact("last"));
        kill(data);
        killed.close();

        try (EmbeddedPostgres again = server(data)) {
            AuditTrail found = TestAudit.on(transactions(again.getPostgresDatabase()), Clock.systemUTC());
            assertThat(found.page(0, 10))
                    .extracting(entry -> entry.event().subject())
                    .containsExactly("first", "last");
            assertThat(found.verify()).isInstanceOf(ChainVerdict.Intact.class);
        }
    }

    /** An effect that was announced begins at the commit, and not before its announcement is on the disk. */
    @Test
    void whoeverActsAtTheCommitActsOnWhatIsDurable() throws Exception {
        try (EmbeddedPostgres server = server(temp.resolve("data"))) {
            DataSource database = server.getPostgresDatabase();
            Flyway.configure().dataSource(database).load().migrate();
            AuditTrail audit = TestAudit.on(transactions(database), Clock.systemUTC());
            JdbcClient jdbc = JdbcClient.create(database);
            List<Boolean> durable = new ArrayList<>();
            new TransactionTemplate(transactions(database)).executeWithoutResult(status -> {
                // there before the entry, as everything is that happens at the commit of an alert
                TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    private String written = "";

                    @Override
                    public void beforeCompletion() {
                        written = jdbc.sql("select pg_current_wal_insert_lsn()::text")
                                .query(String.class)
                                .single();
                    }

                    @Override
                    public void afterCommit() {
                        durable.add(jdbc.sql("select pg_current_wal_flush_lsn() >= cast(:written as pg_lsn)")
                                .param("written", written)
                                .query(Boolean.class)
                                .single());
                    }
                });
                audit.record(fact("announced"));
            });
            assertThat(durable).containsExactly(true);
        }
    }

    private static void kill(Path data) throws Exception {
        long pid = Long.parseLong(
                Files.readAllLines(data.resolve("postmaster.pid")).get(0).trim());
        ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
        List<ProcessHandle> all =
                Stream.concat(Stream.of(server), server.descendants()).toList();
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle one : all) {
            one.onExit().get(30, TimeUnit.SECONDS);
        }
    }

    /** The next one appends while the first still waits for the disk: its lock went with its commit. */
    @Test
    void nobodyWaitsForTheDiskOfAnother() throws Exception {
        try (TestDatabase database = TestDatabase.postgres()) {
            AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
            TransactionTemplate transaction = database.transaction();
            CountDownLatch committed = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Thread first = new Thread(() -> transaction.executeWithoutResult(status -> {
                // before the wait for the disk, because it was there first
                TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    @Override
                    public int getOrder() {
                        return HIGHEST_PRECEDENCE;
                    }

                    @Override
                    public void afterCommit() {
                        committed.countDown();
                        try {
                            go.await();
                        } catch (InterruptedException stopped) {
                            throw new IllegalStateException(stopped);
                        }
                    }
                });
                audit.record(fact("first"));
            }));
            first.start();
            assertThat(committed.await(30, TimeUnit.SECONDS)).isTrue();
            audit.record(fact("second"));
            assertThat(first.isAlive()).isTrue();
            go.countDown();
            first.join();
            assertThat(audit.page(0, 10))
                    .extracting(entry -> entry.event().subject())
                    .containsExactly("first", "second");
        }
    }
}
