package dev.drawbridge.shared;

/**
 * What a file under {@code /etc/kubernetes} means to the cluster; policies are written per class. Taken from the path
 * that kubeadm gives it (kubernetes.io: PKI certificates and requirements; CIS Kubernetes Benchmark 1.1.x).
 */
public enum FileClass {
    /** Kubelet runs every file in the directory whose name has no leading dot. */
    STATIC_POD_MANIFEST,
    /** Credentials and endpoint of a component or an administrator. */
    KUBECONFIG,
    /** Mints identities: {@code ca.key}, {@code front-proxy-ca.key}, {@code etcd/ca.key}, {@code sa.key}. Touched means disclosed. */
    CA_KEY,
    /** What others trust: {@code ca.crt}, {@code front-proxy-ca.crt}, {@code etcd/ca.crt}, {@code sa.pub}. */
    CA_CERTIFICATE,
    LEAF_KEY,
    LEAF_CERTIFICATE,
    OTHER;

    private static final NodePath ROOT = NodePath.of("/etc/kubernetes");
    private static final NodePath MANIFESTS = NodePath.of("/etc/kubernetes/manifests");
    private static final NodePath PKI = NodePath.of("/etc/kubernetes/pki");

    public static FileClass of(NodePath path) {
        String name = path.name();
        if (path.isWithin(MANIFESTS)) {
            return STATIC_POD_MANIFEST;
        }
        if (path.isWithin(PKI)) {
            boolean authority = name.startsWith("ca.") || name.startsWith("front-proxy-ca.") || name.startsWith("sa.");
            if (name.endsWith(".key")) {
                return authority ? CA_KEY : LEAF_KEY;
            }
            if (name.endsWith(".crt") || name.endsWith(".pem") || name.endsWith(".pub")) {
                return authority ? CA_CERTIFICATE : LEAF_CERTIFICATE;
            }
            return OTHER;
        }
        return path.isWithin(ROOT) && name.endsWith(".conf") ? KUBECONFIG : OTHER;
    }

    /** {@code static-pod-manifest}: the form in playbooks, plans and pages. */
    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    public static FileClass ofCode(String code) {
        return valueOf(code.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
    }
}
