package dev.drawbridge.sandbox;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What the sandbox's API server holds when it starts for the first time; the static pods are its kubelets' business. */
final class SandboxCluster {
    private SandboxCluster() {}

    static List<HasMetadata> seed(Collection<Node> nodes) {
        List<HasMetadata> objects = new ArrayList<>();
        for (String name : List.of("default", "kube-system", "kube-public", "kube-node-lease", "shop")) {
            objects.add(new NamespaceBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .addToLabels("kubernetes.io/metadata.name", name)
                    .endMetadata()
                    .build());
        }
        for (Node node : nodes) {
            String name = node.getMetadata().getName();
            objects.add(node);
            objects.add(pod("kube-system", "kube-proxy-" + name, name, "kube-proxy", true));
        }
        objects.add(pod("kube-system", "coredns-7c65d6cfc9-4k2xw", "worker-1", "kube-dns", false));
        objects.add(pod("kube-system", "coredns-7c65d6cfc9-n8tqz", "worker-2", "kube-dns", false));
        objects.add(pod("shop", "checkout-6f9d8c7b5-x2vkp", "worker-1", "checkout", false));
        objects.add(pod("shop", "checkout-6f9d8c7b5-m7rjd", "worker-3", "checkout", false));
        return objects;
    }

    /** A node as kubeadm and kubelet register it. */
    static Node node(String name, String address, boolean controlPlane) {
        NodeBuilder node = new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(Map.of(
                        "kubernetes.io/hostname", name, "kubernetes.io/os", "linux", "kubernetes.io/arch", "amd64"))
                .withAnnotations(Map.of(
                        "node.alpha.kubernetes.io/ttl", "0",
                        "volumes.kubernetes.io/controller-managed-attach-detach", "true"))
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .addNewAddress(address, "InternalIP")
                .addNewAddress(name, "Hostname")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .withReason("KubeletReady")
                .endCondition()
                .withNewNodeInfo()
                .withKubeletVersion("v1.32.13")
                .withOperatingSystem("linux")
                .withArchitecture("amd64")
                .endNodeInfo()
                .endStatus();
        if (controlPlane) {
            node.editMetadata()
                    .addToLabels("node-role.kubernetes.io/control-plane", "")
                    .endMetadata()
                    .editSpec()
                    .addNewTaint()
                    .withKey("node-role.kubernetes.io/control-plane")
                    .withEffect("NoSchedule")
                    .endTaint()
                    .endSpec();
        }
        return node.build();
    }

    private static HasMetadata pod(String namespace, String name, String node, String app, boolean everywhere) {
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .addToLabels(namespace.equals("kube-system") ? "k8s-app" : "app", app)
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .addNewContainer()
                .withName(app)
                .withImage("registry.k8s.io/" + app)
                .endContainer()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .endStatus();
        String kind = everywhere ? "DaemonSet" : "ReplicaSet";
        String owner = everywhere ? app : name.substring(0, name.lastIndexOf('-'));
        pod.editMetadata()
                .addNewOwnerReference()
                .withApiVersion("apps/v1")
                .withKind(kind)
                .withName(owner)
                .withUid(UUID.nameUUIDFromBytes((kind + "/" + namespace + "/" + owner).getBytes(StandardCharsets.UTF_8))
                        .toString())
                .withController(true)
                .endOwnerReference()
                .endMetadata();
        if (everywhere) {
            pod.editSpec()
                    .withHostNetwork(true)
                    .addNewToleration()
                    .withOperator("Exists")
                    .endToleration()
                    .endSpec();
        }
        return pod.build();
    }
}
