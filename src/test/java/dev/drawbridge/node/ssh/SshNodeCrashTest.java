package dev.drawbridge.node.ssh;

import dev.drawbridge.node.shell.NodeCrashStories;
import dev.drawbridge.node.shell.ReachedNode;
import java.nio.file.Path;

class SshNodeCrashTest extends NodeCrashStories {
    @Override
    protected ReachedNode node(Path directory, String path) throws Exception {
        // exec keeps the process id, so that the commands know whom to kill
        return TestNode.with(directory, "PATH=" + path + "; ACT=$$; export PATH ACT; exec ");
    }
}
