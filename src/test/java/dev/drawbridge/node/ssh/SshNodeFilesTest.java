package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SshNodeFilesTest {
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));
    private static final String MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";

    @TempDir
    Path temp;

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        node = TestNode.in(temp);
        node.put(MANIFEST, "old".getBytes(UTF_8));
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    private Map<String, ScannedFile> scan() {
        NodeScan scan = node.files().scan(TestNode.NAME, ROOTS);
        return scan.files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY)
                .collect(Collectors.toMap(file -> file.path().toString(), Function.identity()));
    }

    private WriteOutcome write(String path, @Nullable String expected, String content, int mode) throws Exception {
        byte[] bytes = content.getBytes(UTF_8);
        Path owner = node.root();
        FileWrite file = new FileWrite(
                NodePath.of(path),
                expected == null ? null : Digest.ofText(expected),
                Digest.ofBytes(bytes),
                bytes.length,
                mode,
                ((Number) Files.getAttribute(owner, "unix:uid")).longValue(),
                ((Number) Files.getAttribute(owner, "unix:gid")).longValue());
        return node.files().write(TestNode.NAME, TestPermits.on(TestNode.NAME), file, new ByteArrayInputStream(bytes));
    }

    @Test
    void seesEveryEntryWithItsFactsInOneScan() throws Exception {
        Files.setPosixFilePermissions(node.path(MANIFEST), PosixFilePermissions.fromString("rw-------"));
        Files.createSymbolicLink(node.path("/etc/kubernetes/admin.conf"), Path.of("/etc/shadow"));
        node.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nkube:x:991:990::/:/bin/false\n".getBytes(UTF_8));

        NodeScan scan = node.files().scan(TestNode.NAME, ROOTS);
        ScannedFile manifest = scan().get(MANIFEST);

        assertThat(manifest.type()).isEqualTo(FileType.FILE);
        assertThat(manifest.mode()).isEqualTo(0600);
        assertThat(manifest.size()).isEqualTo(3);
        assertThat(manifest.links()).isEqualTo(1);
        assertThat(manifest.sha256()).isEqualTo(Digest.ofText("old"));
        assertThat(scan().get("/etc/kubernetes/admin.conf").linkTarget()).isEqualTo("/etc/shadow");
        assertThat(scan().get("/etc/kubernetes/admin.conf").sha256()).isNull();
        assertThat(scan.users()).containsEntry("kube", 991L);
    }

    @Test
    void namesHoldAnyByte() throws Exception {
        for (String name :
                List.of("a b", "quote'\"`$(id)", "line\nbreak\n", "back\\slash", "-rf", "ünï", "*?[x]", "%s\\x41")) {
            Files.writeString(node.path("/etc/kubernetes/manifests").resolve(name), name);
        }
        new ProcessBuilder("sh", "-c", "printf bytes > \"$(printf '\\377\\376')\"")
                .directory(node.path("/etc/kubernetes/manifests").toFile())
                .start()
                .waitFor();

        Map<String, ScannedFile> found = scan();
        assertThat(found).hasSize(10);
        assertThat(found).containsKey("/etc/kubernetes/manifests/\\xff\\xfe");
        for (ScannedFile file : found.values()) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            assertThat(node.files().read(TestNode.NAME, file.path(), content, 1000))
                    .contains(file.sha256());
            assertThat(node.files()
                            .quarantine(TestNode.NAME, TestPermits.on(TestNode.NAME), file.path(), file.sha256()))
                    .isInstanceOf(WriteOutcome.Written.class);
        }
        assertThat(scan()).isEmpty();
    }

    @Test
    void neverOpensAFifo() throws Exception {
        new ProcessBuilder("mkfifo", node.path("/etc/kubernetes/pki.conf").toString())
                .start()
                .waitFor();
        assertThat(scan().get("/etc/kubernetes/pki.conf").type()).isEqualTo(FileType.FIFO);
        assertThat(node.files()
                        .read(
                                TestNode.NAME,
                                NodePath.of("/etc/kubernetes/pki.conf"),
                                OutputStream.nullOutputStream(),
                                10))
                .isEmpty();
    }

    @Test
    void aMissingRootHasNoEntriesAndALinkedOneIsAnEntryItself() throws Exception {
        NodePath linked = NodePath.of("/etc/linked");
        NodePath below = NodePath.of("/etc/linked/manifests");
        NodePath nowhere = NodePath.of("/etc/nowhere/manifests");
        NodePath file = NodePath.of(MANIFEST);
        assertThat(typesOf(NodePath.of("/var/lib/none"))).isEmpty();
        Files.createSymbolicLink(node.path("/etc/linked"), node.path("/etc/kubernetes"));
        Files.createSymbolicLink(node.path("/etc/nowhere"), Path.of("/no such place"));

        assertThat(typesOf(linked)).containsExactly(linked + " SYMLINK");
        assertThat(typesOf(below)).as("a link on the way").containsExactly(below + " SYMLINK");
        assertThat(typesOf(nowhere)).as("a link that leads nowhere").containsExactly(nowhere + " SYMLINK");
        assertThat(typesOf(file)).as("no directory").containsExactly(file + " UNSTABLE");
        assertThat(typesOf(NodePath.of("/etc/kubernetes/manifests"), linked))
                .as("the others are scanned all the same")
                .containsExactly("/etc/kubernetes/manifests DIRECTORY", MANIFEST + " FILE", linked + " SYMLINK");
    }

    private List<String> typesOf(NodePath... roots) {
        return node.files().scan(TestNode.NAME, List.of(roots)).files().stream()
                .map(file -> file.path() + " " + file.type())
                .toList();
    }

    @Test
    void replacesAFileWithContentOwnerAndMode() throws Exception {
        assertThat(write(MANIFEST, "old", "new", 0640)).isInstanceOf(WriteOutcome.Written.class);
        assertThat(node.path(MANIFEST)).hasContent("new");
        assertThat(scan().get(MANIFEST).mode()).isEqualTo(0640);
        assertThat(write(MANIFEST, "old", "new", 0640)).isEqualTo(new WriteOutcome.AlreadyDone());
        try (var left = Files.walk(node.path("/etc/kubernetes/.drawbridge"))) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void createsAMissingFileAndItsMissingDirectory() throws Exception {
        assertThat(write("/etc/kubernetes/pki/etcd/ca.crt", null, "cert", 0644))
                .isInstanceOf(WriteOutcome.Written.class);
        assertThat(node.path("/etc/kubernetes/pki/etcd/ca.crt")).hasContent("cert");
    }

    @Test
    void setsOnlyTheModeWhenTheContentIsRight() throws Exception {
        Object inode = Files.getAttribute(node.path(MANIFEST), "unix:ino");
        assertThat(write(MANIFEST, "old", "old", 0600)).isInstanceOf(WriteOutcome.Written.class);
        assertThat(Files.getAttribute(node.path(MANIFEST), "unix:ino")).isEqualTo(inode);
        assertThat(scan().get(MANIFEST).mode()).isEqualTo(0600);
    }

    @Test
    void leavesAloneWhatSomebodyChangedSinceThePlan() throws Exception {
        Files.writeString(node.path(MANIFEST), "a colleague's repair");
        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Changed.class);
        assertThat(node.path(MANIFEST)).hasContent("a colleague's repair");
        assertThat(node.files()
                        .quarantine(
                                TestNode.NAME,
                                TestPermits.on(TestNode.NAME),
                                NodePath.of(MANIFEST),
                                Digest.ofText("old")))
                .isInstanceOf(WriteOutcome.Changed.class);
        assertThat(node.path(MANIFEST)).exists();
    }

    @Test
    void quarantinesWithItsOriginAndKnowsItsOwnWork() throws Exception {
        NodePath path = NodePath.of(MANIFEST);
        var permit = TestPermits.on(TestNode.NAME);
        WriteOutcome first = node.files().quarantine(TestNode.NAME, permit, path, Digest.ofText("old"));
        assertThat(first).isInstanceOf(WriteOutcome.Written.class);
        Path kept = node.path(((WriteOutcome.Written) first).where().toString());
        assertThat(kept.resolve("content")).hasContent("old");
        assertThat(Files.readString(kept.resolve("origin")))
                .contains("mode ", Digest.ofText("old").hex());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
                .isEqualTo("rwx------");
        assertThat(node.path(MANIFEST)).doesNotExist();
        assertThat(node.files().quarantine(TestNode.NAME, permit, path, Digest.ofText("old")))
                .isEqualTo(new WriteOutcome.AlreadyDone());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/kubernetes", "/etc/kubernetes/manifests"})
    void refusesALinkOnTheWay(String linked) throws Exception {
        Path real = node.path(linked);
        Path elsewhere = temp.resolve("elsewhere");
        Files.move(real, elsewhere);
        Files.createSymbolicLink(real, elsewhere);

        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Refused.class);
        assertThatThrownBy(() ->
                        node.files().read(TestNode.NAME, NodePath.of(MANIFEST), OutputStream.nullOutputStream(), 100))
                .isInstanceOf(NodeAccessException.class);
        assertThat(node.files().quarantine(TestNode.NAME, TestPermits.on(TestNode.NAME), NodePath.of(MANIFEST), null))
                .isInstanceOf(WriteOutcome.Refused.class);
        try (var files = Files.walk(elsewhere)) {
            assertThat(files.filter(Files::isRegularFile))
                    .allSatisfy(file -> assertThat(file).hasContent("old"));
        }
    }

    @Test
    void neverWritesThroughALinkInTheFilesPlace() throws Exception {
        Path victim = Files.writeString(temp.resolve("victim"), "precious");
        Files.delete(node.path(MANIFEST));
        Files.createSymbolicLink(node.path(MANIFEST), victim);
        assertThat(write(MANIFEST, "old", "new", 0600)).isEqualTo(new WriteOutcome.Changed("link"));
        assertThat(node.files().quarantine(TestNode.NAME, TestPermits.on(TestNode.NAME), NodePath.of(MANIFEST), null))
                .isInstanceOf(WriteOutcome.Written.class);
        assertThat(victim).hasContent("precious");
    }

    @Test
    void refusesALinkInThePlaceOfTheWorkDirectory() throws Exception {
        Path elsewhere = Files.createDirectories(temp.resolve("elsewhere"));
        Files.createSymbolicLink(node.path("/etc/kubernetes/.drawbridge"), elsewhere);
        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Refused.class);
        assertThat(node.path(MANIFEST)).hasContent("old");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void incompleteContentNeverArrives() {
        FileWrite file =
                new FileWrite(NodePath.of(MANIFEST), Digest.ofText("old"), Digest.ofText("complete"), 8, 0600, 0, 0);
        assertThatThrownBy(() -> node.files()
                        .write(
                                TestNode.NAME,
                                TestPermits.on(TestNode.NAME),
                                file,
                                new ByteArrayInputStream("comp".getBytes(UTF_8))))
                .isInstanceOf(NodeAccessException.class);
        assertThat(node.path(MANIFEST)).hasContent("old");
    }

    @Test
    void refusesAFileAboveTheLimit() {
        assertThatThrownBy(() ->
                        node.files().read(TestNode.NAME, NodePath.of(MANIFEST), OutputStream.nullOutputStream(), 2))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("larger than 2");
    }

    @Test
    void streamsALargeFileThroughASmallHeap() throws Exception {
        Path big = node.path("/etc/kubernetes/big.conf");
        try (var file = new java.io.RandomAccessFile(big.toFile(), "rw")) {
            file.setLength(200L << 20);
        }
        long[] largest = new long[2];
        OutputStream counting = new OutputStream() {
            @Override
            public void write(int b) {
                largest[1]++;
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                largest[0] = Math.max(largest[0], length);
                largest[1] += length;
            }
        };
        assertThat(node.files().read(TestNode.NAME, NodePath.of("/etc/kubernetes/big.conf"), counting, 1L << 30))
                .isPresent();
        assertThat(largest[1]).isEqualTo(200L << 20);
        assertThat(largest[0]).as("largest piece held at once").isLessThan(1 << 20);
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
