package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.containment.RungDescription;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.GuardrailOverride;
import dev.drawbridge.guardrail.Guardrails;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.guardrail.StormLatch;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.shared.NodeName;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** What Drawbridge may do by itself at this moment, and the brake. */
@RestController
@RequestMapping(path = "/api/v1/guardrails", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "guardrails")
class GuardrailsController {
    private static final int LONGEST_REASON = 2000;

    private final Guardrails guardrails;
    private final ClusterRights rights;
    private final Pauses pauses;
    private final StormLatch latch;
    private final DryRuns dryRuns;
    private final Overrides overrides;
    private final PlaybookCatalogue playbooks;
    private final NodeDirectory nodes;
    private final Clock clock;

    GuardrailsController(
            Guardrails guardrails,
            ClusterRights rights,
            Pauses pauses,
            StormLatch latch,
            DryRuns dryRuns,
            Overrides overrides,
            PlaybookCatalogue playbooks,
            NodeDirectory nodes,
            Clock clock) {
        this.guardrails = guardrails;
        this.rights = rights;
        this.pauses = pauses;
        this.latch = latch;
        this.dryRuns = dryRuns;
        this.overrides = overrides;
        this.playbooks = playbooks;
        this.nodes = nodes;
        this.clock = clock;
    }

    @Schema(name = "Guardrails")
    record Status(
            @Schema(description = "of everything") boolean dryRun,

            @Schema(description = "playbooks whose new incidents begin in dry run")
            List<DryRunPlaybook> dryRunPlaybooks,

            int maxContainedNodes,
            int hourlyBudget,

            @Schema(description = "containments begun in the last hour")
            long begunInTheLastHour,

            @Schema(description = "more new incidents than this within the window trip the storm latch")
            int stormIncidents,

            @Schema(type = "string", example = "PT10M", description = "ISO 8601 duration")
            String stormWindow,

            @Schema(description = "absent: the storm latch does not hold") @Nullable
            Storm storm,

            @Schema(description = "percent of a pool that may be contained at once; one node always may")
            int poolMaxPercent,

            @Schema(description = "percent of a pool that must be left healthy and not contained")
            int poolMinHealthyPercent,

            List<Held> contained,
            List<String> protectedNodes,
            List<String> protectedLabels,
            List<PauseView> pauses,

            @Schema(
                    description =
                            "where Drawbridge itself runs: the guardrail own-last-replica keeps one ready replica on a node that is not isolated",
                    example = "the pod drawbridge/drawbridge-6d4cf56db6-x2x7l")
            String runsAs,

            RightsView clusterRights,

            @Schema(description = "the ladder of containment, in the order in which it may be climbed")
            List<RungView> rungs) {
        static Status of(Guardrails.Status status, List<DryRunPlaybook> dryRuns, ClusterRights.Report rights) {
            return new Status(
                    status.dryRun(),
                    dryRuns,
                    status.maxContainedNodes(),
                    status.hourlyBudget(),
                    status.begunInTheLastHour(),
                    status.stormIncidents(),
                    status.stormWindow().toString(),
                    status.storm() == null
                            ? null
                            : new Storm(status.storm().at(), status.storm().incidents()),
                    status.poolMaxPercent(),
                    status.poolMinHealthyPercent(),
                    status.contained().stream().map(Held::of).toList(),
                    status.protectedNodes().stream().sorted().toList(),
                    status.protectedLabels().stream().sorted().toList(),
                    status.pauses().stream().map(PauseView::of).toList(),
                    status.runsAs(),
                    RightsView.of(rights),
                    RungDescription.all().stream().map(RungView::of).toList());
        }
    }

    @Schema(name = "Rung")
    record RungView(
            @Schema(example = "cordon") String rung,
            String stops,
            String doesNotStop,

            @Schema(
                    allowableValues = {"drawbridge", "restore", "person"},
                    description =
                            "drawbridge: when a playbook names it; restore: with the files, no playbook names it; person: by hand, the plan is in a task")
            String by) {
        static RungView of(RungDescription rung) {
            return new RungView(rung.code(), rung.stops(), rung.doesNotStop(), rung.by());
        }
    }

    @Schema(name = "DryRunPlaybook")
    record DryRunPlaybook(
            String playbook,

            @Schema(description = "dryRun: true in its file, which only another file ends")
            boolean byFile,

            @Schema(description = "of the switch; absent: it is not switched on") @Nullable
            String reason,

            @Schema(description = "who switched it on", example = "person:admin") @Nullable
            String setBy,

            @Nullable Instant setAt) {}

