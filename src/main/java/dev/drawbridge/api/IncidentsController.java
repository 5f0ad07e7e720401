package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.investigation.Investigation;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.Verification;
import dev.drawbridge.workflow.TaskInbox;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
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
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Reads incidents, and has one change nothing. */
@RestController
@RequestMapping(path = "/api/v1/incidents", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "incidents")
class IncidentsController {
    private static final int TIMELINE = 500;
    private static final int LONGEST_REASON = 2000;

    private final Incidents incidents;
    private final TaskInbox inbox;
    private final Containment containment;
    private final EvidenceLocker evidence;
    private final Recovery recovery;
    private final Verification verification;
    private final Investigation investigation;
    private final DryRuns dryRuns;
    private final AuditTrail audit;

    IncidentsController(
            Incidents incidents,
            TaskInbox inbox,
            Containment containment,
            EvidenceLocker evidence,
            Recovery recovery,
            Verification verification,
            Investigation investigation,
            DryRuns dryRuns,
            AuditTrail audit) {
        this.incidents = incidents;
        this.inbox = inbox;
        this.containment = containment;
        this.evidence = evidence;
        this.recovery = recovery;
        this.verification = verification;
        this.investigation = investigation;
        this.dryRuns = dryRuns;
        this.audit = audit;
    }

    @GetMapping
    @Operation(operationId = "listIncidents", summary = "List incidents, newest first")
    @ApiResponse(responseCode = "200")
    Listing<IncidentSummary> list(
            @RequestParam(required = false) @Nullable String node,
            @RequestParam(required = false) @Nullable String state,
            @Parameter(description = "`next` of the page before") @RequestParam(required = false) @Nullable
                    String after,
            @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        NodeName name = Problems.optional(node, NodeName::of, "node is not a node name.");
        IncidentState only = Problems.optional(state, IncidentState::ofCode, "state is none of the incident states.");
        IncidentId before = Problems.optional(after, IncidentId::of, "after is not an incident id.");
        return Listing.of(
                incidents.page(name, only, before, limit + 1),
                limit,
                incident -> incident.id().value(),
                IncidentSummary::of);
    }

    @GetMapping("/{id}")
    @Operation(operationId = "getIncident", summary = "Everything that is known of one incident")
    @ApiResponse(responseCode = "200")
    IncidentDetail one(@PathVariable String id) {
        Incident incident = Problems.incident(incidents, id);
        IncidentId key = incident.id();
        Listing<TimelineEntry> timeline = timeline(key, 0, TIMELINE);
        return new IncidentDetail(
                IncidentSummary.of(incident),
                dryRuns.of(key).map(IncidentDetail.DryRun::of).orElse(null),
                incidents.alerts(key).stream().map(AlertView::of).toList(),
                containment.ladder(key).stream()
                        .map(IncidentDetail.AppliedRung::of)
                        .toList(),
                IncidentDetail.Evidence.of(evidence.look(key)),
                recovery.newestPlan(key).map(PlanView::of).orElse(null),
                recovery.exposedCredentials(key).stream()
                        .map(IncidentDetail.Exposed::of)
                        .toList(),
                verification.reports(key).stream()
                        .map(IncidentDetail.Report::of)
                        .toList(),
                investigation.findings(key).stream()
                        .map(IncidentDetail.Answer::of)
                        .toList(),
                inbox.ofIncident(key).stream().map(TaskView::of).toList(),
                timeline.items(),
                timeline.next());
    }

    @Schema(name = "DryRunReason")
    record Why(
            @Schema(description = "kept in the audit trail", requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason) {}

    @PostMapping(path = "/{id}/dry-run", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(
            operationId = "beginDryRun",
            summary = "Change nothing for this incident from now on: every check runs, every request is recorded")
    @ApiResponse(responseCode = "204")
    @ApiResponse(responseCode = "409", description = "it is in dry run, or closed")
    void beginDryRun(@PathVariable String id, @RequestBody Why why, @AuthenticationPrincipal Member member) {
        Incident incident = Problems.incident(incidents, id);
        String reason = reason(why);
        if (incident.state().closed()) {
            throw Problems.of(HttpStatus.CONFLICT, "The incident is closed.", "closed");
        }
        if (!dryRuns.begin(member.actor(), incident.id(), reason)) {
            throw Problems.of(HttpStatus.CONFLICT, "The incident is in dry run already.", "dry-run");
        }
    }

    @PostMapping(path = "/{id}/dry-run/end", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(
            operationId = "endDryRun",
            summary = "End the dry run of this incident: its next effect asks a person before anything is done")
    @ApiResponse(responseCode = "204")
    @ApiResponse(responseCode = "409", description = "it is not in dry run")
    void endDryRun(@PathVariable String id, @RequestBody Why why, @AuthenticationPrincipal Member member) {
        Incident incident = Problems.incident(incidents, id);
        if (!dryRuns.end(member.actor(), incident.id(), reason(why))) {
            throw Problems.of(HttpStatus.CONFLICT, "The incident is not in dry run.", "dry-run");
        }
    }

    private static String reason(Why why) {
        String reason = why.reason();
        if (reason == null || reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw Problems.badRequest("reason is missing, or longer than " + LONGEST_REASON + " characters.");
        }
        return reason.strip();
    }

    @GetMapping("/{id}/plan")
    @Operation(
            operationId = "getPlan",
            summary = "The newest plan of one incident, with how each file differs from the baseline")
    @ApiResponse(responseCode = "200")
    ComparedPlanView plan(@PathVariable String id) {
        return recovery.comparedPlan(Problems.incident(incidents, id).id())
                .map(ComparedPlanView::of)
                .orElseThrow(() -> Problems.notFound("This incident has no plan."));
    }

    @GetMapping("/{id}/timeline")
    @Operation(operationId = "listTimeline", summary = "The audit entries of one incident, oldest first")
    @ApiResponse(responseCode = "200")
    Listing<TimelineEntry> timeline(
            @PathVariable String id,
            @Parameter(description = "`next` of the page before") @RequestParam(defaultValue = "0") @Min(0) long after,
            @RequestParam(defaultValue = "100") @Min(1) @Max(500) int limit) {
        return timeline(Problems.incident(incidents, id).id(), after, limit);
    }

    private Listing<TimelineEntry> timeline(IncidentId incident, long after, int limit) {
        List<AuditEntry> found = audit.timeline(incident, after, limit + 1);
        return Listing.of(found, limit, entry -> Long.toString(entry.seq()), TimelineEntry::of);
    }
}
