package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for the files of a node, whichever way leads there. */
public abstract class NodeFilesStories {
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));
    private static final String MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";

    @TempDir
    protected Path temp;

    private ReachedNode node;

    /** A node whose directory is {@code root} in this one. */
    protected abstract ReachedNode node(Path directory) throws Exception;

    /** @param path in which its commands are looked for */
    protected abstract ReachedNode node(Path directory, String path) throws Exception;

    @BeforeEach
    void startNode() throws Exception {
        node = node(temp);
        node.put(MANIFEST, "old".getBytes(UTF_8));
    }

    @AfterEach
    void stopNode() throws Exception {
        node.close();
    }

    private Map<String, ScannedFile> scan() {
        NodeScan scan = node.files().scan(ReachedNode.NAME, ROOTS);
        return scan.files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY)
                .collect(Collectors.toMap(file -> file.path().toString(), Function.identity()));
    }

    private WriteOutcome write(String path, @Nullable String expected, String content, int mode) throws Exception {
        return replace(path, Expected.content(expected == null ? null : Digest.ofText(expected)), content, mode);
    }

    private WriteOutcome replace(String path, Expected expected, String content, int mode) throws Exception {
        byte[] bytes = content.getBytes(UTF_8);
        Path owner = node.root();
        FileWrite file = new FileWrite(
                NodePath.of(path),
                expected,
                Digest.ofBytes(bytes),
                bytes.length,
                mode,
                ((Number) Files.getAttribute(owner, "unix:uid")).longValue(),
                ((Number) Files.getAttribute(owner, "unix:gid")).longValue());
        return node.files()
                .write(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), file, new ByteArrayInputStream(bytes));
    }

    @Test
    void seesEveryEntryWithItsFactsInOneScan() throws Exception {
        Files.setPosixFilePermissions(node.path(MANIFEST), PosixFilePermissions.fromString("rw-------"));
        Files.createSymbolicLink(node.path("/etc/kubernetes/admin.conf"), Path.of("/etc/shadow"));
        node.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nkube:x:991:990::/:/bin/false\n".getBytes(UTF_8));

        NodeScan scan = node.files().scan(ReachedNode.NAME, ROOTS);
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
            assertThat(node.files().read(ReachedNode.NAME, file.path(), content, 1000))
                    .contains(file.sha256());
            assertThat(node.files()
                            .quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), file.path(), file.sha256()))
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
                                ReachedNode.NAME,
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
        return node.files().scan(ReachedNode.NAME, List.of(roots)).files().stream()
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
    void filesTogetherAreAllAsExpectedOrNoneIsTouched() throws Exception {
        String pki = "/etc/kubernetes/pki";
        List<Change> changes = List.of(
                () -> Files.writeString(node.path(pki + "/b"), "changed"),
                () -> Files.delete(node.path(pki + "/b")),
                () -> Files.writeString(node.path(pki + "/new"), "appeared"),
                () -> Files.createSymbolicLink(node.path(pki + "/new"), Path.of("/nowhere")),
                () -> {
                    Files.move(node.path(pki + "/b"), node.path(pki + "/c"));
                    Files.createSymbolicLink(node.path(pki + "/b"), Path.of("c"));
                },
                () -> {
                    Files.delete(node.path(pki + "/b"));
                    Files.createDirectory(node.path(pki + "/b"));
                });
        for (Change change : changes) {
            org.springframework.util.FileSystemUtils.deleteRecursively(node.path(pki));
            node.put(pki + "/a", "old a".getBytes(UTF_8));
            node.put(pki + "/b", "old b".getBytes(UTF_8));
            change.make();
            assertThat(new Together(node, pki)
                            .put("a", "old a", "1")
                            .put("b", "old b", "2")
                            .put("new", null, "3")
                            .write())
                    .isFalse();
            assertThat(node.path(pki + "/a")).hasContent("old a");
            assertThat(node.path("/etc/kubernetes/.drawbridge/staging")).isEmptyDirectory();
        }
    }

    private interface Change {
        void make() throws Exception;
    }

    @Test
    void filesTogetherNeedADirectoryThatIsNotBehindALink() throws Exception {
        Path elsewhere = Files.createDirectories(temp.resolve("elsewhere"));
        Files.createSymbolicLink(node.path("/etc/kubernetes/pki"), elsewhere);
        assertThat(new Together(node, "/etc/kubernetes/pki")
                        .put("a", null, "1")
                        .put("b", null, "2")
                        .write())
                .isFalse();
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void filesTogetherStayAsTheyAreWhenOneOfThemCannotBeFlushed() throws Exception {
        String failing = "for one do case $one in */c7) exit 1 ;; esac; done; exec sync \"$@\"";
        try (ReachedNode failingDisk = withCommand("sync", failing)) {
            Together together = new Together(failingDisk, "/etc/kubernetes/pki");
            for (int i = 0; i < 40; i++) {
                failingDisk.put("/etc/kubernetes/pki/c" + i, "old".getBytes(UTF_8));
                together.put("c" + i, "old", "new");
            }
            assertThat(together.write()).isFalse();
            for (int i = 0; i < 40; i++) {
                assertThat(failingDisk.path("/etc/kubernetes/pki/c" + i)).hasContent("old");
            }
            assertThat(failingDisk.path("/etc/kubernetes/.drawbridge/staging")).isEmptyDirectory();
        }
    }

    @Test
    void filesTogetherAreAllFlushedAndThenTheirDirectoryOnce() throws Exception {
        Path log = temp.resolve("flushed");
        try (ReachedNode watched =
                withCommand("sync", "for one do echo \"$one\"; done >>'" + log + "'; exec sync \"$@\"")) {
            for (int files : List.of(1, 4, 5, 33, 128)) {
                Files.deleteIfExists(log);
                Together together = new Together(watched, "/etc/kubernetes/pki");
                List<String> names = new ArrayList<>();
                for (int i = 0; i < files; i++) {
                    names.add("./c" + i);
                    Files.deleteIfExists(watched.path("/etc/kubernetes/pki/c" + i));
                    together.put("c" + i, null, "new");
                }
                assertThat(together.write()).isTrue();
                List<String> flushed = Files.readAllLines(log);
                assertThat(flushed).last().isEqualTo(".");
                names.add(".");
                assertThat(flushed).containsExactlyInAnyOrderElementsOf(names);
            }
        }
    }

    @Test
    void filesTogetherAreNotSaidToBeWrittenWhenTheirNamesCannotBeFlushed() throws Exception {
        try (ReachedNode failingDisk = withCommand("sync", "[ \"$*\" != . ] || exit 1; exec sync \"$@\"")) {
            Together together = new Together(failingDisk, "/etc/kubernetes/pki").put("a", null, "a");
            assertThatThrownBy(together::write)
                    .isInstanceOf(NodeAccessException.class)
                    .hasMessageContaining("the directory cannot be flushed");
        }
    }

    @Test
    void filesTogetherMakeADirectoryThatIsGone() throws Exception {
        assertThat(new Together(node, "/etc/kubernetes/pki/etcd")
                        .put("a", null, "1")
                        .put("b", null, "2")
                        .write())
                .isTrue();
        assertThat(node.path("/etc/kubernetes/pki/etcd/a")).hasContent("1");
        assertThat(Files.getPosixFilePermissions(node.path("/etc/kubernetes/pki/etcd/b")))
                .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
    }

    @Test
    void ofFilesReadTogetherOnlyThoseCountThatAreWhatTheScanFound() throws Exception {
        String pki = "/etc/kubernetes/pki";
        for (String name : List.of("a", "b", "c", "with space")) {
            node.put(pki + "/" + name, ("content of " + name).getBytes(UTF_8));
        }
        List<ScannedFile> found = List.copyOf(scan().values());
        assertThat(node.files().readTogether(ReachedNode.NAME, found).keySet())
                .extracting(NodePath::toString)
                .as("all of their directories, but no name that a shell may take for something else")
                .containsExactlyInAnyOrder(MANIFEST, pki + "/a", pki + "/b", pki + "/c");
        Files.writeString(node.path(pki + "/b"), "CONTENT of b");
        assertThat(node.files().readTogether(ReachedNode.NAME, found).keySet())
                .extracting(NodePath::toString)
                .containsExactlyInAnyOrder(MANIFEST, pki + "/a", pki + "/c");
        Files.delete(node.path(pki + "/a"));
        Files.createSymbolicLink(node.path(pki + "/a"), Path.of("/etc/shadow"));
        assertThat(node.files().readTogether(ReachedNode.NAME, found).keySet())
                .extracting(NodePath::toString)
                .containsExactly(MANIFEST);
    }

    @Test
    void leavesAloneWhatSomebodyChangedSinceThePlan() throws Exception {
        Files.writeString(node.path(MANIFEST), "a colleague's repair");
        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Changed.class);
        assertThat(node.path(MANIFEST)).hasContent("a colleague's repair");
        assertThat(node.files()
                        .quarantine(
                                ReachedNode.NAME,
                                TestPermits.on(ReachedNode.NAME),
                                NodePath.of(MANIFEST),
                                Digest.ofText("old")))
                .isInstanceOf(WriteOutcome.Changed.class);
        assertThat(node.path(MANIFEST)).exists();
    }

    @Test
    void quarantinesWithItsOriginAndKnowsItsOwnWork() throws Exception {
        NodePath path = NodePath.of(MANIFEST);
        var permit = TestPermits.on(ReachedNode.NAME);
        WriteOutcome first = node.files().quarantine(ReachedNode.NAME, permit, path, Digest.ofText("old"));
        assertThat(first).isInstanceOf(WriteOutcome.Written.class);
        Path kept = node.path(((WriteOutcome.Written) first).where().toString());
        assertThat(kept.resolve("content")).hasContent("old");
        assertThat(Files.readString(kept.resolve("origin")))
                .contains("mode ", Digest.ofText("old").hex());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
                .isEqualTo("rwx------");
        assertThat(node.path(MANIFEST)).doesNotExist();
        assertThat(node.files().quarantine(ReachedNode.NAME, permit, path, Digest.ofText("old")))
                .isEqualTo(new WriteOutcome.AlreadyDone());
    }

    private Quarantined quarantined() throws Exception {
        Files.setPosixFilePermissions(node.path(MANIFEST), PosixFilePermissions.fromString("rw-r-----"));
        Files.setLastModifiedTime(node.path(MANIFEST), FileTime.from(Instant.parse("2026-01-15T09:16:10Z")));
        assertThat(node.files()
                        .quarantine(
                                ReachedNode.NAME,
                                TestPermits.on(ReachedNode.NAME),
                                NodePath.of(MANIFEST),
                                Digest.ofText("old")))
                .isInstanceOf(WriteOutcome.Written.class);
        return inQuarantine().orElseThrow();
    }

    private Optional<Quarantined> inQuarantine() {
        return node.files()
                .quarantined(ReachedNode.NAME, TestPermits.INCIDENT, NodePath.of(MANIFEST), Digest.ofText("old"));
    }

    private WriteOutcome putBack(Quarantined file) {
        return node.files()
                .putBack(ReachedNode.NAME, TestPermits.toReturn(ReachedNode.NAME), NodePath.of(MANIFEST), file);
    }

    private Path place(Quarantined file) {
        return node.path(node.files().place(file).orElseThrow().toString());
    }

    @Test
    void putsAQuarantinedFileBackAsItWasAndKnowsItsOwnWork() throws Exception {
        Quarantined file = quarantined();
        assertThat(file.mode()).isEqualTo(0640);
        assertThat(file.size()).isEqualTo(3);
        assertThat(Instant.ofEpochSecond(file.modifiedAt())).isEqualTo("2026-01-15T09:16:10Z");
        Object inode = Files.getAttribute(place(file), "unix:ino");

        assertThat(putBack(file)).isEqualTo(new WriteOutcome.Written(NodePath.of(MANIFEST)));
        ScannedFile back = scan().get(MANIFEST);
        assertThat(back.sha256()).isEqualTo(Digest.ofText("old"));
        assertThat(back.mode()).isEqualTo(0640);
        assertThat(back.uid()).isEqualTo(file.uid());
        assertThat(back.modifiedAt()).isEqualTo(file.modifiedAt());
        assertThat(back.links()).isEqualTo(1);
        // a copy of its own: nobody has it open, or another link to it
        assertThat(Files.getAttribute(node.path(MANIFEST), "unix:ino")).isNotEqualTo(inode);
        assertThat(place(file)).doesNotExist();
        assertThat(inQuarantine()).isEmpty();
        try (var staged = Files.list(node.path("/etc/kubernetes/.drawbridge/staging"))) {
            assertThat(staged).isEmpty();
        }
        assertThat(putBack(file)).isEqualTo(new WriteOutcome.AlreadyDone());
        // and it can be moved away and put back once more
        assertThat(putBack(quarantined())).isInstanceOf(WriteOutcome.Written.class);
    }

    @Test
    void neverPutsAFileBackOverAnother() throws Exception {
        Quarantined file = quarantined();
        for (String there : List.of("something else", "old")) {
            node.put(MANIFEST, there.getBytes(UTF_8));
            assertThat(putBack(file))
                    .as("not even over the same content with another time")
                    .isEqualTo(new WriteOutcome.Changed(Digest.ofText(there).hex()));
            assertThat(node.path(MANIFEST)).hasContent(there);
        }
        Files.delete(node.path(MANIFEST));
        Files.createSymbolicLink(node.path(MANIFEST), Path.of("/nowhere"));
        assertThat(putBack(file)).isEqualTo(new WriteOutcome.Changed("link"));
        Files.delete(node.path(MANIFEST));
        Files.createDirectory(node.path(MANIFEST));
        assertThat(putBack(file)).isEqualTo(new WriteOutcome.Changed("other"));
        assertThat(node.path(MANIFEST)).isEmptyDirectory();
        assertThat(place(file)).hasContent("old");
    }

    @Test
    void doesNotPutBackWhatIsNoLongerWhatWasMovedAway() throws Exception {
        Quarantined file = quarantined();
        Files.setPosixFilePermissions(place(file), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(inQuarantine()).isEmpty();
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Changed.class);

        Files.writeString(place(file), "new");
        assertThat(inQuarantine()).isEmpty();
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Changed.class);

        Files.delete(place(file));
        assertThat(inQuarantine()).isEmpty();
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Changed.class);
        assertThat(node.path(MANIFEST)).doesNotExist();
    }

    @Test
    void putsNothingBackBehindALinkOrIntoADirectoryThatIsGone() throws Exception {
        Quarantined file = quarantined();
        Path manifests = node.path("/etc/kubernetes/manifests");
        Path elsewhere = Files.move(manifests, temp.resolve("elsewhere"));
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Refused.class);
        Files.createSymbolicLink(manifests, elsewhere);
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Refused.class);
        assertThat(elsewhere).isEmptyDirectory();
        Files.delete(manifests);
        Files.move(elsewhere, manifests);

        Path work = node.path("/etc/kubernetes/.drawbridge");
        Path moved = Files.move(work, temp.resolve("moved"));
        Files.createSymbolicLink(work, moved);
        assertThat(inQuarantine()).isEmpty();
        assertThat(putBack(file)).isInstanceOf(WriteOutcome.Changed.class);
        assertThat(manifests).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/kubernetes", "/etc/kubernetes/manifests"})
    void refusesALinkOnTheWay(String linked) throws Exception {
        Path real = node.path(linked);
        Path elsewhere = temp.resolve("elsewhere");
        Files.move(real, elsewhere);
        Files.createSymbolicLink(real, elsewhere);

        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Refused.class);
        assertThatThrownBy(() -> node.files()
                        .read(ReachedNode.NAME, NodePath.of(MANIFEST), OutputStream.nullOutputStream(), 100))
                .isInstanceOf(NodeAccessException.class);
        assertThat(node.files()
                        .quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), NodePath.of(MANIFEST), null))
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
        assertThat(node.files()
                        .quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), NodePath.of(MANIFEST), null))
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
        FileWrite file = new FileWrite(
                NodePath.of(MANIFEST),
                Expected.content(Digest.ofText("old")),
                Digest.ofText("complete"),
                8,
                0600,
                0,
                0);
        assertThatThrownBy(() -> node.files()
                        .write(
                                ReachedNode.NAME,
                                TestPermits.on(ReachedNode.NAME),
                                file,
                                new ByteArrayInputStream("comp".getBytes(UTF_8))))
                .isInstanceOf(NodeAccessException.class);
        assertThat(node.path(MANIFEST)).hasContent("old");
    }

    @Test
    void refusesAFileAboveTheLimit() {
        assertThatThrownBy(() ->
                        node.files().read(ReachedNode.NAME, NodePath.of(MANIFEST), OutputStream.nullOutputStream(), 2))
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
        assertThat(node.files().read(ReachedNode.NAME, NodePath.of("/etc/kubernetes/big.conf"), counting, 1L << 30))
                .isPresent();
        assertThat(largest[1]).isEqualTo(200L << 20);
        assertThat(largest[0]).as("largest piece held at once").isLessThan(1 << 20);
    }

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
                "dd",
                "cat",
                "tar",
                "rmdir",
                "mktemp",
                "chown",
                "chmod",
                "sync",
                "mv",
                "mkdir",
                "rm",
                "cp",
                "ln")) {
            Files.createSymbolicLink(bin.resolve(name), busybox);
        }
        Files.createSymbolicLink(bin.resolve("sh"), shellPath);
        try (ReachedNode node = node(temp.resolve("other"), bin.toString())) {
            EveryAct.on(node);
        }
    }

    /** What a node is reached with when some of its commands do something else first. */
    private ReachedNode withCommand(String name, String script) throws Exception {
        Path bin = Files.createDirectories(temp.resolve("bin-" + name));
        Path command = Files.writeString(bin.resolve(name), "#!/bin/sh\nPATH=/usr/bin:/bin\n" + script + "\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        return node(temp, bin + ":/usr/bin:/bin");
    }

    private static boolean done(String... command) throws Exception {
        return new ProcessBuilder(command).start().waitFor() == 0;
    }

    private WriteOutcome quarantine(String path, @Nullable Digest expected) {
        return node.files().quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), NodePath.of(path), expected);
    }

    @Test
    void aFileThatChangesWhileItIsScannedHasNoDigest() throws Exception {
        for (String name : List.of("sha256sum", "stat")) {
            // GNU's hash pass, and busybox' looks before and after the digest
            Path file = node.path(MANIFEST);
            Files.writeString(file, "old");
            try (ReachedNode changing = withCommand(name, "printf x >>'" + file + "'; exec " + name + " \"$@\"")) {
                NodeScan scan = changing.files().scan(ReachedNode.NAME, ROOTS);
                assertThat(scan.files())
                        .filteredOn(found -> found.path().toString().equals(MANIFEST))
                        .singleElement()
                        .satisfies(found -> {
                            if (name.equals("sha256sum")) {
                                assertThat(found.type()).isEqualTo(FileType.UNSTABLE);
                                assertThat(found.sha256()).isNull();
                            }
                        });
            }
        }
    }

    @Test
    void whatCannotBeReadIsUnreadableAndNoScanFailsForIt() throws Exception {
        Files.writeString(node.path("/etc/kubernetes/secret.conf"), "content");
        String fails = "for one do case $one in *secret.conf) exit 1 ;; esac; done\n";
        try (ReachedNode blind = withCommand(
                "sha256sum",
                "case $* in *secret.conf*) sha256sum \"$@\" | grep -z -v secret.conf; exit 1 ;; esac; exec sha256sum \"$@\"")) {
            assertThat(blind.files().scan(ReachedNode.NAME, ROOTS).files())
                    .filteredOn(ScannedFile::unreadable)
                    .extracting(file -> file.path().toString())
                    .containsExactly("/etc/kubernetes/secret.conf");
        }
        try (ReachedNode blind = withCommand("head", fails + "exec head \"$@\"")) {
            assertThatThrownBy(() -> blind.files()
                            .read(
                                    ReachedNode.NAME,
                                    NodePath.of("/etc/kubernetes/secret.conf"),
                                    OutputStream.nullOutputStream(),
                                    100))
                    .isInstanceOf(NodeAccessException.class);
        }
    }

    @Test
    void aHardLinkToOutsideIsCountedAndOnlyTheNameInsideIsChanged() throws Exception {
        Path outside = Files.writeString(temp.resolve("outside"), "old");
        Files.delete(node.path(MANIFEST));
        Files.createLink(node.path(MANIFEST), outside);
        assertThat(scan().get(MANIFEST).links()).isEqualTo(2);
        assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Written.class);
        assertThat(outside).hasContent("old");
        assertThat(scan().get(MANIFEST).links()).isEqualTo(1);

        Files.delete(node.path(MANIFEST));
        Files.createLink(node.path(MANIFEST), outside);
        assertThat(quarantine(MANIFEST, Digest.ofText("old"))).isInstanceOf(WriteOutcome.Written.class);
        assertThat(outside).hasContent("old");
    }

    @Test
    void theRightContentUnderASecondNameTooGetsAnInodeOfItsOwn() throws Exception {
        Path outside = Files.createLink(temp.resolve("outside"), node.path(MANIFEST));
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(write(MANIFEST, "old", "old", 0600)).isInstanceOf(WriteOutcome.Written.class);
        Files.writeString(outside, "theirs");
        assertThat(node.path(MANIFEST)).hasContent("old");
        assertThat(Files.getPosixFilePermissions(outside)).isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(scan().get(MANIFEST).links()).isEqualTo(1);
        assertThat(scan().get(MANIFEST).mode()).isEqualTo(0600);
        assertThat(write(MANIFEST, "old", "old", 0600)).isEqualTo(new WriteOutcome.AlreadyDone());
    }

    @Test
    void aLinkAFifoAndASocketAreReplacedWhenTheyAreExactlyWhatTheScanFound() throws Exception {
        Path victim = Files.createDirectories(temp.resolve("victim"));
        for (String target : List.of(victim.toString(), "nowhere\n", "-n \"$(id)\"")) {
            Files.delete(node.path(MANIFEST));
            Files.createSymbolicLink(node.path(MANIFEST), Path.of(target));
            Expected link = Expected.of(scan().get(MANIFEST));
            assertThat(replace(MANIFEST, new Expected.Entry(FileType.SYMLINK, "/elsewhere"), "new", 0600))
                    .isEqualTo(new WriteOutcome.Changed("link"));
            assertThat(replace(MANIFEST, new Expected.Entry(FileType.FIFO, null), "new", 0600))
                    .isEqualTo(new WriteOutcome.Changed("link"));
            assertThat(node.path(MANIFEST)).isSymbolicLink();
            assertThat(replace(MANIFEST, link, "new", 0600)).isInstanceOf(WriteOutcome.Written.class);
            assertThat(scan().get(MANIFEST).type()).isEqualTo(FileType.FILE);
            assertThat(replace(MANIFEST, link, "new", 0600))
                    .as("a rerun after a crash")
                    .isEqualTo(new WriteOutcome.AlreadyDone());
        }
        assertThat(victim).isEmptyDirectory();
        assertThat(replace(MANIFEST, new Expected.Entry(FileType.FIFO, null), "newer", 0600))
                .isEqualTo(new WriteOutcome.Changed(Digest.ofText("new").hex()));

        Files.delete(node.path(MANIFEST));
        assertThat(done("mkfifo", node.path(MANIFEST).toString())).isTrue();
        assertThat(replace(MANIFEST, new Expected.Entry(FileType.SOCKET, null), "new", 0600))
                .isEqualTo(new WriteOutcome.Changed("other"));
        assertThat(replace(MANIFEST, Expected.of(scan().get(MANIFEST)), "new", 0600))
                .isInstanceOf(WriteOutcome.Written.class);
        Files.delete(node.path(MANIFEST));
        try (java.nio.channels.ServerSocketChannel listening =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            listening.bind(java.net.UnixDomainSocketAddress.of(node.path(MANIFEST)));
            assertThat(replace(MANIFEST, Expected.of(scan().get(MANIFEST)), "new", 0600))
                    .isInstanceOf(WriteOutcome.Written.class);
        }
        assertThat(node.path(MANIFEST)).isRegularFile().hasContent("new");
    }

    @Test
    void aSocketAndADeviceAreNamedNeverOpenedAndMovedOutOfTheWay() throws Exception {
        String socket = "/etc/kubernetes/manifests/s";
        try (java.nio.channels.ServerSocketChannel listening =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            listening.bind(java.net.UnixDomainSocketAddress.of(node.path(socket)));
            assertThat(scan().get(socket).type()).isEqualTo(FileType.SOCKET);
            assertThat(scan().get(socket).sha256()).isNull();
            assertThat(node.files().read(ReachedNode.NAME, NodePath.of(socket), OutputStream.nullOutputStream(), 100))
                    .isEmpty();
            assertThat(write(socket, null, "new", 0600)).isEqualTo(new WriteOutcome.Changed("other"));
            assertThat(quarantine(socket, null)).isInstanceOf(WriteOutcome.Written.class);
            assertThat(node.path(socket)).doesNotExist();
        }
        Map<FileType, List<String>> devices = Map.of(
                FileType.CHARACTER_DEVICE, List.of("c", "1", "5"),
                // of a number for experiments, behind which there is nothing
                FileType.BLOCK_DEVICE, List.of("b", "240", "0"));
        for (Map.Entry<FileType, List<String>> made : devices.entrySet()) {
            String device = "/etc/kubernetes/manifests/" + made.getKey();
            List<String> kind = made.getValue();
            assumeTrue(
                    done("mknod", node.path(device).toString(), kind.get(0), kind.get(1), kind.get(2)),
                    "skipped: devices cannot be made here");
            assertThat(scan().get(device).type()).isEqualTo(made.getKey());
            assertThat(scan().get(device).sha256()).isNull();
            assertThat(node.files().read(ReachedNode.NAME, NodePath.of(device), OutputStream.nullOutputStream(), 100))
                    .isEmpty();
            assertThat(write(device, null, "new", 0600)).isEqualTo(new WriteOutcome.Changed("other"));
            assertThat(quarantine(device, null)).isInstanceOf(WriteOutcome.Written.class);
            assertThat(scan()).doesNotContainKey(device);
        }
    }

    @Test
    void aDirectoryInTheFilesPlaceIsLeftAlone() throws Exception {
        Files.delete(node.path(MANIFEST));
        Files.createDirectories(node.path(MANIFEST + "/inside"));
        assertThat(write(MANIFEST, "old", "new", 0600)).isEqualTo(new WriteOutcome.Changed("other"));
        assertThat(quarantine(MANIFEST, null)).isInstanceOf(WriteOutcome.Refused.class);
        assertThat(node.path(MANIFEST + "/inside")).isDirectory();
    }

    /** As {@code chattr +i}, or a file system that is mounted read-only: the rename is refused by the kernel. */
    @Test
    void whatCannotBeReplacedIsRefusedAndNothingIsLeftInStaging() throws Exception {
        try (ReachedNode stubborn = withCommand("mv", "echo 'mv: Operation not permitted' >&2; exit 1")) {
            ReachedNode before = node;
            node = stubborn;
            assertThat(write(MANIFEST, "old", "new", 0600)).isEqualTo(new WriteOutcome.Refused("the rename failed"));
            assertThat(quarantine(MANIFEST, Digest.ofText("old")))
                    .isEqualTo(new WriteOutcome.Refused("the rename failed"));
            node = before;
        }
        assertThat(node.path(MANIFEST)).hasContent("old");
        assertThat(node.path("/etc/kubernetes/.drawbridge/staging")).isEmptyDirectory();
    }

    @Test
    void animmutableFileIsRefusedAndStays() throws Exception {
        Path file = node.path(MANIFEST);
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/chattr")) && done("chattr", "+i", file.toString()),
                "skipped: files cannot be made immutable here");
        try {
            assertThat(scan().get(MANIFEST).sha256()).isEqualTo(Digest.ofText("old"));
            assertThat(write(MANIFEST, "old", "new", 0600)).isInstanceOf(WriteOutcome.Refused.class);
            assertThat(quarantine(MANIFEST, Digest.ofText("old"))).isInstanceOf(WriteOutcome.Refused.class);
            assertThat(file).hasContent("old");
        } finally {
            done("chattr", "-i", file.toString());
        }
    }

    /** Whoever owns the node decides what its commands print. */
    @Test
    void outputWithoutEndIsCutOff() throws Exception {
        try (ReachedNode hostile = withCommand("find", "exec yes yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")) {
            assertThatThrownBy(() -> hostile.files().scan(ReachedNode.NAME, ROOTS))
                    .isInstanceOf(NodeAccessException.class)
                    .hasMessageContaining("too long");
        }
        try (ReachedNode hostile = withCommand("find", "while :; do printf 'f\\0%s\\0' x; done")) {
            assertThatThrownBy(() -> hostile.files().scan(ReachedNode.NAME, ROOTS))
                    .isInstanceOf(NodeAccessException.class);
        }
    }

    @Test
    void aCommandThatFailsIsAnErrorWithWhatItSaid() throws Exception {
        try (ReachedNode broken = withCommand("find", "echo 'input/output error' >&2; exit 7")) {
            assertThatThrownBy(() -> broken.files().scan(ReachedNode.NAME, ROOTS))
                    .isInstanceOf(NodeAccessException.class)
                    .hasMessageContaining("ended with 23")
                    .hasMessageContaining("find failed");
        }
    }

    @Test
    void everyByteButNulGoesThroughNamesAndContent() throws Exception {
        byte[] content = new byte[256 * 300];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i % 256);
        }
        FileWrite file = new FileWrite(
                NodePath.of(MANIFEST),
                Expected.content(Digest.ofText("old")),
                Digest.ofBytes(content),
                content.length,
                0600,
                ((Number) Files.getAttribute(node.root(), "unix:uid")).longValue(),
                ((Number) Files.getAttribute(node.root(), "unix:gid")).longValue());
        assertThat(node.files()
                        .write(
                                ReachedNode.NAME,
                                TestPermits.on(ReachedNode.NAME),
                                file,
                                new ByteArrayInputStream(content)))
                .isInstanceOf(WriteOutcome.Written.class);
        ByteArrayOutputStream back = new ByteArrayOutputStream();
        assertThat(node.files().read(ReachedNode.NAME, NodePath.of(MANIFEST), back, content.length))
                .contains(Digest.ofBytes(content));
        assertThat(back.toByteArray()).isEqualTo(content);

        String names = "i=1; while [ $i -lt 256 ]; do"
                + " case $i in 47) ;; *) : > \"$(printf \"a\\\\$(printf %03o $i)b\")\" ;; esac; i=$((i+1)); done";
        assertThat(new ProcessBuilder("sh", "-c", names)
                        .directory(node.path("/etc/kubernetes/manifests").toFile())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(scan()).as("254 names and the manifest").hasSize(255);
    }
}
