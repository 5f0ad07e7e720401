package dev.drawbridge.verification;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineResult;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Baselines;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.node.UnaskedFiles;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndependentVerificationTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final Actor ACTOR = Actor.playbook("test");
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
    private static final String ROGUE = "/etc/kubernetes/manifests/rogue.yaml";
    private static final String CA_KEY = "/etc/kubernetes/pki/ca.key";
    private static final VerificationPolicy POLICY =
            new VerificationPolicy(TestBaseline.WATCHED, true, true, true, false, false);
    private static final String[] ALL = {
        "Baseline signature",
        "Files equal the baseline",
        "Owners and modes",
        "No unexpected files",
        "Static pods are those of the manifests",
        "No static pod in a namespace that does not exist",
        "No manifest sets metadata.uid",
        "Node is Ready",
        "API server answers /readyz",
        "No alert since the restore"
    };
    private static final Instant RESTORED = Instant.parse("2026-01-15T09:13:00Z");

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private final TestCluster cluster = new TestCluster();
    private final List<Runnable> turns = new ArrayList<>();
    private final List<AlertId> alerts = new ArrayList<>();
    private int looks;
    private NodeDirectory directory = TestNodes.sandbox();
    private NodeFiles files;
    private Baselines baselines;
    private TestNode node;
    private TestBaseline baseline;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        node.put(ETCD, pod("kube-system", "etcd"));
        node.put(CA_KEY, "the key".getBytes(UTF_8));
        node.put("/etc/kubernetes/kubelet.conf", "kind: Config\n".getBytes(UTF_8));
        baseline = new TestBaseline(temp.resolve("git"), database);
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        baselines = baseline.baselines();
        files = node.files();
        cluster.run("kube-system", "etcd");
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        database.close();
    }

    private static byte[] pod(String namespace, String name) {
        return ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  namespace: " + namespace
                        + "\nspec:\n  containers: []\n")
                .getBytes(UTF_8);
    }

    private Verification verification() {
        // each turn does what the cluster does meanwhile; no turns left is no time left
        Convergence convergence = () -> () -> {
            looks++;
            if (turns.isEmpty()) {
                return false;
            }
            turns.remove(0).run();
            return true;
        };
        return new IndependentVerification(
                directory,
                files,
                new NodeManifests(files),
                baselines,
                new ClusterChecks(cluster),
                new KubeletChecks(
                        cluster,
                        (name, directories) -> {
                            throw new UnsupportedOperationException();
                        },
                        (namespace, labels) -> false),
                convergence,
                new VerificationStore(database.jdbc()),
                TestAudit.on(database, Clock.systemUTC()),
                database.transactions(),
                Clock.systemUTC());
    }

    private VerificationReport verify() {
        return verify(POLICY);
    }

    private VerificationReport verify(VerificationPolicy policy) {
        return verification()
                .verify(ACTOR, INCIDENT, TestNode.NAME, policy, new LaterAlerts(RESTORED, () -> List.copyOf(alerts)));
    }

    private static Check check(VerificationReport report, String name) {
        return report.checks().stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** These checks have this status, all others passed. */
    private static void assertOnly(VerificationReport report, Status status, String... names) {
        assertThat(report.checks()).extracting(Check::name).containsExactly(ALL);
        assertThat(report.checks().stream().filter(check -> check.status() != Status.PASSED))
                .extracting(Check::name)
                .containsExactly(names);
        assertThat(report.checks().stream().filter(check -> check.status() != Status.PASSED))
                .allSatisfy(check -> assertThat(check.status()).isEqualTo(status));
        assertThat(report.passed()).isFalse();
    }

    @Test
    void anUntouchedNodePassesAndEveryLineSaysWhereItIsFrom() {
        VerificationReport report = verify();
        assertThat(report.checks()).extracting(Check::name).containsExactly(ALL);
        assertThat(report.checks()).allSatisfy(check -> {
            assertThat(check.status()).isEqualTo(Status.PASSED);
            assertThat(check.proof()).isNotBlank();
        });
        assertThat(report.passed()).isTrue();
        assertThat(check(report, "Baseline signature").proof()).contains("refs/tags/baseline, commit ");
        assertThat(check(report, "Files equal the baseline").proof()).contains("scan of ", "with digest ");
        assertThat(check(report, "Static pods are those of the manifests").proof())
                .contains("kube-system/etcd hash-of-etcd");
        assertThat(looks).isZero();
    }

    @Test
    void whatThePolicySwitchesOffIsNotListedButFilesAndAlertsAlwaysAre() {
        cluster.down = true;
        VerificationReport report =
                verify(new VerificationPolicy(TestBaseline.WATCHED, false, false, false, false, false));
        assertThat(report.checks())
                .extracting(Check::name)
                .containsExactly(
                        "Baseline signature",
                        "Files equal the baseline",
                        "Owners and modes",
                        "No unexpected files",
                        "No alert since the restore");
        assertThat(report.passed()).isTrue();
    }

    @Test
    void changedContentFails() throws Exception {
        Files.writeString(node.path(CA_KEY), "another key");
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "Files equal the baseline");
        assertThat(check(report, "Files equal the baseline").found()).isEqualTo("modified " + CA_KEY);
    }

    @Test
    void aMissingFileFailsAndItsOwnerIsNotKnown() throws Exception {
        Files.delete(node.path(CA_KEY));
        VerificationReport report = verify();
        assertThat(check(report, "Files equal the baseline").status()).isEqualTo(Status.FAILED);
        assertThat(check(report, "Owners and modes").status()).isEqualTo(Status.NOT_AVAILABLE);
    }

    @Test
    void anotherModeFailsEvenOnAFileWithOtherContent() throws Exception {
        Files.setPosixFilePermissions(node.path(CA_KEY), PosixFilePermissions.fromString("rw-rw-rw-"));
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "Owners and modes");
        assertThat(check(report, "Owners and modes").found()).startsWith(CA_KEY + " mode 0666 instead of ");

        Files.writeString(node.path(CA_KEY), "another key");
        assertOnly(verify(), Status.FAILED, "Files equal the baseline", "Owners and modes");
    }

    @Test
    void anotherOwnerAndGroupFail() {
        files = scanning(file -> file.path().toString().equals(CA_KEY) ? owned(file, 4711, 4712) : file);
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "Owners and modes");
        assertThat(check(report, "Owners and modes").found())
                .contains("owner 4711 instead of", "group 4712 instead of");
    }

    @Test
    void anUnexpectedFileFails() throws Exception {
        node.put("/etc/kubernetes/pki/extra.key", "more".getBytes(UTF_8));
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "No unexpected files");
        assertThat(check(report, "No unexpected files").found()).isEqualTo("/etc/kubernetes/pki/extra.key");
    }

    @Test
    void aLinkInAFilesPlaceFails() throws Exception {
        Files.move(node.path(CA_KEY), temp.resolve("elsewhere"));
        Files.createSymbolicLink(node.path(CA_KEY), temp.resolve("elsewhere"));
        assertThat(check(verify(), "Files equal the baseline"))
                .matches(check -> check.status() == Status.FAILED)
                .extracting(Check::found)
                .isEqualTo("wrong-type " + CA_KEY);
    }

    @Test
    void aLinkInTheManifestsDirectorysPlaceFailsEvenWhereTheBaselineHasNoManifest() throws Exception {
        Path worker = Files.createDirectories(temp.resolve("worker/etc/kubernetes/pki"));
        Files.writeString(worker.resolve("ca.crt"), "certificate");
        baseline.publish(Map.of(TestNode.NAME.value(), temp.resolve("worker")));
        cluster.pods.clear();
        for (String gone : List.of(ETCD, CA_KEY, "/etc/kubernetes/kubelet.conf", "/etc/kubernetes/manifests")) {
            Files.delete(node.path(gone));
        }
        node.put("/etc/kubernetes/pki/ca.crt", "certificate".getBytes(UTF_8));
        Files.createSymbolicLink(node.path("/etc/kubernetes/manifests"), temp);

        VerificationReport report = verify();
        assertThat(check(report, "No unexpected files").status()).isEqualTo(Status.FAILED);
        assertThat(check(report, "No unexpected files").found()).isEqualTo("/etc/kubernetes/manifests is no directory");
    }

    @Test
    void aFileThatKeepsChangingIsNotAvailable() {
        files = scanning(file -> file.path().toString().equals(CA_KEY)
                ? new ScannedFile(file.path(), FileType.UNSTABLE, 0, 0, 0, 0, 0, 0, null, null)
                : file);
        VerificationReport report = verify();
        assertOnly(report, Status.NOT_AVAILABLE, "Files equal the baseline", "Owners and modes");
    }

    @Test
    void anUnreachableNodePassesNoFileCheckAndTheClusterIsStillAsked() {
        files = new UnaskedFiles() {
            @Override
            public NodeScan scan(NodeName node, List<NodePath> roots) {
                throw new NodeUnreachableException("no connection", new java.io.IOException());
            }
        };
        VerificationReport report = verify();
        assertOnly(
                report,
                Status.NOT_AVAILABLE,
                "Files equal the baseline",
                "Owners and modes",
                "No unexpected files",
                "No static pod in a namespace that does not exist",
                "No manifest sets metadata.uid");
        assertThat(check(report, "Files equal the baseline").found())
                .isEqualTo("NodeUnreachableException by IOException: no connection");
    }

    @Test
    void aConnectionThatBreaksBetweenScanAndManifestsIsNotAvailable() {
        NodeScan scan = node.files().scan(TestNode.NAME, TestBaseline.WATCHED.roots());
        files = new UnaskedFiles() {
            @Override
            public NodeScan scan(NodeName node, List<NodePath> roots) {
                return scan;
            }

            @Override
            public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
                throw new NodeUnreachableException("gone", new java.io.IOException());
            }
        };
        assertOnly(verify(), Status.NOT_AVAILABLE, ALL[5], ALL[6]);
    }

    @Test
    void withoutASignatureNothingIsComparedAndTheSignatureFails() throws Exception {
        Files.writeString(temp.resolve("git/allowed_signers"), "");
        baselines = baseline.baselines();
        VerificationReport report = verify();
        assertThat(check(report, "Baseline signature").status()).isEqualTo(Status.FAILED);
        assertThat(check(report, "Baseline signature").found()).startsWith("signer-not-allowed: ");
        for (String name : List.of(ALL[1], ALL[2], ALL[3], ALL[4])) {
            assertThat(check(report, name).status()).isEqualTo(Status.NOT_AVAILABLE);
        }
        assertThat(report.passed()).isFalse();
    }

    @Test
    void withoutABaselineNothingThatNeedsItPasses() {
        baselines = node -> new BaselineResult.NotAvailable("none for " + node.name());
        assertOnly(verify(), Status.NOT_AVAILABLE, ALL[0], ALL[1], ALL[2], ALL[3], ALL[4]);
    }

    @Test
    void aBaselineThatThrowsIsNotAvailable() {
        baselines = node -> {
            throw new IllegalStateException("the cache is broken");
        };
        assertOnly(verify(), Status.NOT_AVAILABLE, ALL[0], ALL[1], ALL[2], ALL[3], ALL[4]);
    }

    @Test
    void aBaselineWithNothingInTheWatchedSetProvesNothing() {
        baselines = node -> new BaselineResult.Trusted(emptyBaseline(), false);
        cluster.pods.clear();
        VerificationReport report = verify();
        assertOnly(report, Status.NOT_AVAILABLE, ALL[1], ALL[2], ALL[3]);
    }

    @Test
    void aNodeThatTheClusterDoesNotHaveOrCannotBeAskedForHasNoBaseline() {
        directory = new TestNodes();
        assertThat(check(verify(), "Baseline signature").found()).isEqualTo("the cluster has no node of this name");
        TestNodes silent = new TestNodes();
        silent.fail();
        directory = silent;
        assertOnly(verify(), Status.NOT_AVAILABLE, ALL[0], ALL[1], ALL[2], ALL[3], ALL[4]);
    }

    @Test
    void aNodeThatIsNotReadyOrUnknownOrGoneFails() {
        for (String ready : List.of("False", "Unknown", "true", "")) {
            cluster.ready = ready;
            assertOnly(verify(), Status.FAILED, "Node is Ready");
        }
        cluster.known = false;
        assertOnly(verify(), Status.FAILED, "Node is Ready");
    }

    @Test
    void anApiServerThatIsNotReadyFailsAndOneThatIsDownIsNotAvailable() {
        cluster.apiReady = false;
        assertOnly(verify(), Status.FAILED, "API server answers /readyz");
        cluster.down = true;
        VerificationReport report = verify();
        assertOnly(report, Status.NOT_AVAILABLE, ALL[4], ALL[5], ALL[7], ALL[8]);
        assertThat(check(report, "Node is Ready").found())
                .isEqualTo("IllegalStateException: GET https://127.0.0.1/readyz: connection refused retry");
    }

    @Test
    void aStaticPodThatNobodyApprovedFails() {
        cluster.run("default", "rogue");
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "Static pods are those of the manifests");
        assertThat(check(report, "Static pods are those of the manifests").found())
                .isEqualTo("unexpected default/rogue");
    }

    @Test
    void aStaticPodThatIsMissingOrNotRunningOrThereTwiceFails() {
        cluster.pods.clear();
        assertThat(check(verify(), ALL[4]).found()).isEqualTo("missing kube-system/etcd");
        cluster.run("kube-system", "etcd", "Pending");
        assertThat(check(verify(), ALL[4]).found()).isEqualTo("kube-system/etcd is Pending");
        cluster.pods.clear();
        cluster.run("kube-system", "etcd");
        cluster.run("kube-system", "etcd");
        assertThat(check(verify(), ALL[4]).found()).isEqualTo("second mirror of kube-system/etcd");
    }

    @Test
    void theSamePodInAnotherNamespaceIsAnotherPod() {
        cluster.pods.clear();
        cluster.run("default", "etcd");
        assertThat(check(verify(), ALL[4]).found()).isEqualTo("unexpected default/etcd\nmissing kube-system/etcd");
    }

    @Test
    void waitsWhileKubeletCatchesUp() {
        cluster.run("default", "rogue");
        turns.add(() -> cluster.pods.clear());
        turns.add(() -> cluster.down = true);
        turns.add(() -> cluster.down = false);
        turns.add(() -> cluster.run("kube-system", "etcd"));
        assertThat(verify().passed()).isTrue();
        assertThat(looks).isEqualTo(4);
    }

    @Test
    void theWaitEndsAndIsSharedByAllChecks() {
        cluster.down = true;
        for (int i = 0; i < 3; i++) {
            turns.add(() -> {});
        }
        assertThat(verify().passed()).isFalse();
        assertThat(looks)
                .as("three for the first check, and for each of three one answer")
                .isEqualTo(6);
    }

    @Test
    void theApplicationStoppingDuringTheWaitKeepsNoReport() {
        cluster.pods.clear();
        turns.add(() -> {
            throw new IllegalStateException("interrupted");
        });
        assertThatThrownBy(this::verify).hasMessage("interrupted");
        assertThat(verification().reports(INCIDENT)).isEmpty();
    }

    @Test
    void aManifestInANamespaceThatDoesNotExistIsNamed() throws Exception {
        node.put(ROGUE, pod("shadows", "rogue"));
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "No unexpected files", ALL[5]);
        assertThat(check(report, ALL[5]).found()).isEqualTo(ROGUE + ": pod shadows/rogue");
    }

    @Test
    void theSameHoldsForAManifestOfTheBaseline() {
        cluster.namespaces.remove("kube-system");
        assertOnly(verify(), Status.FAILED, ALL[5]);
    }

    @Test
    void aManifestThatCannotBeReadHidesItsNamespace() throws Exception {
        Map<String, String> reasons = Map.of(
                "kind: Pod\nmetadata: {", "not YAML within the limits",
                "kind: Pod\nmetadata: {name: a}\nkind: Pod\n", "a key comes twice",
                "kind: Pod\nmetadata: !!int x\n", "a tag that does not fit its value");
        for (Map.Entry<String, String> one : reasons.entrySet()) {
            node.put(ROGUE, one.getKey().getBytes(UTF_8));
            VerificationReport report = verify();
            assertThat(check(report, ALL[5]).status()).isEqualTo(Status.NOT_AVAILABLE);
            assertThat(check(report, ALL[5]).found()).isEqualTo(ROGUE + ": " + one.getValue());
        }
    }

    @Test
    void aLinkAmongTheManifestsHidesItsNamespace() throws Exception {
        Files.write(temp.resolve("hidden"), pod("shadows", "rogue"));
        Files.createSymbolicLink(node.path(ROGUE), temp.resolve("hidden"));
        assertThat(check(verify(), ALL[5]).status()).isEqualTo(Status.NOT_AVAILABLE);
    }

    @Test
    void whatKubeletDoesNotReadNamesNoPod() throws Exception {
        node.put("/etc/kubernetes/manifests/.hidden.yaml", pod("shadows", "a"));
        node.put("/etc/kubernetes/manifests/sub/b.yaml", pod("shadows", "b"));
        node.put("/etc/kubernetes/manifests/service.yaml", "kind: Service\n".getBytes(UTF_8));
        assertOnly(verify(), Status.FAILED, "No unexpected files");
    }

    @Test
    void whereManifestsAreNotWatchedNobodyKnowsTheirNamespaces() {
        VerificationReport report = verify(new VerificationPolicy(
                new dev.drawbridge.shared.WatchedSet(List.of("/etc/kubernetes/pki/**")),
                true,
                true,
                true,
                false,
                false));
        assertOnly(report, Status.NOT_AVAILABLE, ALL[5], ALL[6]);
    }

    @Test
    void aBaselineManifestThatIsUnreadableOrSetsItsUidProvesNoPods() throws Exception {
        node.put(ETCD, "kind: Pod\nmetadata:\n  name: etcd\n  namespace: kube-system\n  uid: forged\n".getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        VerificationReport forged = verify();
        assertThat(check(forged, ALL[4]).status()).isEqualTo(Status.NOT_AVAILABLE);
        assertThat(check(forged, ALL[4]).found()).contains(ETCD, "metadata.uid");
        assertThat(check(forged, ALL[6]).status()).isEqualTo(Status.FAILED);
        assertThat(check(forged, ALL[6]).found()).isEqualTo(ETCD + ": pod kube-system/etcd");
        assertThat(forged.passed()).isFalse();

        node.put(ETCD, "kind: Pod\n".getBytes(UTF_8));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        assertOnly(verify(), Status.NOT_AVAILABLE, ALL[4], ALL[5], ALL[6]);
    }

    @Test
    void anAlertSinceTheRestoreFailsAndEveryOneIsNamed() {
        alerts.add(AlertId.of("first"));
        alerts.add(AlertId.of("second"));
        VerificationReport report = verify();
        assertOnly(report, Status.FAILED, "No alert since the restore");
        assertThat(check(report, "No alert since the restore")).satisfies(check -> {
            assertThat(check.expected()).isEqualTo("no alert about a change after 2026-01-15T09:13:00Z");
            assertThat(check.found()).isEqualTo("first\nsecond");
        });
        assertThat(verification().reports(INCIDENT)).containsExactly(report);
    }

    @Test
    void aFloodOfAlertsIsListedInPart() {
        for (int i = 0; i < 1000; i++) {
            alerts.add(AlertId.of("a".repeat(120) + i));
        }
        String found = check(verify(), "No alert since the restore").found();
        assertThat(found).startsWith("a".repeat(120) + "0\n").endsWith(" more");
        assertThat(found.length()).isLessThanOrEqualTo(CheckText.MAX_LENGTH);
    }

    @Test
    void alertsAreAskedForAfterEveryLookAndWhenTheNodeIsNoLongerInUse() {
        cluster.run("default", "rogue");
        NodeFiles real = files;
        files = new UnaskedFiles() {
            @Override
            public NodeScan scan(NodeName name, List<NodePath> roots) {
                assertThat(NodeUse.current()).hasValueSatisfying(use -> {
                    assertThat(use.actor()).isEqualTo(ACTOR);
                    assertThat(use.incident()).isEqualTo(INCIDENT);
                });
                alerts.add(AlertId.of("meanwhile"));
                return real.scan(name, roots);
            }

            @Override
            public Optional<Digest> read(NodeName name, NodePath path, OutputStream sink, long limit) {
                return real.read(name, path, sink, limit);
            }
        };
        VerificationReport report = verification()
                .verify(ACTOR, INCIDENT, TestNode.NAME, POLICY, new LaterAlerts(RESTORED, () -> {
                    assertThat(NodeUse.current()).isEmpty();
                    return List.copyOf(alerts);
                }));
        assertThat(check(report, "No alert since the restore").found()).isEqualTo("meanwhile");
    }

    @Test
    void whoCannotSayWhichAlertsCameGetsNoReport() {
        assertThatThrownBy(() -> verification()
                        .verify(ACTOR, INCIDENT, TestNode.NAME, POLICY, new LaterAlerts(RESTORED, () -> {
                            throw new IllegalStateException("the database is down");
                        })))
                .hasMessage("the database is down");
        assertThat(verification().reports(INCIDENT)).isEmpty();
    }

    @Test
    void hostileFileNamesAreShownEscaped() throws Exception {
        byte[] name = "/etc/kubernetes/pki/a\nb\u00ff".getBytes(ISO_8859_1);
        files = scanning(file -> file.path().toString().equals(CA_KEY) ? renamed(file, NodePath.ofBytes(name)) : file);
        assertThat(check(verify(), "No unexpected files").found()).isEqualTo("/etc/kubernetes/pki/a\\x0ab\\xff");
    }

    @Test
    void atMostFiftyPathsAreListed() throws Exception {
        for (int i = 0; i < 60; i++) {
            node.put("/etc/kubernetes/pki/x" + i, new byte[0]);
        }
        String found = check(verify(), "No unexpected files").found();
        assertThat(found).endsWith("\nand 10 more").hasLineCount(51);
        assertThat(found.length()).isLessThanOrEqualTo(CheckText.MAX_LENGTH);
    }

    @Test
    void nothingIsWrittenOnTheNode() throws Exception {
        List<String> before = tree();
        verify();
        assertThat(tree()).isEqualTo(before);
    }

    @Test
    void roundsAreCountedAuditedWithTheirDigestAndReadOldestFirst() throws Exception {
        VerificationReport first = verify();
        Files.writeString(node.path(CA_KEY), "another key");
        VerificationReport second = verify();

        assertThat(verification().reports(INCIDENT)).containsExactly(first, second);
        assertThat(List.of(first.round(), second.round())).containsExactly(1, 2);
        assertThat(verification().reports(IncidentId.of("another"))).isEmpty();
        List<AuditEntry> entries = TestAudit.on(database, Clock.systemUTC()).timeline(INCIDENT, 0, 10);
        assertThat(entries).extracting(entry -> entry.event().action()).containsOnly("verification.report");
        assertThat(entries)
                .extracting(entry -> entry.event().evidence())
                .containsExactly(first.digest(), second.digest());
        assertThat(entries.get(0).event().details())
                .containsEntry("passed", "true")
                .containsEntry("round", "1");
        assertThat(entries.get(1).event().details())
                .containsEntry("passed", "false")
                .containsEntry("open", "Files equal the baseline: FAILED");
    }

    private List<String> tree() throws Exception {
        try (var walk = Files.walk(node.root())) {
            List<String> lines = new ArrayList<>();
            for (Path path : walk.sorted().toList()) {
                lines.add(path + " " + Files.getLastModifiedTime(path));
            }
            return lines;
        }
    }

    private NodeFiles scanning(UnaryOperator<ScannedFile> change) {
        NodeFiles real = node.files();
        return new UnaskedFiles() {
            @Override
            public NodeScan scan(NodeName name, List<NodePath> roots) {
                NodeScan scan = real.scan(name, roots);
                return new NodeScan(
                        scan.node(),
                        scan.at(),
                        scan.roots(),
                        scan.files().stream().map(change).toList(),
                        scan.users(),
                        scan.groups());
            }

            @Override
            public Optional<Digest> read(NodeName name, NodePath path, OutputStream sink, long limit) {
                return real.read(name, path, sink, limit);
            }
        };
    }

    private static ScannedFile owned(ScannedFile file, long uid, long gid) {
        return new ScannedFile(
                file.path(),
                file.type(),
                file.mode(),
                uid,
                gid,
                file.size(),
                file.modifiedAt(),
                file.links(),
                file.sha256(),
                file.linkTarget());
    }

    private static ScannedFile renamed(ScannedFile file, NodePath path) {
        return new ScannedFile(
                path,
                file.type(),
                file.mode(),
                file.uid(),
                file.gid(),
                file.size(),
                file.modifiedAt(),
                file.links(),
                file.sha256(),
                file.linkTarget());
    }

    private static Baseline emptyBaseline() {
        return new Baseline() {
            @Override
            public BaselineRevision revision() {
                return new BaselineRevision("0".repeat(40), "SHA256:key", "refs/tags/baseline");
            }

            @Override
            public SortedMap<NodePath, BaselineFile> files() {
                return new TreeMap<>();
            }

            @Override
            public InputStream open(BaselineFile file) {
                throw new UnsupportedOperationException();
            }
        };
    }
}
