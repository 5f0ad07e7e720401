package dev.drawbridge.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.ClusterView.KubeletAnswer;
import dev.drawbridge.containment.ClusterView.KubeletPod;
import dev.drawbridge.containment.ClusterView.RunningPod;
import dev.drawbridge.node.AccessPods;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KubeletChecksTest {
    private static final NodeName NODE = NodeName.of("cp-1");
    private static final NodePath ETCD = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final String UID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    private static final String OTHER = "ffffffffffffffffffffffffffffffff";
    private static final Instant STARTED = Instant.parse("2026-11-24T10:00:00Z");

    private final TestCluster cluster = new TestCluster();
    private final List<KubeletPod> configured = new ArrayList<>(List.of(pod("kube-system", "etcd", UID)));
    private final List<RunningPod> running = new ArrayList<>(List.of(runs("etcd-cp-1", UID)));
    private Snapshot processes = new Snapshot.Seen(List.of(process(1, null), process(40, UID)), List.of());
    private final Set<String> inUse = new HashSet<>();
    private final KubeletChecks checks = new KubeletChecks(cluster, (node, directories) -> processes, new AccessPods() {
        @Override
        public boolean includes(@Nullable String namespace, @Nullable Map<String, String> labels) {
            return false;
        }

        @Override
        public boolean inUse(String uid) {
            return inUse.contains(uid);
        }
    });
    private final List<Wanted> wanted =
            List.of(new Wanted(ETCD, new StaticPod("kube-system", "etcd", false), manifest("kube-system", "etcd")));

    KubeletChecksTest() {
        cluster.pods.add(
                new dev.drawbridge.containment.ClusterView.StaticPodView("kube-system", "etcd", "Running", UID));
    }

    private static Map<String, @Nullable Object> manifest(String namespace, String name) {
        return Map.of(
                "metadata", Map.of("name", name, "namespace", namespace),
                "spec", Map.of("containers", List.of(Map.of("name", "c", "image", "i", "command", List.of("etcd")))));
    }

    private static KubeletPod pod(String namespace, String name, String uid) {
        return new KubeletPod(namespace, name, uid, manifest(namespace, name), Map.of("c", STARTED));
    }

    private static RunningPod runs(String name, String uid) {
        return new RunningPod("kube-system", name, uid, Set.of("c"));
    }

    private static NodeProcess process(long id, @Nullable String pod) {
        return new NodeProcess(id, 1, 0L, STARTED, "etcd", "/usr/bin/etcd", "etcd", null, pod, List.of());
    }

    private KubeletChecks.Look look() {
        cluster.answer = new KubeletAnswer.Pods(configured, Set.of("api-pod"), running);
        return checks.look(NODE, wanted);
    }

    private Check check(String name) {
        return look().checks().stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Check started(long written) {
        ScannedFile file = new ScannedFile(ETCD, FileType.FILE, 0600, 0, 0, 1, written, 1, Digest.ofText("x"), null);
        NodeScan scan = new NodeScan(NODE, STARTED, List.of(), List.of(file), Map.of(), Map.of());
        return KubeletChecks.started(look(), wanted, scan);
    }

    @Test
    void whatKubeletHasAndRunsAsTheManifestsSayPasses() {
        running.add(new RunningPod("shop", "checkout", "api-pod", Set.of("c")));
        assertThat(look().checks())
                .extracting(Check::status)
                .containsExactly(Status.PASSED, Status.PASSED, Status.PASSED);
        assertThat(look().checks().get(0).proof()).contains("/pods", "kube-system/etcd " + UID);
    }

    @Test
    void aPodThatNoManifestOfTheBaselineNamesFailsAndSoDoesASecondOrAMissingOne() {
        configured.add(pod("default", "rogue", OTHER));
        configured.add(pod("kube-system", "etcd", OTHER));
        assertThat(check(KubeletChecks.CONFIGURED).found())
                .contains("unexpected default/rogue", "second kube-system/etcd");
        configured.clear();
        assertThat(check(KubeletChecks.CONFIGURED).found()).isEqualTo("missing kube-system/etcd");
    }

    @Test
    void aMirrorOfWhatWasReplacedProvesNothing() {
        configured.set(0, pod("kube-system", "etcd", OTHER));
        running.clear();
        assertThat(check(KubeletChecks.CONFIGURED).found())
                .isEqualTo("kube-system/etcd is not what the API shows: its mirror pod is of " + UID + ", kubelet has "
                        + OTHER);
        assertThat(check(KubeletChecks.RUNNING).found()).isEqualTo("not running: kube-system/etcd, container c");
    }

    @Test
    void whatRunsAndKubeletNoLongerHasIsLeftOver() {
        running.add(runs("etcd-cp-1", OTHER));
        assertThat(check(KubeletChecks.RUNNING).status()).isEqualTo(Status.FAILED);
        assertThat(check(KubeletChecks.RUNNING).found()).isEqualTo("left over: kube-system/etcd-cp-1 " + OTHER);
    }

    @Test
    void aPodInANamespaceThatDoesNotExistIsFoundAlsoWithoutItsFile() {
        configured.add(pod("shadows", "rogue", OTHER));
        assertThat(check(KubeletChecks.HIDDEN).found()).isEqualTo("pod shadows/rogue " + OTHER);
    }

    @Test
    void aUidThatAManifestSetFails() {
        configured.set(0, pod("kube-system", "etcd", "forged"));
        cluster.pods.clear();
        assertThat(check(KubeletChecks.CONFIGURED).found())
                .isEqualTo("kube-system/etcd has a uid that a manifest set: forged");
    }

    @Test
    void aPodThatIsOtherwiseThanItsManifestFailsWithoutShowingValues() {
        configured.set(
                0,
                new KubeletPod(
                        "kube-system",
                        "etcd",
                        UID,
                        Map.of(
                                "spec",
                                Map.of(
                                        "hostPID",
                                        true,
                                        "containers",
                                        List.of(Map.of(
                                                "name",
                                                "c",
                                                "image",
                                                "i",
                                                "command",
                                                List.of("etcd", "--token=secret"))))),
                        Map.of("c", STARTED)));
        assertThat(check(KubeletChecks.CONFIGURED).found())
                .isEqualTo("kube-system/etcd is not as its manifest says: spec.containers[c].command, spec.hostPID");
    }

    @Test
    void aRefusalIsNotAvailableWithItsReason() {
        cluster.answer = new KubeletAnswer.Refused("missing right get nodes/proxy");
        KubeletChecks.Look look = checks.look(NODE, wanted);
        assertThat(look.refused()).isTrue();
        assertThat(look.checks()).hasSize(3).allSatisfy(check -> {
            assertThat(check.status()).isEqualTo(Status.NOT_AVAILABLE);
            assertThat(check.found()).isEqualTo("missing right get nodes/proxy");
        });
    }

    @Test
    void whatRunsWasStartedAfterItsManifestWasWritten() {
        assertThat(started(STARTED.getEpochSecond()).status()).isEqualTo(Status.PASSED);
        Check same = started(STARTED.getEpochSecond() + 60);
        assertThat(same.status()).as("written later, and says the same").isEqualTo(Status.PASSED);
        assertThat(same.proof()).contains("says the same as the one that it was started from");

        configured.set(0, pod("kube-system", "etcd", OTHER));
        Check old = started(STARTED.getEpochSecond() + 60);
        assertThat(old.status()).as("kubelet has another pod than the API").isEqualTo(Status.FAILED);
        assertThat(old.found())
                .isEqualTo(
                        "kube-system/etcd runs since 2026-11-24T10:00:00Z, its manifest was written at 2026-11-24T10:01:00Z");

        configured.set(0, new KubeletPod("kube-system", "etcd", UID, manifest("kube-system", "etcd"), Map.of()));
        assertThat(started(0).found()).isEqualTo("kube-system/etcd is not said to be running");
    }

    /** Kubelet was asked before the pod was started by which its node is looked at. */
    @Test
    void thePodByWhichTheNodeIsReachedIsNotLeftOver() {
        KubeletAnswer.Pods pods = look().pods();
        String helper = "11111111-2222-3333-4444-555555555555";
        processes = new Snapshot.Seen(List.of(process(1, null), process(40, UID), process(41, helper)), List.of());
        assertThat(checks.processes(NODE, wanted, pods).status()).isEqualTo(Status.FAILED);
        inUse.add(helper);
        assertThat(checks.processes(NODE, wanted, pods).status()).isEqualTo(Status.PASSED);
    }

    @Test
    void processesOfPodsThatKubeletDoesNotHaveAreLeftOverAndMissingOnesAreNamed() {
        KubeletAnswer.Pods pods = look().pods();
        assertThat(checks.processes(NODE, wanted, pods).status()).isEqualTo(Status.PASSED);
        processes = new Snapshot.Seen(
                List.of(process(1, null), process(40, OTHER), process(41, OTHER), process(50, "api-pod")), List.of());
        Check check = checks.processes(NODE, wanted, pods);
        assertThat(check.status()).isEqualTo(Status.FAILED);
        assertThat(check.found())
                .isEqualTo("left over: 2 processes of pod " + OTHER
                        + ", among them 40 etcd\nno process of kube-system/etcd");
        assertThat(checks.processes(NODE, wanted, null).found())
                .as("without kubelet's word, by the mirror pods")
                .isEqualTo(check.found());
    }

    @Test
    void processesThatCannotBeSeenAreNeverClean() {
        KubeletAnswer.Pods pods = look().pods();
        processes = new Snapshot.Seen(
                List.of(process(1, null), process(40, UID)), List.of("3 processes may not be looked at"));
        assertThat(checks.processes(NODE, wanted, pods).status()).isEqualTo(Status.NOT_AVAILABLE);
        processes = new Snapshot.NotAvailable("no /proc");
        Check check = checks.processes(NODE, wanted, pods);
        assertThat(check.status()).isEqualTo(Status.OUT_OF_REACH);
        assertThat(check.found()).isEqualTo("not available: no /proc");
    }
}
