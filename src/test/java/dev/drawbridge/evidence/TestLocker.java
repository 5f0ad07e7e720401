package dev.drawbridge.evidence;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.ClusterRecords;
import dev.drawbridge.containment.KnownClusterRecords;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.shared.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.util.unit.DataSize;

/** Everything of this package that keeps, exports and removes evidence, for tests without a Spring context. */
public final class TestLocker {
    private final TestDatabase database;
    private final Clock clock;
    private final EvidenceProperties settings;
    final EvidenceRecords records;
    final EvidenceDamage damage;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final ContentStore store;
    final AuditTrail audit;

    TestLocker(Path directory, TestDatabase database, Clock clock, EvidenceProperties settings) {
        this.database = database;
        this.clock = clock;
        this.settings = settings;
        records = new EvidenceRecords(new JdbcTemplate(database.dataSource()), database.transactions());
        // compares with the times of files, which no test sets
        store = new DiskContentStore(directory, Clock.systemUTC());
        audit = TestAudit.on(database, clock);
        damage = new EvidenceDamage(records, audit, clock, meters);
    }

    public static EvidenceLocker in(Path directory, NodeFiles files, TestDatabase database) {
        return with(directory, database, Clock.systemUTC(), null).locker(files, unseen(), new KnownClusterRecords());
    }

    static TestLocker with(Path directory, TestDatabase database, Clock clock, @Nullable Duration retention) {
        return new TestLocker(
                directory,
                database,
                clock,
                new EvidenceProperties(directory, DataSize.ofMegabytes(256), DataSize.ofGigabytes(2), retention));
    }

    static NodeProcesses unseen() {
        return (node, directories) -> new NodeProcesses.Snapshot.NotAvailable("nobody looks in this test");
    }

    EvidenceLocker locker(NodeFiles files, NodeProcesses processes, ClusterRecords cluster) {
        return new EvidenceRegistry(
                files,
                new ContextCapture(processes, cluster),
                store,
                records,
                damage,
                audit,
                database.transactions(),
                clock,
                settings);
    }

    EvidenceExport export() {
        return new BagExport(records, damage, store, audit, clock);
    }

    EvidenceRetention retention(Incidents incidents) {
        return new EvidenceRetention(records, store, damage, incidents, audit, clock, settings);
    }
}
