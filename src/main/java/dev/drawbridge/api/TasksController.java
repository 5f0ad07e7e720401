package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.TaskInbox;
import dev.drawbridge.workflow.TaskOutcome;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What waits for people. The rules of the inbox decide who may answer. */
@RestController
@RequestMapping(path = "/api/v1/tasks", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "tasks")
class TasksController {
    private static final int LONGEST_REASON = 4000;
    private static final String NO_TASK = "There is no task with this id.";

    private final TaskInbox inbox;

    TasksController(TaskInbox inbox) {
        this.inbox = inbox;
    }

    @Schema(name = "Decision")
    record Decision(
            @Schema(
                    description = "one of the task's decisions",
                    example = "approve",
                    requiredMode = Schema.RequiredMode.REQUIRED)
            @Nullable
            String decision,

            @Schema(description = "why; kept in the audit trail", requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason,

            @Schema(description = "the plan hash that was read; must be the task's where it has one") @Nullable
            String planHash) {}

    @GetMapping
    @Operation(operationId = "listTasks", summary = "List open tasks, oldest first")
    @ApiResponse(responseCode = "200")
    Listing<TaskView> open(
            @Parameter(description = "`next` of the page before") @RequestParam(required = false) @Nullable
                    String after,
            @RequestParam(defaultValue = "100") @Min(1) @Max(500) int limit) {
        String last = after == null || after.isEmpty() ? null : after;
        return Listing.of(inbox.open(last, limit + 1), limit, HumanTask::id, TaskView::of);
    }

    @GetMapping("/{id}")
    @Operation(operationId = "getTask", summary = "One task, open or decided")
    @ApiResponse(responseCode = "200")
    TaskView one(@PathVariable String id) {
        return inbox.find(id).map(TaskView::of).orElseThrow(() -> Problems.notFound(NO_TASK));
    }

    @PostMapping("/{id}/claim")
    @Operation(operationId = "claimTask", summary = "Take a task, so that others leave it to you")
    @ApiResponse(responseCode = "200")
    @ApiResponse(responseCode = "403", description = "`rule` names what forbids it")
    @ApiResponse(responseCode = "409", description = "decided already")
    TaskView claim(@PathVariable String id, @AuthenticationPrincipal Member member) {
        return answer(inbox.claim(id, person(member)));
    }

    @PostMapping(path = "/{id}/complete", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "completeTask", summary = "Decide a task")
    @ApiResponse(responseCode = "200")
    @ApiResponse(responseCode = "400", description = "no such decision, or no reason")
    @ApiResponse(
            responseCode = "403",
            description =
                    "`rule` names what forbids it, for example four-eyes, or the guardrail that nobody can override")
    @ApiResponse(responseCode = "409", description = "decided already, or the plan is not the newest any more")
    TaskView complete(@PathVariable String id, @RequestBody Decision decision, @AuthenticationPrincipal Member member) {
        String what = decision.decision();
        String why = decision.reason();
        if (what == null || what.isBlank()) {
            throw Problems.badRequest("decision is missing.");
        }
        if (why == null || why.isBlank()) {
            throw Problems.badRequest("reason is missing: every decision is kept with one.");
        }
        if (why.length() > LONGEST_REASON) {
            throw Problems.badRequest("reason is longer than " + LONGEST_REASON + " characters.");
        }
        return answer(inbox.complete(id, person(member), what, why.strip(), decision.planHash()));
    }

    private static TaskInbox.Person person(Member member) {
        return new TaskInbox.Person(member.name(), member.groupCodes());
    }

    private static TaskView answer(TaskOutcome outcome) {
        if (outcome instanceof TaskOutcome.Accepted accepted) {
            return TaskView.of(accepted.task());
        }
        throw problem(outcome);
    }

    private static ErrorResponseException problem(TaskOutcome outcome) {
        if (outcome instanceof TaskOutcome.Forbidden forbidden) {
            return Problems.of(HttpStatus.FORBIDDEN, forbidden.reason(), forbidden.rule());
        }
        if (outcome instanceof TaskOutcome.Conflict conflict) {
            return Problems.of(HttpStatus.CONFLICT, conflict.reason(), conflict.rule());
        }
        if (outcome instanceof TaskOutcome.Invalid invalid) {
            return Problems.badRequest(invalid.reason());
        }
        return Problems.notFound(NO_TASK);
    }
}
