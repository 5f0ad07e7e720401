package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DriftFinderTest {
    private static final NodePath ETCD = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final Digest GOOD = Digest.ofText("good");
    private static final Map<NodePath, BaselineFile> BASELINE =
            Map.of(ETCD, new BaselineFile(ETCD, BaselineFile.Held.CONTENT, GOOD, 4, 0600, "root", "etcd"));

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
        return DriftFinder.find(new TreeMap<>(BASELINE), scan, TestBaseline.WATCHED).stream()
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
        assertThat(DriftFinder.find(new TreeMap<>(), scan, TestBaseline.WATCHED))
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

    private static BaselineFile held(Held held, NodePath path, Digest digest) {
        return new BaselineFile(path, held, digest, 0, 0700, "root", "root");
    }

    private static List<String> driftFrom(BaselineFile expected, ScannedFile... found) {
        NodeScan scan = new NodeScan(
                NodeName.of("cp-1"), Instant.EPOCH, TestBaseline.WATCHED.roots(), List.of(found), Map.of(), Map.of());
        return DriftFinder.find(new TreeMap<>(Map.of(expected.path(), expected)), scan, TestBaseline.WATCHED).stream()
                .map(one -> one.kind() + " " + one.path())
                .toList();
    }

    @Test
    void ofALinkThatTheBaselineHoldsTheTargetIsCompared() {
        NodePath path = NodePath.of("/etc/kubernetes/pki/link");
        BaselineFile link = held(Held.LINK, path, Digest.ofText("../b\\\u00e4"));
        ScannedFile same = new ScannedFile(path, FileType.SYMLINK, 0777, 5, 5, 4, 1, 1, null, "../b\\x5c\\xc3\\xa4");
        ScannedFile other = new ScannedFile(path, FileType.SYMLINK, 0777, 0, 0, 4, 1, 1, null, "/srv");
        assertThat(driftFrom(link, same)).isEmpty();
        assertThat(driftFrom(link, other)).containsExactly("MODIFIED " + path);
        assertThat(driftFrom(link, entry(path, FileType.FILE, 0700, 0, 0, 1, GOOD)))
                .containsExactly("WRONG_TYPE " + path);
        assertThat(driftFrom(link)).containsExactly("MISSING " + path);
    }

    @Test
    void anEmptyDirectoryOfTheBaselineMustBeThereWithItsMode() {
        NodePath manifests = NodePath.of("/etc/kubernetes/manifests");
        BaselineFile directory = held(Held.DIRECTORY, manifests, GOOD);
        assertThat(driftFrom(directory, entry(manifests, FileType.DIRECTORY, 0700, 0, 0, 2, null)))
                .isEmpty();
        assertThat(driftFrom(directory, entry(manifests, FileType.DIRECTORY, 0777, 0, 0, 2, null)))
                .containsExactly("METADATA_ONLY " + manifests);
        assertThat(driftFrom(directory)).containsExactly("MISSING " + manifests);
        assertThat(driftFrom(directory, entry(manifests, FileType.SYMLINK, 0777, 0, 0, 1, null)))
                .as("once, and nothing below it")
                .containsExactly("BLOCKED " + manifests);
        NodePath below = NodePath.of("/etc/kubernetes/pki/empty");
        assertThat(driftFrom(held(Held.DIRECTORY, below, GOOD), entry(below, FileType.FIFO, 0700, 0, 0, 1, null)))
                .as("once")
                .containsExactly("WRONG_TYPE " + below);
    }

    @Test
    void nothingBelowARepositoryOfItsOwnCountsAsUnexpected() {
        NodePath path = NodePath.of("/etc/kubernetes/pki/vendor");
        assertThat(driftFrom(
                        held(Held.SUBMODULE, path, GOOD),
                        entry(path, FileType.DIRECTORY, 0700, 0, 0, 2, null),
                        entry(path.resolve("some.crt"), FileType.FILE, 0700, 0, 0, 1, GOOD)))
                .containsExactly("BLOCKED " + path);
        assertThat(DriftFinder.covers(
                        Map.of(ETCD, held(Held.CONTENT, NodePath.of("/etc/ssh/x"), GOOD)), TestBaseline.WATCHED))
                .isFalse();
    }
}
