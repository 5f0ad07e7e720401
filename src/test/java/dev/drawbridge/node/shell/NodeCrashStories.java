package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The act dies before each of its operations in turn, as by a crash of the node or a cut connection: every external command is
 * counted, and before the n-th one the shell that runs the act is killed.
 */
public abstract class NodeCrashStories {
    private static final NodePath MANIFEST = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final String NEW = "new content";
    private static final int MORE_THAN_ANY_ACT_NEEDS = 60;

    @TempDir
    protected Path temp;

    private ReachedNode node;

    /**
     * A node whose directory is {@code root} in this one.
     *
     * @param path in which its commands are looked for; the variable ACT tells them the process id of the shell
     */
    protected abstract ReachedNode node(Path directory, String path) throws Exception;

    private Operations operations;

    @BeforeEach
    void startNode() throws Exception {
        // what runs beside it in a pipeline dies, too
        operations = new Operations(
                temp, "counted\nif [ $n -ge $at ]; then kill -9 \"$ACT\"; exit 1; fi\nexec $program \"$@\"");
        node = node(temp, operations.directory().toString());
        node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
    }

    @AfterEach
    void stopNode() throws Exception {
        node.close();
    }

    private WriteOutcome write() throws IOException {
        byte[] bytes = NEW.getBytes(UTF_8);
        FileWrite file = new FileWrite(
                MANIFEST,
                Expected.content(Digest.ofText("old")),
                Digest.ofBytes(bytes),
                bytes.length,
                0600,
                ((Number) Files.getAttribute(node.root(), "unix:uid")).longValue(),
                ((Number) Files.getAttribute(node.root(), "unix:gid")).longValue());
        return node.files()
                .write(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), file, new ByteArrayInputStream(bytes));
    }

    private WriteOutcome quarantine() {
        return node.files()
                .quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), MANIFEST, Digest.ofText("old"));
    }

    /** True when it died, false when it came to its end. */
    private static boolean dies(java.util.concurrent.Callable<WriteOutcome> act) throws Exception {
        try {
            act.call();
            return false;
        } catch (NodeAccessException died) {
            return true;
        }
    }

    private void onlyTheManifestIsInItsDirectory(boolean mayBeGone) throws IOException {
        try (var entries = Files.list(node.path("/etc/kubernetes/manifests"))) {
            List<String> names =
                    entries.map(entry -> entry.getFileName().toString()).toList();
            assertThat(names)
                    .isIn(mayBeGone ? List.of(List.of(), List.of("etcd.yaml")) : List.of(List.of("etcd.yaml")));
        }
    }

    @Test
    void aWriteThatDiesAnywhereLeavesOldOrNewAndARerunFinishes() throws Exception {
        int operation = 1;
        for (boolean died = true; died; operation++) {
            node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            operations.disturb(operation);
            died = dies(this::write);
            assertThat(Files.readString(node.path(MANIFEST.toString())))
                    .as("before operation %d", operation)
                    .isIn("old", NEW);
            onlyTheManifestIsInItsDirectory(false);
            operations.leaveAlone();
            assertThat(write()).isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            assertThat(node.path(MANIFEST.toString())).hasContent(NEW);
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
        }
        assertThat(operation).as("operations of a write").isGreaterThan(8);
    }

    @Test
    void filesTogetherThatDieAnywhereAreEachOldOrNewAndARerunFinishes() throws Exception {
        String pki = "/etc/kubernetes/pki";
        int operation = 1;
        for (boolean died = true; died; operation++) {
            node.put(pki + "/a", "old a".getBytes(UTF_8));
            node.put(pki + "/b", "old b".getBytes(UTF_8));
            Together together =
                    new Together(node, pki).put("a", "old a", "new a").put("b", "old b", "new b");
            operations.disturb(operation);
            try {
                assertThat(together.write()).isTrue();
                died = false;
            } catch (NodeAccessException itDied) {
                died = true;
            }
            assertThat(Files.readString(node.path(pki + "/a"))).isIn("old a", "new a");
            assertThat(Files.readString(node.path(pki + "/b"))).isIn("old b", "new b");
            try (var entries = Files.list(node.path(pki))) {
                assertThat(entries).hasSize(2);
            }
            operations.leaveAlone();
            for (FileWrite write : together.writes()) {
                byte[] content = ("new " + write.path().name()).getBytes(UTF_8);
                assertThat(node.files()
                                .write(
                                        ReachedNode.NAME,
                                        TestPermits.on(ReachedNode.NAME),
                                        write,
                                        new ByteArrayInputStream(content)))
                        .isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            }
            assertThat(node.path(pki + "/a")).hasContent("new a");
            assertThat(node.path(pki + "/b")).hasContent("new b");
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
        }
        assertThat(operation).as("operations of a write").isGreaterThan(10);
    }

    @Test
    void aQuarantineThatDiesAnywhereLosesNothingAndARerunFinishes() throws Exception {
        int operation = 1;
        for (boolean died = true; died; operation++) {
            node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            operations.disturb(operation);
            died = dies(this::quarantine);
            onlyTheManifestIsInItsDirectory(true);
            operations.leaveAlone();
            assertThat(quarantine()).isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            assertThat(node.path(MANIFEST.toString())).doesNotExist();
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
            Path quarantine = node.path("/etc/kubernetes/.drawbridge/quarantine");
            try (var kept = Files.list(quarantine)) {
                assertThat(kept.toList())
                        .as("before operation %d", operation)
                        .singleElement()
                        .satisfies(place -> {
                            assertThat(place.resolve("content")).hasContent("old");
                            assertThat(place.resolve("origin")).isNotEmptyFile();
                        });
            }
            org.springframework.util.FileSystemUtils.deleteRecursively(quarantine);
        }
        assertThat(operation).as("operations of a quarantine").isGreaterThan(6);
    }

    @Test
    void aReturnFromQuarantineThatDiesAnywhereLosesNothingAndARerunFinishes() throws Exception {
        int operation = 1;
        for (boolean died = true; died; operation++) {
            Files.deleteIfExists(node.path(MANIFEST.toString()));
            node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            operations.leaveAlone();
            quarantine();
            Quarantined file = node.files()
                    .quarantined(ReachedNode.NAME, TestPermits.INCIDENT, MANIFEST, Digest.ofText("old"))
                    .orElseThrow();
            operations.disturb(operation);
            died = dies(() -> putBack(file));
            onlyTheManifestIsInItsDirectory(true);
            Path kept = node.path(node.files().place(file).orElseThrow().toString());
            assertThat(Files.exists(node.path(MANIFEST.toString())) || Files.exists(kept))
                    .as("before operation %d", operation)
                    .isTrue();
            operations.leaveAlone();
            assertThat(putBack(file)).isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            assertThat(node.path(MANIFEST.toString())).hasContent("old");
            assertThat(kept).doesNotExist();
            onlyTheManifestIsInItsDirectory(false);
            try (var staged = Files.list(node.path("/etc/kubernetes/.drawbridge/staging"))) {
                assertThat(staged).as("before operation %d", operation).isEmpty();
            }
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
        }
        assertThat(operation).as("operations of a return").isGreaterThan(15);
    }

    private WriteOutcome putBack(Quarantined file) {
        return node.files().putBack(ReachedNode.NAME, TestPermits.toReturn(ReachedNode.NAME), MANIFEST, file);
    }
}
