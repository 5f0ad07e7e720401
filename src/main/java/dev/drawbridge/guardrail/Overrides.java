package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Keeps overrides from their approval to their use. Who may propose and approve is the task desk's to know; that it were two people, with a
 * reason, is insisted on here too. Nothing here decides: {@link EffectGate} asks when rules refuse that can be overridden.
 */
@Component
public class Overrides {
    private static final int MAX_REASON = 4000;

    private final JdbcClient jdbc;
    private final OverrideProperties properties;
    private final AuditTrail audit;
    private final Clock clock;
    private final Ids ids;

    Overrides(JdbcClient jdbc, OverrideProperties properties, AuditTrail audit, Clock clock, Ids ids) {
        this.jdbc = jdbc;
        this.properties = properties;
        this.audit = audit;
        this.clock = clock;
        this.ids = ids;
    }

    /**
     * The one effect that an override is about.
     *
     * @param target as in {@link Effect}
     * @param rules all that refused it
     */
    public record Subject(IncidentId incident, NodeName node, Effect.Kind kind, String target, Set<String> rules) {
        public Subject {
            rules = Set.copyOf(rules);
        }

        /** {@code contain cordon}: in words for people. */
        public String effect() {
            return kind.code().replace('-', ' ') + " " + target;
        }
    }

    /** How long an override may be used after its approval. */
    public Duration valid() {
        return properties.valid();
    }

    /** Writes down that a person asks for an override, with the surrounding transaction. Nothing is allowed by it. */
    public void proposed(Subject subject, Actor proposer, String reason) {
        audit.record(event(proposer, "guardrail.override-propose", subject, reason));
    }

