package dev.drawbridge.containment;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Optional;

/** Raises and lowers the bridge: applies and undoes the rungs for an incident, idempotently, through the guardrails. */
public interface Containment {
    /** A rerun goes on with what an earlier one began, and finds what it did. */
    RungOutcome apply(Actor actor, IncidentId incident, NodeName node, Rung rung);

    /**
     * Judges and announces a rung within the caller's transaction, to be applied after its commit, ahead of {@link #apply}: that finds it done, or does
     * what is left of it.
     *
     * @return empty when this rung of this node cannot be announced without asking anybody else, or is not allowed outright: nothing is left of it then
     */
    Optional<AnnouncedRung> announce(Actor actor, IncidentId incident, NodeName node, Rung rung);

    /** A rung that was announced with a transaction that must be durable by now. */
    interface AnnouncedRung {
        /**
         * Once. Nothing is done, and the trail says so, when that comes so late that the verdict may not hold any more.
         *
         * @return keeps what came of it; to be run once, when nothing more urgent waits, and until then the rung counts as begun
         * @throws RuntimeException when it failed, or it is not known whether it did; the audit trail says so
         */
        Runnable apply();

        /** Instead of {@link #apply()}, within the caller's transaction: nothing is done ahead, and the workflow applies the rung as any other. */
        void leave(String reason);
    }

    /**
     * Undoes what we did for this rung, and nothing else; {@link RungOutcome.Already} when there is nothing of ours. What another
     * incident on the same node relies on is handed over to it instead.
     */
    RungOutcome release(Actor actor, IncidentId incident, NodeName node, Rung rung);

    /**
     * Whether every pod is gone from the node that the taint of an applied rung {@code taint} evicts at once or later. Static pods are none of them.
     * Changes nothing.
     */
    Proven podsGone(IncidentId incident, NodeName node);

    /**
     * What is in place for an incident and not released yet, in the order in which it was begun. That includes what was there before us, and
     * what was begun and never confirmed: both are settled by {@link #release}.
     */
    List<AppliedRung> applied(IncidentId incident);

    /** As {@link #applied}, and with it the rungs that this cluster offered no way for: what people are shown. */
    List<AppliedRung> ladder(IncidentId incident);

    /**
     * @param outcome {@code applied}; {@code incomplete} when it is in place in part; {@code already} when it is not ours; {@code begun}
     *     when it was announced and it is not known whether it happened, or it goes on; {@code not-supported} in {@link #ladder} only
     * @param priorState what was there before, as JSON
     */
    record AppliedRung(Rung rung, String outcome, String detail, String priorState, java.time.Instant at) {}
}