    @Schema(name = "PlaybookReason")
    record PlaybookReason(
            @Schema(requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String playbook,

            @Schema(description = "kept in the audit trail", requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason) {}

    @Schema(name = "Override", description = "two people's word that one effect may happen, once")
    record OverrideView(
            String id,
            String incidentId,
            String node,

            @Schema(
                    allowableValues = {"contain", "release", "restore-file", "quarantine-file", "return-file"},
                    description = "kind of the effect")
            String kind,

            @Schema(description = "rung, or path of the file; untrusted text")
            String target,

            @Schema(description = "the guardrails that refused")
            List<String> rules,

            @Schema(description = "the proposer's") String reason,
            @Schema(example = "person:alice") String proposer,
            @Schema(example = "person:bob") String approver,
            Instant approvedAt,
            Instant expiresAt,

            @Schema(description = "absent: it was not used") @Nullable
            Instant usedAt,

            @Schema(allowableValues = {"open", "used", "expired"})
            String state) {
        static OverrideView of(GuardrailOverride override, Instant now) {
            return new OverrideView(
                    override.id(),
                    override.incident().value(),
                    override.node().value(),
                    override.kind().code(),
                    override.target(),
                    List.copyOf(override.rules()),
                    override.reason(),
                    override.proposer().display(),
                    override.approver().display(),
                    override.createdAt(),
                    override.expiresAt(),
                    override.usedAt(),
                    override.state(now));
        }
    }

    @Schema(name = "ClusterRights", description = "what the API server of the cluster lets Drawbridge do")
    record RightsView(
            @Schema(description = "when the API server was asked last; absent: not yet") @Nullable
            Instant askedAt,

            List<MethodView> methods) {
        static RightsView of(ClusterRights.Report report) {
            return new RightsView(
                    report.at(), report.methods().stream().map(MethodView::of).toList());
        }
    }

    @Schema(name = "MethodRights")
    record MethodView(
            @Schema(description = "read, or a rung of containment", example = "cordon")
            String method,

            @Schema(
                    allowableValues = {"allowed", "denied", "unknown"},
                    description = "denied: this rung is not supported; unknown: it is tried")
            String answer,

            List<RightView> rights) {
        static MethodView of(ClusterRights.Method method) {
            return new MethodView(
                    method.name(),
                    method.answer().code(),
                    method.rights().stream().map(RightView::of).toList());
        }
    }

    @Schema(name = "Right")
    record RightView(
            @Schema(example = "patch nodes") String right,

            @Schema(allowableValues = {"allowed", "denied", "unknown"})
            String answer,

            @Schema(description = "what the API server said to it, or why nothing is known; may be empty")
            String why) {
        static RightView of(ClusterRights.Asked asked) {
            return new RightView(asked.right().toString(), asked.answer().code(), asked.why());
        }
    }

    @Schema(name = "Storm")
    record Storm(Instant trippedAt, int incidents) {}

    @Schema(name = "Reason")
    record Reason(
            @Schema(requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason) {}

    @Schema(name = "Resume")
    record Resume(
            @Schema(description = "of the pause", requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String id,

            @Schema(requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason) {}

    @Schema(name = "ContainedNode")
    record Held(String node, String incidentId, Instant since) {
        static Held of(ContainedNodes.Reservation held) {
            return new Held(held.node().value(), held.incident().value(), held.since());
        }
    }

    @Schema(name = "Pause")
    record PauseView(
            String id,

            @Schema(allowableValues = {"global", "playbook", "node"})
            String scope,

            @Schema(description = "name of the playbook or node; empty for global")
            String target,

            String reason,
            @Schema(example = "person:alice") String setBy,
            Instant setAt,

            @Schema(description = "absent: until it is lifted") @Nullable
            Instant endsAt) {
        static PauseView of(Pause pause) {
            return new PauseView(
                    pause.id(),
                    pause.scope().code(),
                    pause.target(),
                    pause.reason(),
                    pause.by().display(),
                    pause.setAt(),
                    pause.endsAt());
        }
    }

    @Schema(name = "NewPause")
    record NewPause(
            @Schema(
                    allowableValues = {"global", "playbook", "node"},
                    requiredMode = Schema.RequiredMode.REQUIRED)
            @Nullable
            String scope,

            @Schema(description = "name of the playbook or node; not for global") @Nullable
            String target,

            @Schema(requiredMode = Schema.RequiredMode.REQUIRED) @Nullable
            String reason,

            @Schema(description = "absent: until it is lifted") @Nullable
            Instant endsAt) {}

    @GetMapping
    @Operation(operationId = "getGuardrails", summary = "The limits and what is used of them; what the cluster allows")
    @ApiResponse(responseCode = "200")
    Status status() {
        return Status.of(guardrails.status(), dryRunPlaybooks(), rights.report());
    }

    /** Those of the switch, also when no such playbook is loaded any more, and those of a file. */
    private List<DryRunPlaybook> dryRunPlaybooks() {
        Set<String> byFile = playbooks.all().stream()
                .filter(Playbook::dryRun)
                .map(Playbook::name)
                .collect(Collectors.toCollection(TreeSet::new));
        List<DryRunPlaybook> all = new ArrayList<>();
        for (DryRuns.Switched switched : dryRuns.switched()) {
            all.add(new DryRunPlaybook(
                    switched.playbook(),
                    byFile.remove(switched.playbook()),
                    switched.reason(),
                    switched.by().display(),
                    switched.since()));
        }
        byFile.forEach(name -> all.add(new DryRunPlaybook(name, true, null, null, null)));
        return all;
    }

    @GetMapping("/overrides")
    @Operation(
            operationId = "listOverrides",
            summary = "Overrides that a second person approved, used and expired ones too, newest first")
    @ApiResponse(responseCode = "200")
    Listing<OverrideView> overrides(
            @Parameter(description = "`next` of the page before") @RequestParam(required = false) @Nullable
                    String after,
            @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        Instant now = clock.instant();
        String before = Problems.optional(after, GuardrailOverride::requireId, "after is not the id of an override.");
        return Listing.of(
                overrides.page(before, limit + 1),
                limit,
                GuardrailOverride::id,
                override -> OverrideView.of(override, now));
    }

    @PostMapping(path = "/dry-run", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(
            operationId = "beginPlaybookDryRun",
            summary = "Let new incidents of one playbook begin in dry run; for administrators")
    @ApiResponse(responseCode = "204")
    @ApiResponse(responseCode = "409", description = "it is switched on already")
    void beginDryRun(@RequestBody PlaybookReason wanted, @AuthenticationPrincipal Member member) {
        String name = wanted.playbook() == null ? "" : wanted.playbook();
        String reason = reason(wanted.reason());
        requirePlaybook(name, "playbook is none of the playbooks.");
        if (!dryRuns.switchOn(member.actor(), name, reason)) {
            throw Problems.of(HttpStatus.CONFLICT, "The playbook is switched to dry run already.", "dry-run");
        }
    }

    @PostMapping(path = "/dry-run/end", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(
            operationId = "endPlaybookDryRun",
            summary =
                    "Let new incidents of one playbook act again; those that began in dry run stay in it. For administrators")
    @ApiResponse(responseCode = "204")
    @ApiResponse(responseCode = "409", description = "it is not switched on")
    void endDryRun(@RequestBody PlaybookReason wanted, @AuthenticationPrincipal Member member) {
        String name = wanted.playbook() == null ? "" : wanted.playbook();
        if (!dryRuns.switchOff(member.actor(), name, reason(wanted.reason()))) {
            throw Problems.of(HttpStatus.CONFLICT, "The playbook is not switched to dry run.", "dry-run");
        }
    }

    @PostMapping(path = "/pause", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(
            operationId = "setPause",
            summary = "Let no new response begin, everywhere, for one playbook or on one node")
    @ApiResponse(responseCode = "201")
    PauseView pause(@RequestBody NewPause wanted, @AuthenticationPrincipal Member member) {
        Pause.Scope scope = Problems.required(
                wanted.scope() == null ? "" : wanted.scope(),
                code -> Pause.Scope.valueOf(code.toUpperCase(Locale.ROOT)),
                "scope is none of global, playbook, node.");
        Instant endsAt = wanted.endsAt();
        if (endsAt != null && !endsAt.isAfter(clock.instant())) {
            throw Problems.badRequest("endsAt is over.");
        }
        return PauseView.of(
                pauses.set(member.actor(), scope, target(scope, wanted.target()), reason(wanted.reason()), endsAt));
    }

    /** The reason comes in the body: addresses are kept in logs. */
    @PostMapping(path = "/resume", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "liftPause", summary = "Lift a pause")
    @ApiResponse(responseCode = "204")
    void resume(@RequestBody Resume wanted, @AuthenticationPrincipal Member member) {
        String id = wanted.id();
        if (id == null) {
            throw Problems.badRequest("id of the pause is missing.");
        }
        if (!pauses.lift(member.actor(), id, reason(wanted.reason()))) {
            throw Problems.notFound("There is no pause with this id, or it is over.");
        }
    }

    @PostMapping(path = "/reset-storm", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "resetStorm", summary = "Reset the storm latch: containment goes on")
    @ApiResponse(responseCode = "204")
    void resetStorm(@RequestBody Reason why, @AuthenticationPrincipal Member member) {
        if (!latch.reset(member.actor(), reason(why.reason()))) {
            throw Problems.notFound("The storm latch does not hold.");
        }
    }

    private static String reason(@Nullable String reason) {
        if (reason == null || reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw Problems.badRequest("reason is missing, or longer than " + LONGEST_REASON + " characters.");
        }
        return reason.strip();
    }

    /** A pause of something that does not exist would reassure and hold nothing back. */
    private String target(Pause.Scope scope, @Nullable String target) {
        if (scope == Pause.Scope.GLOBAL) {
            return "";
        }
        String name = target == null ? "" : target;
        if (scope == Pause.Scope.NODE) {
            NodeName node = Problems.required(name, NodeName::of, "target is not a node name.");
            if (nodes.find(node) instanceof NodeDirectory.Lookup.Unknown) {
                throw Problems.badRequest("target is none of the cluster's nodes.");
            }
        } else {
            requirePlaybook(name, "target is none of the playbooks.");
        }
        return name;
    }

    private void requirePlaybook(String name, String otherwise) {
        if (playbooks.all().stream().noneMatch(playbook -> playbook.name().equals(name))) {
            throw Problems.badRequest(otherwise);
        }
    }
}
