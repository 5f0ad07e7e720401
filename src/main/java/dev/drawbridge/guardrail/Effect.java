package dev.drawbridge.guardrail;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One change to a node or cluster, before it happens.
 *
 * @param actor in whose name
 * @param incident null only for a look by a helper pod that a sweep starts: it changes no file, and there is nothing to respond to yet
 * @param target what exactly is changed on the node: a rung, a path
 * @param request the exact request, for the audit trail and the dry run; never file content
 */
public record Effect(
        Actor actor, @Nullable IncidentId incident, NodeName node, Kind kind, String target, String request) {
    /** Target of a helper pod that only looks. */
    public static final String LOOK = "look";

    /** The rungs that take nothing away from what runs on the node. */
    private static final Set<String> HARMLESS = Set.of("cordon", "label");

    public Effect {
        if (incident == null && !(kind == Kind.START_HELPER_POD && target.equals(LOOK))) {
            throw new IllegalArgumentException("an effect is for an incident: " + kind.code() + " " + target);
        }
    }

    /** @throws IllegalStateException for a look that is for none */
    public IncidentId requireIncident() {
        if (incident == null) {
            throw new IllegalStateException(kind.code() + " is for no incident");
        }
        return incident;
    }

    /** Whether it ends what runs on the node, or cuts it off. */
    boolean isolates() {
        return kind == Kind.CONTAIN && !HARMLESS.contains(target);
    }

    /** What guardrails tell apart. */
    public enum Kind {
        /** Takes a node out of service, in part or wholly; counted against the blast radius. */
        CONTAIN,
        /** Undoes our own containment; needs the approval that the workflow asked for, and is never held back by a pause. */
        RELEASE,
        /** Puts a baseline file in the place of what is there, be that a changed file, a link or nothing. */
        RESTORE_FILE,
        /** Moves a file that the baseline does not know out of the way. */
        QUARANTINE_FILE,
        /** Puts such a file back, where nothing is. */
        RETURN_FILE,
        /** Starts a privileged pod of ours on a node, by which its files are looked at or changed; removing it is no effect. */
        START_HELPER_POD;

        public String code() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }

        /** @throws IllegalArgumentException when there is none with this code */
        public static Kind ofCode(String code) {
            return valueOf(code.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
        }
    }
}
