package dev.drawbridge.guardrail;

/** What became of an effect that was put before the guardrails. A fault of the target is an exception instead. */
public sealed interface EffectResult<T> {
    record Done<T>(T value) implements EffectResult<T> {}

    /** Decided and recorded, nothing changed. */
    record DryRun<T>(String reason) implements EffectResult<T> {}

    /** @param rule the guardrail that did not allow it */
    record NotAllowed<T>(String rule, String reason) implements EffectResult<T> {}
}
