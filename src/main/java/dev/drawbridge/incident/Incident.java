package dev.drawbridge.incident;

import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The case we respond to.
 *
 * @param cluster name of the cluster, from configuration
 * @param node the node, null when the alert's host is none of ours
 * @param host the host as the alert names it, for people
 * @param firstEventAt time of the earliest file event: response times count from here
 * @param resolution why it was closed; null while open
 */
public record Incident(
        IncidentId id,
        String cluster,
        @Nullable NodeName node,
        String host,
        IncidentState state,
        String severity,
        String title,
        String playbook,
        String playbookVersion,
        Instant openedAt,
        Instant firstEventAt,
        @Nullable Instant closedAt,
        @Nullable String resolution) {}
