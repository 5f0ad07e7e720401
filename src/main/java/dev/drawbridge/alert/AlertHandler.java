package dev.drawbridge.alert;

import dev.drawbridge.shared.IncidentId;
import org.jspecify.annotations.Nullable;

/**
 * Decides what an alert means and acts on it; called in the transaction that keeps the alert, after the alert is known to be
 * new. Implemented by the package that owns incidents, so that intake points at nobody.
 */
public interface AlertHandler {
    /**
     * Runs again in a new transaction after it lost a race. An alert that an incident answers is noted with it ({@link Alerts#decide}) before
     * anything begins that may read the alerts of the incident.
     *
     * @throws org.springframework.dao.ConcurrencyFailureException when it lost a race: what comes of a second run counts
     */
    Handled handle(Alert alert);

    /** @param reason for people, where the disposition alone does not say it */
    record Handled(
            Disposition disposition,
            @Nullable IncidentId incident,
            @Nullable String reason) {}
}
