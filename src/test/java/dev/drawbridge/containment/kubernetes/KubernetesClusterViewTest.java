package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.drawbridge.containment.ClusterView.NodeView;
import dev.drawbridge.containment.ClusterView.StaticPodView;
import dev.drawbridge.containment.ClusterView.TaintView;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KubernetesClusterViewTest {
    private static final NodeName WORKER = NodeName.of("worker-1");

    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final KubernetesClusterView view = new KubernetesClusterView(client);

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private void pod(String namespace, String name, String node, Map<String, String> annotations, String phase) {
        server.client()
                .resource(new PodBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(name)
                        .withAnnotations(annotations)
                        .endMetadata()
                        .withNewSpec()
                        .withNodeName(node)
                        .endSpec()
                        .withNewStatus()
                        .withPhase(phase)
                        .endStatus()
                        .build())
                .create();
    }

    private void answer(int code) {
        server.inject((method, path) -> Optional.of(new Fault.Answer(code, "Injected", null)));
    }

    @Test
    void showsConditionTaintsAndMarks() {
        assertThat(view.nodes())
                .extracting(NodeView::name)
                .containsExactly("cp-1", "cp-2", "cp-3", "worker-1", "worker-2", "worker-3");
        NodeView controlPlane = view.node(NodeName.of("cp-1")).orElseThrow();
        assertThat(controlPlane.ready()).isEqualTo("True");
        assertThat(controlPlane.unschedulable()).isFalse();
        assertThat(controlPlane.taints())
                .containsExactly(new TaintView("node-role.kubernetes.io/control-plane", "", "NoSchedule"));
        assertThat(controlPlane.labels()).containsKey("node-role.kubernetes.io/control-plane");
        assertThat(controlPlane.annotations()).containsKey("node.alpha.kubernetes.io/ttl");
        assertThat(controlPlane.uid()).isNotBlank();
    }

    @Test
    void aNodeWithoutStatusIsNotReadyForSure() {
        server.client()
                .resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName("bare")
                        .endMetadata()
                        .build())
                .create();
        NodeView bare = view.node(NodeName.of("bare")).orElseThrow();
        assertThat(bare.ready()).isEqualTo("Unknown");
        assertThat(bare.taints()).isEmpty();
        assertThat(bare.labels()).isEmpty();
    }

    @Test
    void aNodeThatIsNotThereIsEmptyAndAServerThatIsNotThereIsAFault() {
        assertThat(view.node(NodeName.of("worker-9"))).isEmpty();
        answer(503);
        assertThatThrownBy(() -> view.node(WORKER)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(view::nodes).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(() -> view.staticPods(WORKER)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(view::namespaces).isInstanceOf(KubernetesClientException.class);
    }

    @Test
    void whatIsForbiddenIsAFaultAndNotEmpty() {
        answer(403);
        assertThatThrownBy(() -> view.node(WORKER)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(() -> view.staticPods(WORKER)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(view::namespaces).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(view::apiServerReady).isInstanceOf(KubernetesClientException.class);
    }

    @Test
    void listsMirrorPodsOfTheNodeAndNoOthers() {
        Map<String, String> mirror = Map.of("kubernetes.io/config.mirror", "h1", "kubernetes.io/config.hash", "h1");
        pod("kube-system", "etcd-worker-1", "worker-1", mirror, "Running");
        pod("default", "odd", "worker-1", Map.of("kubernetes.io/config.mirror", "h2"), null);
        pod("kube-system", "etcd-worker-2", "worker-2", mirror, "Running");
        pod("default", "plain-worker-1", "worker-1", Map.of("kubernetes.io/config.hash", "h3"), "Running");
        assertThat(view.staticPods(WORKER))
                .extracting(
                        StaticPodView::namespace, StaticPodView::name, StaticPodView::phase, StaticPodView::configHash)
                .containsExactly(tuple("default", "odd", "Unknown", ""), tuple("kube-system", "etcd", "Running", "h1"));
    }

    @Test
    void aNodeWithoutStaticPodsHasNone() {
        assertThat(view.staticPods(NodeName.of("worker-3"))).isEmpty();
        assertThat(view.staticPods(NodeName.of("worker-9"))).isEmpty();
    }

    @Test
    void namesAllNamespaces() {
        assertThat(view.namespaces())
                .containsExactlyInAnyOrder("default", "kube-system", "kube-public", "kube-node-lease", "shop");
    }

    @Test
    void anAnswerThatSaysNotReadyIsAnAnswerAndNoAnswerIsAFault() {
        assertThat(view.apiServerReady()).isTrue();
        answer(500);
        assertThat(view.apiServerReady()).isFalse();
        server.inject((method, path) -> Optional.of(new Fault.Cut()));
        assertThatThrownBy(view::apiServerReady).isInstanceOf(KubernetesClientException.class);
        server.inject(ApiFaults.NONE);
        assertThat(view.apiServerReady()).isTrue();
    }

    @Test
    void asksEachTime() {
        assertThat(view.node(WORKER).orElseThrow().unschedulable()).isFalse();
        server.client()
                .nodes()
                .withName("worker-1")
                .edit(node -> new NodeBuilder(node)
                        .editSpec()
                        .withUnschedulable(true)
                        .endSpec()
                        .build());
        assertThat(view.node(WORKER).orElseThrow().unschedulable()).isTrue();
    }
}
