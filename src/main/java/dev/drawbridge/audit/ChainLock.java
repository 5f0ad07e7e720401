package dev.drawbridge.audit;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The lock on the end of the chain, held for as short as the database allows. PostgreSQL keeps locks until a commit is on the disk; a transaction that
 * appends to the chain is therefore committed without waiting for the disk, which frees the lock for the next one, and is made durable right after,
 * together with others. Its write-ahead log is one sequence: what is flushed later carries everything before it, so nobody is ever told of an
 * entry, and no effect begins, before that entry and all that it follows are durable. See decision record 34.
 *
 * <p>Source: PostgreSQL manual, "Asynchronous Commit" and "Server Configuration: synchronous_commit".
 */
final class ChainLock {
    private static final String END = "select seq, hash from audit_head where id = 1 for update";
    private static final String END_WITHOUT_DISK =
            "select set_config('synchronous_commit', 'off', true), seq, hash from audit_head where id = 1 for update";
    /** A commit that wrote nothing flushes nothing; this writes some thirty bytes of log that nobody reads. */
    private static final String SOMETHING = "select pg_logical_emit_message(true, 'drawbridge', '')";

    private final JdbcOperations jdbc;
    private final SharedFlush flushes;
    /** Asked for at the first entry: a database that is down at the start is not the end of us. */
    private volatile @Nullable Boolean postgres;

    ChainLock(JdbcOperations jdbc, SharedFlush flushes) {
        this.jdbc = jdbc;
        this.flushes = flushes;
    }

    /** Locks the end until the surrounding transaction is committed, and has the caller of that commit wait until it is durable. */
    Map<String, Object> take() {
        if (!postgres()) {
            return jdbc.queryForMap(END);
        }
        // with arguments, though there are none: as a prepared statement, which is planned once
        Map<String, Object> end = jdbc.queryForMap(END_WITHOUT_DISK, new Object[0]);
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            /** Whoever acts at the commit acts on what is durable, and not at all when that failed. */
            @Override
            public int getOrder() {
                return HIGHEST_PRECEDENCE;
            }

            @Override
            public void afterCommit() {
                flushes.await(ChainLock.this::flush);
            }
        });
        return end;
    }

    private boolean postgres() {
        Boolean known = postgres;
        if (known == null) {
            known = "PostgreSQL".equals(jdbc.execute((ConnectionCallback<String>)
                    connection -> connection.getMetaData().getDatabaseProductName()));
            postgres = known;
        }
        return known;
    }

    /**
     * On the connection of the transaction that has just ended: a second one may not be there when all threads wait here. A statement that is a
     * transaction by itself is one round trip; begun and committed it would be two.
     */
    private void flush() {
        jdbc.execute((ConnectionCallback<Void>) connection -> {
            connection.setAutoCommit(true);
            try (var message = connection.prepareStatement(SOMETHING)) {
                message.execute();
            } finally {
                connection.setAutoCommit(false);
            }
            return null;
        });
    }
}
