package dev.drawbridge.guardrail;

/** A guardrail's answer, always with a reason; written to the audit trail before the effect. */
public sealed interface Verdict {
    String reason();

    record Allowed(String reason) implements Verdict {}

    /** Every check passed, and nothing is to be changed. */
    record DryRun(String reason) implements Verdict {}

    /** What keeps an effect from happening now. */
    sealed interface Objection extends Verdict {
        /** The guardrail that objects, for example {@code pause} or {@code max-contained-nodes}; several are joined by a comma. */
        String rule();
    }

    /**
     * A limit on what Drawbridge may do by itself: one effect is let through when people agree, see {@link Overrides}.
     *
     * @param by whose approval that takes
     */
    record NeedsApproval(String rule, String reason, String by) implements Objection {
        private static final String TWO = "one person who proposes an override and another one who agrees to it";

        static NeedsApproval ofTwo(String rule, String reason) {
            return new NeedsApproval(rule, reason, TWO);
        }
    }

    /**
     * Nobody can let it through.
     *
     * @param undecided the guardrail could not find out, which refuses too; otherwise only another state of the cluster, or another
     *     configuration, changes it
     */
    record Refused(String rule, String reason, boolean undecided) implements Objection {
        public Refused(String rule, String reason) {
            this(rule, reason, false);
        }

        static Refused undecided(String rule, String why) {
            return new Refused(rule, "the guardrail could not decide: " + why, true);
        }
    }
}
