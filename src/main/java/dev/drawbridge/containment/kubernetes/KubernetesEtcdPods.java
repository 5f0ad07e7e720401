package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** The mirrors of the static pods that kubeadm writes for etcd; the API server is asked each time. */
@Component
class KubernetesEtcdPods implements EtcdPods {
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final Map<String, String> LABELS = Map.of("component", "etcd", "tier", "control-plane");

    private final KubernetesClient client;

    KubernetesEtcdPods(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public List<EtcdPod> etcdPods() {
        return client.pods().inNamespace("kube-system").withLabels(LABELS).list().getItems().stream()
                // one that waits for a node votes nowhere
                .filter(pod -> pod.getSpec() != null && pod.getSpec().getNodeName() != null)
                .map(pod -> new EtcdPod(NodeName.of(pod.getSpec().getNodeName()), mirror(pod) && ready(pod)))
                .toList();
    }

    /** Whoever may make pods can make one with these labels: it vouches for no voter. */
    private static boolean mirror(Pod pod) {
        return pod.getMetadata().getAnnotations() != null
                && pod.getMetadata().getAnnotations().containsKey(MIRROR);
    }

    private static boolean ready(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() == null
                && Stream.ofNullable(pod.getStatus())
                        .flatMap(status -> status.getConditions().stream())
                        .anyMatch(condition ->
                                "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }
}
