package dev.drawbridge.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Writes and reads the audit trail. Entries join the transaction of the state change they describe and are chained at its
 * very end: the row that ends the chain is locked only from there to the commit, so that transactions wait for each other
 * neither for a step nor for the disk.
 */
@Component
public class AuditTrail {
    private static final Object PENDING = new Object();
    private static final TypeReference<TreeMap<String, String>> DETAILS = new TypeReference<>() {};

    private final JdbcClient jdbc;
    private final JdbcOperations batch;
    private final ChainLock chain;
    private final Clock clock;
    private final TransactionTemplate joining;
    private final TransactionTemplate alone;
    private final JsonMapper json = JsonMapper.builder().build();

    AuditTrail(JdbcOperations batch, PlatformTransactionManager transactions, Clock clock) {
        this.jdbc = JdbcClient.create(batch);
        this.batch = batch;
        this.chain = new ChainLock(batch, new SharedFlush());
        this.clock = clock;
        this.joining = new TransactionTemplate(transactions);
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    }

    /** Records with the surrounding transaction, and vanishes with it when it rolls back; alone when there is none. */
    public void record(AuditEvent event) {
        joining.executeWithoutResult(status -> pending().add(bounded(event)));
    }

    /** As {@link #record} each, in this order. */
    public void recordAll(List<AuditEvent> events) {
        joining.executeWithoutResult(status -> events.forEach(event -> pending().add(bounded(event))));
    }

    /**
     * Records durably before it returns, whatever becomes of the surrounding transaction: what is about to be done, and what
     * went wrong.
     */
    public void recordNow(AuditEvent event) {
        alone.executeWithoutResult(status -> pending().add(bounded(event)));
    }

    /** Entries after {@code after}, oldest first, at most {@code limit}. */
    public List<AuditEntry> page(long after, int limit) {
        return jdbc.sql("select * from audit_entry where seq > :after order by seq fetch first :limit rows only")
                .param("after", after)
                .param("limit", limit)
                .query((row, n) -> entry(row))
                .list();
    }

    /** Position of the newest entry; 0 while there is none. */
    public long lastSeq() {
        return jdbc.sql("select seq from audit_head where id = 1")
                .query(Long.class)
                .single();
    }

    /** The timeline of one incident after {@code after}, oldest first, at most {@code limit}. */
    public List<AuditEntry> timeline(IncidentId incident, long after, int limit) {
        return jdbc.sql("""
                        select * from audit_entry where incident_id = :incident and seq > :after
                        order by seq fetch first :limit rows only""")
                .param("incident", incident.value())
                .param("after", after)
                .param("limit", limit)
                .query((row, n) -> entry(row))
                .list();
    }

    /** Recomputes the whole chain in constant memory and compares it with its recorded end. */
    public ChainVerdict verify() {
        Map<String, Object> end = jdbc.sql("select seq, hash from audit_head where id = 1")
                .query()
                .singleRow();
        long last = ((Number) end.get("seq")).longValue();
        Digest previous = AuditChain.GENESIS;
        long expected = 1;
        while (expected <= last) {
            // entries written while we read lie beyond the end that was read first: they are the next verification's
            List<AuditEntry> page = page(expected - 1, 1000);
            if (page.isEmpty()) {
                return new ChainVerdict.Broken(expected, "the entry is missing");
            }
            for (AuditEntry entry : page) {
                if (entry.seq() > last) {
                    break;
                }
                if (entry.seq() != expected) {
                    return new ChainVerdict.Broken(expected, "the entry is missing");
                }
                if (!entry.previous().equals(previous)) {
                    return new ChainVerdict.Broken(expected, "it does not follow the entry before it");
                }
                if (!entry.hash().equals(AuditChain.hash(previous, entry.seq(), entry.at(), entry.event()))) {
                    return new ChainVerdict.Broken(expected, "its content is not what was written");
                }
                previous = entry.hash();
                expected++;
            }
        }
        if (!previous.hex().equals(end.get("hash"))) {
            return new ChainVerdict.Broken(expected, "the recorded end of the chain is another one");
        }
        return new ChainVerdict.Intact(last, previous);
    }

