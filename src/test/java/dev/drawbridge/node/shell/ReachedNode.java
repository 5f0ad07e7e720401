package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A node for tests: a directory of this machine, and the product's own way to it. */
public interface ReachedNode extends AutoCloseable {
    NodeName NAME = NodeName.of("worker-1");

    NodeFiles files();

    NodeProcesses processes();

    /** The node's own root. */
    Path root();

    default Path path(String onNode) {
        return root().resolve(onNode.substring(1));
    }

    /** What was on the node's disk at a path, created with its directories. */
    default Path put(String onNode, byte[] content) throws IOException {
        Path file = path(onNode);
        Files.createDirectories(file.getParent());
        return Files.write(file, content);
    }
}
