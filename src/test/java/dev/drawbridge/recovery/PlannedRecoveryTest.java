package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestWrites;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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
    private static final RecoveryPolicy POLICY = new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE);

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

    /** Of the newest plan, or of the newest look that found none to make. */
    private AuditEvent planEvent() {
        return TestAudit.on(database, Clock.systemUTC()).timeline(INCIDENT, 0, 100).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().equals("recovery.plan"))
                .reduce((earlier, later) -> later)
                .orElseThrow();
    }

    @Test
    void theTrailSaysWhenTheRemoteOfTheBaselineCouldNotBeAsked() throws Exception {
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);
        assertThat(planEvent().details()).doesNotContainKey("baseline");

        Files.move(temp.resolve("git/baseline.git"), temp.resolve("away"));
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);
        assertThat(planEvent().details()).containsEntry("baseline", "verified copy; the remote could not be asked");
        attack();
        RestorePlan plan = plan(recovery());
        assertThat(planEvent().evidence()).isEqualTo(plan.hash());
        assertThat(planEvent().details()).containsEntry("baseline", "verified copy; the remote could not be asked");

        Files.move(temp.resolve("away"), temp.resolve("git/baseline.git"));
        plan(recovery());
        assertThat(planEvent().details()).doesNotContainKey("baseline");
    }

    @Test
    void whatIsPutInPlaceIsMarkedBeforeAndAfterForTheAlertsThatItRaises() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        Instant before = Instant.now();
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOf(RestoreOutcome.Restored.class);
        OwnWrites writes = TestWrites.on(database, Clock.systemUTC());
        assertThat(writes.around(TestNode.NAME, NodePath.of(APISERVER), Instant.now(), Duration.ofMinutes(1)))
                .singleElement()
                .satisfies(write -> {
                    assertThat(write.incident()).isEqualTo(INCIDENT);
                    assertThat(write.content()).isEqualTo(Digest.ofBytes(Files.readAllBytes(node.path(APISERVER))));
                    assertThat(write.staging().toString()).endsWith("/.drawbridge/staging");
                    assertThat(write.from()).isAfter(before.minusSeconds(1));
                    assertThat(write.to()).isBefore(Instant.now().plusSeconds(1));
                });
        // moved away, not put in place
        assertThat(writes.around(TestNode.NAME, NodePath.of(ROGUE), Instant.now(), Duration.ofMinutes(1)))
                .isEmpty();
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
                .isInstanceOfSatisfying(RestoreOutcome.Incomplete.class, incomplete -> {
                    assertThat(incomplete.left()).hasSize(4);
                    assertThat(incomplete.refused())
                            .hasSize(4)
                            .contains(new RestoreOutcome.Refused(
                                    Effect.Kind.QUARANTINE_FILE, NodePath.of(ROGUE), "test", false));
                });
        Recovery dry = recovery(TestGate.answering(database, new Verdict.DryRun("only looking")));
        assertThat(dry.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isEqualTo(new RestoreOutcome.DryRun("only looking"));
        assertThat(node.path(ROGUE)).exists();
        assertThat(TestAudit.on(database, Clock.systemUTC()).timeline(INCIDENT, 0, 100).stream()
                        .map(AuditEntry::event)
                        .filter(event -> "DryRun".equals(event.details().get("verdict")))
                        .map(event -> event.action() + " " + event.details().get("request")))
                .hasSize(4)
                .as("exactly what the node would be asked to do")
                .anySatisfy(request -> assertThat(request)
                        .matches("effect.quarantine-file if " + ROGUE
                                + " is sha256 [0-9a-f]{64}: move it to the quarantine of the work directory"))
                .anySatisfy(request -> assertThat(request)
                        .matches(
                                "effect.restore-file stage [0-9]+ bytes of sha256 [0-9a-f]{64}, chown [0-9]+:[0-9]+ \\(.+:.+\\), chmod [0-7]{4}, fsync; if "
                                        + APISERVER
                                        + " is sha256 [0-9a-f]{64}: rename over it, fsync the directory"));
    }

    private static final List<String> CERTIFICATES =
            List.of("/etc/kubernetes/pki/one.txt", "/etc/kubernetes/pki/three.txt", "/etc/kubernetes/pki/two.txt");

    private void changeCertificates() throws Exception {
        for (String path : CERTIFICATES) {
            node.put(path, ("good " + path).getBytes(UTF_8));
        }
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        for (String path : CERTIFICATES) {
            node.put(path, "bad".getBytes(UTF_8));
        }
        node.put(APISERVER, "kind: Pod\nflag: --anonymous-auth=true\n".getBytes(UTF_8));
    }

    private List<AuditEvent> effects() {
        return TestAudit.on(database, Clock.systemUTC()).timeline(INCIDENT, 0, 100).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().startsWith("effect."))
                .toList();
    }

    @Test
    void smallFilesThatBelongTogetherGoTogetherAndAManifestByItself() throws Exception {
        changeCertificates();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOfSatisfying(
                        RestoreOutcome.Restored.class,
                        restored -> assertThat(restored.changed())
                                .extracting(NodePath::toString)
                                .containsExactly(
                                        CERTIFICATES.get(0), CERTIFICATES.get(1), CERTIFICATES.get(2), APISERVER));
        for (String path : CERTIFICATES) {
            assertThat(node.path(path)).hasContent("good " + path);
            assertThat(TestWrites.on(database, Clock.systemUTC())
                            .around(TestNode.NAME, NodePath.of(path), Instant.now(), Duration.ofMinutes(1)))
                    .singleElement()
                    .satisfies(write ->
                            assertThat(write.to()).isBefore(Instant.now().plusSeconds(1)));
        }
        assertThat(effects())
                .extracting(event -> event.phase() + " " + event.subject())
                .containsExactly(
                        "INTENT " + CERTIFICATES.get(0),
                        "INTENT " + CERTIFICATES.get(1),
                        "INTENT " + CERTIFICATES.get(2),
                        "OUTCOME " + CERTIFICATES.get(0),
                        "OUTCOME " + CERTIFICATES.get(1),
                        "OUTCOME " + CERTIFICATES.get(2),
                        "INTENT " + APISERVER,
                        "OUTCOME " + APISERVER);
    }

    @Test
    void whereAGuardrailHoldsOneBackTheOthersGoByThemselves() throws Exception {
        changeCertificates();
        Recovery recovery = recovery(TestGate.judging(
                database,
                effect -> effect.target().equals(CERTIFICATES.get(1))
                        ? new Verdict.Refused("test", "not this one")
                        : new Verdict.Allowed("fine")));
        RestorePlan plan = plan(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOfSatisfying(RestoreOutcome.Incomplete.class, incomplete -> {
                    assertThat(incomplete.changed()).hasSize(3);
                    assertThat(incomplete.refused())
                            .extracting(refused -> refused.path().toString())
                            .containsExactly(CERTIFICATES.get(1));
                });
        assertThat(node.path(CERTIFICATES.get(1))).hasContent("bad");
        assertThat(node.path(CERTIFICATES.get(2))).hasContent("good " + CERTIFICATES.get(2));
        assertThat(effects())
                .filteredOn(event -> event.subject().equals(CERTIFICATES.get(1)))
                .as("one verdict, no outcome")
                .singleElement()
                .satisfies(event -> assertThat(event.details()).containsEntry("verdict", "Refused"));
    }

    @Test
    void evidenceIsTakenByTheLookOfItsPlanOnceAndByAnotherAfterwards() throws Exception {
        changeCertificates();
        Recovery recovery = recovery();
        plan(recovery);
        node.put(CERTIFICATES.get(0), "worse".getBytes(UTF_8));
        assertThat(recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of()))
                .as("what is read is not what was planned for")
                .isEmpty();
        plan(recovery);
        assertThat(recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of()))
                .isPresent();
        assertThat(recovery.captureEvidence(ACTOR, INCIDENT, TestNode.NAME, List.of()))
                .isPresent();
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

    private static FileComparison of(Recovery recovery, String path) {
        return recovery.comparedPlan(INCIDENT).orElseThrow().steps().stream()
                .filter(step -> step.step().path().equals(NodePath.of(path)))
                .map(ComparedPlan.Step::comparison)
                .findFirst()
                .orElseThrow();
    }

    private static String manifest(String name, String flag) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: kube-system}
                spec:
                  containers:
                  - name: %s
                    command: [%s, %s]
                """.formatted(name, name, name, flag);
    }

    /** Publishes a node with real manifests and attacks it. */
    private void attackManifests() throws Exception {
        node.put(APISERVER, manifest("kube-apiserver", "--anonymous-auth=false").getBytes(UTF_8));
        node.put(ETCD, manifest("etcd", "--client-cert-auth=true").getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        node.put(APISERVER, manifest("kube-apiserver", "--anonymous-auth=true").getBytes(UTF_8));
        node.put(ROGUE, manifest("rogue", "--mine").getBytes(UTF_8));
        node.put(CA_KEY, "another key".getBytes(UTF_8));
        Files.delete(node.path(ETCD));
    }

    @Test
    void saysOfEveryFileWhatWhyInWhichOrderAndWhichStaticPodRestarts() throws Exception {
        attackManifests();
        plan(recovery());
        List<ComparedPlan.Step> steps =
                recovery().comparedPlan(INCIDENT).orElseThrow().steps();
        assertThat(steps)
                .extracting(step -> step.order() + " " + step.step().path().name() + " "
                        + step.step().drift().code() + " "
                        + step.step().fileClass().code() + " "
                        + step.step().action().code())
                .containsExactly(
                        "1 rogue.yaml unexpected static-pod-manifest quarantine",
                        "2 ca.key modified ca-key restore",
                        "3 etcd.yaml missing static-pod-manifest restore",
                        "4 kube-apiserver.yaml modified static-pod-manifest restore");
        assertThat(steps)
                .extracting(step -> step.step().why())
                .containsExactly(
                        "not in the baseline",
                        "its content is not the baseline's; a key that mints identities was touched and counts as disclosed",
                        "it is missing",
                        "its content is not the baseline's");
        assertThat(steps.get(0).step().effect()).contains("kubelet stops the static pod that it runs");
        assertThat(steps.get(1).step().effect()).contains("at their next start; the key must be rotated");
        assertThat(steps.get(2).step().effect()).isEqualTo("kubelet starts the static pod kube-system/etcd");
        assertThat(steps.get(3).step().effect())
                .isEqualTo("kubelet restarts the static pod kube-system/kube-apiserver");
        assertThat(steps.get(0).step().before()).isEqualTo(Digest.ofText(manifest("rogue", "--mine")));
        assertThat(steps.get(0).step().after()).isNull();
        assertThat(steps.get(2).step().before()).isNull();
        assertThat(steps.get(3).step().after())
                .isEqualTo(Digest.ofText(manifest("kube-apiserver", "--anonymous-auth=false")));
        assertThat(steps)
                .as("before the evidence is kept nothing is compared, and that is said")
                .allSatisfy(step -> assertThat(step.comparison()).isEqualTo(FileComparison.notYet()));
        assertThat(recovery().comparedPlan(IncidentId.of("incident-2"))).isEmpty();
    }

    @Test
    void comparesManifestsByTextAndMeaningAndNeverShowsKeys() throws Exception {
        attackManifests();
        Recovery recovery = recovery();
        plan(recovery);
        capture(recovery);
        FileComparison edited = of(recovery, APISERVER);
        assertThat(edited.text().lines())
                .startsWith("--- on the node", "+++ baseline")
                .contains(
                        "-    command: [kube-apiserver, --anonymous-auth=true]",
                        "+    command: [kube-apiserver, --anonymous-auth=false]");
        assertThat(edited.meaning().changes())
                .containsExactly("Container kube-apiserver: flag --anonymous-auth=true on the node,"
                        + " --anonymous-auth=false in the baseline.");
        assertThat(edited.meaning().warnings())
                .containsExactly(
                        "Container kube-apiserver: --anonymous-auth=true lets requests in without credentials.");
        assertThat(of(recovery, ROGUE).meaning().changes())
                .startsWith("The file runs the static pod kube-system/rogue; the baseline has no such file.");
        assertThat(of(recovery, ETCD).meaning().changes())
                .containsExactly(
                        "The static pod kube-system/etcd of the baseline is not run: the file is missing on the node.");
        assertThat(of(recovery, CA_KEY).text().status()).isEqualTo(FileComparison.TextStatus.NOT_SHOWN);
        assertThat(of(recovery, CA_KEY).meaning()).isNull();
        assertThat(database.jdbc()
                        .sql("select comparisons from restore_plan")
                        .query(String.class)
                        .single())
                .doesNotContain("another key", "the key");
        assertThat(database.jdbc()
                        .sql("select subject || ', ' || reason from audit_entry where action = 'recovery.compare'")
                        .query(String.class)
                        .list())
                .containsExactly("4 files, 1 warnings");

        node.put(APISERVER, manifest("kube-apiserver", "--other").getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        assertThat(of(recovery(), APISERVER))
                .as("what was compared stays with the plan when node and baseline go on")
                .isEqualTo(edited);
    }

    @Test
    void anInstanceThatDoesNotHoldThePlansBaselineAnyMoreSaysSo() throws Exception {
        attackManifests();
        Recovery planner = recovery();
        plan(planner);
        capture(recovery());
        assertThat(of(planner, APISERVER).text().status())
                .as("one that did not make the plan asks for its baseline")
                .isEqualTo(FileComparison.TextStatus.SHOWN);
        node.put("/etc/kubernetes/manifests/added.yaml", "x".getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        Files.delete(node.path("/etc/kubernetes/manifests/added.yaml"));
        capture(planner);
        assertThat(of(planner, APISERVER).text().status())
                .as("who made the plan holds its revision and asks nobody")
                .isEqualTo(FileComparison.TextStatus.SHOWN);
        Recovery recovery = recovery();
        capture(recovery);
        assertThat(of(recovery, APISERVER).text())
                .isEqualTo(FileComparison.Text.notAvailable("the baseline of the plan is no longer the trusted one"));
        assertThat(of(recovery, APISERVER).meaning())
                .isEqualTo(
                        FileComparison.Meaning.notAvailable("the baseline of the plan is no longer the trusted one"));
        assertThat(of(recovery, CA_KEY).text().status()).isEqualTo(FileComparison.TextStatus.NOT_SHOWN);
    }

    @Test
    void aPolicyOfThePlaybookAsksOrLeavesAClassToAPerson() throws Exception {
        node.put(ROGUE, "kind: Pod\nname: rogue\n".getBytes(UTF_8));
        Files.delete(node.path(ETCD));
        Recovery recovery = recovery();
        assertThat(plan(recovery).needsApproval()).as("by default").isFalse();
        RecoveryPolicy strict = new RecoveryPolicy(
                TestBaseline.WATCHED,
                new FilePolicies(
                        Map.of(FileClass.STATIC_POD_MANIFEST, FilePolicy.TASK),
                        Map.of(FileClass.STATIC_POD_MANIFEST, FilePolicy.ASK)));
        RestorePlan plan = ((PlanOutcome.Drifted) recovery.plan(ACTOR, INCIDENT, TestNode.NAME, strict)).plan();
        assertThat(plan.needsApproval()).isTrue();
        assertThat(plan.steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("quarantine " + ROGUE, "task " + ETCD);
        // by the policy that was kept with the plan
        assertThat(recovery().restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOfSatisfying(RestoreOutcome.Incomplete.class, incomplete -> {
                    assertThat(incomplete.changed()).containsExactly(NodePath.of(ROGUE));
                    assertThat(incomplete.left())
                            .containsExactly(ETCD + ": it is missing, and the playbook leaves its class to a person");
                });
        assertThat(node.path(ETCD)).doesNotExist();
    }

    @Test
    void aPlanThatWasKeptBeforeThereWerePoliciesIsCarriedOut() throws Exception {
        attack();
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        database.jdbc()
                .sql("update restore_plan set context = :context")
                .param("context", """
                        {"watched": ["/etc/kubernetes/manifests/**", "/etc/kubernetes/pki/**", "/etc/kubernetes/*.conf"],
                         "askFirst": ["ca-key"]}""")
                .update();
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertRestored();
    }

    @Test
    void aKubeconfigThatIsTooLongToBeOneDoesNotEndThePlan() throws Exception {
        String admin = "/etc/kubernetes/admin.conf";
        node.put(admin, "kind: Config\n".getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        node.put(admin, new byte[100 * 1024]);
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertThat(node.path(admin)).hasContent("kind: Config\n");
    }

    private void replaceWithALink(String path, Path target) throws Exception {
        Files.delete(node.path(path));
        Files.createSymbolicLink(node.path(path), target);
    }

    @Test
    void onePlanPutsTheFileBackInThePlaceOfALinkAFifoOrASecondName() throws Exception {
        String scheduler = "/etc/kubernetes/manifests/kube-scheduler.yaml";
        node.put(scheduler, "kind: Pod\nname: scheduler\n".getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        Path target = Files.writeString(temp.resolve("target"), "theirs");
        replaceWithALink(APISERVER, target);
        Path second = Files.createLink(temp.resolve("second"), node.path(ETCD));
        Files.delete(node.path(scheduler));
        assertThat(new ProcessBuilder("mkfifo", node.path(scheduler).toString())
                        .start()
                        .waitFor())
                .isZero();
        List<Effect> judged = new ArrayList<>();
        Recovery recovery = recovery(TestGate.judging(database, effect -> {
            judged.add(effect);
            return new Verdict.Allowed("fine");
        }));

        RestorePlan plan = plan(recovery);
        assertThat(plan.steps())
                .as("each where its restore belongs: the API server's own last")
                .extracting(step -> step.drift().code() + " " + step.action().code() + " " + step.path())
                .containsExactly(
                        "wrong-type restore " + ETCD,
                        "wrong-type restore " + scheduler,
                        "wrong-type restore " + APISERVER);
        assertThat(plan.steps().get(0).effect()).contains("same content and restarts nothing");
        assertThat(plan.steps().get(2).why())
                .isEqualTo("a symlink to " + target + " stands where the baseline has a file");
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOf(RestoreOutcome.Restored.class);

        assertThat(judged)
                .as("what a guardrail of the control plane must see")
                .extracting(Effect::kind)
                .containsOnly(Effect.Kind.RESTORE_FILE);
        assertThat(judged)
                .extracting(Effect::request)
                .anySatisfy(request -> assertThat(request)
                        .contains("if " + APISERVER + " is a symlink to " + target + ": rename over"))
                .anySatisfy(request -> assertThat(request).contains("if " + scheduler + " is a fifo: rename over"))
                .anySatisfy(request -> assertThat(request)
                        .matches("stage .*; if " + ETCD + " is sha256 [0-9a-f]{64}: rename over .*"));
        assertThat(recovery.plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);
        assertThat(target).hasContent("theirs");
        Files.writeString(second, "theirs");
        assertThat(node.path(ETCD)).isRegularFile().hasContent("kind: Pod\nname: etcd\n");
        assertThat(node.path("/etc/kubernetes/.drawbridge/quarantine")).doesNotExist();
        assertThat(locker.receipt(INCIDENT).orElseThrow().items())
                .filteredOn(item -> item.origin().equals(APISERVER))
                .singleElement()
                .satisfies(item ->
                        assertThat(item.description()).contains("type=SYMLINK").contains("target=" + target));
    }

    @Test
    void aLinkThatLeadsElsewhereThanWhenItsEvidenceWasKeptIsNotReplaced() throws Exception {
        replaceWithALink(ETCD, Path.of("/tmp/first"));
        Recovery recovery = recovery();
        plan(recovery);
        EvidenceReceipt old = capture(recovery);
        replaceWithALink(ETCD, Path.of("/tmp/second"));
        RestorePlan plan = plan(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), old))
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left())
                                .containsExactly(ETCD + ": there is no evidence of what is there now"));
        EvidenceReceipt receipt = capture(recovery);
        replaceWithALink(ETCD, Path.of("/tmp/third"));
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), receipt))
                .isInstanceOf(RestoreOutcome.Lapsed.class);
        assertThat(Files.readSymbolicLink(node.path(ETCD))).isEqualTo(Path.of("/tmp/third"));
    }

    @Test
    void aDirectoryInTheFilesPlaceIsLeftForAPerson() throws Exception {
        Files.delete(node.path(ETCD));
        node.put(ETCD + "/inside", "theirs".getBytes(UTF_8));
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        assertThat(plan.steps())
                .extracting(step -> step.action().code() + " " + step.path())
                .containsExactly("quarantine " + ETCD + "/inside", "task " + ETCD);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left())
                                .containsExactly(ETCD + ": a directory stands where the baseline has a file"));
        assertThat(node.path(ETCD)).isEmptyDirectory();
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

    /** All that the node holds now, but of the authority's key the digest only. */
    private void publishWithoutTheKey() throws Exception {
        Map<String, String> tree = new TreeMap<>();
        StringBuilder metadata = new StringBuilder();
        for (String path : List.of(APISERVER, ETCD, CA_KEY)) {
            if (!path.equals(CA_KEY)) {
                tree.put("nodes/worker-1" + path, Files.readString(node.path(path)));
            }
            Map<String, Object> facts = Files.readAttributes(node.path(path), "unix:uid,gid,mode");
            metadata.append("maybe chown '%s' '%s'\nmaybe chgrp '%s' '%s'\nmaybe chmod %04o '%s'\n"
                    .formatted(
                            facts.get("uid"),
                            path.substring(1),
                            facts.get("gid"),
                            path.substring(1),
                            (Integer) facts.get("mode") & 07777,
                            path.substring(1)));
        }
        tree.put("nodes/worker-1/.etckeeper", metadata.toString());
        tree.put("nodes/worker-1/.drawbridge/digests", Digest.ofText("the key") + "  " + CA_KEY.substring(1) + "\n");
        baseline.publishTree(tree);
    }

    private List<String> planned() {
        return plan(recovery()).steps().stream()
                .map(step -> step.drift().code() + " " + step.action().code() + " " + step.path())
                .toList();
    }

    @Test
    void aKeyOfWhichTheBaselineHoldsTheDigestOnlyIsWatchedAndLeftForAPerson() throws Exception {
        publishWithoutTheKey();
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY)).isInstanceOf(PlanOutcome.InSync.class);

        Path key = node.path(CA_KEY);
        Files.createLink(node.path("/srv"), key);
        // moved away it could not be put back
        assertThat(planned()).containsExactly("wrong-type task " + CA_KEY);
        Files.delete(node.path("/srv"));
        Files.delete(key);
        assertThat(planned()).containsExactly("missing task " + CA_KEY);
        node.put(CA_KEY, "another key".getBytes(UTF_8));
        assertThat(planned()).containsExactly("modified task " + CA_KEY);

        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        assertThat(plan.steps()).singleElement().satisfies(step -> {
            assertThat(step.after()).isEqualTo(Digest.ofText("the key"));
            assertThat(step.why()).contains("digest only");
            assertThat(step.effect()).contains("rotates it");
        });
        RestoreOutcome outcome = recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery));
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        RestoreOutcome.Incomplete.class,
                        incomplete -> assertThat(incomplete.left())
                                .singleElement()
                                .asString()
                                .startsWith(CA_KEY));
        assertThat(key).hasContent("another key");
        assertThat(recovery.comparedPlan(INCIDENT)).isPresent();
    }

    @Test
    void itsOwnerAndModeAreStillPutRight() throws Exception {
        publishWithoutTheKey();
        Path key = node.path(CA_KEY);
        var before = Files.getPosixFilePermissions(key);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(planned()).containsExactly("metadata-only restore-metadata " + CA_KEY);
        Recovery recovery = recovery();
        RestorePlan plan = plan(recovery);
        assertThat(recovery.restore(ACTOR, INCIDENT, TestNode.NAME, plan.hash(), capture(recovery)))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertThat(Files.getPosixFilePermissions(key)).isEqualTo(before);
        assertThat(key).hasContent("the key");
    }

    @Test
    void aBaselineThatHoldsNothingOfTheWatchedSetMovesNothingAway() throws Exception {
        baseline.publishTree(Map.of("nodes/worker-1/etc/ssh/sshd_config", "PermitRootLogin no"));
        assertThat(recovery().plan(ACTOR, INCIDENT, TestNode.NAME, POLICY))
                .isInstanceOfSatisfying(
                        PlanOutcome.NoBaseline.class,
                        none -> assertThat(none.reason()).contains("no file of the watched set"));
    }
}
