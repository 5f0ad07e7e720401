package dev.drawbridge.incident;

import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The rows of incidents. */
@Component
class IncidentStore {
    private final JdbcClient jdbc;

    IncidentStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Points in an incident's life that are reached once; response times count from the file event to them. */
    enum Milestone {
        CONTAINED("contained_at"),
        RESTORED("restored_at"),
        VERIFIED("verified_at");

        private final String column;

        Milestone(String column) {
            this.column = column;
        }
    }

    /** @throws org.springframework.dao.DuplicateKeyException when an incident with this key is open or is being opened */
    void insert(Incident incident, String openKey) {
        jdbc.sql("""
                        insert into incident (id, open_key, cluster, node, host, state, severity, title, playbook,
                        playbook_version, opened_at, first_event_at)
                        values (:id, :key, :cluster, :node, :host, :state, :severity, :title, :playbook, :version,
                        :opened, :event)""")
                .param("id", incident.id().value())
                .param("key", openKey)
                .param("cluster", incident.cluster())
                .param("node", incident.node() == null ? null : incident.node().value())
                .param("host", incident.host())
                .param("state", incident.state().name())
                .param("severity", incident.severity())
                .param("title", incident.title())
                .param("playbook", incident.playbook())
                .param("version", incident.playbookVersion())
                .param("opened", utc(incident.openedAt()))
                .param("event", utc(incident.firstEventAt()))
                .update();
    }

    Optional<Incident> find(IncidentId id) {
        return jdbc.sql("select * from incident where id = :id")
                .param("id", id.value())
                .query((row, n) -> incident(row))
                .optional();
    }

    /** Holds the open incident of this key until the transaction ends, so that it cannot be closed under a joining alert. */
    Optional<Incident> lockOpen(String openKey) {
        return jdbc.sql("select * from incident where open_key = :key for update")
                .param("key", openKey)
                .query((row, n) -> incident(row))
                .optional();
    }

    Optional<Locked> lock(IncidentId id) {
        return jdbc.sql("select * from incident where id = :id for update")
                .param("id", id.value())
                .query((row, n) -> {
                    String stalledFrom = row.getString("stalled_from");
                    return new Locked(incident(row), stalledFrom == null ? null : IncidentState.valueOf(stalledFrom));
                })
                .optional();
    }

    /** @param stalledFrom the state that was left by {@link IncidentState#STALLED} */
    record Locked(Incident incident, @Nullable IncidentState stalledFrom) {}

    List<Incident> page(
            @Nullable NodeName node, @Nullable IncidentState state, @Nullable IncidentId before, int limit) {
        return jdbc.sql("""
                        select * from incident
                        where (cast(:node as varchar(253)) is null or node = :node)
                        and (cast(:state as varchar(32)) is null or state = :state)
                        and (cast(:before as varchar(64)) is null or seq < (select seq from incident where id = :before))
                        order by seq desc fetch first :limit rows only""")
                .param("node", node == null ? null : node.value())
                .param("state", state == null ? null : state.name())
                .param("before", before == null ? null : before.value())
                .param("limit", limit)
                .query((row, n) -> incident(row))
                .list();
    }

    void joined(IncidentId id, String severity, Instant firstEvent) {
        jdbc.sql("update incident set severity = :severity, first_event_at = :event where id = :id")
                .param("severity", severity)
                .param("event", utc(firstEvent))
                .param("id", id.value())
                .update();
    }

    void move(IncidentId id, IncidentState state, @Nullable IncidentState stalledFrom) {
        jdbc.sql("update incident set state = :state, stalled_from = :from where id = :id")
                .param("state", state.name())
                .param("from", stalledFrom == null ? null : stalledFrom.name())
                .param("id", id.value())
                .update();
    }

    void close(IncidentId id, IncidentState state, String resolution, Instant at) {
        jdbc.sql("""
                        update incident set state = :state, stalled_from = null, open_key = null, resolution = :resolution,
                        closed_at = :at where id = :id""")
                .param("state", state.name())
                .param("resolution", resolution)
                .param("at", utc(at))
                .param("id", id.value())
                .update();
    }

    /** @return false when it was reached before */
    boolean reach(IncidentId id, Milestone milestone, Instant at) {
        return jdbc.sql("update incident set " + milestone.column + " = :at where id = :id and " + milestone.column
                                + " is null")
                        .param("at", utc(at))
                        .param("id", id.value())
                        .update()
                > 0;
    }

    long open() {
        return jdbc.sql("select count(*) from incident where open_key is not null")
                .query(Long.class)
                .single();
    }

    private static Incident incident(ResultSet row) throws SQLException {
        String node = row.getString("node");
        return new Incident(
                IncidentId.of(row.getString("id")),
                row.getString("cluster"),
                node == null ? null : NodeName.of(node),
                row.getString("host"),
                IncidentState.valueOf(row.getString("state")),
                row.getString("severity"),
                row.getString("title"),
                row.getString("playbook"),
                row.getString("playbook_version"),
                row.getObject("opened_at", OffsetDateTime.class).toInstant(),
                row.getObject("first_event_at", OffsetDateTime.class).toInstant(),
                instant(row, "closed_at"),
                row.getString("resolution"));
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    private static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant, ZoneOffset.UTC);
    }
}
