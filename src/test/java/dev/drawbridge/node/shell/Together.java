package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several files of one directory of a node that are to be put in place at once. */
public final class Together {
    private final WriteBatch batch = new WriteBatch();
    private final ReachedNode node;
    private final String directory;

    public Together(ReachedNode node, String directory) {
        this.node = node;
        this.directory = directory;
    }

    public Together put(String name, @Nullable String expected, String content) throws IOException {
        byte[] bytes = content.getBytes(UTF_8);
        batch.add(
                new FileWrite(
                        NodePath.of(directory + "/" + name),
                        Expected.content(expected == null ? null : Digest.ofText(expected)),
                        Digest.ofBytes(bytes),
                        bytes.length,
                        0640,
                        ((Number) Files.getAttribute(node.root(), "unix:uid")).longValue(),
                        ((Number) Files.getAttribute(node.root(), "unix:gid")).longValue()),
                bytes);
        return this;
    }

    public boolean write() {
        return node.files()
                .writeTogether(
                        ReachedNode.NAME,
                        batch.writes().stream()
                                .map(write -> TestPermits.on(ReachedNode.NAME))
                                .toList(),
                        batch);
    }

    public List<FileWrite> writes() {
        return batch.writes();
    }
}