    @SuppressWarnings("unchecked")
    private List<AuditEvent> pending() {
        Object bound = TransactionSynchronizationManager.getResource(PENDING);
        if (bound != null) {
            return (List<AuditEvent>) bound;
        }
        List<AuditEvent> events = new ArrayList<>();
        TransactionSynchronizationManager.bindResource(PENDING, events);
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            private final Map<Object, Integer> atSavepoints = new HashMap<>();

            @Override
            public int getOrder() {
                return LOWEST_PRECEDENCE; // after everything else that still writes
            }

            @Override
            public void savepoint(Object savepoint) {
                atSavepoints.put(savepoint, events.size());
            }

            /** What was said within a part that is taken back was not said; no savepoint that is unknown here is older than the first entry. */
            @Override
            public void savepointRollback(Object savepoint) {
                int before = atSavepoints.getOrDefault(savepoint, 0);
                events.subList(before, events.size()).clear();
            }

            @Override
            public void suspend() {
                TransactionSynchronizationManager.unbindResource(PENDING);
            }

            @Override
            public void resume() {
                TransactionSynchronizationManager.bindResource(PENDING, events);
            }

            @Override
            public void beforeCommit(boolean readOnly) {
                append(events);
            }

            @Override
            public void beforeCompletion() {
                TransactionSynchronizationManager.unbindResource(PENDING);
            }
        });
        return events;
    }

    private void append(List<AuditEvent> events) {
        if (events.isEmpty()) {
            return; // all of it was taken back
        }
        Map<String, Object> head = chain.take();
        long seq = ((Number) head.get("seq")).longValue();
        Digest previous = Digest.of((String) head.get("hash"));
        Instant at = clock.instant().truncatedTo(ChronoUnit.MICROS);
        List<AuditEntry> entries = new ArrayList<>(events.size());
        for (AuditEvent event : events) {
            seq++;
            Digest hash = AuditChain.hash(previous, seq, at, event);
            entries.add(new AuditEntry(seq, at, event, previous, hash));
            previous = hash;
        }
        insert(entries);
        jdbc.sql("update audit_head set seq = :seq, hash = :hash where id = 1")
                .param("seq", seq)
                .param("hash", previous.hex())
                .update();
    }

    /** In one round trip, because everybody who writes waits for it. */
    private void insert(List<AuditEntry> entries) {
        batch.batchUpdate("""
                insert into audit_entry (seq, at, actor, action, phase, incident_id, node, subject, reason, evidence, details, previous, hash)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""", entries.stream().map(this::columns).toList());
    }

    private Object[] columns(AuditEntry entry) {
        AuditEvent event = entry.event();
        return new Object[] {
            entry.seq(),
            OffsetDateTime.ofInstant(entry.at(), ZoneOffset.UTC),
            event.actor().display(),
            event.action(),
            event.phase().name(),
            event.incident() == null ? null : event.incident().value(),
            event.node() == null ? null : event.node().value(),
            event.subject(),
            event.reason(),
            event.evidence() == null ? null : event.evidence().hex(),
            writeDetails(event.details()),
            entry.previous().hex(),
            entry.hash().hex()
        };
    }

    private AuditEntry entry(ResultSet row) throws SQLException {
        String incident = row.getString("incident_id");
        String node = row.getString("node");
        String evidence = row.getString("evidence");
        AuditEvent event = new AuditEvent(
                Actor.parse(row.getString("actor")),
                row.getString("action"),
                AuditEvent.Phase.valueOf(row.getString("phase")),
                incident == null ? null : IncidentId.of(incident),
                node == null ? null : NodeName.of(node),
                row.getString("subject"),
                row.getString("reason"),
                evidence == null ? null : Digest.of(evidence),
                readDetails(row.getString("details")));
        return new AuditEntry(
                row.getLong("seq"),
                row.getObject("at", OffsetDateTime.class).toInstant(),
                event,
                Digest.of(row.getString("previous")),
                Digest.of(row.getString("hash")));
    }

    private String writeDetails(Map<String, String> details) {
        try {
            return json.writeValueAsString(details);
        } catch (JsonProcessingException stringsAlwaysWrite) {
            throw new IllegalStateException(stringsAlwaysWrite);
        }
    }

    private Map<String, String> readDetails(String text) {
        try {
            return json.readValue(text, DETAILS);
        } catch (JsonProcessingException tampered) {
            // a row that is no JSON any more must fail its hash, not the reader
            return Map.of("unreadable", text);
        }
    }

    /** Cuts to the column sizes and drops NUL, which PostgreSQL cannot store. */
    private static AuditEvent bounded(AuditEvent event) {
        Map<String, String> details = new TreeMap<>();
        int room = 16_000;
        for (Map.Entry<String, String> detail : event.details().entrySet()) {
            String value = cut(detail.getValue(), Math.min(4_000, room));
            details.put(cut(detail.getKey(), 80), value);
            room = Math.max(0, room - value.length());
        }
        return new AuditEvent(
                event.actor(),
                cut(event.action(), 80),
                event.phase(),
                event.incident(),
                event.node(),
                cut(event.subject(), 4_000),
                cut(event.reason(), 4_000),
                event.evidence(),
                details);
    }

    private static String cut(@Nullable String text, int limit) {
        String clean = text == null ? "" : text.replace('\0', ' ');
        return clean.length() <= limit ? clean : clean.substring(0, Math.max(0, limit - 1)) + "…";
    }
}
