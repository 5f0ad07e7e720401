package dev.drawbridge.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.NodePath;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RotationScopeTest {
    private static final String STOLEN = "A new leaf does not end the stolen one";
    private static final String UNTIL =
            "the stolen one stays good until it expires or the cluster authority is replaced";
    private static final String RENEW =
            " on each control-plane node (with an external CA kubeadm cannot: sign it there)";
    private static final String RESTART = "move its manifest out of the directory, wait 20 s, move it back";

    static Stream<Arguments> files() {
        return Stream.of(
                file(
                        "pki/ca.key",
                        "cluster authority",
                        "no revocation list",
                        "on all nodes",
                        "every certificate and kubeconfig",
                        "kubelet's on each node",
                        "ConfigMap kube-public/cluster-info",
                        "restart control planes, kubelets and the pods",
                        "then remove the old one"),
                file(
                        "pki/sa.key",
                        "any service account",
                        "--service-account-key-file and restart it; then sign with the new key",
                        "drop the old key and restart"),
                file(
                        "pki/etcd/ca.key",
                        "etcd authority",
                        "all data",
                        "One member at a time",
                        "remove the old authority"),
                file("pki/etcd/server.key", "full access to all data", STOLEN, "trust both authorities"),
                file("pki/etcd/peer.key", "full access to all data", STOLEN),
                file("pki/etcd/healthcheck-client.key", "full access to all data", STOLEN),
                file("pki/etcd/healthcheck-client.crt", "full access to all data", STOLEN),
                file("pki/apiserver-etcd-client.key", "full access to all data", STOLEN, "replace the etcd authority"),
                file("pki/front-proxy-ca.key", "front-proxy authority", "any user", "front-proxy-client"),
                file("pki/front-proxy-client.key", "any user", STOLEN, "replace the front-proxy authority"),
                file(
                        "pki/apiserver-kubelet-client.key",
                        "administrator-level credential until it expires",
                        "only a new cluster authority ends the stolen one",
                        "kubeadm certs renew apiserver-kubelet-client" + RENEW,
                        RESTART),
                file(
                        "admin.conf",
                        "administrator-level credential until it expires",
                        STOLEN,
                        "ClusterRoleBinding kubeadm:cluster-admins",
                        "system:masters",
                        "kubeadm certs renew admin.conf" + RENEW),
                file(
                        "super-admin.conf",
                        "only a new cluster authority ends the stolen one",
                        "No binding takes anything from its group, system:masters",
                        "kubeadm certs renew super-admin.conf" + RENEW),
                file("pki/apiserver.crt", "pose as the API server", "kubeadm certs renew apiserver" + RENEW, RESTART),
                file("pki/apiserver.key", "pose as the API server", "kubeadm certs renew apiserver" + RENEW, RESTART),
                file("scheduler.conf", "scheduler", UNTIL, "kubeadm certs renew scheduler.conf" + RENEW, RESTART),
                file(
                        "controller-manager.conf",
                        "controller manager",
                        UNTIL,
                        "kubeadm certs renew controller-manager.conf" + RENEW,
                        RESTART),
                file(
                        "kubelet.conf",
                        UNTIL,
                        "kubeadm does not renew it; kubelet does",
                        "Remove kubelet-client*",
                        "restart kubelet"),
                file("bootstrap-kubelet.conf", "bootstrap token: delete it", "kubeadm token delete"),
                file("pki/webhook.key", "reissue this credential and restart what uses it", "until it expires"));
    }

    private static Arguments file(String below, String... said) {
        return Arguments.of("/etc/kubernetes/" + below, List.of(said));
    }

    @ParameterizedTest
    @MethodSource("files")
    void eachFileSaysWhatItGaveAwayAndWhatEndsThat(String path, List<String> said) {
        String text = RotationScope.inFull(NodePath.of(path));
        assertThat(text).contains(said).doesNotContain("\n");
        assertThat(text.length()).isLessThanOrEqualTo(500);
    }

    @ParameterizedTest
    @MethodSource("files")
    void aPlanHasItInAFewWords(String path, List<String> said) {
        String text = RotationScope.of(NodePath.of(path));
        assertThat(RotationScope.inFull(NodePath.of(path))).startsWith(text);
        assertThat(text.length()).isLessThanOrEqualTo(130);
    }

    @Test
    void whatIsNamedLikeAnAuthorityElsewhereIsNone() {
        assertThat(RotationScope.of(NodePath.of("/etc/kubernetes/pki/etcd/sa.key")))
                .startsWith("etcd client or server certificate");
        assertThat(RotationScope.of(NodePath.of("/etc/kubernetes/pki/ca-of-webhooks.key")))
                .startsWith("reissue this credential");
    }
}
