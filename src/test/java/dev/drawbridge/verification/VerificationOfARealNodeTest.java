package dev.drawbridge.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.containment.kubernetes.TestClusterViews;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.recovery.PlanOutcome;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RecoveryPolicy;
import dev.drawbridge.recovery.RestoreOutcome;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.recovery.TestRecovery;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.sandbox.SandboxKubelet;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is a fake here but the machine: SSH, Git, an API server, a kubelet's part, the product's own clients, and real time. */
class VerificationOfARealNodeTest {
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
    private static final String APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml";
    private static final String ROGUE = "/etc/kubernetes/manifests/rogue.yaml";

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestNode node;
    private SandboxApiServer server;
    private SandboxKubelet kubelet;
    private ClusterView cluster;
    private TestBaseline baseline;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        node.put(ETCD, pod("kube-system", "etcd"));
        baseline = new TestBaseline(temp.resolve("git"), database);
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        server = SandboxApiServer.start();
        cluster = TestClusterViews.of(server.client());
        kubelet = new SandboxKubelet(
                server, Map.of(TestNode.NAME.value(), node.path("/etc/kubernetes/manifests")), Clock.systemUTC());
        kubelet.start();
        await().until(() -> cluster.staticPods(TestNode.NAME).size() == 1);
    }

    @AfterEach
    void close() throws Exception {
        kubelet.close();
        server.close();
        node.close();
        database.close();
    }

    private static byte[] pod(String namespace, String name) {
        return ("apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + namespace
                        + "}\nspec:\n  containers: [{name: c, image: i}]\n")
                .getBytes(UTF_8);
    }

    private VerificationReport verify(Duration wait) {
        return verify(new TimedConvergence(new VerificationProperties(wait)));
    }

    private VerificationReport verify(Convergence convergence) {
        return new IndependentVerification(
                        TestNodes.sandbox(),
                        node.files(),
                        new NodeManifests(node.files()),
                        baseline.baselines(),
                        new ClusterChecks(cluster),
                        new KubeletChecks(cluster, node.processes(), (namespace, labels) -> false),
                        convergence,
                        new VerificationStore(database.jdbc()),
                        TestAudit.on(database, Clock.systemUTC()),
                        database.transactions(),
                        Clock.systemUTC())
                .verify(
                        Actor.playbook("test"),
                        IncidentId.of("incident-1"),
                        TestNode.NAME,
                        new VerificationPolicy(TestBaseline.WATCHED, true, true, true, true, true),
                        new LaterAlerts(Instant.now(), List::of));
    }

    private static Check check(VerificationReport report, String name) {
        return report.checks().stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void passesAsSoonAsKubeletHasFollowedTheRestoredFiles() throws Exception {
        node.put(ROGUE, pod("default", "rogue"));
        Files.move(node.path(ETCD), temp.resolve("etcd.yaml"));
        await().until(() -> cluster.staticPods(TestNode.NAME).stream()
                .map(ClusterView.StaticPodView::name)
                .toList()
                .equals(List.of("rogue")));
        assertThat(check(verify(Duration.ZERO), ClusterChecks.STATIC_PODS).found())
                .isEqualTo("unexpected default/rogue\nmissing kube-system/etcd");

        Files.delete(node.path(ROGUE));
        Files.move(temp.resolve("etcd.yaml"), node.path(ETCD));

        VerificationReport report = verify(Duration.ofSeconds(30));
        assertThat(report.checks())
                .allSatisfy(check -> assertThat(check.status())
                        .as("%s", check)
                        .isEqualTo(check.name().equals(KubeletChecks.PROCESSES) ? Status.OUT_OF_REACH : Status.PASSED));
        assertThat(check(report, KubeletChecks.PROCESSES).found()).startsWith("not available: there is no /proc");
        assertThat(report.passed()).isTrue();
    }

    @Test
    void aPodThatTheApiServerDoesNotShowIsFoundByItsFile() throws Exception {
        node.put(ROGUE, pod("shadows", "rogue"));
        await().until(() -> cluster.kubelet(TestNode.NAME) instanceof ClusterView.KubeletAnswer.Pods pods
                && pods.configured().size() == 2);
        VerificationReport report = verify(Duration.ZERO);
        assertThat(check(report, ClusterChecks.STATIC_PODS).status())
                .as("as on a real node: it runs and the API does not show it")
                .isEqualTo(Status.PASSED);
        assertThat(check(report, ClusterChecks.NAMESPACES).found()).isEqualTo(ROGUE + ": pod shadows/rogue");
        assertThat(check(report, KubeletChecks.CONFIGURED).found()).isEqualTo("unexpected shadows/rogue");
        assertThat(check(report, KubeletChecks.HIDDEN).found()).startsWith("pod shadows/rogue ");
        assertThat(report.passed()).isFalse();
    }

    private void process(long id, String group) throws Exception {
        node.put(
                "/proc/" + id + "/stat",
                (id + " (etcd) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 4250 9 9\n").getBytes(UTF_8));
        node.put("/proc/" + id + "/cgroup", ("0::" + group + "\n").getBytes(UTF_8));
        Files.createDirectories(node.path("/proc/" + id + "/fd"));
    }

    @Test
    void theKernelSaysWhichPodsRunWhereNodeAccessReachesIt() throws Exception {
        String uid = ((ClusterView.KubeletAnswer.Pods) cluster.kubelet(TestNode.NAME))
                .configured()
                .get(0)
                .uid();
        node.put("/proc/stat", "btime 1700000000\n".getBytes(UTF_8));
        process(1, "/init.scope");
        process(40, "/kubepods.slice/kubepods-pod" + uid + ".slice/cri-containerd-1.scope");
        VerificationReport report = verify(Duration.ZERO);
        assertThat(check(report, KubeletChecks.PROCESSES).status()).isEqualTo(Status.PASSED);
        assertThat(report.passed()).isTrue();

        process(66, "/kubepods/burstable/podffffffffffffffffffffffffffffffff/1");
        assertThat(check(verify(Duration.ZERO), KubeletChecks.PROCESSES).found())
                .isEqualTo("left over: 1 processes of pod ffffffffffffffffffffffffffffffff, among them 66 etcd");
    }

    @Test
    void withoutTheRightNobodyKnowsWhatKubeletRunsAndNothingIsWaitedFor() {
        server.inject((method, path) -> path.contains("/proxy/")
                ? Optional.of(new ApiFaults.Fault.Answer(403, "Forbidden", null))
                : Optional.empty());
        VerificationReport report = verify(Duration.ofSeconds(60));
        assertThat(report.checks().stream().filter(check -> check.status() == Status.NOT_AVAILABLE))
                .extracting(Check::name)
                .containsExactly(
                        KubeletChecks.CONFIGURED, KubeletChecks.RUNNING, KubeletChecks.HIDDEN, KubeletChecks.STARTED);
        assertThat(check(report, KubeletChecks.RUNNING).found())
                .contains("missing right get nodes/proxy", "docker/kubernetes/access/kubelet");
        assertThat(report.passed()).as("a person decides").isFalse();
    }

    @Test
    void anApiServerThatRestartsMeanwhileIsWaitedFor() {
        // it asks for the same list
        kubelet.close();
        AtomicInteger asked = new AtomicInteger();
        server.inject((method, path) -> path.startsWith("/api/v1/pods") && asked.incrementAndGet() <= 2
                ? Optional.of(new ApiFaults.Fault.Answer(403, "not yet", null))
                : Optional.empty());
        assertThat(verify(Duration.ofSeconds(30)).passed()).isTrue();
        assertThat(asked).as("and once more beside kubelet").hasValue(4);
    }

    @Test
    void theApiServerIsDownWhileItsOwnManifestIsRestoredAndIsWaitedForAfterwards() throws Exception {
        node.put(APISERVER, pod("kube-system", "kube-apiserver"));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        node.put(APISERVER, "kind: Pod\nmetadata: {".getBytes(UTF_8));
        node.put(ROGUE, pod("default", "rogue"));
        Actor actor = Actor.playbook("test");
        IncidentId incident = IncidentId.of("incident-1");
        Recovery recovery = TestRecovery.of(
                node, baseline, TestLocker.in(temp.resolve("evidence"), node.files(), database), database);
        AtomicBoolean back = new AtomicBoolean();
        server.inject((method, path) -> back.get() ? Optional.empty() : Optional.of(new ApiFaults.Fault.Cut()));

        RestorePlan plan = ((PlanOutcome.Drifted) recovery.plan(
                        actor, incident, TestNode.NAME, new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE)))
                .plan();
        assertThat(plan.steps())
                .extracting(step -> step.path().toString())
                .as("the API server's own manifest comes last")
                .containsExactly(ROGUE, APISERVER);
        EvidenceReceipt receipt = recovery.captureEvidence(actor, incident, TestNode.NAME, List.of())
                .orElseThrow();
        assertThat(recovery.restore(actor, incident, TestNode.NAME, plan.hash(), receipt))
                .isInstanceOf(RestoreOutcome.Restored.class);
        assertThat(node.path(ROGUE)).doesNotExist();
        assertThat(node.path(APISERVER)).hasBinaryContent(pod("kube-system", "kube-apiserver"));

        Convergence waiting = () -> {
            Convergence.Turns turns = new TimedConvergence(new VerificationProperties(Duration.ofSeconds(30))).begin();
            return () -> {
                // it starts while verification waits for it
                back.set(true);
                return turns.next();
            };
        };
        VerificationReport report = verify(waiting);
        assertThat(back).as("verification began while it was down, and waited").isTrue();
        assertThat(report.checks()).filteredOn(check -> check.status().open()).isEmpty();
        assertThat(report.passed()).isTrue();
    }

    @Test
    void noApiServerAnswersAndItsOwnManifestIsRestoredPastTheGuardrailOfEtcdAndVerifiedWhenItIsBack() throws Exception {
        node.put(APISERVER, pod("kube-system", "kube-apiserver"));
        baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
        node.put(APISERVER, "kind: Pod\nmetadata: {".getBytes(UTF_8));
        Actor actor = Actor.playbook("test");
        IncidentId incident = IncidentId.of("incident-1");
        int port = server.port();
        try (KubernetesClient client = TestClusterViews.connect(server)) {
            cluster = TestClusterViews.of(client);
            ClusterNodes nodes = TestClusterViews.nodes(client);
            await().until(() -> nodes.members().isPresent());
            assertThat(nodes.answers()).isTrue();
            Recovery recovery = TestRecovery.behind(
                    TestGate.quorum(database, nodes, TestClusterViews.etcdPods(client)),
                    node,
                    baseline,
                    TestLocker.in(temp.resolve("evidence"), node.files(), database),
                    database);
            kubelet.close();
            server.close();
            assertThat(nodes.answers()).isFalse();
            assertThat(nodes.lastSeen().orElseThrow()).isNotEmpty().noneMatch(ClusterNodes.Member::healthy);

            assertThat(restored(recovery, actor, incident)).isInstanceOf(RestoreOutcome.Restored.class);
            assertThat(node.path(APISERVER)).hasBinaryContent(pod("kube-system", "kube-apiserver"));
            // what may take a voter away is a no for as long as nobody knows who votes
            node.put(ETCD, "kind: Pod\nmetadata: {".getBytes(UTF_8));
            assertThat(restored(recovery, actor, incident))
                    .isInstanceOfSatisfying(
                            RestoreOutcome.Incomplete.class,
                            incomplete -> assertThat(incomplete.left())
                                    .singleElement()
                                    .asString()
                                    .contains(ETCD, "etcd-quorum", "no endpoint of etcd is configured"));
            node.put(ETCD, pod("kube-system", "etcd"));

            server = SandboxApiServer.start(port, null);
            kubelet = new SandboxKubelet(
                    server, Map.of(TestNode.NAME.value(), node.path("/etc/kubernetes/manifests")), Clock.systemUTC());
            kubelet.start();
            VerificationReport report = verify(Duration.ofSeconds(30));
            assertThat(report.checks())
                    .filteredOn(check -> check.status().open())
                    .isEmpty();
            assertThat(report.passed()).isTrue();
        }
    }

    private RestoreOutcome restored(Recovery recovery, Actor actor, IncidentId incident) {
        RestorePlan plan = ((PlanOutcome.Drifted) recovery.plan(
                        actor, incident, TestNode.NAME, new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE)))
                .plan();
        EvidenceReceipt receipt = recovery.captureEvidence(actor, incident, TestNode.NAME, List.of())
                .orElseThrow();
        return recovery.restore(actor, incident, TestNode.NAME, plan.hash(), receipt);
    }

    @Test
    void anApiServerThatAnswersNothingUsefulPassesNoClusterCheck() {
        server.inject((method, path) -> Optional.of(new ApiFaults.Fault.Cut()));
        VerificationReport report = verify(Duration.ZERO);
        assertThat(report.checks().stream().filter(check -> check.status() == Status.NOT_AVAILABLE))
                .extracting(Check::name)
                .containsExactly(
                        ClusterChecks.STATIC_PODS,
                        KubeletChecks.CONFIGURED,
                        KubeletChecks.RUNNING,
                        KubeletChecks.HIDDEN,
                        KubeletChecks.STARTED,
                        KubeletChecks.PROCESSES,
                        ClusterChecks.NAMESPACES,
                        ClusterChecks.NODE_READY,
                        ClusterChecks.API_SERVER);
        assertThat(check(report, FileChecks.CONTENT).status()).isEqualTo(Status.PASSED);
    }
}
