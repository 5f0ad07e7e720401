package dev.drawbridge.guardrail;

/**
 * One rule in front of every effect. Called inside the transaction that also reserves what the rule counts; an exception
 * counts as a refusal. More rules join as beans (etcd quorum, storm latch, budgets).
 */
interface Guardrail {
    /** Its name in verdicts, audit entries and the README, for example {@code protected-nodes}. */
    String rule();

    /**
     * Finds out what takes a round trip to something else than the database, for {@link #judge} to rely on: before the transaction, whose locks
     * other verdicts wait for.
     */
    default void prepare(Effect effect, Situation situation) {}

    /** Decides; changes nothing but the locks that keep the answer true until {@link #reserve}. */
    Verdict judge(Effect effect, Situation situation);

    /** Called once, in the transaction of {@link #judge}, when the effect was not done because of a dry run, and for no other reason. */
    default void passedOver(Effect effect, Verdict.DryRun verdict) {}

    /** Takes what the rule counts. Called once, in the transaction of {@link #judge}, when every rule allowed the effect. */
    default void reserve(Effect effect, Situation situation) {}
}
