package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.TestWrites;
import dev.drawbridge.node.pod.PodNode;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The steps of a recovery on a node that is reached by helper pods. */
class RecoveryByHelperPodsTest {
    private static final RecoveryPolicy POLICY = new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE);
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
    private static final String ROGUE = "/etc/kubernetes/manifests/rogue.yaml";
    private static final String STARTED = "effect.start-helper-pod";

    @TempDir
    Path temp;

    private PodNode node;
    private TestBaseline baseline;

    @BeforeEach
    void attack() throws Exception {
        node = PodNode.in(temp.resolve("node"));
        node.put(ETCD, "kind: Pod\nname: etcd\n".getBytes(UTF_8));
        baseline = new TestBaseline(temp.resolve("git"), node.database);
        baseline.publish(Map.of(ReachedNode.NAME.value(), node.root()));
        node.put(ETCD, "kind: Pod\nname: theirs\n".getBytes(UTF_8));
        node.put(ROGUE, "kind: Pod\nname: rogue\n".getBytes(UTF_8));
    }

    @AfterEach
    void close() throws Exception {
        node.close();
    }

    private Recovery recovery(EffectGate gate) {
        NodeFiles files = node.files(gate);
        NodeInfo info = new NodeInfo(ReachedNode.NAME, "uid", Set.of(), Set.of(), Map.of());
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
                files,
                TestWrites.on(node.database, Clock.systemUTC()),
                baseline.baselines(),
                TestLocker.in(temp.resolve("evidence"), files, node.database),
                gate,
                new PlanStore(node.database.jdbc()),
                new QuarantineStore(node.database.jdbc(), Clock.systemUTC()),
                TestAudit.on(node.database, Clock.systemUTC()),
                Clock.systemUTC(),
                new RecentLooks(Clock.systemUTC()));
    }

    private static <T> T step(Supplier<T> work) {
        return NodeUse.in(PodNode.ACTOR, PodNode.INCIDENT, work);
    }

    private List<String> trail() {
        return node.trail().stream()
                .map(entry -> entry.event())
                .filter(event -> event.phase() == AuditEvent.Phase.INTENT
                        || event.action().startsWith("node.")
                        || event.action().equals("recovery.plan"))
                .map(event -> event.action() + " " + event.subject().replaceAll("-[0-9a-f]{8}-.*", ""))
                .toList();
    }

    @Test
    void eachStepStartsWhatItNeedsByAVerdictAndLeavesNothing() {
        Recovery recovery = recovery(TestGate.open(node.database));
        RestorePlan plan = ((PlanOutcome.Drifted)
                        step(() -> recovery.plan(PodNode.ACTOR, PodNode.INCIDENT, ReachedNode.NAME, POLICY)))
                .plan();
        EvidenceReceipt receipt = step(() -> recovery.captureEvidence(
                        PodNode.ACTOR, PodNode.INCIDENT, ReachedNode.NAME, List.of(NodePath.of(ROGUE))))
                .orElseThrow();
        assertThat(node.made()).hasSize(2).allMatch(name -> name.startsWith("drawbridge-look-"));
        assertThat(step(() ->
                        recovery.restore(PodNode.ACTOR, PodNode.INCIDENT, ReachedNode.NAME, plan.hash(), receipt)))
                .isInstanceOf(RestoreOutcome.Restored.class);

        assertThat(node.path(ETCD)).hasContent("kind: Pod\nname: etcd\n");
        assertThat(node.path(ROGUE)).doesNotExist();
        assertThat(node.there()).isEmpty();
        assertThat(trail())
                .containsExactly(
                        STARTED + " look",
                        "recovery.plan 2 files",
                        "node.helper-pod.remove drawbridge-look",
                        STARTED + " look",
                        "node.helper-pod.remove drawbridge-look",
                        STARTED + " look",
                        "effect.quarantine-file " + ROGUE,
                        STARTED + " change",
                        "effect.restore-file " + ETCD,
                        "node.helper-pod.remove drawbridge-change",
                        "node.helper-pod.remove drawbridge-look");
    }

    @Test
    void aDryRunStartsNoneAndTakesNothingForInSync() {
        Recovery dry = recovery(TestGate.answering(node.database, new Verdict.DryRun("only looking")));
        assertThatThrownBy(() -> step(() -> dry.plan(PodNode.ACTOR, PodNode.INCIDENT, ReachedNode.NAME, POLICY)))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("in a dry run none is started: only looking");
        assertThat(node.made()).isEmpty();
        assertThat(trail()).containsExactly(STARTED + " look");
    }
}
