package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.recovery.FileComparison.MeaningStatus;
import dev.drawbridge.recovery.FileComparison.Text;
import dev.drawbridge.recovery.FileComparison.TextStatus;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which files of a plan are compared, from what, and how many; an evidence store and a baseline in memory. */
class ComparisonsTest {
    private static final NodeName NODE = NodeName.of("cp-1");
    private static final BaselineRevision REVISION = new BaselineRevision("c0ffee", "SHA256:x", "refs/tags/baseline");
    private static final String MANIFEST = "/etc/kubernetes/manifests/a.yaml";

    private final Map<Digest, byte[]> evidence = new HashMap<>();
    private final SortedMap<NodePath, BaselineFile> approved = new TreeMap<>();
    private final Map<NodePath, byte[]> contents = new HashMap<>();
    private final List<RestorePlan.Step> steps = new ArrayList<>();
    private final List<ScannedFile> scanned = new ArrayList<>();

    private final class KnownBaseline implements Baseline {
        @Override
        public BaselineRevision revision() {
            return REVISION;
        }

        @Override
        public SortedMap<NodePath, BaselineFile> files() {
            return approved;
        }

        @Override
        public InputStream open(BaselineFile file) {
            return new ByteArrayInputStream(contents.get(file.path()));
        }
    }

    private final class KnownEvidence implements EvidenceLocker {
        @Override
        public Optional<EvidenceReceipt> capture(
                Actor actor, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files) {
            throw new UnsupportedOperationException("comparing keeps nothing");
        }

        @Override
        public ReceiptLookup look(IncidentId incident) {
            return new ReceiptLookup.None();
        }

        @Override
        public Optional<InputStream> open(Digest content) {
            if (content.equals(Digest.ofText("unreadable"))) {
                throw new UncheckedIOException(new java.io.IOException("disk"));
            }
            return Optional.ofNullable(evidence.get(content)).map(ByteArrayInputStream::new);
        }
    }

    private NodePath file(String path, @Nullable String onNode, @Nullable String baseline) {
        NodePath file = NodePath.of(path);
        Digest before = onNode == null ? null : Digest.ofText(onNode);
        Digest after = baseline == null ? null : Digest.ofText(baseline);
        if (onNode != null) {
            evidence.put(before, onNode.getBytes(UTF_8));
        }
        if (baseline != null) {
            contents.put(file, baseline.getBytes(UTF_8));
            approved.put(
                    file,
                    new BaselineFile(file, BaselineFile.Held.CONTENT, after, baseline.length(), 0600, "root", "root"));
        }
        Drift.Kind drift =
                onNode == null ? Drift.Kind.MISSING : baseline == null ? Drift.Kind.UNEXPECTED : Drift.Kind.MODIFIED;
        step(file, drift, before, after);
        return file;
    }

    private void step(NodePath file, Drift.Kind drift, @Nullable Digest before, @Nullable Digest after) {
        steps.add(new RestorePlan.Step(
                file, drift, FileClass.of(file), FileAction.RESTORE, before, after, "why", "effect"));
    }

    private Map<NodePath, FileComparison> compared(@Nullable Baseline baseline) {
        NodeScan scan = new NodeScan(NODE, Instant.EPOCH, List.of(), scanned, Map.of("etcd", 7L), Map.of());
        Map<NodePath, ScannedFile> found =
                scan.files().at(scanned.stream().map(ScannedFile::path).toList());
        RestorePlan plan = new RestorePlan(
                IncidentId.of("incident-1"),
                NODE,
                REVISION,
                steps,
                true,
                PlanHash.of(NODE, REVISION, steps),
                Instant.EPOCH);
        return new Comparisons(new KnownEvidence(), baseline, "no baseline today", scan, found).of(plan);
    }

    private FileComparison only(NodePath file) {
        return compared(new KnownBaseline()).get(file);
    }

    @Test
    void bothSidesAreShown() {
        FileComparison compared =
                only(file(MANIFEST, "kind: Pod\nmetadata: {name: a}\nx: 1\n", "kind: Pod\nmetadata: {name: a}\n"));
        assertThat(compared.text().lines()).endsWith("-x: 1");
        assertThat(compared.meaning().changes()).containsExactly("Also different: x.");
    }

    @Test
    void onlyWhatKubeletRunsHasAMeaning() {
        for (String path : List.of(
                "/etc/kubernetes/manifests/.a.yaml",
                "/etc/kubernetes/manifests/sub/a.yaml",
                "/etc/kubernetes/audit.yaml")) {
            assertThat(only(file(path, "a\n", "b\n")).meaning()).isNull();
        }
    }

