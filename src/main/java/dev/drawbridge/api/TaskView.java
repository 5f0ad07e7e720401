package dev.drawbridge.api;

import dev.drawbridge.workflow.HumanTask;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A task for a person. */
@Schema(name = "Task")
record TaskView(
        String id,
        String incidentId,

        @Schema(description = "machine name", example = "approve-return")
        String kind,

        String title,

        @Schema(description = "facts for the decision; untrusted text")
        String description,

        @Schema(description = "groups whose members may decide")
        List<String> candidates,

        @Schema(description = "what may be answered") List<String> decisions,

        @Schema(description = "hash of the plan that the decision binds to") @Nullable
        String planHash,

        Instant createdAt,

        @Schema(description = "deadline; when it passes the task escalates, it never releases a node") @Nullable
        Instant due,

        @Nullable String assignee,

        @Schema(allowableValues = {"open", "completed", "cancelled"})
        String state,

        @Nullable String decision,
        @Nullable String reason,
        @Nullable String decidedBy,
        @Nullable Instant decidedAt) {

    static TaskView of(HumanTask task) {
        return new TaskView(
                task.id(),
                task.incident().value(),
                task.kind(),
                task.title(),
                task.description(),
                task.candidates(),
                task.decisions(),
                task.planHash(),
                task.createdAt(),
                task.due(),
                task.assignee(),
                task.state().name().toLowerCase(Locale.ROOT),
                task.decision(),
                task.reason(),
                task.decidedBy(),
                task.decidedAt());
    }
}
