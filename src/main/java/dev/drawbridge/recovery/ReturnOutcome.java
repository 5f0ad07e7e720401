package dev.drawbridge.recovery;

/** What came of putting a quarantined file back. */
public sealed interface ReturnOutcome {
    /** It is there again as it was, read back. */
    record Returned() implements ReturnOutcome {}

    /** The quarantine no longer holds what people agreed to, or something else is at the path. */
    record Lapsed(String reason) implements ReturnOutcome {}

    /** A guardrail or the node did not let it through; that may change. */
    record Refused(String reason) implements ReturnOutcome {}

    record DryRun(String reason) implements ReturnOutcome {}

    default String code() {
        return getClass().getSimpleName().replaceAll("(?<=.)(?=[A-Z])", "-").toLowerCase(java.util.Locale.ROOT);
    }
}
