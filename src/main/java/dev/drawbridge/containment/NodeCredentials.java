package dev.drawbridge.containment;

import dev.drawbridge.shared.NodeName;
import java.util.List;

/**
 * How a person denies a node's identity at the API server. No API tells which authorizers an API server asks, and none changes them: they are
 * in its configuration (<a href="https://kubernetes.io/docs/reference/access-authn-authz/authorization/">kubernetes.io, Authorization</a>).
 * The file of {@code --authorization-config} is alpha in Kubernetes 1.29, beta in 1.30 (also that it is read again when it changes) and stable in
 * 1.32: <a href="https://www.kubernetes.dev/resources/keps/3221/">KEP-3221, Structured Authorization Configuration</a>.
 */
public final class NodeCredentials {
    /** Why the rung is never applied by us. */
    public static final String BY_HAND =
            "which authorizers the API servers ask is in their configuration, which no API shows or changes: by hand, the plan is in the task escalate";

    private NodeCredentials() {}

    /** What to do, in order, for whoever administers the control plane. */
    public static List<String> plan(NodeName node) {
        String user = "system:node:" + node;
        return List.of(
                "Rung node-credentials, by hand: deny what " + node + " may do at the API server.",
                "Whoever was root there holds the kubelet's client key (CN=" + user
                        + ", O=system:nodes), and can use it from elsewhere. An API server reads no revocation list, so the certificate is good until it expires. Deleting the Node object revokes nothing.",
                "1. On every API server, in the file of --authorization-config (Kubernetes 1.32 and later, beta since 1.30), first in the list: an authorizer of type Webhook with failurePolicy: Deny, the match condition request.user == '"
                        + user
                        + "', and a webhook that denies. A match condition alone denies nothing, it says who the webhook is asked about. The file is read again when it changes. Older: a webhook in --authorization-mode, before Node and RBAC.",
                "2. Where that cannot be: a ValidatingAdmissionPolicy that refuses request.userInfo.username == '"
                        + user
                        + "' stops what it writes (status, lease, mirror pods, new tokens) and nothing that it reads (the Secrets of its pods).",
                "3. Delete the bootstrap tokens that the node could know (kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token), and approve no CertificateSigningRequest of it, or it has a new certificate.",
                "4. Pods (kubectl get pods -A --field-selector spec.nodeName=" + node
                        + "): a token that is bound to a pod ends when the pod object is deleted; one in a Secret of type kubernetes.io/service-account-token when that Secret is. What their Secrets held is known: change it where it is from.",
                "5. With 1 or 2 the node becomes NotReady and its pods are evicted: on a control plane look after the quorum of etcd first. There it also helps little: admin.conf and the keys of the authorities make any identity.",
                "6. Before the return: the name is what is denied, and the old certificate has it until it expires. Let the node join again under another name, or take the denial away only when the authority that signed it is replaced.");
    }
}
