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
     * @param standing what could change it
     */
    record Refused(String rule, String reason, Standing standing) implements Verdict {
        /** Final: a guardrail has to say so when its refusal can be overridden. */
        public Refused(String rule, String reason) {
            this(rule, reason, Standing.FINAL);
        }

        /** A limit on what Drawbridge may do by itself: two people may let one effect through. */
        static Refused limit(String rule, String reason) {
            return new Refused(rule, reason, Standing.OVERRIDABLE);
        }

        static Refused undecided(String rule, String why) {
            return new Refused(rule, "the guardrail could not decide: " + why, Standing.UNDECIDED);
        }

        /** The guardrail could not find out, which refuses too. */
        public boolean undecided() {
            return standing == Standing.UNDECIDED;
        }

        public boolean overridable() {
            return standing == Standing.OVERRIDABLE;
        }
    }

    /** What could change a refusal. */
    enum Standing {
        /** An override of this one effect by two people. */
        OVERRIDABLE,
        /** Nothing but another state of the cluster, or another configuration. */
        FINAL,
        /** An answer, which nobody has. */
        UNDECIDED
    }
}
