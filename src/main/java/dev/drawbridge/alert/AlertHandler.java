package dev.drawbridge.alert;

import dev.drawbridge.shared.IncidentId;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides what an alert means and acts on it; called in the transaction that keeps the alert, after the alert is known to be
 * new. Implemented by the package that owns incidents, so that intake points at nobody.
 */
public interface AlertHandler {
    /**
     * Runs again in a new transaction after it lost a race.
     *
     * @param keep keeps the alert with what becomes of it; to be called once, as soon as that is known and before anything begins that may read
     *     the alerts of an incident
     *
     * @throws org.springframework.dao.ConcurrencyFailureException when it lost a race: what comes of a second run counts
     */
    void handle(Alert alert, Consumer<Handled> keep);

    /** @param reason for people, where the disposition alone does not say it */
    record Handled(
            Disposition disposition,
            @Nullable IncidentId incident,
            @Nullable String reason) {}
}
