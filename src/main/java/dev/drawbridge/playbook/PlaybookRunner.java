package dev.drawbridge.playbook;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.IncidentId;
import org.jspecify.annotations.Nullable;

/** Starts the workflow of a playbook for an incident; implemented by the package that knows the engine. */
public interface PlaybookRunner {
    /**
     * Joins the transaction of the caller: no workflow without incident, and no incident without a workflow or the durable job that starts it.
     */
    void start(Start start);

    /**
     * A further alert for an open incident: it may turn a waiting "suspicious" into "malicious". Called while the incident's
     * row is held, in the transaction that keeps the alert.
     *
     * @param playbook the one that the incident was opened with
     * @throws org.springframework.dao.ConcurrencyFailureException when the workflow moved on at this moment: the alert is then
     *     taken in once more from the start
     */
    void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded);

    /**
     * @param node the known node, null when the host is none of ours
     * @param excluded whether the playbook excludes the alert
     * @param byPerson whether a person wants the response, and no detector alone
     */
    record Start(
            IncidentId incident,
            Playbook playbook,
            dev.drawbridge.shared.@Nullable NodeName node,
            Alert alert,
            boolean excluded,
            boolean byPerson) {}
}
