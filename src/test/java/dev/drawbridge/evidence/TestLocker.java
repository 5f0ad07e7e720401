package dev.drawbridge.evidence;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Path;
import java.time.Clock;
import org.springframework.util.unit.DataSize;

/** An evidence locker for tests without a Spring context. */
public final class TestLocker {
    private TestLocker() {}

    public static EvidenceLocker in(Path directory, NodeFiles files, TestDatabase database) {
        return in(directory, files, database, DataSize.ofMegabytes(256));
    }

    public static EvidenceLocker in(Path directory, NodeFiles files, TestDatabase database, DataSize limit) {
        return new DiskEvidenceLocker(
                files,
                database.jdbc(),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                new EvidenceProperties(directory, limit));
    }
}
