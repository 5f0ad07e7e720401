package dev.drawbridge.audit;

import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** An audit trail for tests without a Spring context. */
public final class TestAudit {
    private TestAudit() {}

    public static AuditTrail on(TestDatabase database, Clock clock) {
        return new AuditTrail(database.jdbc(), database.transactions(), clock);
    }

    /** For tests with a connection pool of their own. */
    public static AuditTrail on(JdbcClient jdbc, PlatformTransactionManager transactions, Clock clock) {
        return new AuditTrail(jdbc, transactions, clock);
    }
}
