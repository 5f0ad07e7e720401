package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceItem;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.shared.WatchedSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a restore that moved a file away to the file at its place again, on a real shell. */
class NodeQuarantineTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final Actor ACTOR = Actor.playbook("test");
    private static final NodePath ROGUE = NodePath.of("/etc/kubernetes/manifests/rogue.yaml");
    private static final NodePath CA_KEY = NodePath.of("/etc/kubernetes/pki/ca.key");
    private static final String CONTENT = "kind: Pod\nname: rogue\n";
    private static final RecoveryPolicy POLICY = new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE);

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestNode node;
    private EvidenceLocker locker;
    private Recovery recovery;
    private QuarantinedFile file;
    private Quarantined held;

    @BeforeEach
    void moveAFileAway() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        node.put("/etc/kubernetes/manifests/etcd.yaml", "kind: Pod\nname: etcd\n".getBytes(UTF_8));
        node.put(CA_KEY.toString(), "the key".getBytes(UTF_8));
        TestBaseline baseline = new TestBaseline(temp.resolve("git"), database);
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        locker = TestLocker.in(temp.resolve("evidence"), node.files(), database);
        recovery = TestRecovery.of(node, baseline, locker, database);
        node.put(ROGUE.toString(), CONTENT.getBytes(UTF_8));
        RestorePlan plan = plan();
        EvidenceReceipt receipt = recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of())
                .orElseThrow();
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isInstanceOf(RestoreOutcome.Restored.class);
        file = quarantine().of(INCIDENT).get(0);
        held = quarantine().look(file).orElseThrow();
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        database.close();
    }

    private RestorePlan plan() {
        return ((PlanOutcome.Drifted) recovery.plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).plan();
    }

    private Quarantine quarantine() {
        return quarantine(TestGate.open(database), node.files());
    }

    private Quarantine quarantine(EffectGate gate, NodeFiles files) {
        return new NodeQuarantine(
                files,
                locker,
                gate,
                new PlanStore(database.jdbc()),
                new QuarantineStore(database.jdbc(), Clock.systemUTC()));
    }

    private ReturnOutcome putBack() {
        return quarantine().putBack(ACTOR, file, held, TestBaseline.WATCHED);
    }

    private List<AuditEvent> audited(String action) {
        return TestAudit.on(database, Clock.systemUTC()).timeline(INCIDENT, 0, 500).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().equals(action))
                .toList();
    }

    @Test
    void aRestoreSaysWhatItMovedAwayAndTheNodeSaysHowItLiesThere() {
        assertThat(file.path()).isEqualTo(ROGUE);
        assertThat(file.node()).isEqualTo(TestNode.NAME);
        assertThat(file.content()).isEqualTo(Digest.ofText(CONTENT));
        assertThat(file.returnedAt()).isNull();
        assertThat(file.id()).isEqualTo(Quarantined.id(INCIDENT, ROGUE, Digest.ofText(CONTENT)));
        assertThat(held.place()).isEqualTo(file.id());
        assertThat(held.size()).isEqualTo(CONTENT.length());
        assertThat(quarantine().find(INCIDENT, file.id())).contains(file);
        assertThat(quarantine().find(IncidentId.of("incident-2"), file.id())).isEmpty();
    }

    @Test
    void putsItBackWithEvidenceBeforeAndAnEntryBeforeAndAfter() {
        assertThat(putBack()).isEqualTo(new ReturnOutcome.Returned());
        assertThat(node.path(ROGUE.toString())).hasContent(CONTENT);
        assertThat(quarantine().find(INCIDENT, file.id()).orElseThrow().returnedAt())
                .isNotNull();
        assertThat(locker.receipt(INCIDENT).orElseThrow().items()).anySatisfy(item -> {
            assertThat(item.origin()).endsWith("/quarantine/" + file.id() + "/content");
            assertThat(item.state()).isEqualTo(EvidenceItem.State.KEPT);
            assertThat(item.sha256()).isEqualTo(file.content());
        });
        assertThat(audited("effect.return-file"))
                .extracting(AuditEvent::phase)
                .containsExactly(AuditEvent.Phase.INTENT, AuditEvent.Phase.OUTCOME);
        assertThat(audited("effect.return-file").get(0).details().get("request"))
                .contains(file.content().hex(), "if nothing is at " + ROGUE);
    }

    @Test
    void whatIsBackIsDriftAndCanBeMovedAwayAgain() {
        putBack();
        RestorePlan again = plan();
        assertThat(again.steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("quarantine " + ROGUE);
        EvidenceReceipt receipt = recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of())
                .orElseThrow();
        recovery.restore(ACTOR, INCIDENT, TestNode.NAME, again.hash(), receipt);
        assertThat(quarantine().of(INCIDENT))
                .singleElement()
                .satisfies(one -> assertThat(one.returnedAt()).isNull());
    }

    @Test
    void aRunThatWasCutOffAfterTheFileWasBackIsFinishedByTheNext() {
        NodeFiles real = node.files();
        NodeFiles cut = (NodeFiles) java.lang.reflect.Proxy.newProxyInstance(
                NodeFiles.class.getClassLoader(), new Class<?>[] {NodeFiles.class}, (proxy, method, arguments) -> {
                    Object value = method.invoke(real, arguments);
                    if (method.getName().equals("putBack")) {
                        throw new IllegalStateException("the connection is gone");
                    }
                    return value;
                });
        assertThatThrownBy(
                        () -> quarantine(TestGate.open(database), cut).putBack(ACTOR, file, held, TestBaseline.WATCHED))
                .hasMessage("the connection is gone");
        assertThat(quarantine().find(INCIDENT, file.id()).orElseThrow().returnedAt())
                .isNull();
        assertThat(putBack()).isEqualTo(new ReturnOutcome.Returned());
        assertThat(quarantine().find(INCIDENT, file.id()).orElseThrow().returnedAt())
                .isNotNull();
    }

    @Test
    void neverOverAnotherFileWhichIsKeptAsEvidence() throws Exception {
        node.put(ROGUE.toString(), "another".getBytes(UTF_8));
        assertThat(putBack()).isInstanceOf(ReturnOutcome.Lapsed.class);
        assertThat(node.path(ROGUE.toString())).hasContent("another");
        assertThat(locker.open(Digest.ofText("another"))).isPresent();
        assertThat(quarantine().look(file)).contains(held);
    }

    @Test
    void lapsesWhenTheQuarantineHoldsSomethingElse() throws Exception {
        Files.writeString(node.path(node.files().place(held).orElseThrow().toString()), "worse");
        assertThat(putBack()).isInstanceOf(ReturnOutcome.Lapsed.class);
        assertThat(node.path(ROGUE.toString())).doesNotExist();
    }

    @Test
    void nothingIsPutWhereThePlaybookDoesNotWatch() {
        WatchedSet elsewhere = new WatchedSet(List.of("/etc/kubernetes/pki/**"));
        assertThat(quarantine().putBack(ACTOR, file, held, elsewhere)).isInstanceOf(ReturnOutcome.Refused.class);
        assertThat(node.path(ROGUE.toString())).doesNotExist();
        assertThat(audited("effect.return-file")).isEmpty();
    }

    @Test
    void aGuardrailIsAskedAndADryRunChangesNothing() {
        assertThat(quarantine(
                                TestGate.answering(database, new Verdict.Refused("protected-nodes", "by its name")),
                                node.files())
                        .putBack(ACTOR, file, held, TestBaseline.WATCHED))
                .isEqualTo(new ReturnOutcome.Refused("protected-nodes, by its name"));
        assertThat(quarantine(TestGate.answering(database, new Verdict.DryRun("only looking")), node.files())
                        .putBack(ACTOR, file, held, TestBaseline.WATCHED))
                .isEqualTo(new ReturnOutcome.DryRun("only looking"));
        assertThat(node.path(ROGUE.toString())).doesNotExist();
    }

    @Test
    void aPlanThatWaitsForItsApprovalStillFindsItsFilesInTheEvidence() throws Exception {
        node.put(CA_KEY.toString(), "another key".getBytes(UTF_8));
        RestorePlan waiting = plan();
        recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of()).orElseThrow();
        node.put(ROGUE.toString(), "in the way".getBytes(UTF_8));
        assertThat(putBack()).isInstanceOf(ReturnOutcome.Lapsed.class);
        Files.delete(node.path(ROGUE.toString()));
        assertThat(recovery.restore(
                        ACTOR,
                        INCIDENT,
                        TestNode.NAME,
                        waiting.hash(),
                        locker.receipt(INCIDENT).orElseThrow()))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertThat(node.path(CA_KEY.toString())).hasContent("the key");
    }
}
