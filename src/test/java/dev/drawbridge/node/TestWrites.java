package dev.drawbridge.node;

import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import org.springframework.jdbc.core.JdbcTemplate;

/** The record of own writes without a Spring context. */
public final class TestWrites {
    private TestWrites() {}

    public static OwnWrites on(TestDatabase database, Clock clock) {
        return new OwnWrites(new JdbcTemplate(database.dataSource()), database.transactions(), clock);
    }
}
