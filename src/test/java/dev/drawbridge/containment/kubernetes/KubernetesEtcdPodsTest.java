package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.guardrail.EtcdPods.EtcdPod;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KubernetesEtcdPodsTest {
    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final KubernetesEtcdPods pods = new KubernetesEtcdPods(client);

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    /** As kubelet shows it, altered in one way. */
    private void pod(String node, UnaryOperator<PodBuilder> change) {
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace("kube-system")
                .withName("etcd-" + node)
                .addToLabels("component", "etcd")
                .addToLabels("tier", "control-plane")
                .addToAnnotations("kubernetes.io/config.mirror", "abc")
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus();
        server.client().resource(change.apply(pod).build()).create();
    }

    @Test
    void onlyAMirrorThatIsReadyVouchesForAVoter() {
        pod("cp-1", pod -> pod);
        pod(
                "cp-2",
                pod -> pod.editStatus()
                        .editFirstCondition()
                        .withStatus("False")
                        .endCondition()
                        .endStatus());
        pod("cp-3", pod -> pod.editMetadata().withAnnotations(null).endMetadata());
        pod("cp-4", pod -> pod.withStatus(null));
        pod(
                "cp-5",
                pod -> pod.editMetadata().withFinalizers("example.org/never").endMetadata());
        server.client().pods().inNamespace("kube-system").withName("etcd-cp-5").delete();
        pod(
                "other",
                pod -> pod.editMetadata()
                        .addToLabels("component", "kube-apiserver")
                        .endMetadata());
        pod("elsewhere", pod -> pod.editMetadata().withNamespace("default").endMetadata());
        pod("waiting", pod -> pod.editSpec().withNodeName(null).endSpec());
        assertThat(pods.etcdPods())
                .containsExactlyInAnyOrder(
                        new EtcdPod(NodeName.of("cp-1"), true),
                        new EtcdPod(NodeName.of("cp-2"), false),
                        new EtcdPod(NodeName.of("cp-3"), false),
                        new EtcdPod(NodeName.of("cp-4"), false),
                        new EtcdPod(NodeName.of("cp-5"), false));
    }

    @Test
    void anApiServerThatDoesNotAnswerIsNoClusterWithoutPods() {
        server.inject((method, path) -> Optional.of(new Fault.Answer(503, "ServiceUnavailable", null)));
        assertThatThrownBy(pods::etcdPods).isInstanceOf(KubernetesClientException.class);
    }
}
