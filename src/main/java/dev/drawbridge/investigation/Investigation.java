package dev.drawbridge.investigation;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.List;

/** Looks up what is known about the change: process and ancestry, the user's logins, the file's history. */
public interface Investigation {
    /** Asks, keeps the findings, and returns them; never fails because a source is missing. */
    List<Finding> investigate(Actor actor, IncidentId incident, List<Alert> alerts);

    /** The newest findings of an incident; empty before the first investigation. */
    List<Finding> findings(IncidentId incident);
}
