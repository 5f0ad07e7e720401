package dev.drawbridge.evidence;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Receipts, and which incident needs which content, in the database. */
@Component
class EvidenceRecords {
    private static final TypeReference<List<EvidenceItem>> ITEMS = new TypeReference<>() {};
    private static final Pattern DIGEST = Pattern.compile("(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])");

    private final JdbcClient jdbc;
    private final JdbcOperations batch;
    private final TransactionTemplate alone;
    private final JsonMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    EvidenceRecords(JdbcOperations batch, PlatformTransactionManager transactions) {
        this.jdbc = JdbcClient.create(batch);
        this.batch = batch;
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    }

    /**
     * A receipt with what only its keeper needs.
     *
     * @param id of its row
     * @param receipt null when the row is not what was written: it proves nothing then
     * @param manifest digest that the row names
     * @param text the list of items, byte for byte as it was hashed
     * @param removedAt when its content was removed; null while it is kept
     */
    record Kept(
            long id,
            IncidentId incident,
            NodeName node,
            Instant at,
            @Nullable EvidenceReceipt receipt,
            String manifest,
            String text,
            @Nullable Instant removedAt) {}

    /** Holds the right to need or to remove content until the transaction ends. */
    private void lock() {
        jdbc.sql("select id from evidence_lock where id = 1 for update")
                .query(Integer.class)
                .single();
    }

    EvidenceReceipt insert(Actor actor, IncidentId incident, NodeName node, List<EvidenceItem> items, Instant at) {
        String text = write(items);
        Digest manifest = Digest.ofText(text);
        jdbc.sql("""
                        insert into evidence_receipt (incident_id, node, at, manifest, items, actor, indexed)
                        values (:incident, :node, :at, :manifest, :items, :actor, true)""")
                .param("incident", incident.value())
                .param("node", node.value())
                .param("at", utc(at))
                .param("manifest", manifest.hex())
                .param("items", text)
                .param("actor", actor.display())
                .update();
        return new EvidenceReceipt(incident, node, actor, at, items, manifest);
    }

    /**
     * From the return on nobody removes this content, be it there already or not. Durable by itself: content of a capture that
     * fails later must be known too, or it would lie in the store for ever.
     */
    void need(IncidentId incident, Map<Digest, Long> sizes) {
        alone.executeWithoutResult(status -> {
            lock();
            enter(incident, sizes);
        });
    }

    private void enter(IncidentId incident, Map<Digest, Long> sizes) {
        batch.batchUpdate(
                """
                        insert into evidence_content (digest, incident_id, size)
                        select ?, ?, ? from evidence_lock where id = 1 and not exists
                        (select 1 from evidence_content where digest = ? and incident_id = ?)""",
                sizes.entrySet().stream()
                        .map(content -> new Object[] {
                            content.getKey().hex(),
                            incident.value(),
                            content.getValue(),
                            content.getKey().hex(),
                            incident.value()
                        })
                        .toList());
    }

    /**
     * Forgets what an incident needs, when it needs anything.
     *
     * @param remover is given what no other incident needs, and removes it before anybody can need it again
     * @return how many contents stay for others; empty when the incident needed nothing
     */
    Optional<Integer> release(IncidentId incident, Instant at, Consumer<Map<Digest, Long>> remover) {
        return alone.execute(status -> {
            lock();
            enterOlder();
            if (!withContent("", incident, 1).contains(incident)) {
                return Optional.<Integer>empty();
            }
            Map<Digest, Long> all = contents(incident);
            Map<Digest, Long> own = new HashMap<>(all);
            own.keySet().removeIf(content -> neededBesides(incident, content));
            remover.accept(own);
            removed(incident, at);
            return Optional.of(all.size() - own.size());
        });
    }

    /** Enters the content of receipts that were given before it was entered at their capture. */
    void index() {
        alone.executeWithoutResult(status -> {
            lock();
            enterOlder();
        });
    }

    private void enterOlder() {
        List<Long> missing = jdbc.sql("select id from evidence_receipt where not indexed order by id")
                .query(Long.class)
                .list();
        for (Long id : missing) {
            Kept kept = jdbc.sql("select * from evidence_receipt where id = :id")
                    .param("id", id)
                    .query((row, n) -> kept(row))
                    .single();
            Map<Digest, Long> sizes = new HashMap<>();
            if (kept.receipt() == null) {
                // whatever it still names is kept; what was cut out of it nobody knows
                DIGEST.matcher(kept.text()).results().forEach(digest -> sizes.put(Digest.of(digest.group()), 0L));
            } else {
                kept.receipt().items().stream()
                        .filter(item -> item.sha256() != null)
                        .forEach(item -> sizes.put(item.sha256(), item.size()));
            }
            enter(kept.incident(), sizes);
            jdbc.sql("update evidence_receipt set indexed = true where id = :id")
                    .param("id", id)
                    .update();
        }
    }

