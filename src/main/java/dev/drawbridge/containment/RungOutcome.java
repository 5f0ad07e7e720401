package dev.drawbridge.containment;

/** What applying or undoing one rung came to. */
public sealed interface RungOutcome {
    /** Done and read back. */
    record Applied(String detail) implements RungOutcome {}

    /** It was so before us (somebody else's cordon), or a rerun found our own work: nothing was changed. */
    record Already(String detail) implements RungOutcome {}

    record DryRun(String reason) implements RungOutcome {}

    record Refused(String rule, String reason) implements RungOutcome {}

    /** The cluster offers no way for this rung; reported, never skipped silently. */
    record NotSupported(String reason) implements RungOutcome {}

    /** No node of this name and uid exists (any more). */
    record NodeGone(String reason) implements RungOutcome {}

    default String code() {
        return getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }
}
