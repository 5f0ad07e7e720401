package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SshNodeProcessesTest {
    private static final List<NodePath> WATCHED = List.of(NodePath.of("/etc/kubernetes"));
    private static final int KERNEL_THREAD = 0x200000;

    @TempDir
    Path temp;

    /** Every way of running the script that nodes really have. */
    static List<String> userlands() {
        return List.of("own", "busybox", "dash", "bash");
    }

    private TestNode node(String userland) throws Exception {
        if (userland.equals("own")) {
            return TestNode.in(temp);
        }
        Path busybox = Path.of("/usr/bin/busybox");
        Path shell = Path.of("/usr/bin", userland);
        assumeTrue(Files.isExecutable(busybox), "skipped: needs busybox (apt-get install busybox)");
        assumeTrue(Files.isExecutable(shell), "skipped: needs " + userland + " (apt-get install " + userland + ")");
        Path bin = Files.createDirectories(temp.resolve("bin"));
        for (String name : List.of("readlink", "head", "tr", "ls")) {
            Files.createSymbolicLink(bin.resolve(name), busybox);
        }
        Files.createSymbolicLink(bin.resolve("sh"), shell);
        return TestNode.with(temp, "PATH=" + bin + "; export PATH; ");
    }

    /** A process as the kernel shows it, in a directory that stands for {@code /proc}. */
    private static final class Shown {
        private final Path directory;

        Shown(TestNode node, long id, String stat) throws IOException {
            directory = Files.createDirectories(node.path("/proc/" + id));
            Files.createDirectories(directory.resolve("fd"));
            Files.write(directory.resolve("stat"), stat.getBytes(ISO_8859_1));
            Files.writeString(directory.resolve("status"), "Name:\tx\nUmask:\t0022\nUid:\t1001\t0\t0\t0\nGid:\t0\n");
            Files.writeString(directory.resolve("cmdline"), "");
        }

        static Shown of(TestNode node, long id, String name, int flags) throws IOException {
            String stat = "%d (%s) S 1 %d %d 0 -1 %d 1 2 3 4 5 6 7 8 20 0 1 0 4250 99 99\n"
                    .formatted(id, name, id, id, flags);
            return new Shown(node, id, stat);
        }

        Shown command(String... arguments) throws IOException {
            Files.write(directory.resolve("cmdline"), (String.join("\0", arguments) + "\0").getBytes(ISO_8859_1));
            return this;
        }

        Shown link(String name, String target) throws IOException {
            Files.createSymbolicLink(directory.resolve(name), Path.of(target));
            return this;
        }
    }

    @ParameterizedTest
    @MethodSource("userlands")
    void saysWhichPodAProcessBelongsTo(String userland) throws Exception {
        Map<String, String> groups = Map.of(
                "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d4e5f60718293a4b5c6d7e8f9.slice/cri-containerd-ab.scope",
                "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                "0::/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice/cri-containerd-ab.scope/podevil",
                "11111111-2222-3333-4444-555555555555",
                "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-podab_cd.slice",
                "ab-cd",
                "12:cpu,cpuacct:/user.slice\n11:memory:/kubepods/burstable/podab-cd/12ff\n1:name=systemd:/kubepods/other",
                "ab-cd",
                "0::/system.slice/kubelet.service",
                "",
                "0::/user.slice/podab/kubepods.sh",
                "");
        try (TestNode node = node(userland)) {
            boot(node);
            Map<Long, String> expected = new java.util.TreeMap<>();
            long id = 1;
            for (Map.Entry<String, String> group : groups.entrySet()) {
                Shown.of(node, id, "x", 0);
                node.put("/proc/" + id + "/cgroup", (group.getKey() + "\n").getBytes(UTF_8));
                expected.put(id++, group.getValue());
            }
            Shown.of(node, id, "without", 0).command("kubepods-pod00");
            expected.put(id, "");
            Map<Long, String> found = new java.util.TreeMap<>();
            seen(node)
                    .processes()
                    .forEach(process ->
                            found.put(process.id(), java.util.Objects.requireNonNullElse(process.pod(), "")));
            assertThat(found).isEqualTo(expected);
        }
    }

    private static void boot(TestNode node) throws IOException {
        node.put("/proc/stat", "cpu 1 2 3\nintr 1\nbtime 1700000000\nprocesses 9\n".getBytes(UTF_8));
    }

    private static Snapshot.Seen seen(TestNode node) {
        Snapshot snapshot = node.processes().processes(TestNode.NAME, WATCHED);
        assertThat(snapshot).isInstanceOf(Snapshot.Seen.class);
        return (Snapshot.Seen) snapshot;
    }

    private static Map<Long, NodeProcess> byId(Snapshot.Seen seen) {
        return seen.processes().stream().collect(Collectors.toMap(NodeProcess::id, Function.identity()));
    }

    @ParameterizedTest
    @MethodSource("userlands")
    void showsEveryProcessAndWhatItHasOpenInTheWatchedDirectories(String userland) throws Exception {
        try (TestNode node = node(userland)) {
            boot(node);
            Shown.of(node, 1, "systemd", 0).command("/sbin/init").link("exe", "/usr/lib/systemd/systemd");
            Shown.of(node, 2, "kthreadd", KERNEL_THREAD);
            Shown.of(node, 700, "kubelet", 0)
                    .command("kubelet", "--kubeconfig=/etc/kubernetes/kubelet.conf", "a b")
                    .link("exe", "/usr/bin/kubelet")
                    .link("cwd", "/")
                    .link("fd/0", "/dev/null");
            Shown.of(node, 4711, "x) S 9 (evil -> sh", 0)
                    .command("sh", "line\nbreak", "\033[2J\377")
                    .link("exe", "/tmp/.x (deleted)")
                    .link("cwd", "/etc/kubernetes/manifests")
                    .link("fd/0", "pipe:[1234]")
                    .link("fd/3", "/etc/kubernetes/manifests/rogue.yaml")
                    .link("fd/4", "/etc/kubernetes/pki/ca.key (deleted)")
                    .link("fd/5", node.root() + "/etc/kubernetes/admin.conf")
                    .link("fd/6", "/etc/kubernetes/a\nb -> 7")
                    .link("fd/7", "/etc/kubernetes-of-another/file")
                    .link("fd/8", "/srv/etc/kubernetes/file");

            Snapshot.Seen seen = seen(node);

            assertThat(seen.gaps()).isEmpty();
            assertThat(seen.processes()).extracting(NodeProcess::id).containsExactly(1L, 2L, 700L, 4711L);
            Map<Long, NodeProcess> processes = byId(seen);
            assertThat(processes.get(2L))
                    .isEqualTo(new NodeProcess(
                            2,
                            1,
                            1001L,
                            Instant.ofEpochMilli(1_700_000_042_500L),
                            "kthreadd",
                            "",
                            "",
                            null,
                            null,
                            List.of()));
            NodeProcess kubelet = processes.get(700L);
            assertThat(kubelet.commandLine()).isEqualTo("kubelet --kubeconfig=/etc/kubernetes/kubelet.conf a b");
            assertThat(kubelet.executable()).isEqualTo("/usr/bin/kubelet");
            assertThat(kubelet.workingDirectory()).isNull();
            assertThat(kubelet.openFiles()).isEmpty();
            NodeProcess evil = processes.get(4711L);
            assertThat(evil.parent()).as("not what the name claims").isEqualTo(1);
            assertThat(evil.name()).isEqualTo("x) S 9 (evil -> sh");
            assertThat(evil.commandLine()).isEqualTo("sh line\\x0abreak \\x1b[2J\\xff");
            assertThat(evil.executable()).isEqualTo("/tmp/.x (deleted)");
            assertThat(evil.workingDirectory()).isEqualTo("/etc/kubernetes/manifests");
            assertThat(evil.openFiles())
                    .containsExactlyInAnyOrder(
                            "/etc/kubernetes/manifests/rogue.yaml",
                            "/etc/kubernetes/pki/ca.key (deleted)",
                            "/etc/kubernetes/admin.conf",
                            "/etc/kubernetes/a\\x0ab -> 7");
        }
    }

    @Test
    void aForgedStatusIsReckonedWithByNobody() throws Exception {
        try (TestNode node = TestNode.in(temp)) {
            new Shown(node, 77, "77 (short) S 1\n");
            new Shown(node, 78, "78 (files) S * * * * * * * * * * * * * * * * * * *\n");
            assertThatThrownBy(() -> seen(node)).hasMessageContaining("malformed number");
            new Shown(
                    node,
                    78,
                    "78 (sum) S 1 1 1 0 -1 a[$(touch${IFS}" + node.path("/marker")
                            + ")] 1 2 3 4 5 6 7 8 20 0 1 0 4250 99\n");
            assertThat(seen(node).processes()).extracting(NodeProcess::id).containsExactly(77L, 78L);
            assertThat(node.path("/marker")).doesNotExist();
        }
    }

    @Test
    void whatCannotBeSeenIsSaid() throws Exception {
        try (TestNode node = TestNode.in(temp)) {
            boot(node);
            Shown.of(node, 50, "sleep", 0);
            Files.createDirectories(node.path("/proc/51"));
            for (int i = 0; i < 70; i++) {
                if (i == 0) {
                    Shown.of(node, 52, "many", 0);
                }
                Files.createSymbolicLink(node.path("/proc/52/fd/" + i), Path.of("/etc/kubernetes/" + i));
            }
            Files.delete(node.path("/proc/50/fd"));

            Snapshot.Seen seen = seen(node);

            assertThat(seen.gaps())
                    .containsExactly(
                            "1 processes may not be looked at",
                            "of 1 processes it cannot be seen which files they have open",
                            "a process has more files open than were looked at");
            assertThat(byId(seen).get(52L).openFiles()).hasSize(64);
            Files.delete(node.path("/proc/51"));
            assertThat(seen(node).gaps()).contains("process 1 cannot be seen, so others may be hidden too");
        }
    }

    @Test
    void withoutProcOrBehindALinkItIsNotAvailable() throws Exception {
        try (TestNode node = TestNode.in(temp)) {
            assertThat(node.processes().processes(TestNode.NAME, WATCHED)).isInstanceOf(Snapshot.NotAvailable.class);
            Files.createSymbolicLink(node.path("/proc"), Path.of("/proc"));
            assertThat(node.processes().processes(TestNode.NAME, WATCHED)).isInstanceOf(Snapshot.NotAvailable.class);
        }
    }

    @Test
    void showsARealProcessOfThisMachine() throws Exception {
        Path watched = Files.createDirectories(temp.toRealPath().resolve("watched"));
        Path held = Files.writeString(watched.resolve("held open"), "x");
        Process reader = new ProcessBuilder(
                        "sh", "-c", "exec 5<'held open'; read -r line; exit 0", "marker-of-this-test")
                .directory(watched.toFile())
                .start();
        try (TestNode node = TestNode.in(temp)) {
            node.reachedThrough(NodePath.of("/"));
            NodeProcess found = awaitOpen(node, reader.pid(), watched);
            assertThat(found.openFiles()).containsExactly(held.toString());
            assertThat(found.workingDirectory()).isEqualTo(watched.toString());
            assertThat(found.commandLine()).endsWith(" marker-of-this-test");
            assertThat(found.parent()).isEqualTo(ProcessHandle.current().pid());
            Instant started = reader.info().startInstant().orElseThrow();
            assertThat(found.startedAt()).isBetween(started.minusSeconds(2), started.plusSeconds(2));
        } finally {
            reader.destroy();
        }
    }

    private static NodeProcess awaitOpen(TestNode node, long id, Path watched) {
        return org.awaitility.Awaitility.await("the file to be open")
                .until(
                        () -> process(node, id, watched),
                        found -> found != null && !found.openFiles().isEmpty());
    }

    private static @Nullable NodeProcess process(TestNode node, long id, Path watched) {
        Snapshot snapshot = node.processes().processes(TestNode.NAME, List.of(NodePath.of(watched.toString())));
        return byId((Snapshot.Seen) snapshot).get(id);
    }
}
