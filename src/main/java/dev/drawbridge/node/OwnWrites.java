package dev.drawbridge.node;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** What Drawbridge itself puts in place on nodes: the detection of it must be told from that of an attack. */
@Component
public class OwnWrites {
    /** Of a write that was never ended, because the process died: longer than one can take. */
    private static final Duration MOST = Duration.ofMinutes(2);

    private final JdbcClient jdbc;
    private final JdbcOperations batch;
    private final TransactionTemplate alone;
    private final Clock clock;

    OwnWrites(JdbcOperations batch, PlatformTransactionManager transactions, Clock clock) {
        this.jdbc = JdbcClient.create(batch);
        this.batch = batch;
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.clock = clock;
    }

    /**
     * One write.
     *
     * @param content of the file that was put in place
     * @param staging directory out of which it was renamed
     * @param to end of the time in which it was done, by our clock
     */
    public record OwnWrite(long id, IncidentId incident, Digest content, NodePath staging, Instant from, Instant to) {}

    /**
     * Before they begin; joins the caller's transaction, which has to commit before the first request to the node.
     *
     * @param contents by path what is put there
     */
    public void begin(IncidentId incident, NodeName node, Map<NodePath, Digest> contents, NodePath staging) {
        OffsetDateTime now = utc(clock.instant());
        batch.batchUpdate(
                "insert into own_write (incident_id, node, path, content, staging, started_at) values (?, ?, ?, ?, ?, ?)",
                contents.entrySet().stream()
                        .map(write -> new Object[] {
                            incident.value(),
                            node.value(),
                            write.getKey().toString(),
                            write.getValue().hex(),
                            staging.toString(),
                            now
                        })
                        .toList());
    }

    /** After them, whatever came of them; at once, because the alert may come before the caller's transaction ends. */
    public void end(IncidentId incident, NodeName node, Collection<NodePath> paths) {
        OffsetDateTime now = utc(clock.instant());
        if (paths.isEmpty()) {
            return;
        }
        // one look at the node's writes for all of them
        alone.executeWithoutResult(status -> jdbc.sql("""
                        update own_write set ended_at = :now
                        where incident_id = :incident and node = :node and path in (:paths) and ended_at is null""")
                .param("now", now)
                .param("incident", incident.value())
                .param("node", node.value())
                .param("paths", paths.stream().map(NodePath::toString).toList())
                .update());
    }

    /** The writes to this path that were under way at that time, give or take what clocks may differ; oldest first. */
    public List<OwnWrite> around(NodeName node, NodePath path, Instant time, Duration clocks) {
        return jdbc
                .sql("""
                        select id, incident_id, content, staging, started_at, ended_at from own_write
                        where node = :node and path = :path and started_at <= :latest and started_at >= :earliest
                        order by id""")
                .param("node", node.value())
                .param("path", path.toString())
                .param("latest", utc(time.plus(clocks)))
                .param("earliest", utc(time.minus(clocks).minus(MOST)))
                .query((row, n) -> write(row))
                .list()
                .stream()
                .filter(write -> !write.to().plus(clocks).isBefore(time))
                .toList();
    }

    private static OwnWrite write(ResultSet row) throws SQLException {
        Instant from = row.getObject("started_at", OffsetDateTime.class).toInstant();
        @Nullable OffsetDateTime ended = row.getObject("ended_at", OffsetDateTime.class);
        return new OwnWrite(
                row.getLong("id"),
                IncidentId.of(row.getString("incident_id")),
                Digest.of(row.getString("content")),
                NodePath.parse(row.getString("staging")),
                from,
                ended == null ? from.plus(MOST) : ended.toInstant());
    }

    private static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant.truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }
}
