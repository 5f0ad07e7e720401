package dev.drawbridge.workflow;

import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.Overrides;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one effect that guardrails refused and a person is asked about, kept in a process variable until that person, and perhaps a second one,
 * has answered.
 *
 * @param rule the guardrails that refused, separated by commas; where some of them cannot be overridden, those
 * @param overridable two people may let it through
 */
record RefusedEffect(Effect.Kind kind, String target, String rule, boolean overridable) {
    /** A variable of the engine holds 4000 characters. */
    private static final int LONGEST = 3900;

    private static final int PARTS = 4;

    /** The target comes last: it is a path, and may hold anything, line breaks too. */
    String text() {
        String text = String.join("\n", kind.code(), String.valueOf(overridable), rule, target);
        return text.length() <= LONGEST
                ? text
                // what cannot be named cannot be agreed to
                : String.join("\n", kind.code(), "false", rule, "a path of " + target.length() + " characters");
    }

    static Optional<RefusedEffect> of(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        String[] parts = text.split("\n", PARTS);
        return Optional.of(
                new RefusedEffect(Effect.Kind.ofCode(parts[0]), parts[3], parts[2], Boolean.parseBoolean(parts[1])));
    }

    Overrides.Subject subject(Step step) {
        return new Overrides.Subject(step.id(), step.node(), kind, target, Set.of(rule.split(",")));
    }
}
