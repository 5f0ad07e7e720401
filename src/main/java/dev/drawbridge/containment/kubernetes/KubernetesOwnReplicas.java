package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.OwnReplicas;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Our pod and those that have our label, in our namespace, by our service account. Whoever can make such pods is inside of our namespace, and
 * has our keys already; a static pod, which the owner of a node can give any label, has no service account.
 */
@Component
class KubernetesOwnReplicas implements OwnReplicas {
    private static final String UNTOLD =
            "it runs as a pod, perhaps of this cluster, and neither drawbridge.kubernetes.pod.name and .namespace say as which one, nor .outside that it does not";

    private final KubernetesClient client;
    private final OwnPodProperties own;
    private final boolean untold;

    @Autowired
    KubernetesOwnReplicas(KubernetesClient client, OwnPodProperties own, KubernetesProperties kubernetes) {
        this(client, own, kubernetes, System.getenv("KUBERNETES_SERVICE_HOST") != null);
    }

    /** @param inPod of whichever cluster: kubelet gives every pod the address of its API server */
    KubernetesOwnReplicas(
            KubernetesClient client, OwnPodProperties own, KubernetesProperties kubernetes, boolean inPod) {
        this.client = client;
        this.own = own;
        boolean byServiceAccount = kubernetes.kubeconfig() == null && kubernetes.masterUrl() == null;
        this.untold =
                own.name() == null && !own.outside() && (byServiceAccount || inPod && kubernetes.masterUrl() == null);
    }

    @Override
    public String self() {
        if (own.name() != null) {
            return "the pod " + own.namespace() + "/" + own.name();
        }
        return untold ? "not known: " + UNTOLD : "outside of the cluster";
    }

    @Override
    public Look look() {
        if (own.name() == null) {
            return untold ? new Look.Unknown(UNTOLD) : new Look.Elsewhere();
        }
        List<Pod> labelled =
                client.pods().inNamespace(own.namespace()).withLabelSelector(own.selector()).list().getItems().stream()
                        .filter(pod -> pod.getSpec() != null && !NodePods.mirror(pod))
                        .toList();
        Optional<Pod> self = labelled.stream()
                .filter(pod -> own.name().equals(pod.getMetadata().getName()))
                .findFirst();
        if (self.isEmpty()) {
            return new Look.Unknown("the cluster shows no pod " + own.namespace() + "/" + own.name()
                    + " with the label " + own.selector());
        }
        String account = self.get().getSpec().getServiceAccountName();
        return new Look.Known(labelled.stream()
                .filter(pod -> Objects.equals(account, pod.getSpec().getServiceAccountName()))
                .filter(pod -> pod.getSpec().getNodeName() != null && !NodePods.ended(pod))
                .map(pod -> new Replica(
                        pod.getMetadata().getName(), NodeName.of(pod.getSpec().getNodeName()), NodePods.ready(pod)))
                .toList());
    }
}
