package dev.drawbridge.recovery;

import dev.drawbridge.shared.NodePath;
import java.util.regex.Pattern;

/**
 * What must be rotated once a file was in somebody else's hands (kubernetes.io: PKI certificates and requirements; manual
 * rotation of CA certificates; certificate management with kubeadm; API server bypass risks). Kubernetes has no revocation list: a
 * leaked client certificate stays good until it expires or its authority is replaced.
 */
public final class RotationScope {
    private static final Pattern SUFFIX = Pattern.compile("\\.(key|crt|pub)$");
    private static final String NOT_ENDED = "A new leaf does not end the stolen one";
    private static final String GOOD_UNTIL =
            "reissue it; the stolen one stays good until it expires or the cluster authority is replaced";

    private RotationScope() {}

    private record Scope(String what, String how) {}

    /** In a few words, for a plan. */
    public static String of(NodePath path) {
        return scope(path).what();
    }

    /** With the steps; those of all files that kubeadm writes fit into a task. */
    public static String inFull(NodePath path) {
        Scope scope = scope(path);
        return scope.what() + ". " + scope.how();
    }

    private static Scope scope(NodePath path) {
        String stem = SUFFIX.matcher(path.name()).replaceFirst("");
        if (path.parent().name().equals("etcd")) {
            return stem.equals("ca") ? etcdAuthority() : etcdLeaf();
        }
        return switch (stem) {
            case "ca" -> clusterAuthority();
            case "sa" -> serviceAccounts();
            case "front-proxy-ca" -> frontProxyAuthority();
            case "front-proxy-client" -> frontProxyClient();
            case "apiserver-etcd-client" -> etcdLeaf();
            case "apiserver-kubelet-client" ->
                new Scope(
                        "administrator-level credential until it expires: reissue it; only a new cluster authority ends the stolen one",
                        renew(stem, "the API server"));
            case "admin.conf" ->
                new Scope(
                        "administrator-level credential until it expires: reissue it, and remove its binding where it has one",
                        renew(stem) + ". " + NOT_ENDED
                                + ": from kubeadm 1.29 on, removing the ClusterRoleBinding kubeadm:cluster-admins does (bind"
                                + " yourself and the API server's kubelet client otherwise first); before, its group is"
                                + " system:masters, and only a new cluster authority does");
            case "super-admin.conf" ->
                new Scope(
                        "administrator-level credential until it expires: reissue it; only a new cluster authority ends the stolen one",
                        renew(stem)
                                + ". No binding takes anything from its group, system:masters; keep the file off the nodes");
            case "apiserver" ->
                new Scope(
                        "the API server's own certificate: reissue it; until it expires, who has the stolen one can pose as the API server",
                        renew(stem, "the API server"));
            case "scheduler.conf" ->
                new Scope("credential of the scheduler: " + GOOD_UNTIL, renew(stem, "the scheduler"));
            case "controller-manager.conf" ->
                new Scope("credential of the controller manager: " + GOOD_UNTIL, renew(stem, "the controller manager"));
            case "kubelet.conf" ->
                new Scope(
                        "credential of this node's kubelet: " + GOOD_UNTIL,
                        "kubeadm does not renew it; kubelet does, in /var/lib/kubelet/pki. Remove kubelet-client* there, make"
                                + " kubelet.conf anew where ca.key is (kubeadm kubeconfig user --org system:nodes --client-name"
                                + " system:node:NAME), and restart kubelet");
            case "bootstrap-kubelet.conf" ->
                new Scope(
                        "bootstrap token: delete it",
                        "kubeadm token delete; then look for nodes and certificates that were asked for with it");
            default ->
                new Scope(
                        "reissue this credential and restart what uses it",
                        "A client certificate that was stolen stays good until it expires or its authority is replaced");
        };
    }

    private static Scope clusterAuthority() {
        return new Scope(
                "cluster authority: new authority trusted beside the old one, then everything that the old one signed",
                "There is no revocation list. Trust both on all nodes; reissue every certificate and kubeconfig, kubelet's"
                        + " on each node too, and the CA in the ConfigMap kube-public/cluster-info; restart control planes,"
                        + " kubelets and the pods that use the API; then remove the old one. Led by people, it takes days");
    }

    private static Scope serviceAccounts() {
        return new Scope(
                "service-account signing key: add a new key for verification, switch signing, drop the old one",
                "With it, anybody makes tokens of any service account. On every control plane add the new public key to the"
                        + " API server's --service-account-key-file and restart it; then sign with the new key, API server and"
                        + " controller manager, and restart both; when no pod holds an old token, drop the old key and restart");
    }

    private static Scope frontProxyAuthority() {
        return new Scope(
                "front-proxy authority: new authority and client certificate on every control plane",
                "With it, anybody is any user by way of request headers. Trust both, reissue front-proxy-client, restart the"
                        + " API servers, then remove the old one and restart; extension API servers read it from the"
                        + " ConfigMap kube-system/extension-apiserver-authentication");
    }

    private static Scope frontProxyClient() {
        return new Scope(
                "front-proxy client: any user by way of request headers, replace the front-proxy authority",
                NOT_ENDED + ": trust a new authority beside the old one, reissue front-proxy-client on every control"
                        + " plane, restart the API servers, then remove the old authority and restart");
    }

    private static Scope etcdAuthority() {
        return new Scope(
                "etcd authority: new authority and all etcd certificates, rolling",
                "With it, anybody reads and writes all data of the cluster. " + etcdRolling());
    }

    private static Scope etcdLeaf() {
        return new Scope(
                "etcd client or server certificate: full access to all data, replace the etcd authority",
                NOT_ENDED + ". " + etcdRolling());
    }

    private static String etcdRolling() {
        return "One member at a time: trust both authorities, reissue server, peer, healthcheck-client and"
                + " apiserver-etcd-client, restart etcd and API server; then remove the old authority in the same way";
    }

    private static String renew(String name) {
        return "kubeadm certs renew " + name
                + " on each control-plane node (with an external CA kubeadm cannot: sign it there)";
    }

    /** @param component runs as a static pod and reads the file when it starts; kubelet looks into its directory every 20 s */
    private static String renew(String name, String component) {
        return renew(name) + ", then restart " + component
                + " there: move its manifest out of the directory, wait 20 s, move it back";
    }
}
