package dev.drawbridge.recovery;

import dev.drawbridge.shared.NodePath;

/**
 * What must be rotated once a file was in somebody else's hands (kubernetes.io: PKI certificates and requirements; manual
 * rotation of CA certificates; API server bypass risks). Kubernetes has no revocation list: a leaked client certificate
 * stays good until it expires or its authority is replaced.
 */
public final class RotationScope {
    private RotationScope() {}

    public static String of(NodePath path) {
        String name = path.name();
        boolean etcd = path.parent().name().equals("etcd");
        if (name.startsWith("sa.")) {
            return "service-account signing key: add a new key for verification, switch signing, restart, drop the old one";
        }
        if (name.startsWith("front-proxy-ca.")) {
            return "front-proxy authority: new authority and client certificate on every control plane";
        }
        if (name.startsWith("ca.") && etcd) {
            return "etcd authority: new authority and all etcd certificates, rolling";
        }
        if (name.startsWith("ca.")) {
            return "cluster authority: new authority trusted beside the old one on all nodes, then all certificates and kubeconfigs";
        }
        if (etcd || name.startsWith("apiserver-etcd-client.")) {
            return "etcd client or server certificate: full access to all data, replace the etcd authority";
        }
        if (name.startsWith("apiserver-kubelet-client.")
                || name.equals("admin.conf")
                || name.equals("super-admin.conf")) {
            return "administrator-level credential until it expires: reissue, and remove its bindings where it has some";
        }
        return "reissue this credential and restart what uses it";
    }
}
