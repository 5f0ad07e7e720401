package dev.drawbridge.recovery;

import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/** Finds drift, keeps evidence of it, and restores by plan. Each method is one step of the workflow and can be repeated. */
public interface Recovery {
    /** Scans the whole watched set, compares, and keeps the plan as the incident's newest. */
    PlanOutcome plan(Actor actor, IncidentId incident, NodeName node, RecoveryPolicy policy);

    /**
     * Captures every file that the newest plan would change, and the files the alerts named; then compares what was captured
     * with the baseline, for people.
     *
     * @return the receipt, or empty when the node no longer holds what the plan was made for: plan again
     */
    Optional<EvidenceReceipt> captureEvidence(Actor actor, IncidentId incident, NodeName node, List<NodePath> alerted);

    /**
     * Carries out the newest plan.
     *
     * @param approvedPlan hash of the plan that may be carried out: the approved one where approval was needed; any other
     *     newest plan is {@link RestoreOutcome.Lapsed}
     */
    RestoreOutcome restore(
            Actor actor, IncidentId incident, NodeName node, Digest approvedPlan, EvidenceReceipt receipt);

    /** The newest plan of an incident; empty when none was made or the node was in sync. */
    Optional<RestorePlan> newestPlan(IncidentId incident);

    /**
     * The newest plan with the comparison of its files. Keys and kubeconfigs are never shown; what was not compared says so.
     *
     * @return empty when no plan was made or the node was in sync
     */
    Optional<ComparedPlan> comparedPlan(IncidentId incident);

    /**
     * Keys and kubeconfigs that some plan of the incident found changed. Whoever changed them could read them, and no restore
     * takes that back: they have to be rotated, see {@link RotationScope}.
     */
    SortedSet<NodePath> exposedCredentials(IncidentId incident);
}
