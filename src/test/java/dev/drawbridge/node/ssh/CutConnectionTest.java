package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The network connection is cut after each operation of an act in turn, over OpenSSH's real server. That ends the connection and not the act: the
 * server lets what runs on the node run on. So the act is held where it was cut until it was run again, which is the worst time to go on.
 */
class CutConnectionTest {
    private static final NodePath MANIFEST = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final String NEW = "new content";
    private static final int MORE_THAN_ANY_ACT_NEEDS = 60;

    @TempDir
    Path temp;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private OpenSsh server;
    private Proxy proxy;
    private TestNode node;
    private Path count;
    private Path cutAfter;
    private Path reached;
    private Path goOn;
    private Path act;

    /** Where the cable is. */
    private final class Proxy implements AutoCloseable {
        private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final Set<Socket> open = ConcurrentHashMap.newKeySet();
        private final int target;

        Proxy(int target) throws IOException {
            this.target = target;
            threads.submit(this::accept);
        }

        private Void accept() throws IOException {
            while (true) {
                Socket client = door.accept();
                Socket onward = new Socket(InetAddress.getLoopbackAddress(), target);
                open.addAll(List.of(client, onward));
                threads.submit(() -> copy(client, onward));
                threads.submit(() -> copy(onward, client));
            }
        }

        private void copy(Socket from, Socket to) {
            try (from;
                    to;
                    InputStream in = from.getInputStream()) {
                in.transferTo(to.getOutputStream());
            } catch (IOException cut) {
                open.removeAll(List.of(from, to));
            }
        }

        void cut() {
            for (Socket socket : open) {
                try {
                    socket.close();
                } catch (IOException unlikely) {
                    throw new UncheckedIOException(unlikely);
                }
            }
            open.clear();
        }

        @Override
        public void close() throws IOException {
            door.close();
            cut();
        }
    }

    @BeforeEach
    void start() throws Exception {
        server = OpenSsh.in(temp.resolve("ssh"));
        proxy = new Proxy(server.port());
        Path bin = Files.createDirectories(temp.resolve("bin"));
        count = temp.resolve("count");
        cutAfter = temp.resolve("cut-after");
        act = temp.resolve("act");
        reached = temp.resolve("reached");
        goOn = temp.resolve("go-on");
        assertThat(new ProcessBuilder("mkfifo", reached.toString(), goOn.toString())
                        .start()
                        .waitFor())
                .isZero();
        for (String name :
                List.of("stat", "sha256sum", "head", "mktemp", "chown", "chmod", "sync", "mv", "mkdir", "find")) {
            Path wrapper = Files.writeString(
                    bin.resolve(name),
                    "#!/bin/sh\nPATH=/usr/bin:/bin " + name + " \"$@\"\ncode=$?\n"
                            + "read -r n <'" + count + "'; n=$((n+1)); echo $n >'" + count + "'\n"
                            + "read -r after <'" + cutAfter + "'\n"
                            + "if [ $n = \"$after\" ]; then echo cut >'" + reached + "'; read -r line <'" + goOn
                            + "'; fi\nexit $code\n");
            Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        node = server.node(
                temp,
                proxy.door.getLocalPort(),
                "PATH=" + bin + ":/usr/bin:/bin; export PATH; echo $$ >'" + act + "'; exec ");
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
        proxy.close();
        server.close();
        threads.shutdownNow();
    }

    private void cutAfter(int operation) throws IOException {
        Files.writeString(count, "0\n");
        Files.writeString(cutAfter, operation + "\n");
    }

    private WriteOutcome write() throws IOException {
        byte[] bytes = NEW.getBytes(UTF_8);
        FileWrite file = new FileWrite(
                MANIFEST,
                Expected.content(Digest.ofText("old")),
                Digest.ofBytes(bytes),
                bytes.length,
                0600,
                ((Number) Files.getAttribute(node.root(), "unix:uid")).longValue(),
                ((Number) Files.getAttribute(node.root(), "unix:gid")).longValue());
        return node.files().write(TestNode.NAME, TestPermits.on(TestNode.NAME), file, new ByteArrayInputStream(bytes));
    }

    private WriteOutcome quarantine() {
        return node.files().quarantine(TestNode.NAME, TestPermits.on(TestNode.NAME), MANIFEST, Digest.ofText("old"));
    }

    /** False when the act came to its end before the operation. */
    private boolean cut(int operation, Callable<WriteOutcome> work) throws Exception {
        cutAfter(operation);
        Future<Boolean> cable = threads.submit(() -> {
            boolean there = Files.readString(reached).startsWith("cut");
            if (there) {
                proxy.cut();
            }
            return there;
        });
        try {
            assertThat(work.call()).isInstanceOf(WriteOutcome.Written.class);
            Files.writeString(reached, "not");
        } catch (NodeUnreachableException cut) {
            assertThat(cable.get()).isTrue();
        }
        return cable.get();
    }

    private void goOn() throws Exception {
        String id = Files.readString(act).strip();
        Files.writeString(goOn, "\n");
        await().until(() -> ended(Path.of("/proc", id, "stat")));
    }

    private static boolean ended(Path stat) {
        try {
            return Files.readString(stat).contains(") Z ");
        } catch (IOException gone) {
            return true;
        }
    }

    private List<String> manifests() throws IOException {
        try (var entries = Files.list(node.path("/etc/kubernetes/manifests"))) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }

    @Test
    void aWriteLeavesOldOrNewAndARerunFinishes() throws Exception {
        int operation = 1;
        for (boolean cut = true; cut; operation++) {
            node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            cut = cut(operation, this::write);
            assertThat(Files.readString(node.path(MANIFEST.toString()))).isIn("old", NEW);
            assertThat(Files.readString(node.path(MANIFEST.toString()))).isIn("old", NEW);
            assertThat(manifests()).containsExactly("etcd.yaml");
            String held = Files.readString(act);
            cutAfter(0);
            assertThat(write())
                    .as("rerun after a cut behind operation %d", operation)
                    .isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            if (cut) {
                Files.writeString(act, held);
                goOn();
            }
            assertThat(node.path(MANIFEST.toString())).hasContent(NEW);
            assertThat(manifests()).containsExactly("etcd.yaml");
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
        }
        assertThat(operation).as("operations of a write").isGreaterThan(12);
    }

    @Test
    void aQuarantineLosesNothingAndARerunFinishes() throws Exception {
        int operation = 1;
        for (boolean cut = true; cut; operation++) {
            node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            cut = cut(operation, this::quarantine);
            String held = Files.readString(act);
            cutAfter(0);
            assertThat(quarantine())
                    .as("rerun after a cut behind operation %d", operation)
                    .isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
            if (cut) {
                Files.writeString(act, held);
                goOn();
            }
            assertThat(manifests()).isEmpty();
            Path quarantine = node.path("/etc/kubernetes/.drawbridge/quarantine");
            try (var kept = Files.list(quarantine)) {
                assertThat(kept.filter(place -> Files.exists(place.resolve("content")))
                                .toList())
                        .as(
                                "behind operation %d; a place without content is what a run left that came too late",
                                operation)
                        .singleElement()
                        .satisfies(place -> {
                            assertThat(place.resolve("content")).hasContent("old");
                            assertThat(place.resolve("origin")).isNotEmptyFile();
                        });
            }
            org.springframework.util.FileSystemUtils.deleteRecursively(quarantine);
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
        }
        assertThat(operation).as("operations of a quarantine").isGreaterThan(8);
    }
}
