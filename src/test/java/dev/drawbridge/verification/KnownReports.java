package dev.drawbridge.verification;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reports that a test wrote; verifies nothing. */
public final class KnownReports implements Verification {
    private final Map<IncidentId, List<VerificationReport>> reports = new HashMap<>();

    public void put(IncidentId incident, VerificationReport... added) {
        reports.computeIfAbsent(incident, none -> new ArrayList<>()).addAll(List.of(added));
    }

    /** As the product says it. */
    public static VerificationReport.Check check(LaterAlerts later, Instant now) {
        return later.check(now);
    }

    public void clear() {
        reports.clear();
    }

    @Override
    public VerificationReport verify(
            Actor actor, IncidentId incident, NodeName node, VerificationPolicy policy, LaterAlerts later) {
        throw new UnsupportedOperationException("pages and API verify nothing");
    }

    @Override
    public List<VerificationReport> reports(IncidentId incident) {
        return List.copyOf(reports.getOrDefault(incident, List.of()));
    }
}