    @Test
    void keysAndKubeconfigsAreNeverReadNorShown() {
        for (String path : List.of(
                "/etc/kubernetes/pki/ca.key",
                "/etc/kubernetes/pki/sa.key",
                "/etc/kubernetes/pki/apiserver.key",
                "/etc/kubernetes/admin.conf")) {
            assertThat(only(file(path, "SECRET a " + path, "SECRET b " + path)))
                    .isEqualTo(new FileComparison(
                            Text.notShown("keys and kubeconfigs are never shown; compare the digests"),
                            null,
                            List.of()));
        }
        FileComparison copied = only(file(
                MANIFEST,
                "kind: Config\nusers: [{user: {client-key-data: U0VDUkVU}}]\n",
                "kind: Pod\nmetadata: {name: a}\n"));
        assertThat(copied.text().status()).isEqualTo(TextStatus.NOT_SHOWN);
        assertThat(copied.toString()).doesNotContain("U0VDUkVU");
    }

    @Test
    void whatIsNotThereIsNotAvailableAndNeverTheSame() {
        NodePath notKept = file("/etc/kubernetes/manifests/not-kept", "x", "a");
        evidence.clear();
        NodePath damaged = file("/etc/kubernetes/manifests/damaged", "y", "b");
        evidence.put(Digest.ofText("y"), "other".getBytes(UTF_8));
        NodePath link = NodePath.of("/etc/kubernetes/manifests/link");
        step(link, Drift.Kind.UNEXPECTED, null, null);
        NodePath disk = NodePath.of("/etc/kubernetes/manifests/disk");
        step(disk, Drift.Kind.UNEXPECTED, Digest.ofText("unreadable"), null);
        Map<NodePath, FileComparison> compared = compared(new KnownBaseline());
        Map<NodePath, String> reasons = Map.of(
                notKept, "the content on the node is not in the evidence store",
                damaged, "the content on the node is not what its digest says",
                link, "what is on the node has no content that can be read",
                disk, "the evidence store cannot be read");
        assertThat(compared).hasSize(4);
        reasons.forEach((path, reason) -> {
            assertThat(compared.get(path).text()).isEqualTo(Text.notAvailable(reason));
            assertThat(compared.get(path).meaning()).isEqualTo(FileComparison.Meaning.notAvailable(reason));
        });
    }

    @Test
    void withoutTheBaselineNothingIsCompared() {
        NodePath path = file(MANIFEST, "a", "a");
        assertThat(compared(null).get(path).text()).isEqualTo(Text.notAvailable("no baseline today"));
        assertThat(compared(null).get(path).meaning().status()).isEqualTo(MeaningStatus.NOT_AVAILABLE);
    }

    @Test
    void whatIsTooLargeIsToldApartByItsDigests() {
        String large = "x".repeat(Comparisons.MAX_BYTES + 1);
        assertThat(only(file(MANIFEST, large, "a")).text())
                .isEqualTo(Text.notShown("the content on the node is longer than 262144 bytes; compare the digests"));
        assertThat(only(file("/etc/kubernetes/manifests/b", "a", large)).text())
                .isEqualTo(Text.notShown("the baseline's content is longer than 262144 bytes; compare the digests"));
    }

    @Test
    void differencesOfOwnerGroupAndModeAreSaid() {
        NodePath path = file(MANIFEST, "a", "a");
        scanned.add(new ScannedFile(path, FileType.FILE, 04755, 1000, 5, 1, 0, 1, Digest.ofText("a"), null));
        FileComparison compared = only(path);
        assertThat(compared.text().status()).isEqualTo(TextStatus.SAME);
        assertThat(compared.metadata())
                .containsExactly(
                        "The mode is 4755 on the node, 0600 in the baseline.",
                        "The owner is user id 1000 on the node, root in the baseline.",
                        "The group is group id 5 on the node, root in the baseline.");
    }

    @Test
    void manyFilesDoNotUseUpTheRoomOfTheBaselines() {
        for (int i = 0; i < 300; i++) {
            file("/etc/kubernetes/manifests/" + i, ("line\n" + i + "\n").repeat(150), null);
        }
        NodePath last = file("/etc/kubernetes/manifests/kube-apiserver.yaml", "a\n", "b\n");
        Map<NodePath, FileComparison> compared = compared(new KnownBaseline());
        assertThat(compared).hasSize(301);
        assertThat(compared.get(last).text().lines()).endsWith("-a", "+b");
        assertThat(compared.values().stream()
                        .mapToInt(one -> one.text().lines().size())
                        .sum())
                .isLessThanOrEqualTo(Comparisons.MAX_LINES);
        assertThat(compared.values())
                .anySatisfy(one -> assertThat(one.text().note()).contains("are longer than what is kept for display"))
                .filteredOn(one -> one.text().note().equals("only the first 200 files are compared"))
                .hasSize(101);
    }
}
