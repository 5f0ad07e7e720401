package dev.drawbridge.evidence;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.evidence.EvidenceItem.State;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * An incident's evidence as a bag: {@code data/<capture>/} holds what was captured, {@code custody.jsonl} where each piece came from,
 * {@code handling.jsonl} the audit entries that say who captured, exported or removed any of it.
 */
@Component
class BagExport implements EvidenceExport {
    private static final Logger log = LoggerFactory.getLogger(BagExport.class);
    private static final String ACTION = "evidence.export";
    private static final int PAGE = 500;

    private final EvidenceRecords records;
    private final EvidenceDamage damage;
    private final ContentStore store;
    private final AuditTrail audit;
    private final Clock clock;
    private final JsonMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    BagExport(EvidenceRecords records, EvidenceDamage damage, ContentStore store, AuditTrail audit, Clock clock) {
        this.records = records;
        this.damage = damage;
        this.store = store;
        this.audit = audit;
        this.clock = clock;
    }

    /**
     * One line of {@code custody.jsonl}.
     *
     * @param origin path on the node as Drawbridge shows paths ({@code \xNN} for what cannot be shown), or what it is
     * @param file in the bag; absent when there is no content
     * @param problem why there is no content, or why it proves nothing
     * @param receipt digest of the capture's {@code receipt.json}, which the audit entry of the capture names
     */
    private record Custody(
            int capture,
            int item,
            String kind,
            String state,
            String cluster,
            String node,
            String origin,
            @Nullable String file,
            long size,
            @Nullable String sha256,
            Instant capturedAt,
            @Nullable String capturedBy,
            String incident,
            String receipt,
            String description,
            @Nullable String problem) {}

    @Override
    public void write(Actor actor, Incident incident, OutputStream out) throws IOException {
        String bag = EvidenceExport.name(incident);
        audit.recordNow(AuditEvent.intent(actor, ACTION, bag, "asked for it").on(incident.id(), incident.node()));
        Written written;
        try {
            written = bag(incident, new BagWriter(out, bag, clock.instant()));
        } catch (IOException | RuntimeException broken) {
            audit.recordNow(AuditEvent.outcome(actor, ACTION, bag, "broken off: what was handed out is incomplete")
                    .on(incident.id(), incident.node()));
            throw broken;
        }
        audit.recordNow(AuditEvent.outcome(actor, ACTION, bag, written.files() + " files handed out")
                .on(incident.id(), incident.node())
                .withEvidence(written.tagManifest())
                .with("tagmanifest", written.tagManifest().hex())
                .with("problems", Integer.toString(written.problems())));
        log.info(
                "incident={} evidence exported by {}: {} files, {} problems, tag manifest {}",
                incident.id(),
                actor.display(),
                written.files(),
                written.problems(),
                written.tagManifest().abbreviated());
    }

    private record Written(Digest tagManifest, int files, int problems) {}

