package dev.drawbridge.incident;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Opens, correlates, moves and closes incidents. One open incident per cluster and node, unique in the database. */
public interface Incidents {
    Optional<Incident> find(IncidentId id);

    /**
     * Newest first.
     *
     * @param before id of the last incident of the page before, null for the first page
     */
    List<Incident> page(@Nullable NodeName node, @Nullable IncidentState state, @Nullable IncidentId before, int limit);

    /** No list of alerts is longer; one of this length may be a part. */
    int MOST_ALERTS = 1000;

    /** The first alerts of an incident, oldest first, at most {@link #MOST_ALERTS}. */
    List<Alert> alerts(IncidentId id);

    /**
     * Alerts of an incident about file events later than this, however many came before: whoever wants to hide a change
     * behind a flood of alerts must not succeed. Without those that Drawbridge's own writes raised.
     */
    List<Alert> alertsAfter(IncidentId id, Instant event);

    /**
     * Moves an open incident to another state, with an audit entry; nothing happens when it is in that state already.
     *
     * @throws IllegalStateException when the incident is closed
     */
    void move(Actor actor, IncidentId id, IncidentState state, String reason);

    /** Closes it: {@code state} is one of the closed ones. Idempotent. */
    void close(Actor actor, IncidentId id, IncidentState state, String resolution);

    /** Sets the state that was left by {@link IncidentState#STALLED}, after a person had a failed step tried again. */
    void resume(Actor actor, IncidentId id, String reason);

    /** A person answers a stale alert: opens an incident for it (or joins the open one). */
    Optional<IncidentId> respond(Actor actor, AlertId alert, String reason);

    /**
     * Holds an incident, open or closed, until the caller's transaction ends: no alert joins it unnoticed between a last look
     * and a decision. Whoever also changes tasks or workflow of the incident calls it first, so that all take the same order.
     */
    void hold(IncidentId id);

    /**
     * Has an alert answered anew that joined an incident too late: the incident was closed in this transaction, without
     * regard to the alert. Opens the next incident.
     */
    void answerAgain(AlertId alert);
}
