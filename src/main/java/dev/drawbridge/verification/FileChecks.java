package dev.drawbridge.verification;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import dev.drawbridge.verification.VerificationReport.Check;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Files of the whole watched set against the baseline: one line for contents, one for owners and modes, one for what is too much. */
final class FileChecks {
    static final String CONTENT = "Files equal the baseline";
    static final String METADATA = "Owners and modes";
    static final String UNEXPECTED = "No unexpected files";

    private static final String PROBE = "probe";

    private FileChecks() {}

    static List<Check> of(Baseline baseline, NodeScan scan, WatchedSet watched) {
        Map<NodePath, BaselineFile> expected = new TreeMap<>();
        baseline.files().forEach((path, file) -> {
            boolean directory = file.held() == BaselineFile.Held.DIRECTORY && watched.hasFilesBelow(path);
            if (watched.contains(path) || directory) {
                expected.put(path, file);
            }
        });
        if (expected.isEmpty()) {
            // every comparison with nothing succeeds
            return notAvailable(baseline.revision() + " holds no file of the watched set");
        }
        List<Drift> drifts = DriftFinder.find(baseline.files(), scan, watched);
        String proof = baseline.revision() + " (commit " + baseline.revision().commit() + "), scan of " + scan.at()
                + " with digest " + digest(scan);
        return List.of(
                content(expected.size(), drifts, proof),
                metadata(expected, scan, proof),
                unexpected(drifts, inTheWay(scan, watched), proof));
    }

    /** A link where a watched directory should be: kubelet follows it to files that no scan sees, and drift knows files only. */
    private static List<String> inTheWay(NodeScan scan, WatchedSet watched) {
        return scan.files().stream()
                .filter(file -> file.type() != FileType.DIRECTORY && !watched.contains(file.path()))
                .filter(file -> file.path().toBytes().length + PROBE.length() < NodePath.MAX_BYTES
                        && watched.contains(file.path().resolve(PROBE)))
                .map(file -> file.path() + " is no directory")
                .toList();
    }

    static List<Check> notAvailable(String reason) {
        return List.of(
                CheckText.notAvailable(CONTENT, "the contents of the baseline", reason),
                CheckText.notAvailable(METADATA, "owner, group and mode of the baseline", reason),
                CheckText.notAvailable(UNEXPECTED, "no file that the baseline does not hold", reason));
    }

    private static Check content(int files, List<Drift> drifts, String proof) {
        String expected = files + " files with the contents of the baseline";
        List<Drift> different = drifts.stream()
                .filter(drift -> drift.kind() != Drift.Kind.UNEXPECTED && drift.kind() != Drift.Kind.METADATA_ONLY)
                .toList();
        if (different.isEmpty()) {
            return CheckText.passed(CONTENT, expected, "all " + files, proof);
        }
        String found = CheckText.list(different.stream()
                .map(drift -> drift.kind().code() + " " + drift.path())
                .toList());
        return different.stream().allMatch(drift -> drift.kind() == Drift.Kind.UNREADABLE)
                ? CheckText.notAvailable(CONTENT, expected, found)
                : CheckText.failed(CONTENT, expected, found, proof);
    }

    /** Compares by itself: the drift finder reports one difference of a file, and a changed file may have another mode as well. */
    private static Check metadata(Map<NodePath, BaselineFile> expected, NodeScan scan, String proof) {
        List<String> different = new ArrayList<>();
        int compared = 0;
        for (ScannedFile found : scan.files()) {
            BaselineFile wanted = expected.get(found.path());
            if (wanted != null && found.type() != FileType.UNSTABLE) {
                compared++;
                String difference = difference(wanted, found, scan);
                if (difference != null) {
                    different.add(found.path() + " " + difference);
                }
            }
        }
        String wanted = "owner, group and mode of the baseline on " + expected.size() + " files";
        if (!different.isEmpty()) {
            return CheckText.failed(METADATA, wanted, CheckText.list(different), proof);
        }
        return compared < expected.size()
                ? CheckText.notAvailable(
                        METADATA, wanted, (expected.size() - compared) + " files are missing or kept changing")
                : CheckText.passed(METADATA, wanted, "all " + compared, proof);
    }

    private static @Nullable String difference(BaselineFile wanted, ScannedFile found, NodeScan scan) {
        List<String> parts = new ArrayList<>();
        if (wanted.held() == BaselineFile.Held.LINK || wanted.held() == BaselineFile.Held.SUBMODULE) {
            // a link has no mode of its own, and what is known of the other is that nothing is known
            return null;
        }
        if (wanted.mode() != found.mode()) {
            parts.add(String.format("mode %04o instead of %04o", found.mode(), wanted.mode()));
        }
        if (!Objects.equals(DriftFinder.id(wanted.owner(), scan.users()), found.uid())) {
            parts.add("owner " + found.uid() + " instead of " + wanted.owner());
        }
        if (!Objects.equals(DriftFinder.id(wanted.group(), scan.groups()), found.gid())) {
            parts.add("group " + found.gid() + " instead of " + wanted.group());
        }
        return parts.isEmpty() ? null : String.join(", ", parts);
    }

    private static Check unexpected(List<Drift> drifts, List<String> inTheWay, String proof) {
        List<String> found = new ArrayList<>(inTheWay);
        drifts.stream()
                .filter(drift -> drift.kind() == Drift.Kind.UNEXPECTED)
                .forEach(drift -> found.add(drift.path().toString()));
        String expected = "no file that the baseline does not hold";
        return found.isEmpty()
                ? CheckText.passed(UNEXPECTED, expected, "none", proof)
                : CheckText.failed(UNEXPECTED, expected, CheckText.list(found), proof);
    }

    /** What the scan found, in the order of the paths: equal for two scans that found the same. */
    private static Digest digest(NodeScan scan) {
        MessageDigest digest = Digest.sha256();
        for (ScannedFile file : scan.files()) {
            String line = file.path() + "|" + file.type() + "|" + Integer.toOctalString(file.mode()) + "|" + file.uid()
                    + "|" + file.gid() + "|" + file.size() + "|" + file.links() + "|"
                    + (file.sha256() == null ? "" : file.sha256()) + "|"
                    + (file.linkTarget() == null ? "" : file.linkTarget()) + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return Digest.of(digest);
    }
}
