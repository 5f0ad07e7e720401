package dev.drawbridge.audit;

import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** An audit trail for tests without a Spring context. */
public final class TestAudit {
    private TestAudit() {}

    public static AuditTrail on(TestDatabase database, Clock clock) {
        return new AuditTrail(new JdbcTemplate(database.dataSource()), database.transactions(), clock);
    }

    /** For tests with a connection pool of their own. */
    public static AuditTrail on(JdbcTransactionManager transactions, Clock clock) {
        return new AuditTrail(new JdbcTemplate(transactions.getDataSource()), transactions, clock);
    }
}
