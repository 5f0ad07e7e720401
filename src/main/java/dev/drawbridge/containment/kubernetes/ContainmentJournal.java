package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What we did to which node and what was there before, written before it is done. One row for each incident, node object and rung; a rung that is
 * applied again after its release begins its row anew.
 */
@Component
class ContainmentJournal {
    private static final int MAX_DETAIL = 2000;

    /** As many rows as the migration made. Two nodes that share one wait for each other now and then, and nobody holds two. */
    private static final int LOCKS = 256;

    /** In the place of a node object's uid: about no object. */
    private static final String NO_OBJECT = "";

    private final JdbcClient jdbc;
    private final Clock clock;

    ContainmentJournal(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /** Where a rung stands. */
    enum State {
        /** Announced; the node may or may not have been changed. */
        BEGUN,
        APPLIED,
        /** In place in part, and no more of it can be had. */
        INCOMPLETE,
        /** It was so before us. */
        ALREADY,
        RELEASED,
        /** The cluster offered no way for it. */
        NOT_SUPPORTED,
        /** The node object is no more. */
        GONE;

        String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        static State ofCode(String code) {
            return valueOf(code.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }

    /**
     * One rung of one incident on one node object.
     *
     * @param uid of the node object
     * @param owned ours to undo
     * @param mark the value that tells our change on the node
     * @param priorState what was there before, as JSON
     * @param settledAt when the state was reached; null while it is begun
     */
    record Row(
            IncidentId incident,
            NodeName node,
            String uid,
            Rung rung,
            State state,
            boolean owned,
            String mark,
            String priorState,
            String detail,
            Instant begunAt,
            @Nullable Instant settledAt) {
        /** Perhaps in place, and still to be released. */
        boolean open() {
            return state == State.BEGUN
                    || state == State.APPLIED
                    || state == State.INCOMPLETE
                    || state == State.ALREADY;
        }
    }

    /**
     * One rung before it is applied.
     *
     * @see Row
     */
    record Announcement(
            IncidentId incident,
            NodeName node,
            String uid,
            Rung rung,
            boolean owned,
            String mark,
            String priorState,
            String detail) {}

    /**
     * Until the surrounding transaction ends, nobody else on any instance decides what becomes of the rungs that incidents share on this node: whose they
     * are, who inherits them, whether they are undone.
     */
    void lock(NodeName node) {
        jdbc.sql("select id from containment_lock where id = :id for update")
                .param("id", Math.floorMod(node.value().hashCode(), LOCKS))
                .query(Integer.class)
                .single();
    }

    /** All rows of an incident, in the order in which they were begun. */
    List<Row> rows(IncidentId incident) {
        return jdbc.sql("select * from containment_rung where incident_id = :incident order by begun_at, node, rung")
                .param("incident", incident.value())
                .query((row, n) -> row(row))
                .list();
    }

    /** What was begun for an incident on a node of this name, whichever its uid. */
    List<Row> rows(IncidentId incident, NodeName node) {
        return rows(incident).stream()
                .filter(row -> row.node().equals(node) && row.state() != State.NOT_SUPPORTED)
                .toList();
    }

    /**
     * Announces a change.
     *
     * @param again this rung was announced before: that did not happen, and is overwritten
     */
    void begin(Announcement announced, boolean again) {
        jdbc.sql(again ? """
                                update containment_rung
                                set node = :node, state = :state, owned = :owned, mark = :mark, prior_state = :prior,
                                  detail = :detail, begun_at = :now, settled_at = null
                                where incident_id = :incident and node_uid = :uid and rung = :rung""" : """
                                insert into containment_rung
                                  (incident_id, node, node_uid, rung, state, owned, mark, prior_state, detail, begun_at)
                                values (:incident, :node, :uid, :rung, :state, :owned, :mark, :prior, :detail, :now)""")
                .param("incident", announced.incident().value())
                .param("node", announced.node().value())
                .param("uid", announced.uid())
                .param("rung", announced.rung().code())
                .param("state", State.BEGUN.code())
                .param("owned", announced.owned())
                .param("mark", announced.mark())
                .param("prior", clean(announced.priorState()))
                .param("detail", cut(announced.detail()))
                .param("now", now())
                .update();
    }

    /** What came of an announcement. A row that was released meanwhile stays so: whoever released it looked at the cluster last. */
    void settle(IncidentId incident, String uid, Rung rung, State state, boolean owned, String detail) {
        jdbc.sql("""
                        update containment_rung
                        set state = :state, owned = :owned, detail = :detail, settled_at = :now
                        where incident_id = :incident and node_uid = :uid and rung = :rung and state <> :released""")
                .param("released", State.RELEASED.code())
                .param("state", state.code())
                .param("owned", owned)
                .param("detail", cut(detail))
                .param("now", now())
                .param("incident", incident.value())
                .param("uid", uid)
                .param("rung", rung.code())
                .update();
    }

    /** How far a rung has come that takes its time. */
    void note(IncidentId incident, String uid, Rung rung, String detail) {
        jdbc.sql("""
                        update containment_rung set detail = :detail
                        where incident_id = :incident and node_uid = :uid and rung = :rung""")
                .param("detail", cut(detail))
                .param("incident", incident.value())
                .param("uid", uid)
                .param("rung", rung.code())
                .update();
    }

    /** A rung that cannot be, so that nobody takes it for one that is. Beside the row of an attempt that was begun: that is of a node object. */
    void notSupported(IncidentId incident, NodeName node, Rung rung, String reason) {
        boolean again = rows(incident).stream().anyMatch(row -> row.uid().equals(NO_OBJECT) && row.rung() == rung);
        begin(new Announcement(incident, node, NO_OBJECT, rung, false, "", "{}", reason), again);
        settle(incident, NO_OBJECT, rung, State.NOT_SUPPORTED, false, reason);
    }

    /**
     * Ends a row that is still as it was read.
     *
     * @return false when its ownership changed meanwhile
     */
    boolean release(Row row, String detail) {
        return jdbc.sql("""
                                update containment_rung set state = :state, detail = :detail, settled_at = :now
                                where incident_id = :incident and node_uid = :uid and rung = :rung and owned = :owned""")
                        .param("state", State.RELEASED.code())
                        .param("detail", cut(detail))
                        .param("now", now())
                        .param("incident", row.incident().value())
                        .param("uid", row.uid())
                        .param("rung", row.rung().code())
                        .param("owned", row.owned())
                        .update()
                > 0;
    }

    /** The oldest other incident that relies on the same rung of the same node object. */
    Optional<Row> heir(Row row) {
        return jdbc
                .sql(
                        "select * from containment_rung where node = :node and rung = :rung order by begun_at, incident_id")
                .param("node", row.node().value())
                .param("rung", row.rung().code())
                .query((found, n) -> row(found))
                .list()
                .stream()
                .filter(other -> other.open()
                        && other.uid().equals(row.uid())
                        && !other.incident().equals(row.incident()))
                .findFirst();
    }

    /**
     * Makes a row the owner, with what was there before the first owner.
     *
     * @throws IllegalStateException when its incident released it meanwhile
     */
    void inherit(Row heir, String priorState) {
        int changed = jdbc.sql("""
                        update containment_rung set owned = true, prior_state = :prior
                        where incident_id = :incident and node_uid = :uid and rung = :rung
                          and state in ('begun', 'applied', 'incomplete', 'already')""")
                .param("prior", priorState)
                .param("incident", heir.incident().value())
                .param("uid", heir.uid())
                .param("rung", heir.rung().code())
                .update();
        if (changed == 0) {
            throw new IllegalStateException("the incident " + heir.incident() + " released the node meanwhile");
        }
    }

    private OffsetDateTime now() {
        return OffsetDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }

    private static Row row(ResultSet row) throws SQLException {
        OffsetDateTime settled = row.getObject("settled_at", OffsetDateTime.class);
        return new Row(
                IncidentId.of(row.getString("incident_id")),
                NodeName.of(row.getString("node")),
                row.getString("node_uid"),
                Rung.ofCode(row.getString("rung")),
                State.ofCode(row.getString("state")),
                row.getBoolean("owned"),
                row.getString("mark"),
                row.getString("prior_state"),
                row.getString("detail"),
                row.getObject("begun_at", OffsetDateTime.class).toInstant(),
                settled == null ? null : settled.toInstant());
    }

    private static String cut(String text) {
        String clean = clean(text);
        return clean.length() <= MAX_DETAIL ? clean : clean.substring(0, MAX_DETAIL - 1) + "…";
    }

    /** PostgreSQL stores no NUL. */
    private static String clean(String text) {
        return text.replace('\0', ' ');
    }
}
