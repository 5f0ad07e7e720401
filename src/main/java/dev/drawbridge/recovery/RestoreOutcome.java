package dev.drawbridge.recovery;

import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.shared.NodePath;
import java.util.List;

/** What carrying out a plan came to. */
public sealed interface RestoreOutcome {
    /** Every step of the plan is done. */
    record Restored(List<NodePath> changed) implements RestoreOutcome {
        public Restored {
            changed = List.copyOf(changed);
        }
    }

    /** The node changed since the plan was made; make a new one. Steps done before that stay done. */
    record Lapsed(String reason) implements RestoreOutcome {}

    /** Some steps need a person: a guardrail or the node refused them. The others are done. */
    record Incomplete(List<NodePath> changed, List<String> left, List<Refused> refused) implements RestoreOutcome {
        public Incomplete {
            changed = List.copyOf(changed);
            left = List.copyOf(left);
            refused = List.copyOf(refused);
        }

        /** No guardrail refused any of them. */
        public Incomplete(List<NodePath> changed, List<String> left) {
            this(changed, left, List.of());
        }
    }

    /**
     * A step that guardrails refused.
     *
     * @param rule the guardrails, separated by commas
     * @param overridable two people may let it through all the same
     */
    record Refused(Effect.Kind kind, NodePath path, String rule, boolean overridable) {}

    record DryRun(String reason) implements RestoreOutcome {}

    default String code() {
        return getClass().getSimpleName().replaceAll("(?<=.)(?=[A-Z])", "-").toLowerCase(java.util.Locale.ROOT);
    }
}
