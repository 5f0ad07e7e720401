package dev.drawbridge.sandbox;

import dev.drawbridge.baseline.BaselineAuthor;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.sshd.common.config.keys.PublicKeyEntry;

/**
 * The signed Git repository that stands for the approved state of the nodes: made once, while they are as kubeadm left them,
 * and never again from a node. The signing key stays in the sandbox's directory, where a real one would be in an HSM.
 */
final class SandboxBaseline {
    private static final String SIGNER = "baseline@drawbridge.sandbox";
    // everything that kubeadm keeps there
    private static final WatchedSet APPROVED = new WatchedSet(List.of("/etc/kubernetes/**"));

    private final SandboxDirectory directory;

    SandboxBaseline(SandboxDirectory directory) {
        this.directory = directory;
    }

    void publish(Instant at) {
        Path key = directory.resolve("baseline").resolve("signing-key");
        KeyPair signer = SandboxKeys.keptOrGenerated(key);
        directory.writePrivate(
                "baseline/allowed-signers",
                SIGNER + " namespaces=\"git\" " + PublicKeyEntry.toString(signer.getPublic()) + "\n");
        Map<String, Path> roots = new TreeMap<>();
        SandboxNode.CLUSTER.forEach(node -> roots.put(node.name().value(), directory.node(node.name())));
        try {
            new BaselineAuthor(repository(), key, "Drawbridge sandbox", SIGNER)
                    .publish(roots, APPROVED, "Approve the nodes as kubeadm made them", at);
        } catch (IOException failed) {
            throw new UncheckedIOException("the sandbox's baseline could not be written", failed);
        }
    }

    private Path repository() {
        return directory.resolve("baseline").resolve("repository.git");
    }

    Map<String, Object> contributed() {
        return Map.of(
                "drawbridge.baseline.url", repository().toUri().toString(),
                "drawbridge.baseline.allowed-signers",
                        directory.resolve("baseline/allowed-signers").toString(),
                "drawbridge.baseline.cache-directory",
                        directory.resolve("baseline-cache").toString());
    }
}
