package dev.drawbridge.evidence;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.transaction.PlatformTransactionManager;

/** The product's own export, of content that a test puts there without a node to capture it from. */
public final class KnownBags implements EvidenceExport {
    private final Path directory;
    private final EvidenceRecords records;
    private final ContentStore store;
    private final EvidenceExport export;
    private final Clock clock;

    public KnownBags(JdbcOperations jdbc, PlatformTransactionManager transactions, AuditTrail audit, Clock clock)
            throws IOException {
        records = new EvidenceRecords(jdbc, transactions);
        directory = Files.createTempDirectory("drawbridge-evidence");
        store = new DiskContentStore(directory, Clock.systemUTC());
        export = new BagExport(
                records, new EvidenceDamage(records, audit, clock, new SimpleMeterRegistry()), store, audit, clock);
        this.clock = clock;
    }

    public void put(Incident incident, NodePath path, String content) {
        ContentStore.Kept kept = store.keep(out -> {
                    out.write(content.getBytes(StandardCharsets.UTF_8));
                    return true;
                })
                .orElseThrow();
        records.need(incident.id(), Map.of(kept.sha256(), kept.size()));
        records.insert(
                Actor.playbook("test"),
                incident.id(),
                NodeName.of(incident.host()),
                List.of(EvidenceItem.kept(
                        EvidenceItem.Kind.FILE,
                        path.toString(),
                        kept.sha256(),
                        kept.size(),
                        clock.instant(),
                        "0:0 0600")),
                clock.instant());
    }

    /** From now on this content is there and cannot be read. */
    public void spoil(String content) throws IOException {
        String name = Digest.ofText(content).hex();
        Path blob = directory.resolve(name.substring(0, 2)).resolve(name);
        Files.delete(blob);
        Files.createDirectory(blob);
    }

    @Override
    public void write(Actor actor, Incident incident, OutputStream out) throws IOException {
        export.write(actor, incident, out);
    }
}
