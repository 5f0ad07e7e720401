package dev.drawbridge.audit;

import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;

/** An audit trail for tests without a Spring context. */
public final class TestAudit {
    private TestAudit() {}

    public static AuditTrail on(TestDatabase database, Clock clock) {
        return new AuditTrail(database.jdbc(), database.transactions(), clock);
    }
}
