package dev.drawbridge.incident;

import dev.drawbridge.alert.AlertHandler;
import dev.drawbridge.alert.Alerts;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.TestWrites;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.shared.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.UUID;

/** Incidents with their real parts, without a Spring context. */
public final class TestIncidents {
    private TestIncidents() {}

    /** The returned object is an {@link AlertHandler} too. */
    public static Incidents on(
            TestDatabase database,
            Alerts alerts,
            NodeDirectory nodes,
            PlaybookCatalogue playbooks,
            PlaybookRunner runner,
            Clock clock,
            MeterRegistry meters) {
        IncidentStore store = new IncidentStore(database.jdbc());
        return new IncidentRegistry(
                store,
                alerts,
                new HostIdentity(nodes),
                new OwnWriteCheck(TestWrites.on(database, clock), database.jdbc()),
                playbooks,
                runner,
                dev.drawbridge.guardrail.TestGate.latch(database, clock),
                dev.drawbridge.guardrail.TestGate.dryRuns(database, clock),
                TestAudit.on(database, clock),
                new IncidentMetrics(meters, store),
                database.transactions(),
                clock,
                () -> UUID.randomUUID().toString(),
                "kubernetes");
    }

    public static AlertHandler handler(Incidents incidents) {
        return (AlertHandler) incidents;
    }
}
