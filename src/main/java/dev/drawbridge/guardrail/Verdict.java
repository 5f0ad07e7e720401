package dev.drawbridge.guardrail;

/** A guardrail's answer, always with a reason; written to the audit trail before the effect. */
public sealed interface Verdict {
    String reason();

    record Allowed(String reason) implements Verdict {}

    /** Every check passed, and nothing is to be changed. */
    record DryRun(String reason) implements Verdict {}

    /** @param by the group whose approval would allow it */
    record NeedsApproval(String reason, String by) implements Verdict {}

    /**
     * @param rule the guardrail that refuses, for example {@code pause} or {@code max-contained-nodes}
     * @param undecided the guardrail could not find out, which refuses too
     */
    record Refused(String rule, String reason, boolean undecided) implements Verdict {
        public Refused(String rule, String reason) {
            this(rule, reason, false);
        }

        static Refused undecided(String rule, String why) {
            return new Refused(rule, "the guardrail could not decide: " + why, true);
        }
    }
}