    private Written bag(Incident incident, BagWriter bag) throws IOException {
        StringBuilder custody = new StringBuilder();
        int files = 0;
        int problems = 0;
        int capture = 0;
        List<EvidenceRecords.Kept> all = records.all(incident.id());
        for (EvidenceRecords.Kept kept : all) {
            capture++;
            bag.payload(
                    capture + "/receipt.json",
                    expected(kept),
                    new ByteArrayInputStream(kept.text().getBytes(StandardCharsets.UTF_8)));
            List<Custody> lines = kept.receipt() == null
                    ? damaged(incident, bag, kept, all, capture)
                    : items(incident, bag, kept, kept.receipt(), capture);
            for (Custody line : lines) {
                custody.append(json(line)).append('\n');
                files += line.file() == null ? 0 : 1;
                problems += line.problem() == null ? 0 : 1;
            }
        }
        bag.tag("custody.jsonl", custody.toString());
        bag.tag("handling.jsonl", handling(incident.id()));
        Map<String, String> info = new LinkedHashMap<>();
        info.put("Bag-Software-Agent", "Drawbridge");
        info.put(
                "Bagging-Date",
                LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).toString());
        info.put("External-Identifier", incident.id().value());
        info.put(
                "External-Description",
                "Evidence of incident " + incident.id() + ", cluster " + incident.cluster()
                        + ". May hold private keys and malicious code.");
        return new Written(bag.finish(info), files, problems);
    }

    /** A damaged receipt does not have this digest, so that verifying the bag says so. */
    private static Digest expected(EvidenceRecords.Kept kept) {
        try {
            return Digest.of(kept.manifest());
        } catch (IllegalArgumentException noDigest) {
            return Digest.ofText("");
        }
    }

    private List<Custody> items(
            Incident incident, BagWriter bag, EvidenceRecords.Kept kept, EvidenceReceipt receipt, int capture)
            throws IOException {
        List<Custody> lines = new ArrayList<>();
        for (EvidenceItem item : receipt.items()) {
            lines.add(item(incident, bag, kept, receipt, capture, lines.size() + 1, item));
        }
        return lines;
    }

    /** Nobody knows what its items were. What the incident keeps and no other receipt names is handed out under its digest. */
    private List<Custody> damaged(
            Incident incident, BagWriter bag, EvidenceRecords.Kept kept, List<EvidenceRecords.Kept> all, int capture)
            throws IOException {
        damage.found(kept);
        Map<Digest, Long> contents = new TreeMap<>(Comparator.comparing(Digest::hex));
        contents.putAll(records.contents(incident.id()));
        all.stream()
                .filter(other -> other.receipt() != null)
                .flatMap(other -> other.receipt().items().stream())
                .forEach(item -> {
                    if (item.sha256() != null) {
                        contents.remove(item.sha256());
                    }
                });
        List<Custody> lines = new ArrayList<>();
        lines.add(lost(incident, kept, capture, 0, null, null, 0));
        for (Map.Entry<Digest, Long> content : contents.entrySet()) {
            String file = "%d/content-%s".formatted(capture, content.getKey().hex());
            Optional<InputStream> found = store.open(content.getKey());
            if (found.isPresent()) {
                try (InputStream in = found.get()) {
                    bag.payload(file, content.getKey(), in);
                }
            }
            lines.add(lost(
                    incident,
                    kept,
                    capture,
                    lines.size(),
                    found.isPresent() ? "data/" + file : null,
                    content.getKey(),
                    content.getValue()));
        }
        return lines;
    }

    private static Custody lost(
            Incident incident,
            EvidenceRecords.Kept kept,
            int capture,
            int number,
            @Nullable String file,
            @Nullable Digest content,
            long size) {
        return new Custody(
                capture,
                number,
                "unknown",
                "unknown",
                incident.cluster(),
                kept.node().value(),
                "unknown",
                file,
                size,
                content == null ? null : content.hex(),
                kept.at(),
                null,
                incident.id().value(),
                kept.manifest(),
                "the receipt in the database is damaged",
                "nobody knows where it was: the receipt in the database is damaged");
    }

    private Custody item(
            Incident incident,
            BagWriter bag,
            EvidenceRecords.Kept kept,
            EvidenceReceipt receipt,
            int capture,
            int number,
            EvidenceItem item)
            throws IOException {
        String path = null;
        String problem = item.state() == State.NOT_AVAILABLE ? item.description() : null;
        Digest content = item.sha256();
        if (content != null) {
            Optional<InputStream> found = store.open(content);
            if (found.isPresent()) {
                String file = "%d/%04d-%s".formatted(capture, number, name(item));
                try (InputStream in = found.get()) {
                    Digest copied = bag.payload(file, content, in);
                    problem = copied.equals(content) ? null : "the store holds other content by now, " + copied;
                }
                path = "data/" + file;
            } else {
                problem = kept.removedAt() == null
                        ? "the store does not hold it any more"
                        : "removed at " + kept.removedAt() + ", because its time was over";
            }
        }
        return new Custody(
                capture,
                number,
                item.kind().code(),
                item.state().code(),
                incident.cluster(),
                receipt.node().value(),
                item.origin(),
                path,
                item.size(),
                content == null ? null : content.hex(),
                item.capturedAt(),
                receipt.capturedBy() == null ? null : receipt.capturedBy().display(),
                incident.id().value(),
                receipt.manifest().hex(),
                item.description(),
                problem);
    }

    private static String name(EvidenceItem item) {
        return switch (item.kind()) {
            case FILE -> fileName(item.origin());
            case SCAN -> "scan.txt";
            case PROCESSES -> "processes.jsonl";
            case NODE -> "node.json";
            case STATIC_POD -> "static-pod.json";
            case EVENTS -> "events.jsonl";
        };
    }

    private static String fileName(String origin) {
        byte[] raw;
        try {
            raw = NodePath.parse(origin).toBytes();
        } catch (IllegalArgumentException noPath) {
            return "file";
        }
        int slash = raw.length - 1;
        while (slash > 0 && raw[slash] != '/') {
            slash--;
        }
        return BagWriter.safe(Arrays.copyOfRange(raw, slash + 1, raw.length));
    }

    /** What the audit trail says about the evidence, with the hashes that tie it to the chain; the present export begins it. */
    private String handling(IncidentId incident) {
        StringBuilder lines = new StringBuilder();
        long after = 0;
        List<AuditEntry> page = audit.timeline(incident, after, PAGE);
        while (!page.isEmpty()) {
            page.stream()
                    .filter(entry -> entry.event().action().startsWith("evidence."))
                    .forEach(entry -> lines.append(json(Handled.of(entry))).append('\n'));
            after = page.get(page.size() - 1).seq();
            page = audit.timeline(incident, after, PAGE);
        }
        return lines.toString();
    }

    private record Handled(
            long seq,
            Instant at,
            String actor,
            String action,
            String phase,
            @Nullable String node,
            String subject,
            String reason,
            @Nullable String evidence,
            Map<String, String> details,
            String previous,
            String hash) {
        static Handled of(AuditEntry entry) {
            AuditEvent event = entry.event();
            return new Handled(
                    entry.seq(),
                    entry.at().truncatedTo(ChronoUnit.MICROS),
                    event.actor().display(),
                    event.action(),
                    event.phase().name(),
                    event.node() == null ? null : event.node().value(),
                    event.subject(),
                    event.reason(),
                    event.evidence() == null ? null : event.evidence().hex(),
                    event.details(),
                    entry.previous().hex(),
                    entry.hash().hex());
        }
    }

    private String json(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
