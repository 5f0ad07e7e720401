package dev.drawbridge.api;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.shared.NodeName;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An incident in a list. */
@Schema(name = "IncidentSummary")
record IncidentSummary(
        String id,

        @Schema(
                allowableValues = {
                    "open",
                    "contained",
                    "restoring",
                    "verifying",
                    "awaiting-approval",
                    "stalled",
                    "closed-resolved",
                    "closed-false-positive"
                })
        String state,

        String cluster,

        @Schema(description = "the node; absent when the host of the alert is no known node") @Nullable
        String node,

        @Schema(description = "the host as the alert names it; untrusted text")
        String host,

        String severity,
        String title,
        String playbook,
        String playbookVersion,
        Instant openedAt,

        @Schema(description = "earliest file event; response times count from here")
        Instant firstEventAt,

        @Nullable Instant closedAt,
        @Nullable String resolution) {

    static IncidentSummary of(Incident incident) {
        return new IncidentSummary(
                incident.id().value(),
                incident.state().code(),
                incident.cluster(),
                Optional.ofNullable(incident.node()).map(NodeName::value).orElse(null),
                incident.host(),
                incident.severity(),
                incident.title(),
                incident.playbook(),
                incident.playbookVersion(),
                incident.openedAt(),
                incident.firstEventAt(),
                incident.closedAt(),
                incident.resolution());
    }
}
