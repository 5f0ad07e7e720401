package dev.drawbridge.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.InputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a baseline does not hold with its content is verified all the same. */
class FileChecksTest {
    private static final WatchedSet WATCHED = new WatchedSet(List.of("/etc/kubernetes/manifests/**", "/etc/ssl/**"));
    private static final NodePath MANIFESTS = NodePath.of("/etc/kubernetes/manifests");
    private static final NodePath KEY = NodePath.of("/etc/ssl/tls.key");
    private static final NodePath LINK = NodePath.of("/etc/ssl/current");
    private static final Digest CONTENT = Digest.ofText("the key");

    private static Baseline baseline() {
        SortedMap<NodePath, BaselineFile> files = new TreeMap<>();
        for (BaselineFile file : List.of(
                new BaselineFile(MANIFESTS, Held.DIRECTORY, Digest.ofText(""), 0, 0700, "root", "root"),
                new BaselineFile(KEY, Held.DIGEST, CONTENT, 0, 0600, "root", "root"),
                new BaselineFile(LINK, Held.LINK, Digest.ofText("2026"), 0, 0600, "root", "root"))) {
            files.put(file.path(), file);
        }
        return new Baseline() {
            @Override
            public BaselineRevision revision() {
                return new BaselineRevision("0".repeat(40), "signer", "refs/tags/baseline");
            }

            @Override
            public SortedMap<NodePath, BaselineFile> files() {
                return files;
            }

            @Override
            public InputStream open(BaselineFile file) {
                throw new IllegalArgumentException("no content is held");
            }
        };
    }

    private static ScannedFile entry(
            NodePath path, FileType type, int mode, @Nullable Digest sha256, @Nullable String target) {
        return new ScannedFile(path, type, mode, 0, 0, 7, 1, 1, sha256, target);
    }

    private static List<String> checked(ScannedFile... found) {
        NodeScan scan = new NodeScan(
                NodeName.of("worker-1"), Instant.EPOCH, WATCHED.roots(), Arrays.asList(found), Map.of(), Map.of());
        return FileChecks.of(baseline(), scan, WATCHED).stream()
                .map(check -> check.status() + " " + check.name())
                .toList();
    }

    private static final ScannedFile GOOD_KEY = entry(KEY, FileType.FILE, 0600, CONTENT, null);
    private static final ScannedFile GOOD_LINK = entry(LINK, FileType.SYMLINK, 0777, null, "2026");
    private static final ScannedFile GOOD_DIRECTORY = entry(MANIFESTS, FileType.DIRECTORY, 0700, null, null);

    @Test
    void aNodeThatIsAsTheBaselineSaysPasses() {
        assertThat(checked(GOOD_KEY, GOOD_LINK, GOOD_DIRECTORY))
                .hasSize(3)
                .allSatisfy(check -> assertThat(check).startsWith("PASSED"));
    }

    @Test
    void anotherKeyAnotherTargetOrAMissingDirectoryDoesNot() {
        assertThat(checked(entry(KEY, FileType.FILE, 0600, Digest.ofText("theirs"), null), GOOD_LINK, GOOD_DIRECTORY))
                .contains("FAILED " + FileChecks.CONTENT);
        assertThat(checked(GOOD_KEY, entry(LINK, FileType.SYMLINK, 0777, null, "/tmp"), GOOD_DIRECTORY))
                .contains("FAILED " + FileChecks.CONTENT);
        assertThat(checked(GOOD_KEY, GOOD_LINK)).contains("FAILED " + FileChecks.CONTENT);
    }

    @Test
    void aDirectoryThatEverybodyMayWriteIntoDoesNot() {
        assertThat(checked(GOOD_KEY, GOOD_LINK, entry(MANIFESTS, FileType.DIRECTORY, 0777, null, null)))
                .contains("FAILED " + FileChecks.METADATA);
    }
}
