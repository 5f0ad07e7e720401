package dev.drawbridge.sandbox;

import dev.drawbridge.sandbox.CertificateAuthority.Pem;
import dev.drawbridge.sandbox.CertificateAuthority.Use;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code kubeadm init} and {@code kubeadm join} of release 1.32 leave on disk: the manifests, the PKI with one set of
 * authorities shared by the control planes, and the kubeconfigs. Certificates and keys are real and belong to nobody.
 */
final class KubeadmCluster {
    private static final List<String> STATIC_PODS =
            List.of("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler");
    static final String ENDPOINT = "https://10.20.0.10:6443";
    private static final int PRIVATE = 0600;
    private static final int PUBLIC = 0644;

    private final CertificateAuthority cluster;
    private final CertificateAuthority etcd;
    private final CertificateAuthority frontProxy;
    private final KeyPair serviceAccounts = CertificateAuthority.keyPair();

    KubeadmCluster(Instant now) {
        cluster = CertificateAuthority.create("kubernetes", now);
        etcd = CertificateAuthority.create("etcd-ca", now);
        frontProxy = CertificateAuthority.create("front-proxy-ca", now);
    }

    /** Every file of the node below its root, as it was right after kubeadm had run. */
    List<NodeFile> files(SandboxNode node) {
        List<NodeFile> files = new ArrayList<>(kubelet(node));
        if (node.controlPlane()) {
            STATIC_PODS.forEach(name -> files.add(manifest(name, node)));
            files.addAll(pki(node));
            files.addAll(kubeconfigs(node));
        } else {
            files.add(NodeFile.of(
                    "etc/kubernetes/pki/ca.crt", PUBLIC, cluster.pem().certificate()));
        }
        return files;
    }

    private List<NodeFile> pki(SandboxNode node) {
        String name = node.name().value();
        List<String> etcdNames = List.of(name, "localhost", node.address(), "127.0.0.1", "::1");
        List<Use> both = List.of(Use.SERVER, Use.CLIENT);
        List<Use> client = List.of(Use.CLIENT);
        List<NodeFile> files = new ArrayList<>();
        pair(files, "ca", cluster.pem());
        pair(files, "front-proxy-ca", frontProxy.pem());
        pair(files, "etcd/ca", etcd.pem());
        pair(
                files,
                "apiserver",
                cluster.issue(
                        "kube-apiserver",
                        null,
                        List.of(Use.SERVER),
                        List.of(
                                name,
                                "kubernetes",
                                "kubernetes.default",
                                "kubernetes.default.svc",
                                "kubernetes.default.svc.cluster.local",
                                "10.96.0.1",
                                node.address(),
                                "10.20.0.10")));
        pair(
                files,
                "apiserver-kubelet-client",
                cluster.issue("kube-apiserver-kubelet-client", "kubeadm:cluster-admins", client, List.of()));
        pair(files, "apiserver-etcd-client", etcd.issue("kube-apiserver-etcd-client", null, client, List.of()));
        pair(files, "front-proxy-client", frontProxy.issue("front-proxy-client", null, client, List.of()));
        pair(files, "etcd/server", etcd.issue(name, null, both, etcdNames));
        pair(files, "etcd/peer", etcd.issue(name, null, both, etcdNames));
        pair(files, "etcd/healthcheck-client", etcd.issue("kube-etcd-healthcheck-client", null, client, List.of()));
        files.add(NodeFile.of("etc/kubernetes/pki/sa.key", PRIVATE, CertificateAuthority.keyPem(serviceAccounts)));
        files.add(NodeFile.of(
                "etc/kubernetes/pki/sa.pub", PRIVATE, CertificateAuthority.pem(serviceAccounts.getPublic())));
        return files;
    }

    private static void pair(List<NodeFile> files, String name, Pem pem) {
        files.add(NodeFile.of("etc/kubernetes/pki/" + name + ".crt", PUBLIC, pem.certificate()));
        files.add(NodeFile.of("etc/kubernetes/pki/" + name + ".key", PRIVATE, pem.key()));
    }

    private List<NodeFile> kubeconfigs(SandboxNode node) {
        String local = "https://" + node.address() + ":6443";
        List<NodeFile> files = new ArrayList<>();
        files.add(client(
                "admin.conf", ENDPOINT, "kubernetes-admin", issue("kubernetes-admin", "kubeadm:cluster-admins")));
        files.add(client(
                "controller-manager.conf",
                local,
                "system:kube-controller-manager",
                issue("system:kube-controller-manager", null)));
        files.add(client("scheduler.conf", local, "system:kube-scheduler", issue("system:kube-scheduler", null)));
        if (node.name().value().equals("cp-1")) {
            // only `kubeadm init` writes it, not `kubeadm join`
            files.add(client(
                    "super-admin.conf",
                    ENDPOINT,
                    "kubernetes-super-admin",
                    issue("kubernetes-super-admin", "system:masters")));
        }
        return files;
    }

    private List<NodeFile> kubelet(SandboxNode node) {
        String user = "system:node:" + node.name();
        Pem pem = issue(user, "system:nodes");
        return List.of(
                client("kubelet.conf", ENDPOINT, user, pem),
                NodeFile.of("var/lib/kubelet/pki/kubelet-client-current.pem", PRIVATE, pem.certificate() + pem.key()),
                NodeFile.of("var/lib/kubelet/config.yaml", PUBLIC, """
                        apiVersion: kubelet.config.k8s.io/v1beta1
                        authentication:
                          anonymous:
                            enabled: false
                          webhook:
                            enabled: true
                          x509:
                            clientCAFile: /etc/kubernetes/pki/ca.crt
                        authorization:
                          mode: Webhook
                        cgroupDriver: systemd
                        clusterDNS:
                        - 10.96.0.10
                        clusterDomain: cluster.local
                        kind: KubeletConfiguration
                        rotateCertificates: true
                        staticPodPath: /etc/kubernetes/manifests
                        """));
    }

    private Pem issue(String commonName, @Nullable String organisation) {
        return cluster.issue(commonName, organisation, List.of(Use.CLIENT), List.of());
    }

    private NodeFile client(String file, String server, String user, Pem pem) {
        String text = """
                apiVersion: v1
                clusters:
                - cluster:
                    certificate-authority-data: %s
                    server: %s
                  name: kubernetes
                contexts:
                - context:
                    cluster: kubernetes
                    user: %3$s
                  name: %3$s@kubernetes
                current-context: %3$s@kubernetes
                kind: Config
                preferences: {}
                users:
                - name: %3$s
                  user:
                    client-certificate-data: %4$s
                    client-key-data: %5$s
                """.formatted(
                base64(cluster.pem().certificate()), server, user, base64(pem.certificate()), base64(pem.key()));
        return NodeFile.of("etc/kubernetes/" + file, PRIVATE, text);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static NodeFile manifest(String name, SandboxNode node) {
        String members = SandboxNode.controlPlanes()
                .map(one -> one.name() + "=https://" + one.address() + ":2380")
                .collect(Collectors.joining(","));
        String text = resource("manifests/" + name + ".yaml")
                .replace("${address}", node.address())
                .replace("${node}", node.name().value())
                .replace("${members}", members);
        return NodeFile.of("etc/kubernetes/manifests/" + name + ".yaml", PRIVATE, text);
    }

    /** A text that ships below {@code sandbox/} in the jar. */
    static String resource(String name) {
        try (InputStream in = KubeadmCluster.class.getResourceAsStream("/sandbox/" + name)) {
            if (in == null) {
                throw new IllegalStateException("not in the jar: sandbox/" + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new IllegalStateException(broken);
        }
    }
}
