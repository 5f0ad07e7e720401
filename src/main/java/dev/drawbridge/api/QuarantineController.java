package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.workflow.QuarantineReturns;
import dev.drawbridge.workflow.TaskInbox;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Files that were moved to quarantine for an incident, and the request to have one put back. */
@RestController
@RequestMapping(path = "/api/v1/incidents/{id}/quarantine", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "incidents")
class QuarantineController {
    private static final String NO_FILE = "There is no such file in the quarantine of this incident.";

    private final Incidents incidents;
    private final Quarantine quarantine;
    private final QuarantineReturns returns;

    QuarantineController(Incidents incidents, Quarantine quarantine, QuarantineReturns returns) {
        this.incidents = incidents;
        this.quarantine = quarantine;
        this.returns = returns;
    }

    @Schema(name = "QuarantinedFile")
    record File(
            String id,

            @Schema(description = "where it was on the node")
            String path,

            String node,
            @Schema(description = "of its content") String sha256,
            Instant movedAt,

            @Schema(description = "since when it is back; absent while it is in quarantine") @Nullable
            Instant returnedAt) {
        static File of(QuarantinedFile file) {
            return new File(
                    file.id(),
                    file.path().toString(),
                    file.node().value(),
                    file.content().hex(),
                    file.movedAt(),
                    file.returnedAt());
        }
    }

    @Schema(name = "ReturnReason")
    record Why(
            @Schema(description = "kept in the audit trail", requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason) {}

    @GetMapping
    @Operation(operationId = "listQuarantine", summary = "The files that restores of one incident moved to quarantine")
    @ApiResponse(responseCode = "200")
    List<File> list(@PathVariable String id) {
        return quarantine.of(Problems.incident(incidents, id).id()).stream()
                .map(File::of)
                .toList();
    }

    @PostMapping(path = "/{file}/return", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.ACCEPTED)
    @Operation(
            operationId = "askReturn",
            summary =
                    "Ask that a file be put back: opens the task restore-quarantined-file, which another person decides; also after the incident is closed")
    @ApiResponse(responseCode = "202")
    @ApiResponse(
            responseCode = "409",
            description = "`rule` is `returned` (it is back already) or `asked` (somebody asked, and that is not over)")
    void ask(
            @PathVariable String id,
            @PathVariable String file,
            @RequestBody Why why,
            @AuthenticationPrincipal Member member) {
        String reason = why.reason();
        QuarantineReturns.Asked asked = returns.ask(
                Problems.incident(incidents, id).id(),
                file,
                new TaskInbox.Person(member.name(), member.groupCodes()),
                reason == null ? "" : reason);
        if (asked instanceof QuarantineReturns.Asked.NotFound) {
            throw Problems.notFound(NO_FILE);
        }
        if (asked instanceof QuarantineReturns.Asked.Invalid invalid) {
            throw Problems.badRequest(invalid.reason());
        }
        if (asked instanceof QuarantineReturns.Asked.Conflict conflict) {
            throw Problems.of(HttpStatus.CONFLICT, conflict.reason(), conflict.rule());
        }
    }
}
