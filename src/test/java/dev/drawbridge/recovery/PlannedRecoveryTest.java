package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlannedRecoveryTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final Actor ACTOR = Actor.playbook("test");
    private static final String APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml";
    private static final String ROGUE = "/etc/kubernetes/manifests/rogue.yaml";
    private static final String CA_KEY = "/etc/kubernetes/pki/ca.key";
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
    private static final RecoveryPolicy POLICY = new RecoveryPolicy(TestBaseline.WATCHED, Set.of(FileClass.CA_KEY));

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestNode node;
    private TestBaseline baseline;
    private EvidenceLocker locker;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        node.put(APISERVER, "kind: Pod\nflag: --anonymous-auth=false\n".getBytes(UTF_8));
        node.put(ETCD, "kind: Pod\nname: etcd\n".getBytes(UTF_8));
        node.put(CA_KEY, "the key".getBytes(UTF_8));
        baseline = new TestBaseline(temp.resolve("git"), database);
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        locker = TestLocker.in(temp.resolve("evidence"), node.files(), database);
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        database.close();
    }

    private Recovery recovery(EffectGate gate) {
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
                baseline.baselines(),
                locker,
                gate,
                new PlanStore(database.jdbc()),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC());
    }

    private Recovery recovery() {
        return recovery(TestGate.open(database));
    }

    private void attack() throws Exception {
        node.put(ROGUE, "kind: Pod\nname: rogue\n".getBytes(UTF_8));
        node.put(APISERVER, "kind: Pod\nflag: --anonymous-auth=true\n".getBytes(UTF_8));
        node.put(CA_KEY, "another key".getBytes(UTF_8));
        Files.delete(node.path(ETCD));
    }

    private RestorePlan plan(Recovery recovery) {
        PlanOutcome outcome = recovery.plan(ACTOR, INCIDENT, TestNode.NAME, POLICY);
        assertThat(outcome).isInstanceOf(PlanOutcome.Drifted.class);
        return ((PlanOutcome.Drifted) outcome).plan();
    }

    private EvidenceReceipt capture(Recovery recovery) {
        return recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of(NodePath.of(ROGUE)))
                .orElseThrow();
    }

    private void assertRestored() {
        assertThat(node.path(ROGUE)).doesNotExist();
        assertThat(node.path(APISERVER)).hasContent("kind: Pod\nflag: --anonymous-auth=false\n");
        assertThat(node.path(CA_KEY)).hasContent("the key");
        assertThat(node.path(ETCD)).hasContent("kind: Pod\nname: etcd\n");
    }

    @Test
    void anUntouchedNodeIsInSync() {
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);
    }

    @Test
    void aWatchedDirectoryBehindALinkIsLeftForAPersonAndNothingIsWrittenThroughIt() throws Exception {
        Path elsewhere = node.path("/srv/manifests");
        Files.createDirectories(elsewhere.getParent());
        Files.move(node.path("/etc/kubernetes/manifests"), elsewhere);
        Files.createSymbolicLink(node.path("/etc/kubernetes/manifests"), elsewhere);
        Files.writeString(elsewhere.resolve("rogue.yaml"), "kind: Pod\nname: rogue\n");
        Files.writeString(node.path(CA_KEY), "another key");
        Recovery recovery = recovery();

        RestorePlan plan = plan(recovery);
        assertThat(plan.steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("restore " + CA_KEY, "task /etc/kubernetes/manifests");
        RestoreOutcome outcome = recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery));
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left())
                                .singleElement()
                                .asString()
                                .startsWith("/etc/kubernetes/manifests: a watched directory is a link"));
        assertThat(node.path(CA_KEY)).hasContent("the key");
        assertThat(elsewhere.resolve("rogue.yaml")).exists();
        assertThat(recovery.plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.Drifted.class);
    }

    @Test
    void aLinkInTheirPlaceIsNotInSyncEvenWhenTheWholeTreeIsBehindIt() throws Exception {
        Files.move(node.path("/etc/kubernetes"), node.path("/etc/kubernetes.real"));
        Files.createSymbolicLink(node.path("/etc/kubernetes"), node.path("/etc/kubernetes.real"));

        assertThat(plan(recovery()).steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("task /etc/kubernetes");
    }

    @Test
    void plansTheWholeWatchedSetInASafeOrderAndAsksForTheAuthoritysKey() throws Exception {
        attack();
        RestorePlan plan = plan(recovery());
        assertThat(plan.steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("quarantine " + ROGUE, "restore " + CA_KEY, "restore " + ETCD, "restore " + APISERVER);
        assertThat(plan.needsApproval()).isTrue();
        assertThat(plan(recovery()).hash())
                .as("the same drift has the same hash")
                .isEqualTo(plan.hash());
        Files.writeString(node.path(ROGUE), "kind: Pod\nname: other\n");
        assertThat(plan(recovery()).hash()).isNotEqualTo(plan.hash());
    }

    @Test
    void restoresKeepsEvidenceAndFindsNothingAfterwards() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        EvidenceReceipt receipt = capture(recovery);

        RestoreOutcome outcome = recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt);

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        RestoreOutcome.Restored.class,
                        restored -> assertThat(restored.changed()).hasSize(4));
        assertRestored();
        assertThat(recovery.plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);
        for (String attackers : List.of("kind: Pod\nname: rogue\n", "another key")) {
            try (var kept = locker.open(Digest.ofText(attackers)).orElseThrow()) {
                assertThat(new String(kept.readAllBytes(), UTF_8)).isEqualTo(attackers);
            }
        }
        try (var manifests = Files.list(node.path("/etc/kubernetes/manifests"))) {
            assertThat(manifests).hasSize(2);
        }
    }

    @Test
    void aRerunAfterACrashFinishesWhatIsLeft() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        EvidenceReceipt receipt = capture(recovery);
        // the process died after two of four files
        Files.delete(node.path(ROGUE));
        node.put(CA_KEY, "the key".getBytes(UTF_8));

        assertThat(recovery()
                        .restore(
                                ACTOR,
                                INCIDENT,
                                TestNode.NAME,
                                plan.hash(),
                                locker.receipt(INCIDENT).orElseThrow()))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertThat(receipt.manifest())
                .isEqualTo(locker.receipt(INCIDENT).orElseThrow().manifest());
        assertThat(database.jdbc()
                        .sql("select subject from audit_entry where action = 'recovery.already-done' order by seq")
                        .query(String.class)
                        .list())
                .as("says what it did not do again")
                .containsExactly(ROGUE, CA_KEY);
        assertRestored();
    }

    @Test
    void aNodeThatChangedSinceThePlanIsNotTouched() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        EvidenceReceipt receipt = capture(recovery);
        node.put(APISERVER, "edited once more".getBytes(UTF_8));

        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isInstanceOf(RestoreOutcome.Lapsed.class);
        assertThat(node.path(ROGUE)).exists();
        assertThat(recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of()))
                .isEmpty();
    }

    @Test
    void anotherHashThanTheNewestPlansDoesNothing() throws Exception {
        attack();
        Recovery recovery = recovery();
        plan(recovery);
        EvidenceReceipt receipt = capture(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, Digest.ofText("other plan"), receipt))
                .isInstanceOf(RestoreOutcome.Lapsed.class);
        assertThat(node.path(ROGUE)).exists();
    }

    @Test
    void nothingIsWrittenWithoutEvidenceOfThatFile() throws Exception {
        node.put(ROGUE, "first".getBytes(UTF_8));
        Recovery recovery = recovery();
        plan(recovery);
        EvidenceReceipt old = capture(recovery);
        node.put(ROGUE, "second".getBytes(UTF_8));
        RestorePlan plan = plan(recovery);

        RestoreOutcome outcome = recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), old);
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left())
                                .singleElement()
                                .asString()
                                .contains("no evidence"));
        assertThat(node.path(ROGUE)).hasContent("second");
    }

    @Test
    void guardrailsStandInFrontOfEveryFile() throws Exception {
        attack();
        Recovery refused = recovery(TestGate.answering(database, new Verdict.Refused("test", "not today")));
        RestorePlan plan = plan(refused);
        EvidenceReceipt receipt = capture(refused);
        assertThat(refused.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left()).hasSize(4));
        Recovery dry = recovery(TestGate.answering(database, new Verdict.DryRun("only looking")));
        assertThat(dry.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isEqualTo(new RestoreOutcome.DryRun("only looking"));
        assertThat(node.path(ROGUE)).exists();
    }

    @Test
    void withoutATrustedBaselineNothingIsPlanned() throws Exception {
        attack();
        Files.writeString(temp.resolve("git/allowed_signers"), "");
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY))
                .isInstanceOfSatisfying(
                        PlanOutcome.NoBaseline.class,
                        none -> assertThat(none.rule()).isEqualTo("signer-not-allowed"));
    }

    @Test
    void showsTheDiffOfManifestsButNeverOfKeys() throws Exception {
        attack();
        Recovery recovery = recovery();
        plan(recovery);
        capture(recovery);
        assertThat(recovery.diff(INCIDENT, NodePath.of(APISERVER)).orElseThrow().lines())
                .contains("-flag: --anonymous-auth=true", "+flag: --anonymous-auth=false");
        assertThat(recovery.diff(INCIDENT, NodePath.of(CA_KEY)).orElseThrow().shown())
                .isFalse();
        assertThat(recovery.diff(INCIDENT, NodePath.of("/etc/shadow"))).isEmpty();
    }

    @Test
    void aLinkInTheFilesPlaceIsMovedAwayAndTheFileComesBackWithTheNextPlan() throws Exception {
        Files.delete(node.path(ETCD));
        Files.createSymbolicLink(node.path(ETCD), Path.of("/tmp/elsewhere"));
        Recovery recovery = recovery();
        for (int round = 0; round < 2; round++) {
            RestorePlan plan = plan(recovery);
            assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                    .isInstanceOf(RestoreOutcome.Restored.class);
        }
        assertThat(node.path(ETCD)).isRegularFile().hasContent("kind: Pod\nname: etcd\n");
    }

    @Test
    void aStoredPlanThatWasAlteredIsNotCarriedOut() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        EvidenceReceipt receipt = capture(recovery);
        database.jdbc()
                .sql("update restore_plan set plan = replace(plan, :from, :to)")
                .param("from", ROGUE)
                .param("to", "/etc/shadow")
                .update();

        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isEqualTo(new RestoreOutcome.Lapsed("the stored plan is not the one that was approved"));
        assertThat(node.path(ROGUE)).exists();
        assertThat(node.path(ETCD)).doesNotExist();
    }

    @Test
    void aPathOutsideTheWatchedSetIsNeverTouchedEvenWhenAPlanNamesIt() throws Exception {
        node.put("/etc/shadow", "root:*:".getBytes(UTF_8));
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        List<RestorePlan.Step> steps = new java.util.ArrayList<>(plan.steps());
        RestorePlan.Step rogue = steps.get(0);
        steps.add(new RestorePlan.Step(
                NodePath.of("/etc/shadow"),
                rogue.drift(),
                rogue.fileClass(),
                rogue.action(),
                Digest.ofText("root:*:"),
                null,
                rogue.why(),
                rogue.effect()));
        RestorePlan forged = new RestorePlan(
                INCIDENT,
                TestNode.NAME,
                plan.revision(),
                steps,
                plan.needsApproval(),
                PlanHash.of(TestNode.NAME, plan.revision(), steps),
                plan.madeAt());
        new PlanStore(database.jdbc()).keep(forged, POLICY);

        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, forged.hash(), capturedFor(plan)))
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete ->
                                assertThat(incomplete.left()).containsExactly("/etc/shadow: outside the watched set"));
        assertThat(node.path("/etc/shadow")).hasContent("root:*:");
        assertThat(node.path(ROGUE)).doesNotExist();
    }

    private EvidenceReceipt capturedFor(RestorePlan plan) {
        var scan = node.files().scan(TestNode.NAME, POLICY.watched().roots());
        Set<NodePath> paths =
                plan.steps().stream().map(RestorePlan.Step::path).collect(java.util.stream.Collectors.toSet());
        return locker.capture(
                        ACTOR,
                        INCIDENT,
                        TestNode.NAME,
                        scan,
                        scan.files().stream()
                                .filter(file -> paths.contains(file.path()))
                                .toList())
                .orElseThrow();
    }
}
