package dev.drawbridge.workflow;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.KnownReports;
import dev.drawbridge.verification.LaterAlerts;
import dev.drawbridge.verification.Verification;
import dev.drawbridge.verification.VerificationPolicy;
import dev.drawbridge.verification.VerificationReport;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Finds everything in order, unless a test says otherwise. */
final class ScriptedVerification implements Verification {
    final Script<VerificationReport.Status> verify = new Script<>();
    final List<String> calls = new CopyOnWriteArrayList<>();
    private final KnownReports reports = new KnownReports();

    void clear() {
        verify.clear();
        calls.clear();
    }

    @Override
    public VerificationReport verify(
            Actor actor, IncidentId incident, NodeName node, VerificationPolicy policy, LaterAlerts later) {
        calls.add("verify");
        VerificationReport.Status status = verify.take(() -> VerificationReport.Status.PASSED);
        VerificationReport report = new VerificationReport(
                reports.reports(incident).size() + 1,
                Instant.now(),
                List.of(
                        new VerificationReport.Check("files", "as the baseline", status.name(), status, "a scan"),
                        KnownReports.check(later, Instant.now())),
                Digest.ofText(status.name()));
        reports.put(incident, report);
        return report;
    }

    @Override
    public List<VerificationReport> reports(IncidentId incident) {
        return reports.reports(incident);
    }
}
