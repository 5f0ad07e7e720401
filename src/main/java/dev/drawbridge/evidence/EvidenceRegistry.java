package dev.drawbridge.evidence;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.evidence.EvidenceItem.Kind;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Captures into the content store, and writes the receipt when everything that it names is there. */
@Component
class EvidenceRegistry implements EvidenceLocker {
    private static final Logger log = LoggerFactory.getLogger(EvidenceRegistry.class);
    private static final int BUFFER = 64 * 1024;
    private static final long PORTION = 8 * 1024 * 1024;

    private final NodeFiles nodes;
    private final ContextCapture context;
    private final ContentStore store;
    private final EvidenceRecords records;
    private final EvidenceDamage damage;
    private final AuditTrail audit;
    private final TransactionTemplate joining;
    private final Clock clock;
    private final EvidenceProperties settings;

    EvidenceRegistry(
            NodeFiles nodes,
            ContextCapture context,
            ContentStore store,
            EvidenceRecords records,
            EvidenceDamage damage,
            AuditTrail audit,
            PlatformTransactionManager transactions,
            Clock clock,
            EvidenceProperties settings) {
        this.nodes = nodes;
        this.context = context;
        this.store = store;
        this.records = records;
        this.damage = damage;
        this.audit = audit;
        this.joining = new TransactionTemplate(transactions);
        this.clock = clock;
        this.settings = settings;
    }

    @Override
    public Optional<EvidenceReceipt> capture(
            Actor actor, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files) {
        try (ContentStore.Batch batch = store.begin()) {
            return kept(batch, incident, node, scan, files)
                    .flatMap(items -> joining.execute(status -> issue(actor, incident, node, items)));
        }
    }

    /** Empty when the node no longer holds the content that was scanned. What it names is durable. */
    private Optional<List<EvidenceItem>> kept(
            ContentStore.Batch batch, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files) {
        List<EvidenceItem> items = new ArrayList<>();
        Map<Digest, Long> needed = new HashMap<>();
        items.add(item(batch, needed, context.processes(node, scan.roots())));
        items.add(scanItem(batch, needed, scan));
        Map<Digest, Long> already = records.contents(incident);
        already.putAll(needed);
        Room room = new Room(already, settings.maxIncidentSize().toBytes());
        Set<ScannedFile> wanted = files.stream()
                .filter(file -> file.sha256() != null
                        && file.size() <= settings.maxFileSize().toBytes()
                        && room.take(file.sha256(), file.size()))
                .collect(Collectors.toSet());
        // before the look into the store: from here on it is not removed for the sake of another incident's time
        needed.putAll(room.taken());
        records.need(incident, needed);
        for (List<ScannedFile> some : portions(files)) {
            Map<NodePath, byte[]> read = nodes.readTogether(
                    node,
                    some.stream()
                            .filter(file -> wanted.contains(file) && !store.has(Objects.requireNonNull(file.sha256())))
                            .toList());
            Set<Digest> together = new HashSet<>();
            for (ScannedFile file : some) {
                byte[] content = read.get(file.path());
                if (content != null && together.add(Objects.requireNonNull(file.sha256()))) {
                    batch.add(out -> {
                        out.write(content);
                        return true;
                    });
                }
            }
            batch.settle();
            for (ScannedFile file : some) {
                Optional<EvidenceItem> item = fileItem(incident, node, file, wanted.contains(file));
                if (item.isEmpty()) {
                    return Optional.empty();
                }
                items.add(item.get());
            }
        }
        Map<Digest, Long> around = new HashMap<>();
        context.cluster(node).forEach(part -> items.add(item(batch, around, part)));
        if (!around.isEmpty()) {
            records.need(incident, around);
        }
        batch.settle();
        return Optional.of(items);
    }

    /** As many files as may lie in memory when those of them that are small are read together. */
    private static List<List<ScannedFile>> portions(List<ScannedFile> files) {
        List<List<ScannedFile>> portions = new ArrayList<>();
        long bytes = 0;
        for (ScannedFile file : files) {
            long counted = Math.min(file.size(), WriteBatch.SMALL);
            if (portions.isEmpty() || bytes + counted > PORTION) {
                portions.add(new ArrayList<>());
                bytes = 0;
            }
            portions.get(portions.size() - 1).add(file);
            bytes += counted;
        }
        return portions;
    }

    /** What an incident may still keep; content that it keeps already costs nothing. */
    private static final class Room {
        private final Map<Digest, Long> kept;
        private final Map<Digest, Long> taken = new HashMap<>();
        private final long limit;
        private long used;

        Room(Map<Digest, Long> kept, long limit) {
            this.kept = kept;
            this.limit = limit;
            this.used = kept.values().stream().mapToLong(Long::longValue).sum();
        }

        boolean take(Digest content, long size) {
            if (kept.containsKey(content) || taken.containsKey(content)) {
                return true;
            }
            if (size > limit - used) {
                return false;
            }
            taken.put(content, size);
            used += size;
            return true;
        }

        Map<Digest, Long> taken() {
            return taken;
        }
    }

