package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.shell.Operations;
import dev.drawbridge.node.shell.Together;
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
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The network connection is cut after each operation of an act in turn, over OpenSSH's real server. That ends the connection and not the act: the
 * server lets what runs on the node run on. So the act is held where it was cut until it was run again, which is the worst time to go on.
 */
class CutConnectionTest {
    /** How often it is looked whether an act has ended. */
    private static final Duration SOON = Duration.ofMillis(5);

    private static final NodePath MANIFEST = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");
    private static final String MANIFESTS = "/etc/kubernetes/manifests";
    private static final String PKI = "/etc/kubernetes/pki";
    private static final String STAGING = "/etc/kubernetes/.drawbridge/staging";
    private static final String QUARANTINE = "/etc/kubernetes/.drawbridge/quarantine";
    private static final String NEW = "new content";
    private static final int MORE_THAN_ANY_ACT_NEEDS = 60;

    @TempDir
    Path temp;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private OpenSsh server;
    private Proxy proxy;
    private TestNode node;
    /** The same, without the cable between. */
    private TestNode uncut;

    private Operations operations;
    private Path reached;
    private Path goOn;
    private Path act;
    private long held;

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
        // the server of many short sessions: what they are encrypted with is tested elsewhere
        server = OpenSsh.in(temp.resolve("ssh"), "KexAlgorithms curve25519-sha256");
        proxy = new Proxy(server.port());
        act = temp.resolve("act");
        reached = temp.resolve("reached");
        goOn = temp.resolve("go-on");
        assertThat(new ProcessBuilder("mkfifo", reached.toString(), goOn.toString())
                        .start()
                        .waitFor())
                .isZero();
        operations = new Operations(
                temp,
                "$program \"$@\"\ncode=$?\ncounted\nif [ $n = $at ]; then echo cut >'" + reached + "'; read -r line <'"
                        + goOn + "'; fi\nexit $code");
        node = server.node(
                temp,
                proxy.door.getLocalPort(),
                "PATH='" + operations.directory() + "'; export PATH; echo $$ >'" + act + "'; exec ");
        uncut = server.node(temp.resolve("uncut"));
        uncut.reachedThrough(NodePath.of(node.root().toString()));
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
        uncut.close();
        proxy.close();
        server.close();
        threads.shutdownNow();
    }

    /** What is done, and what holds of it wherever it is cut. */
    private interface Story {
        void begin() throws Exception;

        /** Comes to its end as it should, or is cut. */
        void act() throws Exception;

        /** While the act is held where it was cut, or has come to its end. */
        void look() throws Exception;

        void actAgain() throws Exception;

        /** Nobody acts any more. */
        void lookInTheEnd() throws Exception;
    }

    /** @return how many operations there are */
    private int cutBehindEachOperationOf(Story story) throws Exception {
        int operation = 0;
        boolean cut = true;
        while (cut) {
            operation++;
            assertThat(operation).isLessThan(MORE_THAN_ANY_ACT_NEEDS);
            try {
                story.begin();
                cut = cut(operation, story);
                story.look();
                // a new connection takes its time, and this one is there by then
                Future<?> repaired = threads.submit(() -> node.exec("sh -c :"));
                story.actAgain();
                if (cut) {
                    goOn();
                }
                story.lookInTheEnd();
                repaired.get();
            } catch (AssertionError notSo) {
                throw new AssertionError("behind operation " + operation + ": " + notSo.getMessage(), notSo);
            }
        }
        return operation - 1;
    }

    /** False when the act came to its end before the operation. */
    private boolean cut(int operation, Story story) throws Exception {
        operations.disturb(operation);
        Future<Boolean> cable = threads.submit(() -> {
            boolean there = Files.readString(reached).startsWith("cut");
            if (there) {
                proxy.cut();
            }
            return there;
        });
        try {
            story.act();
            Files.writeString(reached, "not");
        } catch (NodeUnreachableException cut) {
            // whatever else ended the connection cut nothing
            assertThat(cable.get(10, TimeUnit.SECONDS)).isTrue();
        }
        held = Long.parseLong(Files.readString(act).strip());
        return cable.get();
    }

    private void goOn() throws Exception {
        Files.writeString(goOn, "\n");
        await().pollInterval(SOON).until(() -> ended(Path.of("/proc", Long.toString(held), "stat")));
    }

    private static boolean ended(Path stat) {
        try {
            return Files.readString(stat).contains(") Z ");
        } catch (IOException gone) {
            return true;
        }
    }

    private static WriteOutcome write(TestNode node, FileWrite file) {
        return node.files()
                .write(
                        TestNode.NAME,
                        TestPermits.on(TestNode.NAME),
                        file,
                        new ByteArrayInputStream(NEW.getBytes(UTF_8)));
    }

    private FileWrite newManifest() throws IOException {
        return new FileWrite(
                MANIFEST,
                Expected.content(Digest.ofText("old")),
                Digest.ofText(NEW),
                NEW.length(),
                0600,
                ((Number) Files.getAttribute(node.root(), "unix:uid")).longValue(),
                ((Number) Files.getAttribute(node.root(), "unix:gid")).longValue());
    }

    private static WriteOutcome quarantine(TestNode node) {
        return node.files().quarantine(TestNode.NAME, TestPermits.on(TestNode.NAME), MANIFEST, Digest.ofText("old"));
    }

    private static WriteOutcome putBack(TestNode node, Quarantined file) {
        return node.files().putBack(TestNode.NAME, TestPermits.toReturn(TestNode.NAME), MANIFEST, file);
    }

    private List<String> names(String directory) throws IOException {
        try (var entries = Files.list(node.path(directory))) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }

    private static void assertDone(WriteOutcome outcome) {
        assertThat(outcome).isInstanceOfAny(WriteOutcome.Written.class, WriteOutcome.AlreadyDone.class);
    }

    @Test
    void aWriteLeavesOldOrNewAndARerunFinishes() throws Exception {
        int operations = cutBehindEachOperationOf(new Story() {
            @Override
            public void begin() throws Exception {
                node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            }

            @Override
            public void act() throws Exception {
                assertThat(write(node, newManifest())).isInstanceOf(WriteOutcome.Written.class);
            }

            @Override
            public void look() throws Exception {
                assertThat(names(MANIFESTS)).containsExactly("etcd.yaml");
                assertThat(Files.readString(node.path(MANIFEST.toString()))).isIn("old", NEW);
            }

            @Override
            public void actAgain() throws Exception {
                assertDone(write(uncut, newManifest()));
                assertThat(node.path(MANIFEST.toString())).hasContent(NEW);
            }

            @Override
            public void lookInTheEnd() throws Exception {
                assertThat(node.path(MANIFEST.toString())).hasContent(NEW);
                assertThat(names(MANIFESTS)).containsExactly("etcd.yaml");
                assertThat(names(STAGING)).isEmpty();
            }
        });
        assertThat(operations).isGreaterThan(15);
    }

    @Test
    void ofFilesWrittenTogetherEachIsOldOrNewAndARerunFinishes() throws Exception {
        int operations = cutBehindEachOperationOf(new Story() {
            @Override
            public void begin() throws Exception {
                node.put(PKI + "/a", "old".getBytes(UTF_8));
                node.put(PKI + "/b", "old".getBytes(UTF_8));
                Files.deleteIfExists(node.path(PKI + "/c"));
            }

            private Together together(TestNode node) throws IOException {
                return new Together(node, PKI)
                        .put("a", "old", NEW)
                        .put("b", "old", NEW)
                        .put("c", null, NEW);
            }

            @Override
            public void act() throws Exception {
                assertThat(together(node).write()).isTrue();
            }

            @Override
            public void look() throws Exception {
                assertThat(names(PKI)).contains("a", "b").isSubsetOf("a", "b", "c");
                assertThat(Files.readString(node.path(PKI + "/a"))).isIn("old", NEW);
                assertThat(Files.readString(node.path(PKI + "/b"))).isIn("old", NEW);
                if (names(PKI).contains("c")) {
                    assertThat(node.path(PKI + "/c")).hasContent(NEW);
                }
            }

            @Override
            public void actAgain() throws Exception {
                Together together = together(uncut);
                if (!together.write()) {
                    together.writes().forEach(file -> assertDone(write(uncut, file)));
                }
                assertRestored();
            }

            @Override
            public void lookInTheEnd() throws Exception {
                assertRestored();
                assertThat(names(STAGING)).isEmpty();
            }

            private void assertRestored() throws IOException {
                assertThat(names(PKI))
                        .containsExactlyInAnyOrder("a", "b", "c")
                        .allSatisfy(
                                name -> assertThat(node.path(PKI + "/" + name)).hasContent(NEW));
            }
        });
        assertThat(operations).isGreaterThan(15);
    }

    @Test
    void aQuarantineLosesNothingAndARerunFinishes() throws Exception {
        int operations = cutBehindEachOperationOf(new Story() {
            @Override
            public void begin() throws Exception {
                org.springframework.util.FileSystemUtils.deleteRecursively(node.path(QUARANTINE));
                node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
            }

            @Override
            public void act() {
                assertThat(quarantine(node)).isInstanceOf(WriteOutcome.Written.class);
            }

            @Override
            public void look() throws Exception {
                assertThat(Files.exists(node.path(MANIFEST.toString())) || kept().size() == 1)
                        .isTrue();
            }

            @Override
            public void actAgain() {
                assertDone(quarantine(uncut));
            }

            @Override
            public void lookInTheEnd() throws Exception {
                assertThat(names(MANIFESTS)).isEmpty();
                assertThat(kept()).singleElement().satisfies(place -> {
                    assertThat(place.resolve("content")).hasContent("old");
                    assertThat(place.resolve("origin")).isNotEmptyFile();
                });
            }

            /** A place without content is what a run left that came too late. */
            private List<Path> kept() throws IOException {
                if (!Files.exists(node.path(QUARANTINE))) {
                    return List.of();
                }
                try (var places = Files.list(node.path(QUARANTINE))) {
                    return places.filter(place -> Files.exists(place.resolve("content")))
                            .toList();
                }
            }
        });
        assertThat(operations).isGreaterThan(8);
    }

    @Test
    void aReturnFromQuarantineLosesNothingAndARerunFinishes() throws Exception {
        int operations = cutBehindEachOperationOf(new Story() {
            private Quarantined file;
            private Path kept;

            @Override
            public void begin() throws Exception {
                if (kept == null) {
                    node.put(MANIFEST.toString(), "old".getBytes(UTF_8));
                    assertThat(quarantine(uncut)).isInstanceOf(WriteOutcome.Written.class);
                    file = uncut.files()
                            .quarantined(TestNode.NAME, TestPermits.INCIDENT, MANIFEST, Digest.ofText("old"))
                            .orElseThrow();
                    kept = node.path(uncut.files().place(file).orElseThrow().toString());
                } else {
                    Files.move(node.path(MANIFEST.toString()), kept);
                }
            }

            @Override
            public void act() {
                assertThat(putBack(node, file)).isInstanceOf(WriteOutcome.Written.class);
            }

            @Override
            public void look() throws Exception {
                assertThat(names(MANIFESTS)).isSubsetOf("etcd.yaml");
                Path back = node.path(MANIFEST.toString());
                assertThat(Files.exists(back) ? back : kept).hasContent("old");
            }

            @Override
            public void actAgain() throws Exception {
                assertDone(putBack(uncut, file));
                assertThat(node.path(MANIFEST.toString())).hasContent("old");
            }

            @Override
            public void lookInTheEnd() throws Exception {
                assertThat(names(MANIFESTS)).containsExactly("etcd.yaml");
                assertThat(node.path(MANIFEST.toString())).hasContent("old");
                assertThat(Files.getAttribute(node.path(MANIFEST.toString()), "unix:nlink"))
                        .as("no other name leads to it")
                        .isEqualTo(1);
                assertThat(kept).doesNotExist();
                assertThat(names(STAGING)).isEmpty();
            }
        });
        assertThat(operations).isGreaterThan(18);
    }
}
