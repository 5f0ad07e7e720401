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
import java.util.TreeMap;
import java.util.TreeSet;
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

    /** All differences in the order of their paths; empty means in sync. */
    public static List<Drift> find(Map<NodePath, BaselineFile> baseline, NodeScan scan, WatchedSet watched) {
        Map<NodePath, ScannedFile> found = new TreeMap<>();
        scan.files().stream()
                .filter(file -> watched.contains(file.path()))
                .forEach(file -> found.put(file.path(), file));
        TreeSet<NodePath> paths = new TreeSet<>(found.keySet());
        baseline.keySet().stream().filter(watched::contains).forEach(paths::add);
        List<Drift> drifts = new ArrayList<>(blocked(scan, watched));
        drifts.addAll(unknown(baseline, watched));
        List<NodePath> unseen = drifts.stream().map(Drift::path).toList();
        drifts.addAll(directories(baseline, scan, watched, unseen));
        paths.removeIf(path -> unseen.stream().anyMatch(path::isWithin));
        for (NodePath path : paths) {
            BaselineFile expected = baseline.get(path);
            if (expected != null && expected.held() == Held.DIRECTORY) {
                continue;
            }
            Drift.Kind kind = compare(baseline.get(path), found.get(path), scan);
            if (kind != null) {
                drifts.add(new Drift(path, kind, FileClass.of(path), baseline.get(path), found.get(path)));
            }
        }
        drifts.sort(Comparator.comparing(Drift::path));
        return drifts;
    }

    /**
     * Watched directories that are none. kubelet follows a link in their place to files that no scan sees; without this a
     * node whose baseline holds nothing there would pass for one in sync.
     */
    private static List<Drift> blocked(NodeScan scan, WatchedSet watched) {
        return scan.files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY && watched.hasFilesBelow(file.path()))
                .map(file -> new Drift(file.path(), Drift.Kind.BLOCKED, FileClass.of(file.path()), null, file))
                .toList();
    }

    /** What another repository holds there is not known, so nothing there may count as unexpected. */
    private static List<Drift> unknown(Map<NodePath, BaselineFile> baseline, WatchedSet watched) {
        return baseline.values().stream()
                .filter(file -> file.held() == Held.SUBMODULE
                        && (watched.contains(file.path()) || watched.hasFilesBelow(file.path())))
                .map(file -> new Drift(file.path(), Drift.Kind.BLOCKED, FileClass.of(file.path()), file, null))
                .toList();
    }

    /** Empty ones that must be there; what is in the way of one is reported as blocked, or as unexpected. */
    private static List<Drift> directories(
            Map<NodePath, BaselineFile> baseline, NodeScan scan, WatchedSet watched, List<NodePath> unseen) {
        Map<NodePath, ScannedFile> found = new TreeMap<>();
        scan.files().forEach(file -> found.put(file.path(), file));
        List<Drift> drifts = new ArrayList<>();
        for (BaselineFile file : baseline.values()) {
            NodePath path = file.path();
            if (file.held() != Held.DIRECTORY
                    || !(watched.contains(path) || watched.hasFilesBelow(path))
                    || scan.roots().stream().noneMatch(path::isWithin)
                    || unseen.stream().anyMatch(path::isWithin)) {
                continue;
            }
            ScannedFile there = found.get(path);
            Drift.Kind kind = there == null
                    ? Drift.Kind.MISSING
                    : there.type() != FileType.DIRECTORY
                            ? Drift.Kind.WRONG_TYPE
                            : sameMetadata(file, there, scan) ? null : Drift.Kind.METADATA_ONLY;
            if (kind != null) {
                drifts.add(new Drift(path, kind, FileClass.of(path), file, there));
            }
        }
        return drifts;
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
