package dev.drawbridge.alert;

import dev.drawbridge.shared.IncidentId;
import org.jspecify.annotations.Nullable;

/**
 * An alert as it is kept.
 *
 * @param incident the incident that answers it; a stale alert has one after a person responded to it
 */
public record StoredAlert(
        Alert alert,
        Disposition disposition,
        @Nullable IncidentId incident,
        @Nullable String reason) {}
