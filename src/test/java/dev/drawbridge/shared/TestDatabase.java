package dev.drawbridge.shared;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.UUID;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** A migrated database for tests without a Spring context: H2 in memory, or a real PostgreSQL. */
public final class TestDatabase implements AutoCloseable {
    private final DataSource dataSource;
    private final AutoCloseable closing;

    private TestDatabase(DataSource dataSource, AutoCloseable closing) {
        this.dataSource = dataSource;
        this.closing = closing;
        Flyway.configure().dataSource(dataSource).load().migrate();
    }

    public static TestDatabase h2() {
        JdbcConnectionPool pool = JdbcConnectionPool.create(
                "jdbc:h2:mem:" + UUID.randomUUID() + ";LOCK_TIMEOUT=10000;DB_CLOSE_DELAY=-1", "sa", "");
        pool.setMaxConnections(40);
        return new TestDatabase(pool, pool::dispose);
    }

    /** A new database on the one PostgreSQL of this JVM, with durable commits. */
    public static TestDatabase postgres() {
        String name = "test_" + UUID.randomUUID().toString().replace('-', '_');
        EmbeddedPostgres server = Server.RUNNING;
        JdbcClient administrator = JdbcClient.create(server.getPostgresDatabase());
        administrator.sql("create database " + name).update();
        HikariDataSource pool = new HikariDataSource();
        pool.setDataSource(server.getDatabase("postgres", name));
        pool.setMaximumPoolSize(40);
        pool.setMinimumIdle(0);
        return new TestDatabase(pool, () -> {
            pool.close();
            administrator.sql("drop database " + name + " with (force)").update();
        });
    }

    /** Starting takes seconds, so it happens once; the server ends with the JVM. */
    private static final class Server {
        private static final EmbeddedPostgres RUNNING = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder()
                        .setServerConfig("fsync", "on")
                        .setServerConfig("synchronous_commit", "on")
                        .start();
            } catch (IOException noServer) {
                throw new UncheckedIOException(noServer);
            }
        }
    }

    public DataSource dataSource() {
        return dataSource;
    }

    public JdbcClient jdbc() {
        return JdbcClient.create(dataSource);
    }

    public JdbcTransactionManager transactions() {
        return new JdbcTransactionManager(dataSource);
    }

    public TransactionTemplate transaction() {
        return new TransactionTemplate(transactions());
    }

    @Override
    public void close() throws Exception {
        closing.close();
    }
}
