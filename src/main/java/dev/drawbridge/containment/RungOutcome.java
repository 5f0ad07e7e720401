package dev.drawbridge.containment;

import java.time.Duration;

/** What applying or undoing one rung came to. */
public sealed interface RungOutcome {
    /** Done and read back. */
    record Applied(String detail) implements RungOutcome {}

    /** It was so before us (somebody else's cordon), or a rerun found our own work: nothing was changed. */
    record Already(String detail) implements RungOutcome {}

    /** It takes its time, and no time is left to be waited here: to be applied again, which goes on with it. */
    record Underway(String detail, Duration next) implements RungOutcome {}

    /** No more of it can be had: in place in part, and the detail says what is missing. */
    record Incomplete(String detail) implements RungOutcome {}

    record DryRun(String reason) implements RungOutcome {}

    /**
     * @param rule the guardrails that refuse, separated by commas
     * @param overridable two people may let it through all the same
     */
    record Refused(String rule, String reason, boolean overridable) implements RungOutcome {
        /** Nobody can. */
        public Refused(String rule, String reason) {
            this(rule, reason, false);
        }
    }

    /** The cluster offers no way for this rung; reported, never skipped silently. */
    record NotSupported(String reason) implements RungOutcome {}

    /** No node of this name and uid exists (any more). */
    record NodeGone(String reason) implements RungOutcome {}

    default String code() {
        return getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }
}
