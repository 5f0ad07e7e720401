package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Every act once, on names that no shell must meet: for another shell, another userland, another server. */
public final class EveryAct {
    private static final NodePath MANIFESTS = NodePath.of("/etc/kubernetes/manifests");

    private EveryAct() {}

    public static void on(ReachedNode node) throws Exception {
        Map<String, String> hostile = Map.of(
                "plain.yaml",
                "one",
                "a b",
                "two",
                "quote'\"`$(id)",
                "three",
                "line\nbreak\n",
                "four",
                "back\\slash",
                "five");
        for (Map.Entry<String, String> file : hostile.entrySet()) {
            node.put(
                    "/etc/kubernetes/manifests/" + file.getKey(),
                    file.getValue().getBytes(UTF_8));
        }
        Files.createSymbolicLink(node.path(MANIFESTS + "/link"), Path.of("/somewhere\nelse\n"));
        assertThat(new ProcessBuilder("mkfifo", node.path(MANIFESTS + "/fifo").toString())
                        .start()
                        .waitFor())
                .isZero();

        Map<NodePath, ScannedFile> found = node.files().scan(ReachedNode.NAME, List.of(MANIFESTS)).files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY)
                .collect(Collectors.toMap(ScannedFile::path, Function.identity()));
        assertThat(found).hasSize(hostile.size() + 2);
        hostile.forEach((name, content) -> {
            ScannedFile file = found.get(NodePath.of(MANIFESTS + "/" + name));
            assertThat(file.sha256()).isEqualTo(Digest.ofText(content));
            assertThat(node.files().read(ReachedNode.NAME, file.path(), OutputStream.nullOutputStream(), 100))
                    .contains(Digest.ofText(content));
        });
        assertThat(found.get(NodePath.of(MANIFESTS + "/link")).linkTarget()).isEqualTo("/somewhere\\x0aelse\\x0a");
        assertThat(found.get(NodePath.of(MANIFESTS + "/fifo")).type()).isEqualTo(FileType.FIFO);

        NodePath plain = NodePath.of(MANIFESTS + "/plain.yaml");
        ScannedFile before = found.get(plain);
        FileWrite write =
                new FileWrite(plain, Expected.of(before), Digest.ofText("1"), 1, 0600, before.uid(), before.gid());
        var permit = TestPermits.on(ReachedNode.NAME);
        assertThat(node.files().write(ReachedNode.NAME, permit, write, new ByteArrayInputStream("1".getBytes(UTF_8))))
                .isInstanceOf(WriteOutcome.Written.class);
        assertThat(node.path(plain.toString())).hasContent("1");
        assertThat(node.files().write(ReachedNode.NAME, permit, write, new ByteArrayInputStream("1".getBytes(UTF_8))))
                .isEqualTo(new WriteOutcome.AlreadyDone());
        for (String name : List.of("link", "fifo")) {
            ScannedFile there = found.get(NodePath.of(MANIFESTS + "/" + name));
            FileWrite over = new FileWrite(
                    there.path(), Expected.of(there), Digest.ofText("1"), 1, 0600, before.uid(), before.gid());
            assertThat(node.files()
                            .write(ReachedNode.NAME, permit, over, new ByteArrayInputStream("1".getBytes(UTF_8))))
                    .isInstanceOf(WriteOutcome.Written.class);
            Files.delete(node.path(there.path().toString()));
        }
        Files.createSymbolicLink(node.path(MANIFESTS + "/link"), Path.of("/somewhere\nelse\n"));
        assertThat(new ProcessBuilder("mkfifo", node.path(MANIFESTS + "/fifo").toString())
                        .start()
                        .waitFor())
                .isZero();
        for (String name : List.of("link", "fifo", "line\nbreak\n")) {
            ScannedFile file = found.get(NodePath.of(MANIFESTS + "/" + name));
            assertThat(node.files().quarantine(ReachedNode.NAME, permit, file.path(), file.sha256()))
                    .isInstanceOf(WriteOutcome.Written.class);
            assertThat(node.files().quarantine(ReachedNode.NAME, permit, file.path(), file.sha256()))
                    .isEqualTo(new WriteOutcome.AlreadyDone());
        }
        NodePath broken = NodePath.of(MANIFESTS + "/line\nbreak\n");
        Quarantined away = node.files()
                .quarantined(ReachedNode.NAME, TestPermits.INCIDENT, broken, Digest.ofText("four"))
                .orElseThrow();
        assertThat(node.files().putBack(ReachedNode.NAME, TestPermits.toReturn(ReachedNode.NAME), broken, away))
                .isEqualTo(new WriteOutcome.Written(broken));
        assertThat(node.files().putBack(ReachedNode.NAME, TestPermits.toReturn(ReachedNode.NAME), broken, away))
                .isEqualTo(new WriteOutcome.AlreadyDone());
        assertThat(node.files().quarantine(ReachedNode.NAME, permit, broken, away.content()))
                .isInstanceOf(WriteOutcome.Written.class);
        assertThat(node.files().scan(ReachedNode.NAME, List.of(MANIFESTS)).files())
                .filteredOn(file -> file.type() != FileType.DIRECTORY)
                .hasSize(hostile.size() - 1);

        for (String name : List.of("ca.crt", "-dash", "empty")) {
            node.put("/etc/kubernetes/pki/" + name, ("old " + name).getBytes(UTF_8));
        }
        List<ScannedFile> certificates =
                node.files().scan(ReachedNode.NAME, List.of(NodePath.of("/etc/kubernetes/pki"))).files().stream()
                        .filter(file -> file.type() == FileType.FILE)
                        .toList();
        assertThat(node.files().readTogether(ReachedNode.NAME, certificates))
                .hasSize(3)
                .allSatisfy(
                        (path, content) -> assertThat(content).asString(UTF_8).isEqualTo("old " + path.name()));
        assertThat(new Together(node, "/etc/kubernetes/pki")
                        .put("ca.crt", "old ca.crt", "new\n")
                        .put("-dash", "old -dash", "with \0 in it")
                        .put("empty", "old empty", "")
                        .put("missing", null, "m".repeat(70_000))
                        .write())
                .isTrue();
        assertThat(node.path("/etc/kubernetes/pki/ca.crt")).hasContent("new\n");
        assertThat(node.path("/etc/kubernetes/pki/-dash")).hasContent("with \0 in it");
        assertThat(node.path("/etc/kubernetes/pki/empty")).isEmptyFile();
        assertThat(node.path("/etc/kubernetes/pki/missing")).hasContent("m".repeat(70_000));
        assertThat(node.path("/etc/kubernetes/.drawbridge/staging")).isEmptyDirectory();
    }
}
