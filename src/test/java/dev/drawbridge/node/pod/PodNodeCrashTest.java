package dev.drawbridge.node.pod;

import dev.drawbridge.node.shell.NodeCrashStories;
import dev.drawbridge.node.shell.ReachedNode;
import java.nio.file.Path;

class PodNodeCrashTest extends NodeCrashStories {
    @Override
    protected ReachedNode node(Path directory, String path) throws Exception {
        return new PodNode(directory, path);
    }
}
