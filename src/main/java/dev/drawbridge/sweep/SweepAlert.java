package dev.drawbridge.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The alert about all the drift that the sweep of one node found: it names one file, and its text the first of the others. */
final class SweepAlert {
    static final String SOURCE = "sweep";
    static final String RULE = "drift";

    private static final int MOST_LISTED = 50;
    private static final int LONGEST_PATH = 300;
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private SweepAlert() {}

    /** Whether a playbook answers what a sweep raises. */
    static boolean answeredBy(Playbook playbook) {
        return playbook.match().rules().getOrDefault(SOURCE, Set.of()).contains(RULE);
    }

    /** The same drift from the same revision on the same node has the same digest, whenever it is found. */
    static Digest digest(NodeInfo node, BaselineRevision revision, List<Drift> drifts) {
        StringBuilder text = new StringBuilder(node.name() + "\n" + node.uid() + "\n" + revision.commit() + "\n");
        for (Drift drift : drifts) {
            ScannedFile found = drift.found();
            text.append(drift.path()).append('\n').append(drift.kind().code()).append('\n');
            if (found != null) {
                text.append(found.type())
                        .append(' ')
                        .append(found.mode())
                        .append(' ')
                        .append(found.uid())
                        .append(' ')
                        .append(found.gid())
                        .append(' ')
                        .append(found.links())
                        .append(' ')
                        .append(found.sha256())
                        .append(' ')
                        .append(found.linkTarget());
            }
            text.append('\n');
        }
        return Digest.ofText(text.toString());
    }

    /**
     * @param before the alert that the last sweep with drift raised: the same drift that comes back after it was answered is another
     *     alert; a sweep that is run again after a crash raises the same one
     */
    static Alert of(
            NodeInfo node,
            Playbook playbook,
            List<Drift> drifts,
            Digest digest,
            @Nullable AlertId before,
            Instant scannedAt,
            Instant now) {
        Drift first = drifts.stream()
                .min(Comparator.comparingInt(SweepAlert::rank).thenComparing(Drift::path))
                .orElseThrow();
        ScannedFile found = first.found();
        return new Alert(
                AlertId.of(Digest.ofText("sweep " + digest + " " + before).hex()),
                SOURCE,
                now,
                scannedAt,
                RULE,
                "Drift from the baseline, found by a sweep",
                first.fileClass() == FileClass.OTHER && first.kind() != Drift.Kind.BLOCKED ? "medium" : "high",
                node.name().value(),
                node.addresses().stream().sorted().toList(),
                null,
                null,
                true,
                false,
                first.kind().code(),
                path(first, playbook),
                null,
                found == null ? null : found.sha256(),
                new Alert.ProcessFacts(null, null, null, null, null, List.of()),
                new Alert.UserFacts(null, null, null, null));
    }

    private static int rank(Drift drift) {
        return drift.kind() == Drift.Kind.BLOCKED ? 0 : 1 + drift.fileClass().ordinal();
    }

    /** A directory that nobody could enter, or that is not there, is no watched file itself: it is named by one that might be in it. */
    private static String path(Drift drift, Playbook playbook) {
        if (drift.kind() != Drift.Kind.BLOCKED && playbook.watched().contains(drift.path())) {
            return text(drift.path());
        }
        WatchedSet answered = new WatchedSet(playbook.match().paths());
        return Stream.concat(playbook.match().paths().stream(), playbook.watched().patterns().stream())
                .map(pattern -> pattern.replaceFirst("\\*\\*?", "(not seen)"))
                .map(NodePath::of)
                .filter(path -> path.isWithin(drift.path()))
                .filter(path -> answered.contains(path) && playbook.watched().contains(path))
                .findFirst()
                .map(SweepAlert::text)
                .orElseGet(() -> text(drift.path()));
    }

    private static String text(NodePath path) {
        return new String(path.toBytes(), StandardCharsets.UTF_8);
    }

    /** What is kept beside the alert. */
    static String raw(NodeInfo node, BaselineRevision revision, List<Drift> drifts) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("node", node.name().value());
        told.put("revision", revision.toString());
        told.put("files", drifts.size());
        told.put(
                "drift",
                drifts.stream().limit(MOST_LISTED).map(SweepAlert::told).toList());
        try {
            return JSON.writeValueAsString(told);
        } catch (JsonProcessingException textsAlwaysWrite) {
            throw new IllegalStateException(textsAlwaysWrite);
        }
    }

    private static Map<String, String> told(Drift drift) {
        Map<String, String> one = new LinkedHashMap<>();
        String path = drift.path().toString();
        one.put("path", path.length() <= LONGEST_PATH ? path : path.substring(0, LONGEST_PATH));
        one.put("kind", drift.kind().code());
        ScannedFile found = drift.found();
        if (found != null && found.sha256() != null) {
            one.put("sha256", Objects.requireNonNull(found.sha256()).hex());
        }
        return one;
    }
}
