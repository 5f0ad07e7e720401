package dev.drawbridge.guardrail;

import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Which nodes are contained, or about to be, for which incident: the blast radius. A reservation is made with the verdict that allows the first
 * rung and freed when the last rung is undone or the node is gone, never by time. One that was freed still counts for the hourly budget.
 */
@Component
public class ContainedNodes {
    private static final Duration BUDGET = Duration.ofHours(1);
    /** No window of the storm latch is longer. */
    private static final Duration STORM = Duration.ofDays(1);

    private final JdbcClient jdbc;
    private final Clock clock;

    ContainedNodes(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /** One node held for one incident. */
    public record Reservation(NodeName node, IncidentId incident, Instant since) {
        private static Reservation of(ResultSet row) throws SQLException {
            return new Reservation(
                    NodeName.of(row.getString("node")),
                    IncidentId.of(row.getString("incident_id")),
                    row.getObject("reserved_at", OffsetDateTime.class).toInstant());
        }
    }

    public List<Reservation> all() {
        return jdbc.sql("select * from guardrail_reservation where freed_at is null order by reserved_at, node")
                .query((row, n) -> Reservation.of(row))
                .list();
    }

    /** Gives the slot back, with the surrounding transaction. Nothing happens when there is none. */
    public void free(IncidentId incident, NodeName node) {
        Instant now = now();
        jdbc.sql("delete from guardrail_reservation where freed_at is not null and reserved_at < :before")
                .param("before", utc(now.minus(BUDGET)))
                .update();
        // here, and not where rows are added: nothing that can wait stands before a cordon
        jdbc.sql("delete from guardrail_opened where opened_at < :before")
                .param("before", utc(now.minus(STORM)))
                .update();
        jdbc.sql("""
                        update guardrail_reservation set freed_at = :now
                        where node = :node and incident_id = :incident and freed_at is null""")
                .param("now", utc(now))
                .param("node", node.value())
                .param("incident", incident.value())
                .update();
    }

    /** What one incident holds, or held within the time that the budget looks back. */
    record Held(NodeName node, Instant since, boolean holds) {}

    List<Held> of(IncidentId incident) {
        return jdbc.sql("select node, reserved_at, freed_at from guardrail_reservation where incident_id = :incident")
                .param("incident", incident.value())
                .query((row, n) -> new Held(
                        NodeName.of(row.getString(1)),
                        row.getObject(2, OffsetDateTime.class).toInstant(),
                        row.getObject(3) == null))
                .list();
    }

    void lock() {
        jdbc.sql("select id from guardrail_lock where id = 1 for update")
                .query(Integer.class)
                .single();
    }

    /** In one round trip. @param stormWindow how far back incidents count */
    Situation.Usage usage(NodeName node, Duration stormWindow) {
        Instant now = now();
        return jdbc.sql("""
                        select
                          (select array_agg(distinct node) from guardrail_reservation where freed_at is null and node <> :node),
                          (select count(*) from guardrail_reservation where reserved_at > :hour),
                          (select count(*) from guardrail_opened where opened_at >= :window),
                          s.tripped_at, s.incidents
                        from guardrail_storm s where s.id = 1""")
                .param("node", node.value())
                .param("hour", utc(now.minus(BUDGET)))
                .param("window", utc(now.minus(stormWindow)))
                .query((row, n) -> new Situation.Usage(
                        names(row.getArray(1)), row.getLong(2), row.getLong(3), StormLatch.tripped(row, 4, 5)))
                .single();
    }

    /** @param nodes null when there is none */
    private static List<NodeName> names(@Nullable Array nodes) throws SQLException {
        return nodes == null
                ? List.of()
                : Arrays.stream((Object[]) nodes.getArray())
                        .map(name -> NodeName.of((String) name))
                        .sorted(Comparator.comparing(NodeName::value))
                        .toList();
    }

    /** Containments that were begun in the last hour. */
    long begun() {
        return jdbc.sql("select count(*) from guardrail_reservation where reserved_at > :hour")
                .param("hour", utc(now().minus(BUDGET)))
                .query(Long.class)
                .single();
    }

    /** Other nodes that an incident which contains them isolated, or whose static pods it rewrote. */
    List<NodeName> othersIsolated(NodeName node) {
        return jdbc.sql("""
                        select distinct node from guardrail_reservation
                        where freed_at is null and isolated_at is not null and node <> :node""")
                .param("node", node.value())
                .query((row, n) -> NodeName.of(row.getString(1)))
                .list();
    }

    /** Until the reservation is freed. Nothing happens when there is none. */
    void isolated(IncidentId incident, NodeName node) {
        jdbc.sql("""
                        update guardrail_reservation set isolated_at = :now
                        where node = :node and incident_id = :incident and isolated_at is null""")
                .param("now", utc(now()))
                .param("node", node.value())
                .param("incident", incident.value())
                .update();
    }

    /** @param again it was reserved for the same incident before, and freed */
    void reserve(IncidentId incident, NodeName node, boolean again) {
        String sql = again
                ? "update guardrail_reservation set reserved_at = :at, freed_at = null, isolated_at = null where node = :node and incident_id = :incident"
                : "insert into guardrail_reservation (node, incident_id, reserved_at) values (:node, :incident, :at)";
        jdbc.sql(sql)
                .param("node", node.value())
                .param("incident", incident.value())
                .param("at", utc(now()))
                .update();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }
}
