package dev.drawbridge.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.containment.ClusterRecords.Document;
import dev.drawbridge.containment.KnownClusterRecords;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.UnaskedFiles;
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
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class EvidenceRegistryTest {
    private static final Actor ACTOR = Actor.playbook("test");
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final NodePath ROGUE = NodePath.of("/etc/kubernetes/manifests/rogue.yaml");
    private static final NodePath COPY = NodePath.of("/etc/kubernetes/manifests/copy.yaml");

    @TempDir
    Path temp;

    /** Node that holds what the test says, whatever the scan said before. */
    private static final class HeldFiles extends UnaskedFiles {
        final Map<NodePath, String> content = new HashMap<>();
        int reads;

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

    private EvidenceLocker locker(TestDatabase database, NodeFiles files, DataSize perFile, DataSize perIncident) {
        return new TestLocker(
                        temp.resolve("evidence"),
                        database,
                        Clock.systemUTC(),
                        new EvidenceProperties(temp, perFile, perIncident, null))
                .locker(files, TestLocker.unseen(), new KnownClusterRecords());
    }

    private static EvidenceItem item(EvidenceReceipt receipt, EvidenceItem.Kind kind) {
        return receipt.items().stream()
                .filter(item -> item.kind() == kind)
                .findFirst()
                .orElseThrow();
    }

    private static boolean covers(EvidenceReceipt receipt, ScannedFile found) {
        Optional<EvidenceReceipt.Cover> cover = receipt.cover(found);
        cover.ifPresent(given -> {
            assertThat(given.path()).isEqualTo(found.path());
            assertThat(given.content()).isEqualTo(found.sha256());
            assertThat(given.expected()).isEqualTo(Expected.of(found));
        });
        return cover.isPresent();
    }

    private static EvidenceItem item(EvidenceReceipt receipt, NodePath path) {
        return receipt.items().stream()
                .filter(item -> item.origin().equals(path.toString()))
                .findFirst()
                .orElseThrow();
    }

    private static String text(EvidenceLocker locker, EvidenceItem item) throws IOException {
        try (InputStream in = locker.open(item.sha256()).orElseThrow()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
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
        assertThat(receipt.capturedBy()).isEqualTo(ACTOR);
        assertThat(covers(receipt, file(ROGUE, "rogue"))).isTrue();
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
    void aFileAboveTheLimitIsNeverCoveredAndTheReceiptSaysWhy() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            EvidenceLocker locker = locker(database, node, DataSize.ofBytes(4), DataSize.ofGigabytes(1));
            EvidenceReceipt receipt =
                    capture(locker, List.of(file(ROGUE, "rogue"))).orElseThrow();
            assertThat(covers(receipt, file(ROGUE, "rogue"))).isFalse();
            assertThat(node.reads).isZero();
            assertThat(item(receipt, ROGUE).description()).startsWith("not available: it is larger than 4B");
        }
    }

    @Test
    void anIncidentKeepsNoMoreThanItsLimitOverAllItsCaptures() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "r".repeat(700));
            node.content.put(COPY, "c".repeat(2000));
            List<ScannedFile> files = List.of(file(COPY, "c".repeat(2000)), file(ROGUE, "r".repeat(700)));
            EvidenceLocker locker = locker(database, node, DataSize.ofKilobytes(10), DataSize.ofBytes(2000));
            EvidenceReceipt receipt = capture(locker, files).orElseThrow();
            assertThat(item(receipt, COPY).description())
                    .startsWith("not available: the incident would hold more than 2000B");
            assertThat(covers(receipt, files.get(0))).isFalse();
            assertThat(covers(receipt, files.get(1))).isTrue();
            node.content.put(COPY, "d".repeat(1500));
            EvidenceReceipt second = capture(
                            locker, List.of(file(COPY, "d".repeat(1500)), file(ROGUE, "r".repeat(700))))
                    .orElseThrow();
            assertThat(covers(second, file(COPY, "d".repeat(1500)))).isFalse();
            assertThat(covers(second, files.get(1)))
                    .as("what it holds already costs nothing")
                    .isTrue();
        }
    }

    @Test
    void whatCannotBeReadIsNeverCovered() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            ScannedFile unreadable = new ScannedFile(ROGUE, FileType.FILE, 0600, 0, 0, 5, 1, 1, null, null);
            ScannedFile unstable = new ScannedFile(COPY, FileType.UNSTABLE, 0, 0, 0, 0, 0, 1, null, null);
            NodePath linkPath = NodePath.of("/etc/kubernetes/manifests/link.yaml");
            ScannedFile link = new ScannedFile(linkPath, FileType.SYMLINK, 0777, 0, 0, 4, 1, 1, null, "/tmp");
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), new HeldFiles(), database);
            EvidenceReceipt receipt =
                    capture(locker, List.of(unreadable, unstable, link)).orElseThrow();
            assertThat(covers(receipt, unreadable)).isFalse();
            assertThat(covers(receipt, unstable)).isFalse();
            assertThat(covers(receipt, link)).isTrue();
            assertThat(covers(receipt, file(linkPath, ""))).isFalse();
            assertThat(covers(receipt, new ScannedFile(linkPath, FileType.SYMLINK, 0777, 0, 0, 4, 1, 1, null, "/var")))
                    .as("the same name, and leads elsewhere")
                    .isFalse();
            assertThat(covers(receipt, new ScannedFile(linkPath, FileType.FIFO, 0777, 0, 0, 4, 1, 1, null, null)))
                    .isFalse();
            assertThat(receipt.nothingAt(ROGUE).content()).isNull();
            assertThat(item(receipt, linkPath).description()).contains("target=/tmp");
        }
    }

    @Test
    void theScanProcessesNodePodsAndEventsAreKeptWithTheFiles() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            KnownClusterRecords cluster = new KnownClusterRecords();
            cluster.node = new Document("", "worker-1", "{\"kind\":\"Node\"}");
            cluster.pods.add(new Document("kube-system", "etcd-worker-1", "{\"kind\":\"Pod\"}"));
            cluster.events.add(new Document("default", "e1", "{\"kind\":\"Event\",\"n\":1}"));
            cluster.events.add(new Document("default", "e2", "{\"kind\":\"Event\",\"n\":2}"));
            List<NodePath> asked = new ArrayList<>();
            NodeProcess vi = new NodeProcess(
                    77,
                    1,
                    0L,
                    Instant.parse("2026-11-24T00:00:00Z"),
                    "vi",
                    "/usr/bin/vi",
                    "vi rogue.yaml",
                    null,
                    null,
                    List.of(ROGUE.toString()));
            NodeProcess kubelet = new NodeProcess(
                    90,
                    1,
                    0L,
                    null,
                    "kubelet",
                    "/usr/bin/kubelet",
                    "kubelet --kubeconfig=/etc/kubernetes/kubelet.conf",
                    null,
                    null,
                    List.of());
            NodeProcess other = new NodeProcess(1, 0, 0L, null, "init", "/sbin/init", "init", null, null, List.of());
            EvidenceLocker locker = TestLocker.with(temp.resolve("evidence"), database, Clock.systemUTC(), null)
                    .locker(
                            node,
                            (name, directories) -> {
                                asked.addAll(directories);
                                return new NodeProcesses.Snapshot.Seen(List.of(other, vi, kubelet), List.of("one gap"));
                            },
                            cluster);

            EvidenceReceipt receipt = locker.capture(
                            ACTOR,
                            INCIDENT,
                            NODE,
                            scan(List.of(file(COPY, "copy"), file(ROGUE, "rogue"))),
                            List.of(file(ROGUE, "rogue")))
                    .orElseThrow();

            assertThat(receipt.items())
                    .extracting(EvidenceItem::kind)
                    .as("what is gone first is taken first")
                    .containsExactly(
                            EvidenceItem.Kind.PROCESSES,
                            EvidenceItem.Kind.SCAN,
                            EvidenceItem.Kind.FILE,
                            EvidenceItem.Kind.NODE,
                            EvidenceItem.Kind.STATIC_POD,
                            EvidenceItem.Kind.EVENTS);
            assertThat(receipt.items()).extracting(EvidenceItem::state).containsOnly(EvidenceItem.State.KEPT);
            assertThat(text(locker, item(receipt, EvidenceItem.Kind.SCAN)).lines())
                    .as("the directory, also what no plan touches")
                    .containsExactly(
                            COPY + " type=FILE mode=0600 uid=0 gid=0 size=4 mtime=1 links=1 sha256="
                                    + Digest.ofText("copy") + " target=-",
                            ROGUE + " type=FILE mode=0600 uid=0 gid=0 size=5 mtime=1 links=1 sha256="
                                    + Digest.ofText("rogue") + " target=-");
            assertThat(asked).containsExactly(NodePath.of("/etc/kubernetes"));
            EvidenceItem processes = item(receipt, EvidenceItem.Kind.PROCESSES);
            assertThat(processes.description())
                    .isEqualTo(
                            "3 processes, of which 2 work in the watched directories, have something open there or name it; one gap");
            List<String> lines = text(locker, processes).lines().toList();
            assertThat(lines).hasSize(3);
            assertThat(lines.get(1))
                    .contains("\"id\":77", "\"startedAt\":\"2026-11-24T00:00:00Z\"", "\"openFiles\":[\"" + ROGUE);
            EvidenceItem pod = item(receipt, EvidenceItem.Kind.STATIC_POD);
            assertThat(pod.origin()).isEqualTo("static pod kube-system/etcd-worker-1");
            assertThat(text(locker, pod)).isEqualTo("{\"kind\":\"Pod\"}");
            assertThat(text(locker, item(receipt, EvidenceItem.Kind.EVENTS))).hasLineCount(2);
            assertThat(text(locker, item(receipt, EvidenceItem.Kind.NODE))).isEqualTo("{\"kind\":\"Node\"}");
        }
    }

    @Test
    void contextThatCannotBeHadSaysWhyAndHoldsUpNothing() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            KnownClusterRecords cluster = new KnownClusterRecords();
            cluster.down = new IllegalStateException("GET https://admin:secret@10.0.0.1/api\nrefused\u001b[2J");
            TestLocker test = TestLocker.with(temp.resolve("evidence"), database, Clock.systemUTC(), null);
            EvidenceLocker locker = test.locker(
                    node,
                    (name, directories) -> {
                        throw new NodeUnreachableException("the connection broke", null);
                    },
                    cluster);
            EvidenceReceipt receipt =
                    capture(locker, List.of(file(ROGUE, "rogue"))).orElseThrow();
            assertThat(covers(receipt, file(ROGUE, "rogue"))).isTrue();
            assertThat(item(receipt, EvidenceItem.Kind.PROCESSES).description())
                    .isEqualTo("not available: the connection broke");
            for (EvidenceItem.Kind kind :
                    List.of(EvidenceItem.Kind.NODE, EvidenceItem.Kind.STATIC_POD, EvidenceItem.Kind.EVENTS)) {
                assertThat(item(receipt, kind).description())
                        .isEqualTo("not available: GET https://10.0.0.1/api refused [2J");
            }
            assertThat(test.audit.timeline(INCIDENT, 0, 10))
                    .last()
                    .satisfies(entry -> assertThat(entry.event().details().get("notAvailable"))
                            .hasLineCount(4));
        }
    }

    @Test
    void thatThereIsNothingIsNotThatItIsNotAvailable() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            KnownClusterRecords cluster = new KnownClusterRecords();
            EvidenceLocker locker = TestLocker.with(temp.resolve("evidence"), database, Clock.systemUTC(), null)
                    .locker(new HeldFiles(), TestLocker.unseen(), cluster);
            EvidenceReceipt empty = capture(locker, List.of()).orElseThrow();
            assertThat(item(empty, EvidenceItem.Kind.STATIC_POD))
                    .extracting(EvidenceItem::state, EvidenceItem::description)
                    .containsExactly(EvidenceItem.State.NO_CONTENT, "the API shows none");
            assertThat(item(empty, EvidenceItem.Kind.EVENTS).state()).isEqualTo(EvidenceItem.State.NO_CONTENT);
            assertThat(item(empty, EvidenceItem.Kind.NODE).description())
                    .isEqualTo("not available: the cluster has no node of this name");
            cluster.pods.add(new Document("kube-system", "etcd-worker-1", "{}"));
            cluster.complete = false;
            assertThat(capture(locker, List.of()).orElseThrow().items())
                    .filteredOn(item -> item.kind() == EvidenceItem.Kind.STATIC_POD)
                    .extracting(EvidenceItem::state)
                    .containsExactly(EvidenceItem.State.KEPT, EvidenceItem.State.NOT_AVAILABLE);
        }
    }

    @Test
    void aDamagedCopyIsCapturedAnew() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            HeldFiles node = new HeldFiles();
            node.content.put(ROGUE, "rogue");
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), node, database);
            capture(locker, List.of(file(ROGUE, "rogue"))).orElseThrow();
            String name = Digest.ofText("rogue").hex();
            Path blob = temp.resolve("evidence").resolve(name.substring(0, 2)).resolve(name);
            Files.writeString(blob, "roguf");

            EvidenceReceipt again =
                    capture(locker, List.of(file(ROGUE, "rogue"))).orElseThrow();
            assertThat(text(locker, item(again, ROGUE))).isEqualTo("rogue");
            Files.writeString(blob, "roguf");
            node.content.clear();
            assertThat(capture(locker, List.of(file(ROGUE, "rogue"))))
                    .as("a damaged copy proves nothing")
                    .isEmpty();
        }
    }

    @Test
    void aReceiptThatWasAlteredIsNone() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            TestLocker test = TestLocker.with(temp.resolve("evidence"), database, Clock.systemUTC(), null);
            EvidenceLocker locker = test.locker(new HeldFiles(), TestLocker.unseen(), new KnownClusterRecords());
            EvidenceReceipt receipt = capture(locker, List.of()).orElseThrow();
            database.jdbc()
                    .sql("update evidence_receipt set items = replace(items, 'scan of', 'scan in')")
                    .update();
            for (int i = 0; i < 3; i++) {
                assertThat(locker.look(INCIDENT))
                        .isEqualTo(new ReceiptLookup.Damaged(receipt.manifest().hex(), receipt.capturedAt()));
            }
            assertThatThrownBy(() -> locker.receipt(INCIDENT)).hasMessageContaining("damaged");
            assertThat(test.audit.timeline(INCIDENT, 0, 100).stream()
                            .filter(entry -> entry.event().action().equals("evidence.damaged")))
                    .as("told once, however often somebody looks")
                    .singleElement()
                    .satisfies(entry -> assertThat(entry.event().details())
                            .containsEntry("manifest", receipt.manifest().hex()));
            assertThat(test.meters.get("drawbridge.evidence.damaged").gauge().value())
                    .isEqualTo(1);
        }
    }

    @Test
    void aReceiptOfBeforeThereWereKindsIsStillRead() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            String digest = Digest.ofText("rogue").hex();
            String items = "[{\"origin\":\"" + ROGUE + "\",\"sha256\":{\"hex\":\"" + digest
                    + "\"},\"size\":5,\"capturedAt\":1764000000.000001,\"description\":\"type=FILE\"}]";
            database.jdbc()
                    .sql(
                            "insert into evidence_receipt (incident_id, node, at, manifest, items) values (?, ?, now(), ?, ?)")
                    .params(INCIDENT.value(), NODE.value(), Digest.ofText(items).hex(), items)
                    .update();
            EvidenceReceipt receipt = TestLocker.in(temp.resolve("evidence"), new HeldFiles(), database)
                    .receipt(INCIDENT)
                    .orElseThrow();
            assertThat(covers(receipt, file(ROGUE, "rogue"))).isTrue();
            assertThat(receipt.capturedBy()).isNull();
        }
    }

    @Test
    void whatADeadProcessLeftHalfWrittenIsRemovedAfterADay() throws Exception {
        try (TestDatabase database = TestDatabase.h2()) {
            Path directory = Files.createDirectories(temp.resolve("evidence"));
            Path old = Files.writeString(directory.resolve("incoming1.part"), "half");
            Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
            Path young = Files.writeString(directory.resolve("incoming2.part"), "half");
            TestLocker.in(directory, new HeldFiles(), database);
            assertThat(old).doesNotExist();
            assertThat(young).exists();
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
