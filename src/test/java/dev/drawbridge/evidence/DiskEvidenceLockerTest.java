package dev.drawbridge.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class DiskEvidenceLockerTest {
    private static final Actor ACTOR = Actor.playbook("test");
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final NodePath ROGUE = NodePath.of("/etc/kubernetes/manifests/rogue.yaml");
    private static final NodePath COPY = NodePath.of("/etc/kubernetes/manifests/copy.yaml");

    @TempDir
    Path temp;

    /** Node that holds what the test says, whatever the scan said before. */
    private static final class HeldFiles implements NodeFiles {
        final Map<NodePath, String> content = new HashMap<>();
        int reads;

        @Override
        public NodeScan scan(NodeName node, List<NodePath> roots) {
            throw new UnsupportedOperationException("the locker keeps the scan that it is given");
        }

        @Override
        public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
            reads++;
            String text = content.get(path);
            if (text == null) {
                return Optional.empty();
            }
            try {
                sink.write(text.getBytes(StandardCharsets.UTF_8));
            } catch (IOException full) {
                throw new UncheckedIOException(full);
            }
            return Optional.of(Digest.ofText(text));
        }

        @Override
        public WriteOutcome write(NodeName node, Permit permit, FileWrite write, InputStream content) {
            throw new UnsupportedOperationException("evidence changes nothing on a node");
        }

        @Override
        public WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected) {
            throw new UnsupportedOperationException("evidence changes nothing on a node");
        }
    }

    private static ScannedFile file(NodePath path, String text) {
        return new ScannedFile(path, FileType.FILE, 0600, 0, 0, text.length(), 1, 1, Digest.ofText(text), null);
    }

    private static NodeScan scan(List<ScannedFile> files) {
        return new NodeScan(
                NODE,
                Instant.parse("2026-11-24T00:00:00Z"),
                List.of(NodePath.of("/etc/kubernetes")),
                files,
                Map.of("root", 0L),
                Map.of("root", 0L));
    }

    private static Optional<EvidenceReceipt> capture(EvidenceLocker locker, List<ScannedFile> files) {
        return locker.capture(ACTOR, INCIDENT, NODE, scan(files), files);
    }

    private void keepsAcrossARestart(TestDatabase database) throws IOException {
        HeldFiles node = new HeldFiles();
        node.content.put(ROGUE, "rogue");
        EvidenceReceipt receipt = capture(
                        TestLocker.in(temp.resolve("evidence"), node, database), List.of(file(ROGUE, "rogue")))
                .orElseThrow();

        EvidenceLocker restarted = TestLocker.in(temp.resolve("evidence"), node, database);
        assertThat(restarted.receipt(INCIDENT).orElseThrow())
                .usingRecursiveComparison()
                .isEqualTo(receipt);
        assertThat(receipt.covers(ROGUE, Digest.ofText("rogue"))).isTrue();
        try (InputStream kept = restarted.open(Digest.ofText("rogue")).orElseThrow()) {
            assertThat(kept.readAllBytes()).isEqualTo("rogue".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(restarted.receipt(IncidentId.of("incident-2"))).isEmpty();
    }

    @Test
    void receiptsAndContentSurviveARestartOnH2() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            keepsAcrossARestart(database);
        }
    }

    @Test
    void receiptsAndContentSurviveARestartOnPostgres() throws Exception {
        try (TestDatabase database = TestDatabase.postgres()) {
            keepsAcrossARestart(database);
        }
    }

    @Test
    void aFileThatChangedSinceTheScanGivesNoReceipt() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "changed meanwhile");
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), node, database);
            assertThat(capture(locker, List.of(file(ROGUE, "rogue")))).isEmpty();
            node.content.clear();
            assertThat(capture(locker, List.of(file(ROGUE, "rogue")))).isEmpty();
            assertThat(locker.receipt(INCIDENT)).isEmpty();
        }
    }

    @Test
    void aFileAboveTheLimitIsNeverCovered() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), node, database, DataSize.ofBytes(4));
            EvidenceReceipt receipt =
                    capture(locker, List.of(file(ROGUE, "rogue"))).orElseThrow();
            assertThat(receipt.covers(ROGUE, Digest.ofText("rogue"))).isFalse();
            assertThat(receipt.covers(ROGUE, null)).isFalse();
            assertThat(node.reads).isZero();
        }
    }

    @Test
    void theSameContentIsReadAndKeptOnceAndForNobodyElsesEyes() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            node.content.put(COPY, "rogue");
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), node, database);
            capture(locker, List.of(file(COPY, "rogue"), file(ROGUE, "rogue"))).orElseThrow();
            assertThat(node.reads).isEqualTo(1);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve("evidence"))))
                    .isEqualTo("rwx------");
            try (var kept = Files.walk(temp.resolve("evidence"))) {
                List<Path> files = kept.filter(Files::isRegularFile).toList();
                assertThat(files)
                        .as("the content, the scan, and nothing half written")
                        .hasSize(2)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
        }
    }
}
