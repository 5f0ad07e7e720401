package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
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
 * Which incidents are in dry run. One that passed over an effect stays in it, whatever else is switched, until a person ends it; then its next
 * effect is refused until a person has said on a task how it goes on: its earlier steps were not done, and nobody may be surprised by the later ones.
 */
@Component
public class DryRuns {
    private static final int MAX_REASON = 2000;

    private final JdbcClient jdbc;
    private final ContainedNodes contained;
    private final TransactionTemplate transaction;
    private final AuditTrail audit;
    private final Clock clock;

    DryRuns(
            JdbcClient jdbc,
            ContainedNodes contained,
            PlatformTransactionManager transactions,
            AuditTrail audit,
            Clock clock) {
        this.jdbc = jdbc;
        this.contained = contained;
        this.transaction = new TransactionTemplate(transactions);
        this.audit = audit;
        this.clock = clock;
    }

    /**
     * The dry run of an incident.
     *
     * @param by who or what began it
     * @param endedAt when a person ended it: nothing is done until one says on a task how it goes on; null while it lasts
     */
    public record Mode(
            String reason,
            Actor by,
            Instant since,
            @Nullable Instant endedAt) {
        public boolean ended() {
            return endedAt != null;
        }
    }

    /** Empty when the incident acts in earnest, as far as it alone is concerned. */
    public Optional<Mode> of(IncidentId incident) {
        return jdbc.sql("select * from guardrail_dry_run where incident_id = :incident")
                .param("incident", incident.value())
                .query((row, n) -> mode(row))
                .optional();
    }

    /**
     * From now on nothing is changed for this incident.
     *
     * @return false when it is in dry run already
     * @throws IllegalArgumentException without a reason
     */
    public boolean begin(Actor by, IncidentId incident, String reason) {
        requireReason(reason);
        return Boolean.TRUE.equals(transaction.execute(status -> {
            // whoever begins one waits for whoever does the same: two people, or a person and a step
            contained.lock();
            Optional<Mode> before = of(incident);
            if (before.isPresent() && !before.get().ended()) {
                return false;
            }
            String sql = before.isPresent()
                    ? "update guardrail_dry_run set reason = :reason, set_by = :by, set_at = :at, ended_at = null where incident_id = :incident"
                    : "insert into guardrail_dry_run (incident_id, reason, set_by, set_at) values (:incident, :reason, :by, :at)";
            jdbc.sql(sql)
                    .param("incident", incident.value())
                    .param("reason", reason)
                    .param("by", by.display())
                    .param("at", utc(now()))
                    .update();
            audit.record(
                    AuditEvent.fact(by, "guardrail.dry-run", "incident", reason).on(incident, null));
            return true;
        }));
    }

    /**
     * Ends it by a person's word. Nothing is done by that.
     *
     * @return false when the incident is not in dry run
     * @throws IllegalArgumentException without a reason
     */
    public boolean end(Actor by, IncidentId incident, String reason) {
        requireReason(reason);
        return Boolean.TRUE.equals(transaction.execute(status -> {
            int ended = jdbc.sql(
                            "update guardrail_dry_run set ended_at = :at where incident_id = :incident and ended_at is null")
                    .param("at", utc(now()))
                    .param("incident", incident.value())
                    .update();
            if (ended == 0) {
                return false;
            }
            audit.record(AuditEvent.fact(by, "guardrail.dry-run-end", "incident", reason)
                    .on(incident, null));
            return true;
        }));
    }

    /** A person said how the response goes on, with the surrounding transaction: where the dry run was ended, it acts from now on. */
    public void goesOn(Actor by, IncidentId incident) {
        int over = jdbc.sql("delete from guardrail_dry_run where incident_id = :incident and ended_at is not null")
                .param("incident", incident.value())
                .update();
        if (over > 0) {
            audit.record(AuditEvent.fact(by, "guardrail.dry-run-over", "incident", "the response acts from now on")
                    .on(incident, null));
        }
    }

