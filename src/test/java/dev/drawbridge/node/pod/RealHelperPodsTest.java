package dev.drawbridge.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.Manifests;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.kubernetes.ClusterTest;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * On a real API server, with the rights of the manifest: what it takes, keeps and refuses. No kubelet stands behind the node, so nothing runs;
 * where commands do, a stand-in runs them on this machine.
 */
@ClusterTest
class RealHelperPodsTest {
    private final String name =
            "drawbridge-test-" + UUID.randomUUID().toString().substring(0, 8);
    private final NodeName node = NodeName.of(name);
    private final TestDatabase database = TestDatabase.h2();
    private KubernetesClient administrator;
    private KubernetesClient drawbridge;
    private HelperPods pods;

    @BeforeEach
    void makeNamespace() {
        administrator = connect(Config.fromKubeconfig(new File(System.getenv("DRAWBRIDGE_TEST_KUBECONFIG"))));
        administrator
                .resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("drawbridge.dev/test", "true")
                        .endMetadata()
                        .withNewSpec()
                        .withUnschedulable(true)
                        .addNewTaint("NoExecute", "drawbridge.dev/contained", null, "incident-1")
                        .endSpec()
                        .build())
                .create();
        for (Map<String, Object> manifest : Manifests.build(Manifests.ROOT.resolve("access/node-pods"))) {
            HasMetadata object = Serialization.unmarshal(Serialization.asJson(manifest), HasMetadata.class);
            if (object instanceof Namespace) {
                object.getMetadata().setName(name);
            } else {
                object.getMetadata().setNamespace(name);
            }
            if (object instanceof RoleBinding binding) {
                binding.getSubjects().get(0).setNamespace(name);
            }
            administrator.resource(object).create();
        }
        administrator
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName("drawbridge")
                        .withNamespace(name)
                        .endMetadata()
                        .build())
                .create();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> administrator
                                .serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
        String token = administrator
                .serviceAccounts()
                .inNamespace(name)
                .withName("drawbridge")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        Config of = administrator.getConfiguration();
        drawbridge = connect(new ConfigBuilder(Config.empty())
                .withMasterUrl(of.getMasterUrl())
                .withCaCertData(of.getCaCertData())
                .withCaCertFile(of.getCaCertFile())
                .withTrustCerts(of.isTrustCerts())
                .withOauthToken(token)
                .build());
        // an authorizer learns of a new role by a watch
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() ->
                        drawbridge.pods().inNamespace(name).list().getItems().isEmpty());
        pods = pods("instance-1");
    }

    private HelperPods pods(String instance) {
        return pods(instance, settings(Duration.ofSeconds(1)), "/host");
    }

    private NodePodProperties settings(Duration startTimeout) {
        return new NodePodProperties(
                "registry.example.internal/busybox@sha256:" + "0".repeat(64),
                null,
                name,
                startTimeout,
                Duration.ofSeconds(10),
                Duration.ofMinutes(10),
                8,
                true);
    }

    private HelperPods pods(String instance, NodePodProperties settings, String mountPath) {
        return new HelperPods(
                drawbridge,
                settings,
                TestGate.open(database),
                TestAudit.on(database, Clock.systemUTC()),
                new OpenPods(),
                Clock.systemUTC(),
                () -> UUID.randomUUID().toString(),
                instance) {
            @Override
            String mountPath() {
                return mountPath;
            }
        };
    }

    private static KubernetesClient connect(Config config) {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(config)
                        .withConnectionTimeout(5_000)
                        .withRequestTimeout(10_000)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
    }

    @AfterEach
    void removeAll() throws Exception {
        try (database) {
            administrator.pods().inNamespace(name).withGracePeriod(0).delete();
            administrator.namespaces().withName(name).delete();
            administrator.nodes().withName(name).delete();
        } finally {
            drawbridge.close();
            administrator.close();
        }
    }

    private Pod made(Use use) {
        HelperPod pod = new HelperPod("made", node, use);
        return NodeUse.in(
                PodNode.ACTOR,
                PodNode.INCIDENT,
                () -> drawbridge
                        .resource(pod.manifest(
                                settings(Duration.ofSeconds(1)),
                                NodeUse.current().orElseThrow(),
                                "instance-1",
                                "/host"))
                        .create());
    }

    private boolean removed(Pod pod) {
        Pod now = administrator
                .pods()
                .inNamespace(name)
                .withName(pod.getMetadata().getName())
                .get();
        return now == null || now.getMetadata().getDeletionTimestamp() != null;
    }

    @Test
    void theServerKeepsWhatIsAskedForOnACordonedAndTaintedNode() {
        Pod kept = made(Use.LOOK);
        assertThat(kept.getSpec().getNodeName()).isEqualTo(name);
        assertThat(kept.getSpec().getTolerations()).anySatisfy(toleration -> {
            assertThat(toleration.getKey()).isNull();
            assertThat(toleration.getOperator()).isEqualTo("Exists");
            assertThat(toleration.getEffect()).isNull();
        });
        assertThat(kept.getSpec().getVolumes())
                .extracting(volume -> volume.getName())
                .containsExactly("root");
        assertThat(kept.getSpec().getActiveDeadlineSeconds()).isEqualTo(600);
        assertThat(kept.getSpec().getHostPID()).isTrue();
        assertThat(kept.getSpec().getContainers().get(0).getVolumeMounts())
                .singleElement()
                .satisfies(mount -> {
                    assertThat(mount.getReadOnly()).isTrue();
                    assertThat(mount.getRecursiveReadOnly()).isEqualTo("IfPossible");
                });
    }

    @Test
    void aPodThatNoKubeletStartsIsRemovedAgain() {
        assertThatThrownBy(() -> NodeUse.in(
                        PodNode.ACTOR,
                        PodNode.INCIDENT,
                        () -> pods.start(NodeUse.current().orElseThrow(), node, Use.CHANGE)))
                .isInstanceOf(NodeUnreachableException.class)
                .hasMessageContaining("did not start");
        assertThat(administrator.pods().inNamespace(name).list().getItems()).allMatch(this::removed);
    }

    @Test
    void theSweepRemovesWhatThisInstanceLeftAndNotWhatAnotherUses() {
        Pod left = made(Use.LOOK);
        pods("instance-2").sweep();
        assertThat(removed(left)).isFalse();
        pods.sweep();
        assertThat(removed(left)).isTrue();
        // again, while it ends
        pods.sweep();
    }

    /** The whole way: scripts in addresses, content, exit codes and statuses pass through the server; only what runs them is a stand-in. */
    @Test
    void theScriptsRunThroughTheServer(@TempDir Path temp) throws Exception {
        Path root = Files.createDirectories(temp.resolve("root")).toRealPath();
        Path directory = Files.createDirectories(root.resolve("etc/kubernetes"));
        Files.writeString(directory.resolve("a"), "old");
        Files.createSymbolicLink(directory.resolve("link"), root);
        byte[] large = new byte[300_000];
        new Random(1).nextBytes(large);
        NodePodProperties settings = settings(Duration.ofSeconds(20));
        try (FakeKubelet kubelet = new FakeKubelet(administrator, name, "/usr/bin:/bin");
                KubeletPort port = new KubeletPort(kubelet);
                Watch watch = administrator.pods().inNamespace(name).watch(new Watcher<>() {
                    @Override
                    public void eventReceived(Action action, Pod pod) {
                        kubelet.changed("/api/v1/namespaces/" + name + "/pods");
                    }

                    @Override
                    public void onClose(WatcherException broken) {
                        throw new IllegalStateException(broken);
                    }
                })) {
            administrator
                    .nodes()
                    .withName(name)
                    .editStatus(found -> new NodeBuilder(found)
                            .editOrNewStatus()
                            .withAddresses(new NodeAddress("127.0.0.1", "InternalIP"))
                            .withNewDaemonEndpoints()
                            .withNewKubeletEndpoint(port.port())
                            .endDaemonEndpoints()
                            .endStatus()
                            .build());
            PodShell shell = new PodShell(pods("instance-1", settings, root.toString()), settings);
            NodeFiles files = TestShells.files(shell);
            NodePath a = NodePath.of("/etc/kubernetes/a");
            NodePath b = NodePath.of("/etc/kubernetes/b");
            NodeUse.in(PodNode.ACTOR, PodNode.INCIDENT, () -> {
                assertThat(files.scan(node, List.of(NodePath.of("/etc/kubernetes")))
                                .files())
                        .filteredOn(file -> file.path().equals(a))
                        .singleElement()
                        .satisfies(file -> assertThat(file.sha256()).isEqualTo(Digest.ofText("old")));
                FileWrite write = new FileWrite(
                        b, new Expected.Nothing(), Digest.ofBytes(large), large.length, 0600, owner(root), group(root));
                assertThat(files.write(node, TestPermits.on(node), write, new ByteArrayInputStream(large)))
                        .isInstanceOf(WriteOutcome.Written.class);
                ByteArrayOutputStream back = new ByteArrayOutputStream();
                assertThat(files.read(node, b, back, large.length)).contains(Digest.ofBytes(large));
                assertThat(back.toByteArray()).isEqualTo(large);
                assertThat(files.quarantine(node, TestPermits.on(node), a, Digest.ofText("old")))
                        .isInstanceOf(WriteOutcome.Written.class);
                // an exit code of its own
                assertThat(files.read(node, a, OutputStream.nullOutputStream(), 10))
                        .isEmpty();
                assertThatThrownBy(() -> files.read(
                                node, NodePath.of("/etc/kubernetes/link/a"), OutputStream.nullOutputStream(), 10))
                        .isInstanceOf(NodeAccessException.class)
                        .hasMessageContaining("link");
                return true;
            });
            shell.stop();
            assertThat(directory.resolve("b")).hasBinaryContent(large);
            assertThat(directory.resolve("a")).doesNotExist();
            assertThat(kubelet.made()).hasSize(2);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> administrator
                            .pods()
                            .inNamespace(name)
                            .list()
                            .getItems()
                            .isEmpty());
        }
    }

    private static long owner(Path path) {
        return attribute(path, "unix:uid");
    }

    private static long group(Path path) {
        return attribute(path, "unix:gid");
    }

    private static long attribute(Path path, String name) {
        try {
            return ((Number) Files.getAttribute(path, name)).longValue();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    @Test
    void theRoleIsEnoughForACommandAndForNothingElsewhere() {
        Pod pod = made(Use.LOOK);
        KubernetesClientException noKubelet = catchThrowableOfType(
                KubernetesClientException.class,
                () -> drawbridge
                        .pods()
                        .inNamespace(name)
                        .withName(pod.getMetadata().getName())
                        .inContainer(HelperPod.CONTAINER)
                        .withReadyWaitTimeout(1)
                        .writingOutput(java.io.OutputStream.nullOutputStream())
                        .exec("true"));
        assertThat(noKubelet.getCode()).as(noKubelet.getMessage()).isNotIn(401, 403);
        assertThatThrownBy(() -> drawbridge.pods().inNamespace("default").list())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
        assertThatThrownBy(() -> drawbridge
                        .resource(new NamespaceBuilder()
                                .withNewMetadata()
                                .withName(name + "-other")
                                .endMetadata()
                                .build())
                        .create())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
    }
}
