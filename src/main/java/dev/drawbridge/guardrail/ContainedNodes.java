package dev.drawbridge.guardrail;

import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Which nodes are contained, or about to be, for which incident: the blast radius. A reservation is made with the verdict that allows the first
 * rung and freed when the last rung is undone or the node is gone, never by time.
 */
@Component
public class ContainedNodes {
    private final JdbcClient jdbc;
    private final Clock clock;

    ContainedNodes(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /** One node held for one incident. */
    public record Reservation(NodeName node, IncidentId incident, Instant since) {}

    public List<Reservation> all() {
        return jdbc.sql("select node, incident_id, reserved_at from guardrail_reservation order by reserved_at, node")
                .query((row, n) -> new Reservation(
                        NodeName.of(row.getString(1)),
                        IncidentId.of(row.getString(2)),
                        row.getObject(3, OffsetDateTime.class).toInstant()))
                .list();
    }

    /** Gives the slot back, with the surrounding transaction. Nothing happens when there is none. */
    public void free(IncidentId incident, NodeName node) {
        jdbc.sql("delete from guardrail_reservation where node = :node and incident_id = :incident")
                .param("node", node.value())
                .param("incident", incident.value())
                .update();
    }

    boolean reserved(IncidentId incident, NodeName node) {
        return jdbc.sql("select count(*) from guardrail_reservation where node = :node and incident_id = :incident")
                        .param("node", node.value())
                        .param("incident", incident.value())
                        .query(Long.class)
                        .single()
                > 0;
    }

    /** Names of other contained nodes; waits for every verdict in progress, and makes later ones wait for this transaction. */
    List<String> othersLocked(NodeName node) {
        jdbc.sql("select id from guardrail_lock where id = 1 for update")
                .query(Integer.class)
                .single();
        return jdbc.sql("select distinct node from guardrail_reservation where node <> :node order by node")
                .param("node", node.value())
                .query(String.class)
                .list();
    }

    void reserve(IncidentId incident, NodeName node) {
        jdbc.sql("""
                        insert into guardrail_reservation (node, incident_id, reserved_at)
                        values (:node, :incident, :at)""")
                .param("node", node.value())
                .param("incident", incident.value())
                .param("at", OffsetDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC))
                .update();
    }
}
