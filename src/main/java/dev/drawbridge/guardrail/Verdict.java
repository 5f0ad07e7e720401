package dev.drawbridge.guardrail;

/** A guardrail's answer, always with a reason; written to the audit trail before the effect. */
public sealed interface Verdict {
    String reason();

    record Allowed(String reason) implements Verdict {}

    /** Every check passed, and nothing is to be changed. */
    record DryRun(String reason) implements Verdict {}

    /** @param by the group whose approval would allow it */
    record NeedsApproval(String reason, String by) implements Verdict {}

    /** @param rule the guardrail that refuses, for example {@code pause} or {@code max-contained-nodes} */
    record Refused(String rule, String reason) implements Verdict {}
}
