package dev.drawbridge.workflow;

/** What became of an attempt to claim or complete a task. */
public sealed interface TaskOutcome {
    record Accepted(HumanTask task) implements TaskOutcome {}

    record NotFound() implements TaskOutcome {}

    /** @param rule the rule that forbids it: {@code not-a-candidate}, {@code four-eyes}, {@code claimed-by-another}, or the guardrail that nobody can override */
    record Forbidden(String rule, String reason) implements TaskOutcome {}

    /** It was decided already, or the plan that was approved is not the newest any more ({@code plan-lapsed}). */
    record Conflict(String rule, String reason) implements TaskOutcome {}

    /** The decision is none of the task's, or a reason is missing. */
    record Invalid(String reason) implements TaskOutcome {}
}
