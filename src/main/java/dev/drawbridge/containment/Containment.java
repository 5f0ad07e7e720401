package dev.drawbridge.containment;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.List;

/** Raises and lowers the bridge: applies and undoes the rungs for an incident, idempotently, through the guardrails. */
public interface Containment {
    RungOutcome apply(Actor actor, IncidentId incident, NodeName node, Rung rung);

    /** Undoes what we did for this rung, and nothing else; {@link RungOutcome.Already} when there is nothing of ours. */
    RungOutcome release(Actor actor, IncidentId incident, NodeName node, Rung rung);

    /** What is applied for an incident, in the order in which it was applied. */
    List<AppliedRung> applied(IncidentId incident);

    /**
     * @param outcome code of the {@link RungOutcome}
     * @param priorState what was there before, as JSON
     */
    record AppliedRung(Rung rung, String outcome, String detail, String priorState, java.time.Instant at) {}
}
