package dev.drawbridge.workflow;

import java.util.List;

/** Names of process variables: few, primitive and small, because the engine keeps a history of each. */
final class Variables {
    // facts for triage
    static final String NODE_KNOWN = "nodeKnown";
    static final String BY_PERSON = "byPerson";
    static final String EXCLUDED = "excluded";
    static final String TRUSTED_PROCESS = "trustedProcess";
    static final String FILE_CLASS = "fileClass";

    // what steps found out
    /** Place of the next rung in the playbook's ladder. */
    static final String NEXT_RUNG = "nextRung";

    /** Rungs of the ladder that cannot be applied, with the reason of each; text for people. */
    static final String NOT_SUPPORTED = "notSupported";

    static final String RUNG_OUTCOME = "rungOutcome";
    /** How long a rung that takes its time is left alone. */
    static final String RUNG_PAUSE = "rungPause";

    static final String RELEASE_OUTCOME = "releaseOutcome";
    static final String DRIFT = "drift";
    static final String EVIDENCE = "evidence";
    static final String RESTORE = "restore";
    static final String VERIFICATION = "verification";
    static final String EXPOSED = "exposed";
    /** Whether a file that somebody wants back still lies in quarantine. */
    static final String QUARANTINED = "quarantined";

    static final String RETURNED = "returned";
    static final String NEEDS_APPROVAL = "needsApproval";
    /** When the files were known to equal the baseline: alerts about later events are new ones. */
    static final String RESTORED_AT = "restoredAt";

    static final String ROUND = "round";
    static final String ATTEMPT = "attempt";

    // what people said
    static final String DECISION = "decision";
    static final String APPROVED_PLAN = "approvedPlan";
    static final String CLOSING = "closing";
    /** Why a person is asked; text for people. */
    static final String PROBLEM = "problem";
    /** The effect that guardrails refused, as {@link RefusedEffect} writes it; empty when something else is the problem. */
    static final String REFUSED = "refused";

    /** Forgotten when a step is skipped, so that the way on is the careful one. */
    static final List<String> OUTCOMES = List.of(
            RUNG_OUTCOME,
            RELEASE_OUTCOME,
            DRIFT,
            // only a look at the node upholds an exclusion
            EXCLUDED,
            EVIDENCE,
            RESTORE,
            VERIFICATION,
            QUARANTINED,
            RETURNED,
            NEEDS_APPROVAL,
            EXPOSED);

    private Variables() {}
}
