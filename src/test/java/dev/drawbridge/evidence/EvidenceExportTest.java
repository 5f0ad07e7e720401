package dev.drawbridge.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.containment.ClusterRecords.Document;
import dev.drawbridge.containment.KnownClusterRecords;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From files on a node behind SSH to a bag that others verify. */
class EvidenceExportTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final IncidentId ID = IncidentId.of("incident-1");
    private static final Actor PLAYBOOK = Actor.playbook("tampering");
    private static final Actor AUDITOR = Actor.person("auditor");
    private static final String MANIFESTS = "/etc/kubernetes/manifests/";
    private static final Instant OPENED = Instant.parse("2026-11-24T09:00:00Z");
    private static final Instant CAPTURED = Instant.parse("2026-11-24T09:05:00Z");
    private static final Incident INCIDENT = new Incident(
            ID,
            "production",
            TestNode.NAME,
            "worker-1",
            IncidentState.RESTORING,
            "high",
            "title",
            "tampering",
            "1",
            OPENED,
            OPENED,
            null,
            null);

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private final KnownClusterRecords cluster = new KnownClusterRecords();
    private TestNode node;
    private TestLocker test;
    private EvidenceLocker locker;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        test = TestLocker.with(temp.resolve("evidence"), database, Clock.fixed(CAPTURED, ZoneOffset.UTC), null);
        cluster.node = new Document("", "worker-1", "{\"kind\":\"Node\"}");
        NodeProcess process = new NodeProcess(7, 1, 0L, null, "vi", "/usr/bin/vi", "vi", null, null, List.of());
        locker = test.locker(
                node.files(),
                (name, directories) -> new NodeProcesses.Snapshot.Seen(List.of(process), List.of()),
                cluster);
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        database.close();
    }

    private EvidenceReceipt capture() {
        NodeScan scan = node.files().scan(TestNode.NAME, List.of(NodePath.of("/etc/kubernetes")));
        List<ScannedFile> files = scan.files().stream()
                .filter(file -> file.sha256() != null || file.linkTarget() != null)
                .toList();
        return locker.capture(PLAYBOOK, ID, TestNode.NAME, scan, files).orElseThrow();
    }

    private byte[] export() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        test.export().write(AUDITOR, INCIDENT, out);
        return out.toByteArray();
    }

    private static List<JsonNode> json(Bags bag, String file) throws IOException {
        List<JsonNode> nodes = new ArrayList<>();
        for (String line : bag.lines(file)) {
            nodes.add(JSON.readTree(line));
        }
        return nodes;
    }

    private static Map<String, JsonNode> byOrigin(Bags bag) throws IOException {
        Map<String, JsonNode> lines = new HashMap<>();
        for (JsonNode line : json(bag, "custody.jsonl")) {
            lines.put(line.path("capture").asInt() + " " + line.path("origin").asText(), line);
        }
        return lines;
    }

    private List<AuditEvent> audit() {
        return test.audit.timeline(ID, 0, 100).stream().map(AuditEntry::event).toList();
    }

    /** Names that a node can really hold and that mean something to somebody who unpacks. */
    private static final List<String> HOSTILE =
            List.of("plain.yaml", "100%25.yaml", "line\nbreak", "a b\\c:d", "CON", "ä".repeat(120), "-rf", "=41");

    private void hostileFiles() throws IOException {
        for (String name : HOSTILE) {
            node.put(MANIFESTS + name, ("content of " + name).getBytes(UTF_8));
        }
        Files.createSymbolicLink(node.path(MANIFESTS + "link"), Path.of("/etc/shadow"));
    }

    @Test
    void theBagIsValidAndSaysWhereEachPieceComesFrom() throws Exception {
        hostileFiles();
        EvidenceReceipt first = capture();
        node.put(MANIFESTS + "plain.yaml", "changed".getBytes(UTF_8));
        EvidenceReceipt second = capture();

        Bags bag = Bags.read(export());

        assertThat(bag.problems()).isEmpty();
        assertThat(bag.name()).isEqualTo("drawbridge-evidence-incident-1");
        assertThat(bag.files())
                .contains(
                        "bagit.txt",
                        "bag-info.txt",
                        "manifest-sha256.txt",
                        "tagmanifest-sha256.txt",
                        "custody.jsonl",
                        "handling.jsonl")
                .allMatch(file -> file.matches("[A-Za-z0-9._=/-]+") && !file.contains("..") && file.length() < 120);
        assertThat(bag.lines("bag-info.txt")).contains("External-Identifier: incident-1");
        assertThat(Digest.ofText(bag.text("data/1/receipt.json")))
                .as("what the audit entry of the capture names")
                .isEqualTo(first.manifest());
        assertThat(Digest.ofText(bag.text("data/2/receipt.json"))).isEqualTo(second.manifest());

        Map<String, JsonNode> custody = byOrigin(bag);
        for (String name : HOSTILE) {
            JsonNode line = custody.get("1 " + NodePath.of(MANIFESTS + name));
            assertThat(bag.text(line.path("file").asText())).isEqualTo("content of " + name);
            assertThat(line.path("sha256").asText())
                    .isEqualTo(Digest.ofText("content of " + name).hex());
            assertThat(line.path("capturedBy").asText()).isEqualTo("playbook:tampering");
            assertThat(line.path("cluster").asText()).isEqualTo("production");
            assertThat(line.path("node").asText()).isEqualTo("worker-1");
            assertThat(line.path("incident").asText()).isEqualTo("incident-1");
            assertThat(line.path("receipt").asText()).isEqualTo(first.manifest().hex());
            assertThat(line.path("capturedAt").asText()).isEqualTo(CAPTURED.toString());
            assertThat(line.has("problem")).isFalse();
        }
        assertThat(bag.text(custody.get("2 " + MANIFESTS + "plain.yaml")
                        .path("file")
                        .asText()))
                .isEqualTo("changed");
        JsonNode link = custody.get("1 " + MANIFESTS + "link");
        assertThat(link.path("state").asText()).isEqualTo("no-content");
        assertThat(link.has("file")).isFalse();
        assertThat(link.path("description").asText()).contains("target=/etc/shadow");
        assertThat(bag.files())
                .anyMatch(file -> file.matches("data/1/\\d{4}-scan.txt"))
                .anyMatch(file -> file.matches("data/1/\\d{4}-processes.jsonl"))
                .anyMatch(file -> file.matches("data/1/\\d{4}-node.json"));
    }

    @Test
    void aDamagedReceiptIsHandedOutAsItIsAndVerifyingSaysSo() throws Exception {
        node.put(MANIFESTS + "plain.yaml", "first".getBytes(StandardCharsets.UTF_8));
        EvidenceReceipt receipt = capture();
        node.put(MANIFESTS + "plain.yaml", "second".getBytes(StandardCharsets.UTF_8));
        capture();
        database.jdbc()
                .sql("update evidence_receipt set items = '[]' where manifest = :manifest")
                .param("manifest", receipt.manifest().hex())
                .update();

        Bags bag = Bags.read(export());

        assertThat(bag.problems()).anyMatch(problem -> problem.contains("1/receipt.json"));
        assertThat(bag.text("data/1/receipt.json")).isEqualTo("[]");
        assertThat(bag.text("data/1/content-" + Digest.ofText("first").hex()))
                .as("what it named is there, only nobody knows what it was")
                .isEqualTo("first");
        assertThat(json(bag, "custody.jsonl"))
                .filteredOn(line -> line.path("capture").asInt() == 1)
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line.path("problem").asText()).contains("damaged"));
        assertThat(json(bag, "custody.jsonl"))
                .filteredOn(line -> line.path("capture").asInt() == 2)
                .isNotEmpty()
                .noneMatch(line -> line.has("problem"));
        assertThat(audit()).extracting(AuditEvent::action).contains("evidence.damaged");
    }

    @Test
    void standardToolsUnpackAndVerifyIt() throws Exception {
        hostileFiles();
        capture();
        Path zip = Files.write(temp.resolve("evidence.zip"), export());
        boolean verified = false;
        for (List<String> unpack : List.of(
                List.of("unzip", "-q", zip.toString()),
                List.of("busybox", "unzip", "-q", zip.toString()),
                List.of("python3", "-m", "zipfile", "-e", zip.toString(), "."),
                List.of("jar", "xf", zip.toString()))) {
            if (!onThisMachine(unpack.get(0))) {
                continue;
            }
            Path place = Files.createDirectories(temp.resolve("unpacked-" + unpack.get(0)));
            run(place, unpack);
            Path bag = place.resolve("drawbridge-evidence-incident-1");
            // sha256sum takes every name in a manifest as it stands
            run(bag, List.of("sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"));
            run(bag, List.of("sha256sum", "--check", "--strict", "--quiet", "tagmanifest-sha256.txt"));
            try (Stream<Path> top = Files.list(place)) {
                assertThat(top).containsExactly(bag);
            }
            verified = true;
        }
        assumeTrue(verified, "skipped: needs any of unzip, busybox, python3 or jar (apt-get install unzip)");
    }

    private static boolean onThisMachine(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    private static void run(Path directory, List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(command + ": " + said).isZero();
    }

    @Test
    void whoTookItIsWrittenDownBeforeAndAfterAndInTheBag() throws Exception {
        node.put(MANIFESTS + "plain.yaml", "x".getBytes(UTF_8));
        EvidenceReceipt receipt = capture();

        Bags bag = Bags.read(export());

        List<AuditEvent> events = audit();
        assertThat(events)
                .extracting(event -> event.actor().display() + " " + event.action() + " " + event.phase())
                .containsExactly(
                        "playbook:tampering evidence.capture FACT",
                        "person:auditor evidence.export INTENT",
                        "person:auditor evidence.export OUTCOME");
        assertThat(events.get(2).evidence())
                .as("names exactly this bag")
                .isEqualTo(Digest.ofText(bag.text("tagmanifest-sha256.txt")));
        List<JsonNode> handling = json(bag, "handling.jsonl");
        assertThat(handling)
                .extracting(entry -> entry.path("action").asText() + " "
                        + entry.path("actor").asText())
                .containsExactly("evidence.capture playbook:tampering", "evidence.export person:auditor");
        assertThat(handling.get(0).path("evidence").asText())
                .isEqualTo(receipt.manifest().hex());
        AuditEntry entry = test.audit.timeline(ID, 0, 1).get(0);
        assertThat(handling.get(0).path("hash").asText()).isEqualTo(entry.hash().hex());
    }

    private Path blob(String content) {
        String name = Digest.ofText(content).hex();
        return temp.resolve("evidence").resolve(name.substring(0, 2)).resolve(name);
    }

    @Test
    void whatWasAlteredInTheStoreFailsItsVerificationAndWhatIsMissingIsNamed() throws Exception {
        node.put(MANIFESTS + "altered.yaml", "altered".getBytes(UTF_8));
        node.put(MANIFESTS + "missing.yaml", "missing".getBytes(UTF_8));
        capture();
        Files.writeString(blob("altered"), "something else");
        Files.delete(blob("missing"));

        Bags bag = Bags.read(export());

        Map<String, JsonNode> custody = byOrigin(bag);
        JsonNode altered = custody.get("1 " + MANIFESTS + "altered.yaml");
        assertThat(altered.path("problem").asText())
                .isEqualTo("the store holds other content by now, " + Digest.ofText("something else"));
        assertThat(bag.problems()).containsExactly(altered.path("file").asText() + " has another digest");
        JsonNode missing = custody.get("1 " + MANIFESTS + "missing.yaml");
        assertThat(missing.path("problem").asText()).isEqualTo("the store does not hold it any more");
        assertThat(missing.has("file")).isFalse();
        assertThat(audit())
                .last()
                .satisfies(event -> assertThat(event.details()).containsEntry("problems", "2"));
    }

    @Test
    void aReceiverWhoGoesAwayLeavesATrace() throws Exception {
        node.put(MANIFESTS + "plain.yaml", "x".repeat(100_000).getBytes(UTF_8));
        capture();
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertThatThrownBy(() -> test.export().write(AUDITOR, INCIDENT, gone)).isInstanceOf(IOException.class);
        assertThat(audit()).last().satisfies(event -> assertThat(event.reason()).startsWith("broken off"));
    }

    @Test
    void whatWasNotAvailableIsInTheCustodyWithItsReason() throws Exception {
        cluster.down = new IllegalStateException("connection refused");
        capture();
        JsonNode events = byOrigin(Bags.read(export())).get("1 events of the node and its static pods");
        assertThat(events.path("state").asText()).isEqualTo("not-available");
        assertThat(events.path("problem").asText()).isEqualTo("not available: connection refused");
    }
}
