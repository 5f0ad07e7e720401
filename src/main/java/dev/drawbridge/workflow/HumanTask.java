package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that waits for a person, or waited.
 *
 * @param id our own id; the engine's never leaves this package
 * @param kind machine name, for example {@code approve-return}
 * @param candidates groups whose members may decide
 * @param decisions what may be answered
 * @param planHash the plan that the decision binds to, for approvals of a plan
 * @param description facts for the decision, untrusted text, for people
 */
public record HumanTask(
        String id,
        IncidentId incident,
        String kind,
        String title,
        String description,
        List<String> candidates,
        List<String> decisions,
        @Nullable String planHash,
        Instant createdAt,
        @Nullable Instant due,
        @Nullable String assignee,
        State state,
        @Nullable String decision,
        @Nullable String reason,
        @Nullable String decidedBy,
        @Nullable Instant decidedAt) {
    public HumanTask {
        candidates = List.copyOf(candidates);
        decisions = List.copyOf(decisions);
    }

    public enum State {
        OPEN,
        COMPLETED,
        /** The workflow no longer needs it: a deadline or a worse alert decided. */
        CANCELLED
    }
}
