package dev.drawbridge.sandbox;

import dev.drawbridge.shared.NodeName;
import java.nio.file.Path;
import java.time.Instant;

/** Directories like those of the sandbox's nodes, for tests that need more of them. All share one set of authorities. */
public final class TestTrees {
    private final KubeadmCluster cluster = new KubeadmCluster(Instant.now());

    /** Makes the files of a node as kubeadm leaves them. */
    public void create(Path root, String name, boolean controlPlane) {
        new NodeTree(root)
                .create(
                        cluster.files(new SandboxNode(NodeName.of(name), controlPlane, "10.30.0.1")),
                        NodeTree.Owner.of(root.getParent()));
    }
}
