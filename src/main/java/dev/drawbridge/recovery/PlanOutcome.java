package dev.drawbridge.recovery;

import dev.drawbridge.baseline.BaselineRevision;

/** What comparing a node with its baseline led to. */
public sealed interface PlanOutcome {
    record InSync(BaselineRevision revision) implements PlanOutcome {}

    record Drifted(RestorePlan plan) implements PlanOutcome {}

    /** No trusted baseline: nothing may be restored, a person decides. */
    record NoBaseline(String rule, String reason) implements PlanOutcome {}
}