    /**
     * Stores an override from now on until it expires, with the surrounding transaction.
     *
     * @param reason the proposer's
     * @throws IllegalArgumentException without a reason or a rule, or when both people are one
     */
    public GuardrailOverride grant(Subject subject, String reason, Actor proposer, Actor approver) {
        if (proposer.equals(approver) || proposer.kind() != Actor.Kind.PERSON || approver.kind() != Actor.Kind.PERSON) {
            throw new IllegalArgumentException("an override needs two people");
        }
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new IllegalArgumentException("an override needs a reason of at most " + MAX_REASON + " characters");
        }
        if (subject.rules().isEmpty()) {
            throw new IllegalArgumentException("an override needs a rule that refuses");
        }
        Instant now = now();
        GuardrailOverride granted = new GuardrailOverride(
                ids.next(),
                subject.incident(),
                subject.node(),
                subject.kind(),
                subject.target(),
                new TreeSet<>(subject.rules()),
                reason,
                proposer,
                approver,
                now,
                now.plus(properties.valid()),
                null);
        jdbc.sql("""
                        insert into guardrail_override (id, incident_id, node, kind, target, rules, reason, proposer, approver,
                        created_at, expires_at)
                        values (:id, :incident, :node, :kind, :target, :rules, :reason, :proposer, :approver, :created, :expires)""")
                .param("id", granted.id())
                .param("incident", granted.incident().value())
                .param("node", granted.node().value())
                .param("kind", granted.kind().code())
                .param("target", granted.target())
                .param("rules", String.join(",", granted.rules()))
                .param("reason", reason)
                .param("proposer", proposer.display())
                .param("approver", approver.display())
                .param("created", utc(now))
                .param("expires", utc(granted.expiresAt()))
                .update();
        audit.record(event(approver, "guardrail.override", subject, reason)
                .with("override", granted.id())
                .with("proposer", proposer.display())
                .with("expires", granted.expiresAt().toString()));
        return granted;
    }

    /** Overrides of an incident, used and expired ones too, oldest first. */
    public List<GuardrailOverride> of(IncidentId incident) {
        return jdbc.sql("select * from guardrail_override where incident_id = :incident order by created_at, id")
                .param("incident", incident.value())
                .query((row, n) -> read(row))
                .list();
    }

    /**
     * Overrides of all incidents, used and expired ones too, newest first.
     *
     * @param after the last one of the page before; null for the first page
     */
    public List<GuardrailOverride> page(@Nullable String after, int limit) {
        return jdbc.sql("""
                        select * from guardrail_override o
                        where cast(:after as varchar(64)) is null
                        or exists (select 1 from guardrail_override p where p.id = :after
                          and (o.created_at < p.created_at or o.created_at = p.created_at and o.id < p.id))
                        order by o.created_at desc, o.id desc fetch first :limit rows only""")
                .param("after", after)
                .param("limit", limit)
                .query((row, n) -> read(row))
                .list();
    }

    /**
     * The override that covers everything that refuses this effect, held until the transaction ends. One that expired unused is said so, once.
     *
     * @param refusing every rule that refuses it, all of which can be overridden
     */
    Optional<GuardrailOverride> covering(Effect effect, Set<String> refusing) {
        if (effect.incident() == null) {
            // nobody is asked about it
            return Optional.empty();
        }
        List<GuardrailOverride> unused = jdbc.sql("""
                        select * from guardrail_override
                        where incident_id = :incident and node = :node and kind = :kind and target = :target
                        and used_at is null and lapsed_at is null
                        order by created_at desc, id for update""")
                .param("incident", effect.incident().value())
                .param("node", effect.node().value())
                .param("kind", effect.kind().code())
                .param("target", effect.target())
                .query((row, n) -> read(row))
                .list();
        Instant now = now();
        Optional<GuardrailOverride> covering = Optional.empty();
        for (GuardrailOverride override : unused) {
            if (!override.expiresAt().isAfter(now)) {
                lapse(override, effect, now);
            } else if (covering.isEmpty() && override.rules().containsAll(refusing)) {
                covering = Optional.of(override);
            }
        }
        return covering;
    }

    /** @return false when somebody else used it meanwhile */
    boolean use(GuardrailOverride override, Effect effect) {
        int used = jdbc.sql("update guardrail_override set used_at = :now where id = :id and used_at is null")
                .param("now", utc(now()))
                .param("id", override.id())
                .update();
        if (used == 0) {
            return false;
        }
        audit.record(AuditEvent.fact(
                        effect.actor(),
                        "guardrail.override-use",
                        effect.target(),
                        "approved by " + override.approver().name() + ", proposed by "
                                + override.proposer().name() + ": " + override.reason())
                .on(effect.incident(), effect.node())
                .with("kind", effect.kind().code())
                .with("rule", String.join(",", override.rules()))
                .with("override", override.id()));
        return true;
    }

    private void lapse(GuardrailOverride override, Effect effect, Instant now) {
        jdbc.sql("update guardrail_override set lapsed_at = :now where id = :id")
                .param("now", utc(now))
                .param("id", override.id())
                .update();
        audit.record(AuditEvent.fact(
                        effect.actor(),
                        "guardrail.override-expire",
                        effect.target(),
                        "it expired unused at " + override.expiresAt())
                .on(effect.incident(), effect.node())
                .with("kind", effect.kind().code())
                .with("rule", String.join(",", override.rules()))
                .with("override", override.id()));
    }

    private static AuditEvent event(Actor actor, String action, Subject subject, String reason) {
        return AuditEvent.fact(actor, action, subject.target(), reason)
                .on(subject.incident(), subject.node())
                .with("kind", subject.kind().code())
                .with("rule", String.join(",", new TreeSet<>(subject.rules())));
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }

    private static GuardrailOverride read(ResultSet row) throws SQLException {
        OffsetDateTime used = row.getObject("used_at", OffsetDateTime.class);
        return new GuardrailOverride(
                row.getString("id"),
                IncidentId.of(row.getString("incident_id")),
                NodeName.of(row.getString("node")),
                Effect.Kind.ofCode(row.getString("kind")),
                row.getString("target"),
                new TreeSet<>(List.of(row.getString("rules").split(","))),
                row.getString("reason"),
                Actor.parse(row.getString("proposer")),
                Actor.parse(row.getString("approver")),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getObject("expires_at", OffsetDateTime.class).toInstant(),
                used == null ? null : used.toInstant());
    }
}
