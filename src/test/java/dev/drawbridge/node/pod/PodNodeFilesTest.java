package dev.drawbridge.node.pod;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeFilesStories;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same stories by helper pods, and what can go wrong with {@code exec} only. */
class PodNodeFilesTest extends NodeFilesStories {
    private static final String PATH = "/usr/bin:/bin";
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));

    @Override
    protected ReachedNode node(Path directory) throws Exception {
        return node(directory, PATH);
    }

    @Override
    protected ReachedNode node(Path directory, String path) throws Exception {
        return new PodNode(directory, path);
    }

    /** However the connection ends: without an exit code nothing is a success, and nothing that came so far is an answer. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TOLD")
    void aConnectionThatEndsWithoutAnExitCodeIsNoSuccess(FakeKubelet.Ending ending) throws Exception {
        try (PodNode node = new PodNode(temp.resolve("cut"), PATH)) {
            for (int i = 0; i < 100; i++) {
                node.put("/etc/kubernetes/" + i, "content".getBytes(UTF_8));
            }
            node.kubelet.endings(ending, 2_000);
            assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                    .isInstanceOf(NodeUnreachableException.class);
            byte[] bytes = "new".getBytes(UTF_8);
            node.kubelet.endings(ending, 3);
            assertThatThrownBy(() -> node.files()
                            .write(
                                    ReachedNode.NAME,
                                    TestPermits.on(ReachedNode.NAME),
                                    new FileWrite(
                                            NodePath.of("/etc/kubernetes/new"),
                                            new Expected.Nothing(),
                                            Digest.ofBytes(bytes),
                                            bytes.length,
                                            0600,
                                            0,
                                            0),
                                    new ByteArrayInputStream(bytes)))
                    .isInstanceOf(NodeUnreachableException.class);
            assertThat(node.there()).as("helper pods left").isEmpty();

            node.kubelet.endings(FakeKubelet.Ending.TOLD, 0);
            assertThat(node.files().scan(ReachedNode.NAME, ROOTS).files()).hasSizeGreaterThan(100);
        }
    }

    @Test
    void oneStepUsesOnePodToLookAndOneToChangeAndOneRequestForAScan() throws Exception {
        try (PodNode node = new PodNode(temp.resolve("step"), PATH)) {
            node.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
            var files = TestShells.files(node.shell);
            NodeUse.in(PodNode.ACTOR, PodNode.INCIDENT, () -> {
                files.scan(ReachedNode.NAME, ROOTS);
                NodePath a = NodePath.of("/etc/kubernetes/a");
                assertThat(files.read(ReachedNode.NAME, a, OutputStream.nullOutputStream(), 100))
                        .isPresent();
                assertThat(files.quarantine(
                                ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), a, Digest.ofText("old")))
                        .isInstanceOf(WriteOutcome.Written.class);
                assertThat(files.quarantine(
                                ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), a, Digest.ofText("old")))
                        .isEqualTo(new WriteOutcome.AlreadyDone());
                return true;
            });
            assertThat(node.kubelet.made())
                    .hasSize(2)
                    .satisfiesExactly(
                            look -> assertThat(look).startsWith("drawbridge-look-"),
                            change -> assertThat(change).startsWith("drawbridge-change-"));
            assertThat(node.kubelet.commands()).containsExactly("scan", "read", "quarantine", "quarantine");
            assertThat(node.there()).isEmpty();
        }
    }

    @Test
    void processesAreSeenOnlyWherePodsShareTheNodesIds() throws Exception {
        try (PodNode node = new PodNode(temp.resolve("processes"), PATH)) {
            node.put("/proc/stat", "btime 1700000000\n".getBytes(UTF_8));
            assertThat(node.processes().processes(ReachedNode.NAME, ROOTS)).isInstanceOf(Snapshot.Seen.class);
        }
    }
}
