package dev.drawbridge.verification;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.List;

/** Proves again, from the node, the cluster and the baseline, and from nothing that the restore remembers. */
public interface Verification {
    /** Runs all checks and keeps the report. Reaches the node in the name of the incident. */
    VerificationReport verify(
            Actor actor, IncidentId incident, NodeName node, VerificationPolicy policy, LaterAlerts later);

    /** All reports of an incident, oldest first. */
    List<VerificationReport> reports(IncidentId incident);
}
