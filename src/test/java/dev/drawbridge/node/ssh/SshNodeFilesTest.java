package dev.drawbridge.node.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.shell.NodeFilesStories;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class SshNodeFilesTest extends NodeFilesStories {
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));

    @Override
    protected ReachedNode node(Path directory) throws Exception {
        return TestNode.in(directory);
    }

    @Override
    protected ReachedNode node(Path directory, String path) throws Exception {
        return TestNode.with(directory, "PATH=" + path + "; export PATH; ");
    }

    @Test
    void refusesAHostKeyThatIsNotPinned() throws Exception {
        String other = org.apache.sshd.common.config.keys.PublicKeyEntry.toString(
                TestNode.key().getPublic());
        Path directory = Files.createDirectories(temp.resolve("other"));
        try (TestNode stranger = new TestNode(directory, null, "[127.0.0.1]:1 " + other)) {
            assertThatThrownBy(() -> stranger.files().scan(TestNode.NAME, ROOTS))
                    .isInstanceOf(NodeUnreachableException.class);
        }
    }

    @Test
    void aCommandEndsWithTheTimeOfItsStepWhateverItsOwnLimit() throws Exception {
        try (TestNode slow = TestNode.with(temp.resolve("slow"), "sleep 20; ")) {
            long begun = System.nanoTime();
            assertThatThrownBy(() -> TimeLimit.within(
                            Duration.ofSeconds(3), () -> slow.files().scan(TestNode.NAME, ROOTS)))
                    .isInstanceOf(NodeUnreachableException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(12));
        }
    }
}
