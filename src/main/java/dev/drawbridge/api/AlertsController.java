package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.alert.Alerts;
import dev.drawbridge.alert.Disposition;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Alerts as people and their programs see them; detectors post to the webhook of the package {@code alert}. */
@RestController
@RequestMapping(path = "/api/v1/alerts", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "alerts")
class AlertsController {
    private static final int LONGEST_REASON = 4000;

    private final Alerts alerts;
    private final Incidents incidents;

    AlertsController(Alerts alerts, Incidents incidents) {
        this.alerts = alerts;
        this.incidents = incidents;
    }

    @Schema(name = "AlertResponse")
    record Response(
            @Schema(
                    description = "why an old alert is answered; kept in the audit trail",
                    requiredMode = Schema.RequiredMode.REQUIRED)
            @Nullable
            String reason) {}

    @Schema(name = "Responded")
    record Responded(
            @Schema(description = "the incident that was opened or joined")
            String incidentId) {}

    @GetMapping
    @Operation(operationId = "listAlerts", summary = "List alerts with what became of them, newest first")
    @ApiResponse(responseCode = "200")
    Listing<KeptAlert> list(
            @Parameter(description = "for example stale") @RequestParam(required = false) @Nullable String disposition,
            @Parameter(description = "`next` of the page before") @RequestParam(required = false) @Nullable
                    String after,
            @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        Disposition only = Problems.optional(
                disposition,
                code -> Disposition.valueOf(code.toUpperCase(Locale.ROOT)),
                "disposition is none of the dispositions.");
        AlertId before = Problems.optional(after, AlertId::of, "after is not an alert id.");
        return Listing.of(
                alerts.page(only, before, limit + 1),
                limit,
                stored -> stored.alert().id().value(),
                KeptAlert::of);
    }

    @PostMapping(path = "/{id}/respond", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "respondToAlert", summary = "Have a stale alert answered after all")
    @ApiResponse(responseCode = "200")
    @ApiResponse(responseCode = "400", description = "no reason")
    @ApiResponse(responseCode = "409", description = "the alert is not stale, or no playbook can answer it")
    Responded respond(@PathVariable String id, @RequestBody Response response, @AuthenticationPrincipal Member member) {
        AlertId alert = Problems.required(id, AlertId::of, "The id is not an alert id.");
        String reason = response.reason();
        if (reason == null || reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw Problems.badRequest("reason is missing, or longer than " + LONGEST_REASON + " characters.");
        }
        if (alerts.find(alert).isEmpty()) {
            throw Problems.notFound("There is no alert with this id.");
        }
        return incidents
                .respond(member.actor(), alert, reason.strip())
                .map(IncidentId::value)
                .map(Responded::new)
                .orElseThrow(() -> Problems.of(
                        HttpStatus.CONFLICT, "The alert is not stale, or no playbook can answer it.", "not-stale"));
    }
}
