package dev.drawbridge.evidence;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Keeps evidence in a directory and its receipts in the database. */
@Component
class DiskEvidenceLocker implements EvidenceLocker {
    private static final Logger log = LoggerFactory.getLogger(DiskEvidenceLocker.class);
    private static final TypeReference<List<EvidenceItem>> ITEMS = new TypeReference<>() {};

    private final NodeFiles nodes;
    private final JdbcClient jdbc;
    private final AuditTrail audit;
    private final Clock clock;
    private final EvidenceProperties settings;
    private final ContentStore store;
    private final JsonMapper json =
            JsonMapper.builder().addModule(new JavaTimeModule()).build();

    DiskEvidenceLocker(NodeFiles nodes, JdbcClient jdbc, AuditTrail audit, Clock clock, EvidenceProperties settings) {
        this.nodes = nodes;
        this.jdbc = jdbc;
        this.audit = audit;
        this.clock = clock;
        this.settings = settings;
        Path directory = settings.directory();
        if (directory == null) {
            throw new IllegalStateException("drawbridge.evidence.directory is not set");
        }
        this.store = new ContentStore(directory);
    }

    @Override
    public Optional<EvidenceReceipt> capture(
            Actor actor, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        List<EvidenceItem> items = new ArrayList<>();
        items.add(scanItem(scan, now));
        for (ScannedFile file : files) {
            if (file.sha256() == null) {
                String described = describe(file);
                items.add(new EvidenceItem(file.path().toString(), Digest.ofText(described), 0, now, described));
            } else if (file.size() > settings.maxFileSize().toBytes()) {
                log.warn("incident={} node={} too large to keep as evidence: {}", incident, node, file.path());
            } else if (kept(node, file)) {
                items.add(new EvidenceItem(file.path().toString(), file.sha256(), file.size(), now, describe(file)));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(issue(actor, incident, node, items, now));
    }

    /** False when the node no longer holds the content that was scanned. */
    private boolean kept(NodeName node, ScannedFile file) {
        Digest expected = java.util.Objects.requireNonNull(file.sha256());
        if (store.has(expected)) {
            return true;
        }
        long limit = settings.maxFileSize().toBytes();
        return store.keep(out -> nodes.read(node, file.path(), out, limit))
                .filter(expected::equals)
                .isPresent();
    }

    private EvidenceItem scanItem(NodeScan scan, Instant now) {
        StringBuilder listing = new StringBuilder();
        scan.files()
                .forEach(file -> listing.append(file.path())
                        .append(' ')
                        .append(describe(file))
                        .append('\n'));
        byte[] content = listing.toString().getBytes(StandardCharsets.UTF_8);
        Digest digest = store.keep(out -> {
                    try {
                        out.write(content);
                        return Optional.of(Digest.ofBytes(content));
                    } catch (IOException full) {
                        throw new UncheckedIOException(full);
                    }
                })
                .orElseThrow();
        return new EvidenceItem(
                "scan of " + scan.roots(),
                digest,
                content.length,
                now,
                scan.files().size() + " entries");
    }

    private static String describe(ScannedFile file) {
        return "type=%s mode=%04o uid=%d gid=%d size=%d mtime=%d links=%d sha256=%s target=%s"
                .formatted(
                        file.type(),
                        file.mode(),
                        file.uid(),
                        file.gid(),
                        file.size(),
                        file.modifiedAt(),
                        file.links(),
                        file.sha256() == null ? "-" : file.sha256(),
                        file.linkTarget() == null ? "-" : file.linkTarget());
    }

    private EvidenceReceipt issue(
            Actor actor, IncidentId incident, NodeName node, List<EvidenceItem> items, Instant now) {
        String text = write(items);
        Digest manifest = Digest.ofText(text);
        jdbc.sql("""
                        insert into evidence_receipt (incident_id, node, at, manifest, items)
                        values (:incident, :node, :at, :manifest, :items)""")
                .param("incident", incident.value())
                .param("node", node.value())
                .param("at", OffsetDateTime.ofInstant(now, ZoneOffset.UTC))
                .param("manifest", manifest.hex())
                .param("items", text)
                .update();
        audit.record(AuditEvent.fact(actor, "evidence.capture", items.size() + " items", "kept before any change")
                .on(incident, node)
                .withEvidence(manifest));
        log.info(
                "incident={} node={} evidence kept: {} items, manifest {}",
                incident,
                node,
                items.size(),
                manifest.abbreviated());
        return new EvidenceReceipt(incident, node, items, manifest);
    }

    @Override
    public Optional<EvidenceReceipt> receipt(IncidentId incident) {
        return jdbc.sql("""
                        select node, manifest, items from evidence_receipt
                        where incident_id = :incident order by id desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query((row, n) -> new EvidenceReceipt(
                        incident,
                        NodeName.of(row.getString("node")),
                        read(row.getString("items")),
                        Digest.of(row.getString("manifest"))))
                .optional();
    }

    @Override
    public Optional<InputStream> open(Digest content) {
        return store.open(content);
    }

    private String write(List<EvidenceItem> items) {
        try {
            return json.writeValueAsString(items);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private List<EvidenceItem> read(String text) {
        try {
            return json.readValue(text, ITEMS);
        } catch (JsonProcessingException damaged) {
            throw new IllegalStateException("a receipt in the database is damaged", damaged);
        }
    }
}
