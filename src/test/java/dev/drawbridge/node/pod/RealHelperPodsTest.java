package dev.drawbridge.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.Manifests;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.kubernetes.ClusterTest;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
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
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a real API server, with the rights of the manifest: what it takes, keeps and refuses. No kubelet stands behind the node, so nothing runs. */
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
        return new HelperPods(
                drawbridge,
                new NodePodProperties(
                        "registry.example.internal/busybox@sha256:" + "0".repeat(64),
                        null,
                        name,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(10),
                        8,
                        false),
                TestGate.open(database),
                TestAudit.on(database, Clock.systemUTC()),
                new OpenPods(),
                Clock.systemUTC(),
                () -> UUID.randomUUID().toString(),
                instance);
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
                                new NodePodProperties(
                                        "registry.example.internal/busybox@sha256:" + "0".repeat(64),
                                        null,
                                        name,
                                        Duration.ofSeconds(1),
                                        Duration.ofSeconds(10),
                                        Duration.ofMinutes(10),
                                        8,
                                        true),
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
