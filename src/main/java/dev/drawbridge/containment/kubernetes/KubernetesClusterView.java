package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Asks the API server each time: who verifies must not be answered from memory. */
@Component
class KubernetesClusterView implements ClusterView {
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final String HASH = "kubernetes.io/config.hash";

    private final KubernetesClient client;
    private final KubeletProxy kubelets;

    KubernetesClusterView(KubernetesClient client) {
        this.client = client;
        this.kubelets = new KubeletProxy(client);
    }

    @Override
    public List<NodeView> nodes() {
        return client.nodes().list().getItems().stream()
                .map(KubernetesClusterView::view)
                .sorted(Comparator.comparing(NodeView::name))
                .toList();
    }

    @Override
    public Optional<NodeView> node(NodeName node) {
        return Optional.ofNullable(client.nodes().withName(node.value()).get()).map(KubernetesClusterView::view);
    }

    /**
     * What kubelet mirrored. A static pod in a namespace that does not exist, or refused by admission, runs without being here; and
     * whoever may write pods can change a mirror's annotations, so they are facts about the API and no proof about the node.
     */
    @Override
    public List<StaticPodView> staticPods(NodeName node) {
        return client.pods().inAnyNamespace().withField("spec.nodeName", node.value()).list().getItems().stream()
                .filter(pod -> annotations(pod).containsKey(MIRROR))
                .map(pod -> new StaticPodView(
                        pod.getMetadata().getNamespace(),
                        withoutSuffix(pod.getMetadata().getName(), "-" + node),
                        pod.getStatus() == null || pod.getStatus().getPhase() == null
                                ? "Unknown"
                                : pod.getStatus().getPhase(),
                        annotations(pod).getOrDefault(HASH, "")))
                .sorted(Comparator.comparing(StaticPodView::namespace).thenComparing(StaticPodView::name))
                .toList();
    }

    @Override
    public KubeletAnswer kubelet(NodeName node) {
        return kubelets.ask(node);
    }

    @Override
    public Set<String> namespaces() {
        return client.namespaces().list().getItems().stream()
                .map(namespace -> namespace.getMetadata().getName())
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public boolean apiServerReady() {
        try {
            String answer = client.raw("/readyz");
            return answer != null && answer.strip().equals("ok");
        } catch (KubernetesClientException failed) {
            // an answer that says "not ready" is an answer; no answer is a fault
            if (failed.getCode() >= 500) {
                return false;
            }
            throw failed;
        }
    }

    private static NodeView view(Node node) {
        String ready = Stream.ofNullable(node.getStatus())
                .flatMap(status -> status.getConditions().stream())
                .filter(condition -> "Ready".equals(condition.getType()))
                .map(condition -> condition.getStatus())
                .findFirst()
                .orElse("Unknown");
        List<TaintView> taints = Stream.ofNullable(node.getSpec())
                .flatMap(spec -> spec.getTaints() == null ? Stream.empty() : spec.getTaints().stream())
                .map(taint -> new TaintView(
                        taint.getKey(), taint.getValue() == null ? "" : taint.getValue(), taint.getEffect()))
                .toList();
        return new NodeView(
                node.getMetadata().getName(),
                node.getMetadata().getUid(),
                node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable()),
                ready,
                taints,
                copy(node.getMetadata().getLabels()),
                copy(node.getMetadata().getAnnotations()));
    }

    private static Map<String, String> annotations(Pod pod) {
        return copy(pod.getMetadata().getAnnotations());
    }

    private static Map<String, String> copy(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : Map.copyOf(map);
    }

    static String withoutSuffix(String name, String suffix) {
        return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
    }
}