    /** What an incident needs, with the sizes. */
    Map<Digest, Long> contents(IncidentId incident) {
        Map<Digest, Long> sizes = new HashMap<>();
        jdbc.sql("select digest, size from evidence_content where incident_id = :incident")
                .param("incident", incident.value())
                .query(row -> {
                    sizes.put(Digest.of(row.getString("digest")), row.getLong("size"));
                });
        return sizes;
    }

    private boolean neededBesides(IncidentId incident, Digest content) {
        return jdbc.sql("select count(*) from evidence_content where digest = :digest and incident_id <> :incident")
                        .param("digest", content.hex())
                        .param("incident", incident.value())
                        .query(Long.class)
                        .single()
                > 0;
    }

    /** The receipts stay, and say since when there is no content to them. */
    private void removed(IncidentId incident, Instant at) {
        jdbc.sql("delete from evidence_content where incident_id = :incident")
                .param("incident", incident.value())
                .update();
        jdbc.sql("update evidence_receipt set removed_at = :at where incident_id = :incident and removed_at is null")
                .param("at", utc(at))
                .param("incident", incident.value())
                .update();
    }

    /**
     * Incidents whose content is kept, in the order of their ids.
     *
     * @param after the last one of the page before; empty for the first page
     */
    List<IncidentId> withContent(String after, int limit) {
        return withContent(after, null, limit);
    }

    private List<IncidentId> withContent(String after, @Nullable IncidentId only, int limit) {
        return jdbc.sql("""
                        select incident_id from evidence_receipt
                        where removed_at is null and incident_id > :after
                        and (cast(:only as varchar(64)) is null or incident_id = :only)
                        union
                        select incident_id from evidence_content where incident_id > :after
                        and (cast(:only as varchar(64)) is null or incident_id = :only)
                        order by incident_id fetch first :limit rows only""")
                .param("after", after)
                .param("only", only == null ? null : only.value())
                .param("limit", limit)
                .query((row, n) -> IncidentId.of(row.getString("incident_id")))
                .list();
    }

    /** The receipts of this incident that are not what was written. */
    List<Kept> damaged(IncidentId incident) {
        return all(incident).stream().filter(kept -> kept.receipt() == null).toList();
    }

    /**
     * Notes that a receipt was found damaged.
     *
     * @param teller tells it to whoever must know, in the same transaction
     * @return false when that was known before
     */
    boolean foundDamaged(Kept kept, Instant at, Runnable teller) {
        return Boolean.TRUE.equals(alone.execute(status -> {
            boolean first =
                    jdbc.sql("update evidence_receipt set damaged_at = :at where id = :id and damaged_at is null")
                                    .param("at", utc(at))
                                    .param("id", kept.id())
                                    .update()
                            > 0;
            if (first) {
                teller.run();
            }
            return first;
        }));
    }

    /** How many receipts were found damaged. */
    long damaged() {
        return jdbc.sql("select count(*) from evidence_receipt where damaged_at is not null")
                .query(Long.class)
                .single();
    }

    Optional<Kept> newest(IncidentId incident) {
        return jdbc.sql("""
                        select * from evidence_receipt
                        where incident_id = :incident order by id desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query((row, n) -> kept(row))
                .optional();
    }

    /** All receipts of an incident, oldest first. */
    List<Kept> all(IncidentId incident) {
        return jdbc.sql("select * from evidence_receipt where incident_id = :incident order by id")
                .param("incident", incident.value())
                .query((row, n) -> kept(row))
                .list();
    }

    private Kept kept(ResultSet row) throws SQLException {
        String text = row.getString("items");
        String manifest = row.getString("manifest");
        IncidentId incident = IncidentId.of(row.getString("incident_id"));
        NodeName node = NodeName.of(row.getString("node"));
        Instant at = row.getObject("at", OffsetDateTime.class).toInstant();
        OffsetDateTime removed = row.getObject("removed_at", OffsetDateTime.class);
        return new Kept(
                row.getLong("id"),
                incident,
                node,
                at,
                receipt(row, incident, node, at, text, manifest),
                manifest,
                text,
                removed == null ? null : removed.toInstant());
    }

    private @Nullable EvidenceReceipt receipt(
            ResultSet row, IncidentId incident, NodeName node, Instant at, String text, String manifest)
            throws SQLException {
        if (!Digest.ofText(text).hex().equals(manifest)) {
            return null;
        }
        String actor = row.getString("actor");
        try {
            return new EvidenceReceipt(
                    incident,
                    node,
                    actor == null ? null : Actor.parse(actor),
                    at,
                    json.readValue(text, ITEMS),
                    Digest.of(manifest));
        } catch (JsonProcessingException | IllegalArgumentException damaged) {
            // a digest that fits proves only that whoever changed the one changed the other
            return null;
        }
    }

    private String write(List<EvidenceItem> items) {
        try {
            return json.writeValueAsString(items);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant, ZoneOffset.UTC);
    }
}
