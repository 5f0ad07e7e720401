package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DriftFinderTest {
    private static final NodePath ETCD = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final Digest GOOD = Digest.ofText("good");
    private static final Map<NodePath, BaselineFile> BASELINE =
            Map.of(ETCD, new BaselineFile(ETCD, GOOD, 4, 0600, "root", "etcd"));

    private static ScannedFile entry(
            NodePath path, FileType type, int mode, long uid, long gid, int links, @Nullable Digest digest) {
        return new ScannedFile(path, type, mode, uid, gid, 4, 1, links, digest, null);
    }

    private static List<String> drift(ScannedFile... found) {
        NodeScan scan = new NodeScan(
                NodeName.of("cp-1"),
                Instant.EPOCH,
                List.of(),
                List.of(found),
                // a node may claim what it likes
                Map.of("root", 1000L, "etcd", 7L),
                Map.of("etcd", 7L));
        return DriftFinder.find(BASELINE, scan, TestBaseline.WATCHED).stream()
                .map(one -> one.kind() + " " + one.path())
                .toList();
    }

    @Test
    void theSameContentOwnerAndModeIsInSync() {
        assertThat(drift(entry(ETCD, FileType.FILE, 0600, 0, 7, 1, GOOD))).isEmpty();
    }

    @Test
    void rootIsZeroWhateverTheNodesPasswdFileSays() {
        assertThat(drift(entry(ETCD, FileType.FILE, 0600, 1000, 7, 1, GOOD))).containsExactly("METADATA_ONLY " + ETCD);
    }

    @Test
    void modeAndGroupAreDriftWithoutContent() {
        assertThat(drift(entry(ETCD, FileType.FILE, 0644, 0, 7, 1, GOOD))).containsExactly("METADATA_ONLY " + ETCD);
        assertThat(drift(entry(ETCD, FileType.FILE, 0600, 0, 0, 1, GOOD))).containsExactly("METADATA_ONLY " + ETCD);
    }

    @Test
    void aSecondNameALinkOrADirectoryInThePlaceIsTheWrongType() {
        assertThat(drift(entry(ETCD, FileType.FILE, 0600, 0, 7, 2, GOOD))).containsExactly("WRONG_TYPE " + ETCD);
        assertThat(drift(entry(ETCD, FileType.DIRECTORY, 0600, 0, 7, 2, null))).containsExactly("WRONG_TYPE " + ETCD);
    }

    @Test
    void whatCannotBeReadIsNeverInSync() {
        assertThat(drift(entry(ETCD, FileType.FILE, 0600, 0, 7, 1, null))).containsExactly("UNREADABLE " + ETCD);
        assertThat(drift(entry(ETCD, FileType.UNSTABLE, 0600, 0, 7, 1, null))).containsExactly("UNREADABLE " + ETCD);
    }

    @Test
    void hiddenFilesAreUnexpectedDirectoriesAndUnwatchedFilesAreNot() {
        NodePath hidden = NodePath.of("/etc/kubernetes/manifests/.staged.yaml");
        assertThat(drift(
                        entry(ETCD, FileType.FILE, 0600, 0, 7, 1, Digest.ofText("bad")),
                        entry(hidden, FileType.FILE, 0600, 0, 0, 1, GOOD),
                        entry(NodePath.of("/etc/kubernetes/manifests/d"), FileType.DIRECTORY, 0700, 0, 0, 2, null),
                        entry(NodePath.of("/etc/shadow"), FileType.FILE, 0600, 0, 0, 1, GOOD)))
                .containsExactly("UNEXPECTED " + hidden, "MODIFIED " + ETCD);
    }

    @Test
    void anEmptyScanIsMissingFilesAndNotInSync() {
        assertThat(drift()).containsExactly("MISSING " + ETCD);
    }

    @Test
    void aWatchedDirectoryThatIsALinkIsNeverInSyncAndHidesWhatLiesBelow() {
        NodePath manifests = NodePath.of("/etc/kubernetes/manifests");
        ScannedFile link = entry(manifests, FileType.SYMLINK, 0777, 0, 0, 1, null);
        assertThat(drift(link)).containsExactly("BLOCKED " + manifests);

        NodeScan scan = new NodeScan(NodeName.of("w"), Instant.EPOCH, List.of(), List.of(link), Map.of(), Map.of());
        assertThat(DriftFinder.find(Map.of(), scan, TestBaseline.WATCHED))
                .as("also when the baseline holds nothing there")
                .singleElement()
                .satisfies(drift -> assertThat(drift.kind()).isEqualTo(Drift.Kind.BLOCKED));
    }

    @Test
    void aDirectoryAboveTheWatchedOnesThatCouldNotBeEnteredHidesThemAll() {
        NodePath above = NodePath.of("/etc/kubernetes");
        assertThat(drift(entry(above, FileType.UNSTABLE, 0, 0, 0, 1, null))).containsExactly("BLOCKED " + above);
    }

    @Test
    void anEntryBesideTheWatchedDirectoriesBlocksNothing() {
        assertThat(drift(
                        entry(ETCD, FileType.FILE, 0600, 0, 7, 1, GOOD),
                        entry(NodePath.of("/etc/kubernetes/manifests.old"), FileType.SYMLINK, 0777, 0, 0, 1, null)))
                .isEmpty();
    }
}
