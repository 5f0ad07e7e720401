package dev.drawbridge.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.containment.kubernetes.TestClusterViews;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.sandbox.SandboxKubelet;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is a fake here but the machine: SSH, Git, an API server, a kubelet's part, the product's own clients, and real time. */
class VerificationOfARealNodeTest {
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
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
                server.client(), Map.of(TestNode.NAME.value(), node.path("/etc/kubernetes/manifests")));
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
        return new IndependentVerification(
                        TestNodes.sandbox(),
                        node.files(),
                        new NodeManifests(node.files()),
                        baseline.baselines(),
                        new ClusterChecks(cluster),
                        new TimedConvergence(new VerificationProperties(wait)),
                        new VerificationStore(database.jdbc()),
                        TestAudit.on(database, Clock.systemUTC()),
                        database.transactions(),
                        Clock.systemUTC())
                .verify(
                        Actor.playbook("test"),
                        IncidentId.of("incident-1"),
                        TestNode.NAME,
                        new VerificationPolicy(TestBaseline.WATCHED, true, true, true));
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
                .allSatisfy(check -> assertThat(check.status()).as("%s", check).isEqualTo(Status.PASSED));
        assertThat(report.passed()).isTrue();
    }

    @Test
    void aPodThatTheApiServerDoesNotShowIsFoundByItsFile() throws Exception {
        node.put(ROGUE, pod("shadows", "rogue"));
        VerificationReport report = verify(Duration.ZERO);
        assertThat(check(report, ClusterChecks.STATIC_PODS).status())
                .as("as on a real node: it runs and the API does not show it")
                .isEqualTo(Status.PASSED);
        assertThat(check(report, ClusterChecks.NAMESPACES).found()).isEqualTo(ROGUE + ": pod shadows/rogue");
        assertThat(report.passed()).isFalse();
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
        assertThat(asked).hasValue(3);
    }

    @Test
    void anApiServerThatAnswersNothingUsefulPassesNoClusterCheck() {
        server.inject((method, path) -> Optional.of(new ApiFaults.Fault.Cut()));
        VerificationReport report = verify(Duration.ZERO);
        assertThat(report.checks().stream().filter(check -> check.status() == Status.NOT_AVAILABLE))
                .extracting(Check::name)
                .containsExactly(
                        ClusterChecks.STATIC_PODS,
                        ClusterChecks.NAMESPACES,
                        ClusterChecks.NODE_READY,
                        ClusterChecks.API_SERVER);
        assertThat(check(report, FileChecks.CONTENT).status()).isEqualTo(Status.PASSED);
    }
}