    /** Empty when the node no longer holds the content that was scanned. */
    private Optional<EvidenceItem> fileItem(IncidentId incident, NodeName node, ScannedFile file, boolean fits) {
        String origin = file.path().toString();
        if (file.unreadable() || file.type() == FileType.UNSTABLE) {
            return Optional.of(EvidenceItem.notAvailable(
                    Kind.FILE, origin, now(), "it cannot be read or keeps changing; " + EvidenceItem.describe(file)));
        }
        Digest content = file.sha256();
        if (content == null) {
            return Optional.of(EvidenceItem.noContent(Kind.FILE, origin, now(), EvidenceItem.describe(file)));
        }
        if (file.size() > settings.maxFileSize().toBytes()) {
            return Optional.of(EvidenceItem.notAvailable(
                    Kind.FILE,
                    origin,
                    now(),
                    "it is larger than " + settings.maxFileSize() + "; " + EvidenceItem.describe(file)));
        }
        if (!fits) {
            return Optional.of(EvidenceItem.notAvailable(
                    Kind.FILE,
                    origin,
                    now(),
                    "the incident would hold more than " + settings.maxIncidentSize() + "; "
                            + EvidenceItem.describe(file)));
        }
        return held(content) || captured(incident, node, file, content)
                ? Optional.of(
                        EvidenceItem.kept(Kind.FILE, origin, content, file.size(), now(), EvidenceItem.describe(file)))
                : Optional.empty();
    }

    /** Read again and not taken on trust: a damaged copy would be named as proof in a new receipt. */
    private boolean held(Digest content) {
        Optional<InputStream> found = store.open(content);
        if (found.isEmpty()) {
            return false;
        }
        try (DigestInputStream in = new DigestInputStream(found.get(), Digest.sha256())) {
            byte[] buffer = new byte[BUFFER];
            while (in.read(buffer) >= 0) {
                continue;
            }
            return Digest.of(in.getMessageDigest()).equals(content);
        } catch (IOException unreadable) {
            log.warn("kept content {} cannot be read", content.abbreviated(), unreadable);
            return false;
        }
    }

    private boolean captured(IncidentId incident, NodeName node, ScannedFile file, Digest content) {
        long limit = settings.maxFileSize().toBytes();
        Optional<ContentStore.Kept> kept =
                store.keep(out -> nodes.read(node, file.path(), out, limit).isPresent());
        if (kept.isPresent() && !kept.get().sha256().equals(content)) {
            // something else by now; what was read goes with the incident
            records.need(incident, Map.of(kept.get().sha256(), kept.get().size()));
            return false;
        }
        return kept.isPresent();
    }

    private EvidenceItem scanItem(ContentStore.Batch batch, Map<Digest, Long> needed, NodeScan scan) {
        AtomicInteger entries = new AtomicInteger();
        ContentStore.Kept kept = add(batch, needed, out -> {
            for (ScannedFile file : scan.files()) {
                out.write((file.path() + " " + EvidenceItem.describe(file) + "\n").getBytes(StandardCharsets.UTF_8));
                entries.incrementAndGet();
            }
        });
        return EvidenceItem.kept(
                Kind.SCAN, "scan of " + scan.roots(), kept.sha256(), kept.size(), scan.at(), entries + " entries");
    }

    private EvidenceItem item(ContentStore.Batch batch, Map<Digest, Long> needed, ContextCapture.Part part) {
        String text = part.text();
        if (text == null) {
            return EvidenceItem.notAvailable(part.kind(), part.origin(), now(), part.description());
        }
        if (text.isEmpty()) {
            return EvidenceItem.noContent(part.kind(), part.origin(), now(), part.description());
        }
        ContentStore.Kept kept = add(batch, needed, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
        return EvidenceItem.kept(part.kind(), part.origin(), kept.sha256(), kept.size(), now(), part.description());
    }

    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** @param needed gets what it is known by, which has to be durable before the store has it */
    private static ContentStore.Kept add(ContentStore.Batch batch, Map<Digest, Long> needed, Content content) {
        ContentStore.Kept kept = batch.add(out -> {
                    OutputStream buffered = new java.io.BufferedOutputStream(out, BUFFER);
                    content.writeTo(buffered);
                    buffered.flush();
                    return true;
                })
                .orElseThrow();
        needed.put(kept.sha256(), kept.size());
        return kept;
    }

    private Optional<EvidenceReceipt> issue(Actor actor, IncidentId incident, NodeName node, List<EvidenceItem> items) {
        // the same text may have been removed for another incident before this one needed it
        if (!items.stream().allMatch(item -> item.sha256() == null || store.has(item.sha256()))) {
            log.warn("incident={} node={} content went while it was captured", incident, node);
            return Optional.empty();
        }
        EvidenceReceipt receipt = records.insert(actor, incident, node, items, now());
        List<String> missing = items.stream()
                .filter(item -> item.state() == EvidenceItem.State.NOT_AVAILABLE)
                .map(item -> item.origin() + ": " + item.description())
                .toList();
        AuditEvent captured = AuditEvent.fact(
                        actor, "evidence.capture", items.size() + " items", "kept before any change")
                .on(incident, node)
                .withEvidence(receipt.manifest());
        audit.record(missing.isEmpty() ? captured : captured.with("notAvailable", String.join("\n", missing)));
        log.info(
                "incident={} node={} evidence kept: {} items, {} not available, manifest {}",
                incident,
                node,
                items.size(),
                missing.size(),
                receipt.manifest().abbreviated());
        return Optional.of(receipt);
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    @Override
    public ReceiptLookup look(IncidentId incident) {
        Optional<EvidenceRecords.Kept> newest = records.newest(incident);
        if (newest.isEmpty()) {
            return new ReceiptLookup.None();
        }
        EvidenceRecords.Kept kept = newest.get();
        if (kept.receipt() != null) {
            return new ReceiptLookup.Held(kept.receipt());
        }
        damage.found(kept);
        return new ReceiptLookup.Damaged(kept.manifest(), kept.at());
    }

    @Override
    public Optional<InputStream> open(Digest content) {
        return store.open(content);
    }
}
