package dev.drawbridge.recovery;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.recovery.FileComparison.Meaning;
import dev.drawbridge.recovery.FileComparison.Text;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.PlainText;
import dev.drawbridge.shared.StaticPodManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares the files of one plan, once, from what the evidence store and the baseline hold. Bounded over the whole plan, and
 * files that the baseline has come first: whoever drops a thousand files must not use up the room for the API server's.
 */
final class Comparisons {
    static final Set<FileClass> CREDENTIALS = Set.of(FileClass.CA_KEY, FileClass.LEAF_KEY, FileClass.KUBECONFIG);
    /** Larger files are told apart by their digests only. */
    static final int MAX_BYTES = 256 * 1024;

    static final int MAX_FILES = 200;
    static final int MAX_LINES = 2000;

    private final EvidenceLocker evidence;
    private final @Nullable Baseline baseline;
    private final String noBaseline;
    private final NodeScan scan;
    private final Map<NodePath, ScannedFile> found;
    private int room = MAX_LINES;

    /**
     * @param baseline of the plan's revision; null when it cannot be read now
     * @param noBaseline why not
     * @param scan the look that the plan's evidence was taken by
     * @param found by path what it found, for the plan's files at least
     */
    Comparisons(
            EvidenceLocker evidence,
            @Nullable Baseline baseline,
            String noBaseline,
            NodeScan scan,
            Map<NodePath, ScannedFile> found) {
        this.evidence = evidence;
        this.baseline = baseline;
        this.noBaseline = noBaseline;
        this.scan = scan;
        this.found = found;
    }

    Map<NodePath, FileComparison> of(RestorePlan plan) {
        Map<NodePath, FileComparison> comparisons = new HashMap<>();
        plan.steps().stream()
                .sorted(Comparator.comparing(step -> approved(step) == null))
                .forEach(step -> comparisons.put(
                        step.path(),
                        comparisons.size() < MAX_FILES
                                ? compare(step)
                                : new FileComparison(
                                        Text.notAvailable("only the first " + MAX_FILES + " files are compared"),
                                        null,
                                        List.of())));
        return comparisons;
    }

    private @Nullable BaselineFile approved(RestorePlan.Step step) {
        return baseline == null ? null : baseline.files().get(step.path());
    }

    private FileComparison compare(RestorePlan.Step step) {
        boolean manifest = StaticPodManifest.readByKubelet(step.path());
        List<String> metadata = metadata(step);
        if (CREDENTIALS.contains(step.fileClass())) {
            return new FileComparison(
                    Text.notShown("keys and kubeconfigs are never shown; compare the digests"), null, metadata);
        }
        Side onNode = onNode(step);
        Side right = baselines(step);
        Side missing = onNode.problem() != null ? onNode : right;
        if (missing.problem() != null) {
            return new FileComparison(
                    missing.tooLarge() ? Text.notShown(missing.problem()) : Text.notAvailable(missing.problem()),
                    manifest ? Meaning.notAvailable(missing.problem()) : null,
                    metadata);
        }
        Text text = TextDiff.of(onNode.bytes(), right.bytes(), room);
        room -= text.lines().size();
        return new FileComparison(
                text, manifest ? ManifestMeaning.compare(onNode.content(), right.content()) : null, metadata);
    }

    /**
     * One side of a comparison.
     *
     * @param content null when there is no such file, or there is a problem
     * @param problem why the content is not known
     */
    private record Side(byte @Nullable [] content, @Nullable String problem, boolean tooLarge) {
        static Side unknown(String problem) {
            return new Side(null, problem, false);
        }

        byte[] bytes() {
            return content == null ? new byte[0] : content;
        }
    }

    private Side onNode(RestorePlan.Step step) {
        if (step.drift() == Drift.Kind.MISSING) {
            return new Side(null, null, false);
        }
        if (step.before() == null) {
            return Side.unknown("what is on the node has no content that can be read");
        }
        try (InputStream in = evidence.open(step.before()).orElse(null)) {
            return in == null
                    ? Side.unknown("the content on the node is not in the evidence store")
                    : read(in, "the content on the node", step.before());
        } catch (IOException | UncheckedIOException unreadable) {
            return Side.unknown("the evidence store cannot be read");
        }
    }

    private Side baselines(RestorePlan.Step step) {
        if (baseline == null) {
            return Side.unknown(noBaseline);
        }
        BaselineFile file = baseline.files().get(step.path());
        if (file == null) {
            return new Side(null, null, false);
        }
        if (file.held() != BaselineFile.Held.CONTENT) {
            return Side.unknown("the baseline does not hold its content");
        }
        if (file.size() > MAX_BYTES) {
            return tooLarge("the baseline's content");
        }
        try (InputStream in = baseline.open(file)) {
            return read(in, "the baseline's content", file.sha256());
        } catch (IOException | UncheckedIOException unreadable) {
            return Side.unknown("the baseline cannot be read");
        }
    }

    private static Side read(InputStream in, String whose, Digest expected) throws IOException {
        byte[] content = in.readNBytes(MAX_BYTES + 1);
        if (content.length > MAX_BYTES) {
            return tooLarge(whose);
        }
        return Digest.ofBytes(content).equals(expected)
                ? new Side(content, null, false)
                : Side.unknown(whose + " is not what its digest says");
    }

    private static Side tooLarge(String whose) {
        return new Side(null, whose + " is longer than " + MAX_BYTES + " bytes; compare the digests", true);
    }

    private List<String> metadata(RestorePlan.Step step) {
        ScannedFile now = found.get(step.path());
        BaselineFile right = approved(step);
        if (now == null || right == null) {
            return List.of();
        }
        List<String> differences = new ArrayList<>();
        if (now.mode() != right.mode()) {
            differences.add("The mode is %04o on the node, %04o in the baseline.".formatted(now.mode(), right.mode()));
        }
        if (!Objects.equals(DriftFinder.id(right.owner(), scan.users()), now.uid())) {
            differences.add("The owner is user id " + now.uid() + " on the node, " + PlainText.line(right.owner(), 64)
                    + " in the baseline.");
        }
        if (!Objects.equals(DriftFinder.id(right.group(), scan.groups()), now.gid())) {
            differences.add("The group is group id " + now.gid() + " on the node, " + PlainText.line(right.group(), 64)
                    + " in the baseline.");
        }
        return differences;
    }
}
