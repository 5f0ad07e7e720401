package dev.drawbridge.node;

import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;

/** The record of own writes without a Spring context. */
public final class TestWrites {
    private TestWrites() {}

    public static OwnWrites on(TestDatabase database, Clock clock) {
        return new OwnWrites(database.jdbc(), database.transactions(), clock);
    }
}
