package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** The mirrors of the static pods that kubeadm writes for etcd; the API server is asked each time. */
@Component
class KubernetesEtcdPods implements EtcdPods {
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
                // whoever may make pods can make one with these labels: only the mirror of a static one vouches for a
                // voter
                .map(pod -> new EtcdPod(
                        NodeName.of(pod.getSpec().getNodeName()), NodePods.mirror(pod) && NodePods.ready(pod)))
                .toList();
    }
}
