package dev.drawbridge.guardrail;

/** What became of an effect that was put before the guardrails. A fault of the target is an exception instead. */
public sealed interface EffectResult<T> {
    record Done<T>(T value) implements EffectResult<T> {}

    /** Decided and recorded, nothing changed. */
    record DryRun<T>(String reason) implements EffectResult<T> {}

    /**
     * @param rule the guardrails that did not allow it, separated by commas
     * @param overridable two people may let this one effect through all the same, see {@link Overrides}
     */
    record NotAllowed<T>(String rule, String reason, boolean overridable) implements EffectResult<T> {
        /** Nobody can. */
        public NotAllowed(String rule, String reason) {
            this(rule, reason, false);
        }
    }
}
