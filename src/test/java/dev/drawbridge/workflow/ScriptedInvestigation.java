package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.investigation.Finding;
import dev.drawbridge.investigation.Investigation;
import dev.drawbridge.investigation.KnownFindings;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Knows one fact, unless a test says otherwise. */
final class ScriptedInvestigation implements Investigation {
    final Script<List<Finding>> investigate = new Script<>();
    final List<String> calls = new CopyOnWriteArrayList<>();
    private final KnownFindings findings = new KnownFindings();

    void clear() {
        investigate.clear();
        calls.clear();
    }

    @Override
    public List<Finding> investigate(Actor actor, IncidentId incident, List<Alert> alerts) {
        calls.add("investigate");
        List<Finding> found = investigate.take(() -> List.of(new Finding(
                "Process and its ancestry", Finding.Status.FOUND, List.of("bash started cp"), "logs-endpoint.*")));
        findings.put(incident, found.toArray(Finding[]::new));
        return found;
    }

    @Override
    public List<Finding> findings(IncidentId incident) {
        return findings.findings(incident);
    }
}
