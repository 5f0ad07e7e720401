package dev.drawbridge.baseline;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Compares a scan with the baseline over the whole watched set, whatever an alert may have named. */
public final class DriftFinder {
    private DriftFinder() {}

    /**
     * Whether the baseline says anything about the watched set. When it does not, everything on the node would be unexpected, and
     * moving all of it away would take the node down.
     */
    public static boolean covers(Map<NodePath, BaselineFile> baseline, WatchedSet watched) {
        return baseline.values().stream()
                .anyMatch(file -> watched.contains(file.path())
                        || file.held() != Held.CONTENT && watched.hasFilesBelow(file.path()));
    }

    /**
     * All differences in the order of their paths; empty means in sync. Baseline and scan are gone through side by side, so what is in memory is the
     * baseline and the differences, however many files the node has.
     */
    public static List<Drift> find(SortedMap<NodePath, BaselineFile> baseline, NodeScan scan, WatchedSet watched) {
        List<Drift> drifts = new ArrayList<>(unknown(baseline, watched));
        List<NodePath> unseen = new ArrayList<>(drifts.stream().map(Drift::path).toList());
        new SideBySide(baseline.values(), scan.files()).forEach((path, expected, found) -> {
            // a directory comes before what should be in it
            if (found != null && blocked(found, watched)) {
                drifts.add(new Drift(path, Drift.Kind.BLOCKED, FileClass.of(path), null, found));
                unseen.add(path);
            }
            if (!unseen.isEmpty() && unseen.stream().anyMatch(path::isWithin)) {
                return;
            }
            Drift.Kind kind = expected != null && expected.held() == Held.DIRECTORY
                    ? directory(expected, found, scan, watched)
                    : watched.contains(path) ? compare(expected, found, scan) : null;
            if (kind != null) {
                drifts.add(new Drift(path, kind, FileClass.of(path), expected, found));
            }
        });
        drifts.sort(Comparator.comparing(Drift::path));
        return drifts;
    }

    /**
     * Watched directories that are none. kubelet follows a link in their place to files that no scan sees; without this a
     * node whose baseline holds nothing there would pass for one in sync.
     */
    private static boolean blocked(ScannedFile file, WatchedSet watched) {
        return file.type() != FileType.DIRECTORY && watched.hasFilesBelow(file.path());
    }

    /** What another repository holds there is not known, so nothing there may count as unexpected. */
    private static List<Drift> unknown(Map<NodePath, BaselineFile> baseline, WatchedSet watched) {
        return baseline.values().stream()
                .filter(file -> file.held() == Held.SUBMODULE
                        && (watched.contains(file.path()) || watched.hasFilesBelow(file.path())))
                .map(file -> new Drift(file.path(), Drift.Kind.BLOCKED, FileClass.of(file.path()), file, null))
                .toList();
    }

    /** An empty one that must be there; what is in the way of one is reported as blocked, or as unexpected. */
    private static Drift.@Nullable Kind directory(
            BaselineFile expected, @Nullable ScannedFile found, NodeScan scan, WatchedSet watched) {
        NodePath path = expected.path();
        if (!(watched.contains(path) || watched.hasFilesBelow(path))
                || scan.roots().stream().noneMatch(path::isWithin)) {
            return null;
        }
        if (found == null) {
            return Drift.Kind.MISSING;
        }
        if (found.type() != FileType.DIRECTORY) {
            return Drift.Kind.WRONG_TYPE;
        }
        return sameMetadata(expected, found, scan) ? null : Drift.Kind.METADATA_ONLY;
    }

    private static Drift.@Nullable Kind compare(
            @Nullable BaselineFile expected, @Nullable ScannedFile found, NodeScan scan) {
        if (expected == null) {
            // directories come and go with their files; everything else that nobody approved does not belong here
            return found == null || found.type() == FileType.DIRECTORY ? null : Drift.Kind.UNEXPECTED;
        }
        if (found == null) {
            return Drift.Kind.MISSING;
        }
        if (found.type() == FileType.UNSTABLE || found.unreadable()) {
            return Drift.Kind.UNREADABLE;
        }
        if (expected.held() == Held.LINK) {
            return found.type() != FileType.SYMLINK
                    ? Drift.Kind.WRONG_TYPE
                    : leadsTo(expected, found) ? null : Drift.Kind.MODIFIED;
        }
        // a second name elsewhere lets somebody change the file from outside the watched set
        if (found.type() != FileType.FILE || found.links() > 1) {
            return Drift.Kind.WRONG_TYPE;
        }
        if (!expected.sha256().equals(found.sha256())) {
            return Drift.Kind.MODIFIED;
        }
        return sameMetadata(expected, found, scan) ? null : Drift.Kind.METADATA_ONLY;
    }

    private static boolean leadsTo(BaselineFile expected, ScannedFile found) {
        String target = found.linkTarget();
        return target != null && Digest.ofBytes(NodePath.bytesOf(target)).equals(expected.sha256());
    }

    private static boolean sameMetadata(BaselineFile expected, ScannedFile found, NodeScan scan) {
        return found.mode() == expected.mode()
                && Long.valueOf(found.uid()).equals(id(expected.owner(), scan.users()))
                && Long.valueOf(found.gid()).equals(id(expected.group(), scan.groups()));
    }

    /**
     * Numeric id of a name or decimal number. {@code root} is 0 whatever the node's passwd file claims; null when the node
     * knows no such name.
     */
    public static @Nullable Long id(String name, Map<String, Long> table) {
        if (name.equals("root")) {
            return 0L;
        }
        return name.matches("\\d{1,10}") ? Long.valueOf(name) : table.get(name);
    }
}
