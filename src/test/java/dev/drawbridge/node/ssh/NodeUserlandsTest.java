package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same acts with other shells, other userlands and OpenSSH's own server. */
class NodeUserlandsTest {
    private static final NodePath MANIFESTS = NodePath.of("/etc/kubernetes/manifests");

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "dash", "bash"})
    void everyActWorksWithBusyboxUserlandUnderEveryShell(String shell) throws Exception {
        Path busybox = Path.of("/usr/bin/busybox");
        Path shellPath = Path.of("/usr/bin", shell);
        assumeTrue(Files.isExecutable(busybox), "skipped: needs busybox (apt-get install busybox)");
        assumeTrue(Files.isExecutable(shellPath), "skipped: needs " + shell + " (apt-get install " + shell + ")");
        Path bin = Files.createDirectories(temp.resolve("bin"));
        for (String name : List.of(
                "find",
                "xargs",
                "stat",
                "sha256sum",
                "readlink",
                "head",
                "tr",
                "mktemp",
                "chown",
                "chmod",
                "sync",
                "mv",
                "mkdir",
                "rm")) {
            Files.createSymbolicLink(bin.resolve(name), busybox);
        }
        Files.createSymbolicLink(bin.resolve("sh"), shellPath);
        try (TestNode node = TestNode.with(temp, "PATH=" + bin + "; export PATH; ")) {
            everyAct(node);
        }
    }

    @Test
    void everyActWorksOverOpenSsh() throws Exception {
        try (OpenSsh server = OpenSsh.in(temp.resolve("ssh"));
                TestNode node = server.node(temp)) {
            everyAct(node);
        }
    }

    private void everyAct(TestNode node) throws Exception {
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

        Map<NodePath, ScannedFile> found = node.files().scan(TestNode.NAME, List.of(MANIFESTS)).files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY)
                .collect(Collectors.toMap(ScannedFile::path, Function.identity()));
        assertThat(found).hasSize(hostile.size() + 2);
        hostile.forEach((name, content) -> {
            ScannedFile file = found.get(NodePath.of(MANIFESTS + "/" + name));
            assertThat(file.sha256()).isEqualTo(Digest.ofText(content));
            assertThat(node.files().read(TestNode.NAME, file.path(), OutputStream.nullOutputStream(), 100))
                    .contains(Digest.ofText(content));
        });
        assertThat(found.get(NodePath.of(MANIFESTS + "/link")).linkTarget()).isEqualTo("/somewhere\\x0aelse\\x0a");
        assertThat(found.get(NodePath.of(MANIFESTS + "/fifo")).type()).isEqualTo(FileType.FIFO);

        NodePath plain = NodePath.of(MANIFESTS + "/plain.yaml");
        ScannedFile before = found.get(plain);
        FileWrite write =
                new FileWrite(plain, before.sha256(), Digest.ofText("1"), 1, 0600, before.uid(), before.gid());
        var permit = TestPermits.on(TestNode.NAME);
        assertThat(node.files().write(TestNode.NAME, permit, write, new ByteArrayInputStream("1".getBytes(UTF_8))))
                .isInstanceOf(WriteOutcome.Written.class);
        assertThat(node.path(plain.toString())).hasContent("1");
        assertThat(node.files().write(TestNode.NAME, permit, write, new ByteArrayInputStream("1".getBytes(UTF_8))))
                .isEqualTo(new WriteOutcome.AlreadyDone());
        for (String name : List.of("link", "fifo", "line\nbreak\n")) {
            ScannedFile file = found.get(NodePath.of(MANIFESTS + "/" + name));
            assertThat(node.files().quarantine(TestNode.NAME, permit, file.path(), file.sha256()))
                    .isInstanceOf(WriteOutcome.Written.class);
            assertThat(node.files().quarantine(TestNode.NAME, permit, file.path(), file.sha256()))
                    .isEqualTo(new WriteOutcome.AlreadyDone());
        }
        assertThat(node.files().scan(TestNode.NAME, List.of(MANIFESTS)).files())
                .filteredOn(file -> file.type() != FileType.DIRECTORY)
                .hasSize(hostile.size() - 1);
    }
}
