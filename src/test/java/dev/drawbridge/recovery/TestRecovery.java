package dev.drawbridge.recovery;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.TestWrites;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The product's own recovery of one node, for tests of other packages. */
public final class TestRecovery {
    private TestRecovery() {}

    public static Recovery of(TestNode node, TestBaseline baseline, EvidenceLocker locker, TestDatabase database) {
        return behind(TestGate.open(database), node, baseline, locker, database);
    }

    public static Recovery behind(
            EffectGate gate, TestNode node, TestBaseline baseline, EvidenceLocker locker, TestDatabase database) {
        NodeInfo info = new NodeInfo(TestNode.NAME, "uid", Set.of(), Set.of(), Map.of());
        NodeDirectory directory = new NodeDirectory() {
            @Override
            public Lookup find(NodeName name) {
                return new Lookup.Known(info);
            }

            @Override
            public List<NodeInfo> all() {
                return List.of(info);
            }
        };
        return new PlannedRecovery(
                directory,
                node.files(),
                TestWrites.on(database, Clock.systemUTC()),
                baseline.baselines(),
                locker,
                gate,
                new PlanStore(database.jdbc()),
                new QuarantineStore(database.jdbc(), Clock.systemUTC()),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                new RecentLooks(Clock.systemUTC()));
    }
}
