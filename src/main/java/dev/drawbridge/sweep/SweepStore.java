package dev.drawbridge.sweep;

import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** When nodes are due, who sweeps them, and what was found; every method is one statement or two that need no transaction. */
@Component
class SweepStore {
    /** Longer than a sweep can take: after a crash another instance takes over when it is over. */
    static final Duration CLAIM = Duration.ofMinutes(10);

    private static final int CANDIDATES = 64;

    private final JdbcClient jdbc;

    SweepStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * A node that is being swept.
     *
     * @param outcome code of the last sweep; null before the first
     * @param drift what the last sweep raised an alert about; null when it was in sync since
     * @param alert the last one that was raised
     */
    record Claimed(
            NodeName node,
            String claim,
            @Nullable String outcome,
            @Nullable String reason,
            @Nullable Digest drift,
            @Nullable AlertId alert) {}

    /** Makes a node known, or moves it to another pool. */
    void register(NodeName node, String pool, Instant firstDue) {
        int moved = jdbc.sql("update sweep_node set pool = :pool where node = :node")
                .param("pool", pool)
                .param("node", node.value())
                .update();
        if (moved > 0) {
            return;
        }
        try {
            jdbc.sql("insert into sweep_node (node, pool, due_at) values (:node, :pool, :due)")
                    .param("node", node.value())
                    .param("pool", pool)
                    .param("due", utc(firstDue))
                    .update();
        } catch (DuplicateKeyException registeredMeanwhile) {
            // by another instance, at its time
        }
    }

    /** Takes the node that has been due the longest; empty when none is due and free. */
    Optional<Claimed> claim(String pool, String claim, Instant now) {
        while (true) {
            List<Claimed> due = jdbc.sql("""
                            select node, outcome, reason, drift, alert_id from sweep_node
                            where pool = :pool and due_at <= :now and (claimed_until is null or claimed_until < :now)
                            order by due_at, node fetch first :limit rows only""")
                    .param("pool", pool)
                    .param("now", utc(now))
                    .param("limit", CANDIDATES)
                    .query((row, n) -> claimed(row, claim))
                    .list();
            if (due.isEmpty()) {
                return Optional.empty();
            }
            for (Claimed one : due) {
                // in one statement: whoever comes second changes nothing
                int taken = jdbc.sql("""
                                update sweep_node set claim = :claim, claimed_until = :until
                                where node = :node and due_at <= :now and (claimed_until is null or claimed_until < :now)""")
                        .param("claim", claim)
                        .param("until", utc(now.plus(CLAIM)))
                        .param("node", one.node().value())
                        .param("now", utc(now))
                        .update();
                if (taken == 1) {
                    return Optional.of(one);
                }
            }
        }
    }

    /** @return false when the claim had ended and somebody else took the node */
    boolean finish(Claimed claimed, SweepOutcome outcome, Instant at, Instant nextDue) {
        SweepOutcome.Drifted drifted = outcome instanceof SweepOutcome.Drifted found ? found : null;
        Digest drift = drifted != null
                ? drifted.drift()
                // what nobody looked at is neither over nor new
                : outcome instanceof SweepOutcome.InSync ? null : claimed.drift();
        AlertId alert = drifted != null ? drifted.alert() : claimed.alert();
        String reason = outcome.reason();
        return jdbc.sql("""
                                update sweep_node set claim = null, claimed_until = null, last_at = :at, due_at = :due,
                                outcome = :outcome, reason = :reason, drift = :drift, alert_id = :alert
                                where node = :node and claim = :claim""")
                        .param("at", utc(at))
                        .param("due", utc(nextDue))
                        .param("outcome", outcome.code())
                        .param("reason", reason.length() <= 1000 ? reason : reason.substring(0, 1000))
                        .param("drift", drift == null ? null : drift.hex())
                        .param("alert", alert == null ? null : alert.value())
                        .param("node", claimed.node().value())
                        .param("claim", claimed.claim())
                        .update()
                == 1;
    }

    /** The cluster has no such node any more. */
    void forget(Claimed claimed) {
        jdbc.sql("delete from sweep_node where node = :node and claim = :claim")
                .param("node", claimed.node().value())
                .param("claim", claimed.claim())
                .update();
    }

    long lastWas(String outcome) {
        return jdbc.sql("select count(*) from sweep_node where outcome = :outcome")
                .param("outcome", outcome)
                .query(Long.class)
                .single();
    }

    /** Nodes that were due before this and have not been swept. */
    long dueBefore(Instant time) {
        return jdbc.sql("select count(*) from sweep_node where due_at < :time")
                .param("time", utc(time))
                .query(Long.class)
                .single();
    }

    private static Claimed claimed(ResultSet row, String claim) throws SQLException {
        String drift = row.getString("drift");
        String alert = row.getString("alert_id");
        return new Claimed(
                NodeName.of(row.getString("node")),
                claim,
                row.getString("outcome"),
                row.getString("reason"),
                drift == null ? null : Digest.of(drift),
                alert == null ? null : AlertId.of(alert));
    }

    private static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant.truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }
}
