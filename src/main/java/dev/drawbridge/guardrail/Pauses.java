package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Sets and lifts pauses. A pause stops new responses; an incident whose containment began before it runs to its end, because a node left
 * half restored is worse than either state. Release is never held back. Each change has its audit entry in the same transaction.
 */
@Component
public class Pauses {
    private static final int MAX_REASON = 2000;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final AuditTrail audit;
    private final Clock clock;
    private final Ids ids;

    Pauses(JdbcClient jdbc, PlatformTransactionManager transactions, AuditTrail audit, Clock clock, Ids ids) {
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
        this.audit = audit;
        this.clock = clock;
        this.ids = ids;
    }

    /**
     * @param target playbook or node; ignored for {@link Pause.Scope#GLOBAL}
     * @param endsAt null: until somebody lifts it
     * @throws IllegalArgumentException without a reason, without a target, or with an end that is over
     */
    public Pause set(Actor by, Pause.Scope scope, String target, String reason, @Nullable Instant endsAt) {
        Instant now = now();
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new IllegalArgumentException("a pause needs a reason of at most " + MAX_REASON + " characters");
        }
        if (endsAt != null && !endsAt.isAfter(now)) {
            throw new IllegalArgumentException("the end of the pause is over");
        }
        if (scope == Pause.Scope.NODE) {
            NodeName.of(target);
        } else if (scope == Pause.Scope.PLAYBOOK && (target.isBlank() || target.length() > 253)) {
            throw new IllegalArgumentException("which playbook?");
        }
        Pause pause = new Pause(
                ids.next(),
                scope,
                scope == Pause.Scope.GLOBAL ? "" : target,
                reason,
                by,
                now,
                endsAt == null ? null : endsAt.truncatedTo(ChronoUnit.MICROS));
        transaction.executeWithoutResult(status -> {
            jdbc.sql("delete from guardrail_pause where ends_at <= :now")
                    .param("now", utc(now))
                    .update();
            jdbc.sql("""
                            insert into guardrail_pause (id, scope, target, reason, set_by, set_at, ends_at)
                            values (:id, :scope, :target, :reason, :by, :at, :ends)""")
                    .param("id", pause.id())
                    .param("scope", scope.name())
                    .param("target", pause.target())
                    .param("reason", reason)
                    .param("by", by.display())
                    .param("at", utc(now))
                    .param(
                            "ends",
                            pause.endsAt() == null ? null : utc(pause.endsAt()),
                            java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                    .update();
            audit.record(AuditEvent.fact(by, "guardrail.pause", subject(pause), reason)
                    .on(null, node(pause))
                    .with("pause", pause.id())
                    .with(
                            "ends",
                            pause.endsAt() == null
                                    ? "when lifted"
                                    : pause.endsAt().toString()));
        });
        return pause;
    }

    /** @return false when there is no such pause (any more) */
    public boolean lift(Actor by, String id, String reason) {
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new IllegalArgumentException("lifting a pause needs a reason");
        }
        return Boolean.TRUE.equals(transaction.execute(status -> {
            Optional<Pause> pause =
                    active().stream().filter(active -> active.id().equals(id)).findFirst();
            if (pause.isEmpty()) {
                return false;
            }
            int deleted = jdbc.sql("delete from guardrail_pause where id = :id")
                    .param("id", id)
                    .update();
            if (deleted > 0) {
                audit.record(AuditEvent.fact(by, "guardrail.resume", subject(pause.get()), reason)
                        .on(null, node(pause.get()))
                        .with("pause", id));
            }
            return deleted > 0;
        }));
    }

    /** Pauses that hold now, oldest first. */
    public List<Pause> active() {
        return jdbc.sql("select * from guardrail_pause where ends_at is null or ends_at > :now order by set_at, id")
                .param("now", utc(now()))
                .query((row, n) -> pause(row))
                .list();
    }

    /** The pause that keeps this effect from happening, if any. */
    Optional<Pause> holding(Effect effect, Situation situation) {
        return active().stream()
                .filter(pause -> holds(pause, effect))
                .filter(pause -> !situation.beganBefore(pause.setAt()))
                .findFirst();
    }

    private static boolean holds(Pause pause, Effect effect) {
        return switch (pause.scope()) {
            case GLOBAL -> true;
            case NODE -> pause.target().equals(effect.node().value());
            case PLAYBOOK ->
                effect.actor().kind() == Actor.Kind.PLAYBOOK
                        && pause.target().equals(effect.actor().name());
        };
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }

    private static String subject(Pause pause) {
        return pause.scope() == Pause.Scope.GLOBAL
                ? "everything"
                : pause.scope().code() + " " + pause.target();
    }

    private static @Nullable NodeName node(Pause pause) {
        return pause.scope() == Pause.Scope.NODE ? NodeName.of(pause.target()) : null;
    }

    private static Pause pause(ResultSet row) throws SQLException {
        OffsetDateTime ends = row.getObject("ends_at", OffsetDateTime.class);
        return new Pause(
                row.getString("id"),
                Pause.Scope.valueOf(row.getString("scope")),
                row.getString("target"),
                row.getString("reason"),
                Actor.parse(row.getString("set_by")),
                row.getObject("set_at", OffsetDateTime.class).toInstant(),
                ends == null ? null : ends.toInstant());
    }
}
