package dev.drawbridge.audit;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is to be recorded: who did what to which subject, why, and with which evidence. Immutable; the {@code with...}
 * methods return a completed copy. Text is cut to the column sizes when it is written, never refused: a trail that
 * rejects an entry because an attacker chose a long name would be worse.
 *
 * @param action what was done, in the form {@code package.verb}, for example {@code containment.cordon}
 * @param subject the thing it was done to: a path, a rung, a task
 * @param reason why, in words for people
 * @param evidence digest of the evidence or plan it rests on
 * @param details further facts, small; never secrets, never file content
 */
public record AuditEvent(
        Actor actor,
        String action,
        Phase phase,
        @Nullable IncidentId incident,
        @Nullable NodeName node,
        String subject,
        String reason,
        @Nullable Digest evidence,
        Map<String, String> details) {

    /** Where in an act the entry was written. */
    public enum Phase {
        /** A guardrail's answer and the announcement of an effect, durable before the effect. */
        INTENT,
        /** What came of an effect. */
        OUTCOME,
        /** A fact or decision without effect on node or cluster. */
        FACT
    }

    public AuditEvent {
        details = java.util.Collections.unmodifiableMap(new TreeMap<>(details));
    }

    public static AuditEvent fact(Actor actor, String action, String subject, String reason) {
        return new AuditEvent(actor, action, Phase.FACT, null, null, subject, reason, null, Map.of());
    }

    public static AuditEvent intent(Actor actor, String action, String subject, String reason) {
        return new AuditEvent(actor, action, Phase.INTENT, null, null, subject, reason, null, Map.of());
    }

    public static AuditEvent outcome(Actor actor, String action, String subject, String reason) {
        return new AuditEvent(actor, action, Phase.OUTCOME, null, null, subject, reason, null, Map.of());
    }

    public AuditEvent on(@Nullable IncidentId incident, @Nullable NodeName node) {
        return new AuditEvent(actor, action, phase, incident, node, subject, reason, evidence, details);
    }

    public AuditEvent withEvidence(@Nullable Digest digest) {
        return new AuditEvent(actor, action, phase, incident, node, subject, reason, digest, details);
    }

    public AuditEvent with(String name, String value) {
        Map<String, String> more = new TreeMap<>(details);
        more.put(name, value);
        return new AuditEvent(actor, action, phase, incident, node, subject, reason, evidence, more);
    }
}
