package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.TestLocker;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.node.ssh.OpenSsh;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.recovery.PlanOutcome;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RecoveryPolicy;
import dev.drawbridge.recovery.RestoreOutcome;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.recovery.TestRecovery;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people use today beside it, over the same OpenSSH server, each over a connection that is open already. */
@Tag("benchmark")
class NodeFilesBenchmarkTest {
    private static final Actor ACTOR = Actor.playbook("benchmark");
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));
    private static final RecoveryPolicy POLICY = new RecoveryPolicy(TestBaseline.WATCHED, FilePolicies.SAFE);

    @TempDir
    Path temp;

    @AfterAll
    static void print() {
        Report.print();
    }

    private static String name(int file) {
        return "/etc/kubernetes/pki/many/" + file + ".txt";
    }

    private static byte[] content(int file, int version) {
        return ("file " + file + " version " + version + "\n").repeat(40).getBytes(StandardCharsets.UTF_8);
    }

    private static void fill(TestNode node, int files) throws IOException {
        for (int i = 0; i < files; i++) {
            node.put(name(i), content(i, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1_000, 10_000})
    void scanBesideSha256sum(int files) throws Exception {
        try (OpenSsh server = OpenSsh.in(temp.resolve("ssh"));
                TestNode node = server.node(temp.resolve("node"))) {
            fill(node, files);
            String bare = "find '" + node.root() + "/etc/kubernetes' -type f -print0 | xargs -0 sha256sum";
            Measured ours = new Measured();
            Measured floor = new Measured();
            int warmUp = 10;
            for (int round = 0; round < warmUp + 40; round++) {
                long begun = System.nanoTime();
                node.exec(bare);
                long turn = System.nanoTime();
                int found = entries(node.files());
                long ended = System.nanoTime();
                assertThat(found).isGreaterThanOrEqualTo(files);
                if (round >= warmUp) {
                    floor.add(turn - begun);
                    ours.add(ended - turn);
                }
            }
            Report.add("scan", files + "-files", ours, floor);
            Report.goal("scan", files + "-files", ours, floor, 1.5);
            Heap heap = new Heap();
            for (int round = 0; round < 5; round++) {
                heap.during(() -> entries(node.files()));
            }
            Report.largest("scan-heap", files + "-files", "MiB", heap.mebibytes());
        }
    }

    /** A scan and one way through it. */
    private static int entries(NodeFiles files) {
        try (NodeScan scan = files.scan(TestNode.NAME, ROOTS)) {
            return (int) scan.files().stream().count();
        }
    }

    /** Without a connection, so that there can be many files; what is alive beside the baseline while a healthy node is compared with it. */
    @ParameterizedTest
    @ValueSource(ints = {1_000, 10_000, 1_000_000})
    void heapOfTheDriftOfAHealthyNode(int files) throws Exception {
        PrintedScan printed = new PrintedScan(files);
        NodeFiles node = TestShells.files(printed, files + 1);
        SortedMap<NodePath, BaselineFile> baseline = printed.baseline();
        Heap heap = new Heap();
        for (int round = 0; round < (files > 10_000 ? 1 : 10); round++) {
            heap.during(() -> {
                try (NodeScan scan = node.scan(TestNode.NAME, ROOTS)) {
                    assertThat(DriftFinder.find(baseline, scan, new WatchedSet(List.of("/etc/kubernetes/**"))))
                            .isEmpty();
                }
            });
        }
        Report.say("%d collections were seen", heap.collections());
        Report.largest("drift-heap", files + "-files", "MiB", heap.mebibytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {1_000, 10_000})
    void restoreWithEvidenceBesideRsync(int files) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/rsync")), "skipped: needs rsync (apt-get install rsync)");
        int changed = files / 100;
        Path good = Files.createDirectories(temp.resolve("good"));
        try (TestDatabase database = TestDatabase.postgres();
                OpenSsh server = OpenSsh.in(temp.resolve("ssh"));
                TestNode node = server.node(temp.resolve("node"));
                Shell shell = new Shell(server, temp)) {
            fill(node, files);
            shell.run("cp -a '" + node.root() + "/.' '" + good + "'");
            TestBaseline baseline = new TestBaseline(temp.resolve("git"), database);
            baseline.publish(Map.of(TestNode.NAME.value(), node.root()));
            EvidenceLocker locker = TestLocker.in(temp.resolve("evidence"), node.files(), database);
            Recovery recovery = TestRecovery.of(node, baseline, locker, database);
            // what rsync needs to come to the same result: content, owner, group and mode by digest, and no times
            String rsync = "rsync -rlpgoc -e '" + shell.overTheOpenConnection() + "' '" + good + "/' '127.0.0.1:"
                    + node.root() + "/'";
            Measured ours = new Measured();
            Measured floor = new Measured();
            Measured capture = new Measured();
            Measured bare = new Measured();
            int warmUp = 2;
            for (int round = 1; round <= warmUp + 10; round++) {
                change(node, files, round);
                long begun = System.nanoTime();
                shell.run(rsync);
                long rsyncEnded = System.nanoTime();
                assertRestored(node, files);

                change(node, files, round + 1_000);
                IncidentId incident = IncidentId.of("benchmark-" + round);
                RestorePlan plan = ((PlanOutcome.Drifted) recovery.plan(ACTOR, incident, TestNode.NAME, POLICY)).plan();
                assertThat(plan.steps()).hasSize(changed);
                long cat = System.nanoTime();
                node.exec("cd '" + node.root() + "/etc/kubernetes/pki/many' && cat "
                        + String.join(
                                " ",
                                java.util.stream.IntStream.range(0, changed)
                                        .mapToObj(i -> i * 100 + ".txt")
                                        .toList()));
                long turn = System.nanoTime();
                long ourBegin = System.nanoTime();
                EvidenceReceipt receipt = recovery.captureEvidence(ACTOR, incident, TestNode.NAME, List.of())
                        .orElseThrow();
                long captured = System.nanoTime();
                assertThat(recovery.restore(ACTOR, incident, TestNode.NAME, plan.hash(), receipt))
                        .isInstanceOf(RestoreOutcome.Restored.class);
                long ended = System.nanoTime();
                if (round > warmUp) {
                    floor.add(rsyncEnded - begun);
                    ours.add(ended - ourBegin);
                    capture.add(captured - ourBegin);
                    bare.add(turn - cat);
                }
                assertRestored(node, files);
            }
            Heap heap = new Heap();
            for (int round = 1; round <= 3; round++) {
                change(node, files, round + 2_000);
                IncidentId incident = IncidentId.of("benchmark-heap-" + round);
                RestorePlan plan = ((PlanOutcome.Drifted) recovery.plan(ACTOR, incident, TestNode.NAME, POLICY)).plan();
                heap.during(() -> {
                    EvidenceReceipt receipt = recovery.captureEvidence(ACTOR, incident, TestNode.NAME, List.of())
                            .orElseThrow();
                    assertThat(recovery.restore(ACTOR, incident, TestNode.NAME, plan.hash(), receipt))
                            .isInstanceOf(RestoreOutcome.Restored.class);
                });
            }
            Report.add("restore", changed + "-of-" + files + "-files", ours, floor);
            Report.goal("restore", changed + "-of-" + files + "-files", ours, floor, 2);
            Report.add("evidence-capture", changed + "-of-" + files + "-files", capture, bare);
            Report.largest(
                    "restore-heap",
                    changed + "-of-" + files + "-files",
                    "MiB",
                    heap.mebibytes(),
                    shell.rsyncMebibytes(rsync));
        }
    }

    private static void change(TestNode node, int files, int version) throws IOException {
        for (int i = 0; i < files; i += 100) {
            node.put(name(i), content(i, version));
        }
    }

    private static void assertRestored(TestNode node, int files) throws IOException {
        for (int i = 0; i < files; i += 100) {
            assertThat(node.path(name(i))).hasBinaryContent(content(i, 0));
        }
    }

    /** Commands of people, and the connection that {@code ssh} holds open for them. */
    private static final class Shell implements AutoCloseable {
        private final Path directory;
        private final String ssh;

        Shell(OpenSsh server, Path directory) throws Exception {
            this.directory = directory;
            // the path of a socket is short
            Path socket = Files.createTempDirectory("drawbridge").resolve("ssh");
            ssh = server.command() + " -o ControlPath=" + socket;
            run(ssh + " -M -N -f 127.0.0.1 -o ControlPersist=yes");
        }

        String overTheOpenConnection() {
            return ssh;
        }

        void run(String command) throws Exception {
            Path output = directory.resolve("shell.log");
            Process process = new ProcessBuilder("sh", "-c", command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        }

        /** Largest resident size of the local rsync; it has another on the node. */
        double rsyncMebibytes(String rsync) throws Exception {
            Path output = directory.resolve("rss");
            run("python3 -c 'import resource,subprocess,sys;subprocess.check_call(sys.argv[1],shell=True);"
                    + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \"" + rsync + "\" > '" + output
                    + "'");
            return Double.parseDouble(Files.readString(output).strip()) / 1024;
        }

        @Override
        public void close() throws Exception {
            run(ssh + " -O exit 127.0.0.1");
        }
    }
}
