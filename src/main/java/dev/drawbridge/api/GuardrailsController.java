package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.Guardrails;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.guardrail.StormLatch;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.shared.NodeName;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
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
    private final PlaybookCatalogue playbooks;
    private final NodeDirectory nodes;
    private final Clock clock;

    GuardrailsController(
            Guardrails guardrails,
            ClusterRights rights,
            Pauses pauses,
            StormLatch latch,
            PlaybookCatalogue playbooks,
            NodeDirectory nodes,
            Clock clock) {
        this.guardrails = guardrails;
        this.rights = rights;
        this.pauses = pauses;
        this.latch = latch;
        this.playbooks = playbooks;
        this.nodes = nodes;
        this.clock = clock;
    }

    @Schema(name = "Guardrails")
    record Status(
            boolean dryRun,
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

            RightsView clusterRights) {
        static Status of(Guardrails.Status status, ClusterRights.Report rights) {
            return new Status(
                    status.dryRun(),
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
                    RightsView.of(rights));
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
        return Status.of(guardrails.status(), rights.report());
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
        } else if (playbooks.all().stream()
                .noneMatch(playbook -> playbook.name().equals(name))) {
            throw Problems.badRequest("target is none of the playbooks.");
        }
        return name;
    }
}
