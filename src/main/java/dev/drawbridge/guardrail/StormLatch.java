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
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Many incidents at once are a roll-out, a broken rule or a diversion far more often than an attack on every node: after too many
 * in a window nothing further is contained until a person resets the latch. Incidents are opened all the same, and responses
 * whose containment began go on.
 */
@Component
@Order(3)
public class StormLatch implements Guardrail {
    private static final Logger log = LoggerFactory.getLogger(StormLatch.class);
    private static final int MAX_REASON = 2000;

    private final GuardrailProperties.Storm limits;
    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final AuditTrail audit;
    private final Clock clock;

    StormLatch(
            GuardrailProperties properties,
            JdbcClient jdbc,
            PlatformTransactionManager transactions,
            AuditTrail audit,
            Clock clock) {
        this.limits = properties.storm();
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
        this.audit = audit;
        this.clock = clock;
    }

    /** @param incidents how many were opened in the window when it tripped */
    public record Tripped(Instant at, int incidents) {}

    /** Counts an incident, with the transaction that opens it. */
    public void opened(IncidentId incident) {
        jdbc.sql("insert into guardrail_opened (incident_id, opened_at) values (:incident, :at)")
                .param("incident", incident.value())
                .param("at", utc(now()))
                .update();
    }

    /** Since when the latch holds; empty while it does not. */
    public Optional<Tripped> tripped() {
        return jdbc.sql("select tripped_at, incidents from guardrail_storm where id = 1")
                .query((row, n) -> tripped(row, 1, 2))
                .single();
    }

    static Optional<Tripped> tripped(ResultSet row, int at, int incidents) throws SQLException {
        OffsetDateTime since = row.getObject(at, OffsetDateTime.class);
        return since == null ? Optional.empty() : Optional.of(new Tripped(since.toInstant(), row.getInt(incidents)));
    }

    /**
     * Lets containment go on, by a person's word. The incidents so far no longer count.
     *
     * @return false when the latch did not hold
     * @throws IllegalArgumentException without a reason
     */
    public boolean reset(Actor by, String reason) {
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new IllegalArgumentException("resetting the storm latch needs a reason of at most " + MAX_REASON);
        }
        return Boolean.TRUE.equals(transaction.execute(status -> {
            int reset = jdbc.sql(
                            "update guardrail_storm set tripped_at = null, incidents = null where id = 1 and tripped_at is not null")
                    .update();
            if (reset == 0) {
                return false;
            }
            jdbc.sql("delete from guardrail_opened").update();
            audit.record(AuditEvent.fact(by, "guardrail.reset-storm", "storm", reason));
            return true;
        }));
    }

    @Override
    public String rule() {
        return "storm";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() != Effect.Kind.CONTAIN || situation.contains(effect.node())) {
            return new Verdict.Allowed("the response began before");
        }
        Situation.Usage usage = situation.usageLocked();
        if (usage.storm().isPresent()) {
            return Verdict.NeedsApproval.ofTwo(
                    rule(), "the storm latch holds since " + usage.storm().get().at() + ": a person has to reset it");
        }
        long opened = usage.opened();
        if (opened <= limits.incidents()) {
            return new Verdict.Allowed(opened + " incidents in " + limits.window());
        }
        jdbc.sql("update guardrail_storm set tripped_at = :at, incidents = :count where id = 1")
                .param("at", utc(now()))
                .param("count", opened)
                .update();
        audit.record(AuditEvent.fact(
                Actor.SYSTEM,
                "guardrail.storm",
                "storm",
                opened + " incidents in " + limits.window() + ", the limit is " + limits.incidents()));
        TransactionSynchronizationManager.registerSynchronization(new Trip(opened));
        return Verdict.NeedsApproval.ofTwo(
                rule(),
                opened + " incidents were opened in " + limits.window() + ", the limit is " + limits.incidents()
                        + ": a person has to reset the storm latch");
    }

    /** Is told once the latch holds: a verdict within an alert's transaction is taken back with what it set, and the workflow's own sets it. */
    private final class Trip implements TransactionSynchronization {
        private final long opened;
        private final Set<Object> laterSavepoints = new HashSet<>();
        private boolean takenBack;

        Trip(long opened) {
            this.opened = opened;
        }

        @Override
        public void savepoint(Object savepoint) {
            laterSavepoints.add(savepoint);
        }

        @Override
        public void savepointRollback(Object savepoint) {
            takenBack |= !laterSavepoints.contains(savepoint);
        }

        @Override
        public void afterCommit() {
            if (!takenBack) {
                log.error("storm latch tripped: {} incidents in {}", opened, limits.window());
            }
        }
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }
}