    /**
     * A playbook whose new incidents begin in dry run.
     *
     * @param by who switched it on
     */
    public record Switched(String playbook, String reason, Actor by, Instant since) {}

    /**
     * From now on new incidents of this playbook begin in dry run. Those that are open go on as they are: one that contained its node must not stop in
     * the middle because of somebody who did not look at it.
     *
     * @return false when it is switched on already
     * @throws IllegalArgumentException without a reason
     */
    public boolean switchOn(Actor by, String playbook, String reason) {
        requireReason(reason);
        return Boolean.TRUE.equals(transaction.execute(status -> {
            contained.lock();
            boolean already = switched().stream().anyMatch(one -> one.playbook().equals(playbook));
            if (already) {
                return false;
            }
            jdbc.sql(
                            "insert into guardrail_dry_run_playbook (playbook, reason, set_by, set_at) values (:playbook, :reason, :by, :at)")
                    .param("playbook", playbook)
                    .param("reason", reason)
                    .param("by", by.display())
                    .param("at", utc(now()))
                    .update();
            audit.record(AuditEvent.fact(by, "guardrail.dry-run", "playbook " + playbook, reason));
            return true;
        }));
    }

    /**
     * New incidents of this playbook act in earnest again, as far as its file allows. Incidents that began in dry run stay in it.
     *
     * @return false when it is not switched on
     * @throws IllegalArgumentException without a reason
     */
    public boolean switchOff(Actor by, String playbook, String reason) {
        requireReason(reason);
        // by what is there: the name comes from outside
        if (switched().stream().noneMatch(one -> one.playbook().equals(playbook))) {
            return false;
        }
        return Boolean.TRUE.equals(transaction.execute(status -> {
            int deleted = jdbc.sql("delete from guardrail_dry_run_playbook where playbook = :playbook")
                    .param("playbook", playbook)
                    .update();
            if (deleted > 0) {
                audit.record(AuditEvent.fact(by, "guardrail.dry-run-end", "playbook " + playbook, reason));
            }
            return deleted > 0;
        }));
    }

    /** All playbooks that are switched to dry run, by name. */
    public List<Switched> switched() {
        return jdbc.sql("select * from guardrail_dry_run_playbook order by playbook")
                .query((row, n) -> read(row))
                .list();
    }

    /**
     * A new incident of a playbook, with the surrounding transaction; one round trip where it is not switched on, because a cordon waits for it.
     *
     * @return whether it begins in dry run
     */
    public boolean beginIfSwitched(String playbook, IncidentId incident) {
        Optional<Switched> on = jdbc.sql("select * from guardrail_dry_run_playbook where playbook = :playbook")
                .param("playbook", playbook)
                .query((row, n) -> read(row))
                .optional();
        return on.isPresent()
                // whoever switched it decided nothing on this incident
                && begin(
                        Actor.playbook(playbook),
                        incident,
                        bounded("the playbook was switched to dry run by "
                                + on.get().by().name() + ": " + on.get().reason()));
    }

    private static String bounded(String reason) {
        return reason.length() <= MAX_REASON ? reason : reason.substring(0, MAX_REASON - 1) + "…";
    }

    private static void requireReason(String reason) {
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new IllegalArgumentException("a dry run begins and ends with a reason of at most " + MAX_REASON);
        }
    }

    private static Switched read(ResultSet row) throws SQLException {
        return new Switched(
                row.getString("playbook"),
                row.getString("reason"),
                Actor.parse(row.getString("set_by")),
                row.getObject("set_at", OffsetDateTime.class).toInstant());
    }

    private static Mode mode(ResultSet row) throws SQLException {
        OffsetDateTime ended = row.getObject("ended_at", OffsetDateTime.class);
        return new Mode(
                row.getString("reason"),
                Actor.parse(row.getString("set_by")),
                row.getObject("set_at", OffsetDateTime.class).toInstant(),
                ended == null ? null : ended.toInstant());
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }
}
