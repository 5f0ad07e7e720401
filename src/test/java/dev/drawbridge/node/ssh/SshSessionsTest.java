package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SshSessionsTest {
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));

    @TempDir
    Path temp;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** The cable: counts connections, and can be cut, so that both ends notice or neither. */
    private final class Cable implements AutoCloseable {
        private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> clients = new CopyOnWriteArrayList<>();
        private final Set<Socket> dead = ConcurrentHashMap.newKeySet();

        Cable(IntSupplier server) throws IOException {
            threads.submit(() -> {
                while (true) {
                    Socket client = door.accept();
                    clients.add(client);
                    Socket onward = new Socket(InetAddress.getLoopbackAddress(), server.getAsInt());
                    threads.submit(() -> pass(client, onward, client));
                    threads.submit(() -> pass(onward, client, client));
                }
            });
        }

        private Void pass(Socket from, Socket to, Socket client) throws IOException {
            try (from;
                    to) {
                byte[] some = new byte[8_192];
                for (int read = from.getInputStream().read(some);
                        read >= 0;
                        read = from.getInputStream().read(some)) {
                    if (!dead.contains(client)) {
                        to.getOutputStream().write(some, 0, read);
                    }
                }
            }
            return null;
        }

        int connections() {
            return clients.size();
        }

        void cut() throws IOException {
            for (Socket client : clients) {
                client.close();
            }
        }

        /** Nothing passes any more over what is open, and nobody is told. */
        void die() {
            dead.addAll(clients);
        }

        @Override
        public void close() throws IOException {
            door.close();
            cut();
        }
    }

    @Test
    void oneSessionServesManyCommandsAndANewOneComesAfterItBroke() throws Exception {
        TestNode[] node = new TestNode[1];
        try (Cable cable = new Cable(() -> node[0].serverPort());
                TestNode reached = node[0] = new TestNode(temp, cable.door.getLocalPort(), null)) {
            reached.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
            for (int i = 0; i < 5; i++) {
                assertThat(reached.files().scan(ReachedNode.NAME, ROOTS).files())
                        .isNotEmpty();
            }
            assertThat(cable.connections()).isEqualTo(1);

            OutputStream cutting = new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    cable.cut();
                }
            };
            Files.write(reached.path("/etc/kubernetes/big"), new byte[4 << 20]);
            assertThatThrownBy(() -> reached.files()
                            .read(ReachedNode.NAME, NodePath.of("/etc/kubernetes/big"), cutting, 8 << 20))
                    .isInstanceOf(NodeUnreachableException.class);
            assertThat(reached.files().scan(ReachedNode.NAME, ROOTS).files()).isNotEmpty();
            assertThat(cable.connections()).isEqualTo(2);
        }
    }

    @Test
    void aNodeThatVanishesWithoutAWordEndsItsCommandLongBeforeTheTimeOfThatIsOver() throws Exception {
        TestNode[] node = new TestNode[1];
        try (Cable cable = new Cable(() -> node[0].serverPort());
                TestNode reached =
                        node[0] = TestNode.keptAlive(temp, cable.door.getLocalPort(), Duration.ofMillis(500))) {
            reached.put("/etc/kubernetes/big", new byte[4 << 20]);
            OutputStream vanishing = new OutputStream() {
                @Override
                public void write(int b) {
                    cable.die();
                }
            };
            assertThatThrownBy(() -> reached.files()
                            .read(ReachedNode.NAME, NodePath.of("/etc/kubernetes/big"), vanishing, 8 << 20))
                    .isInstanceOf(NodeUnreachableException.class)
                    .hasMessageContaining("broke");
            assertThat(reached.files().scan(ReachedNode.NAME, ROOTS).files()).isNotEmpty();
            assertThat(cable.connections()).isEqualTo(2);
        }
    }

    @Test
    void aNodeThatVanishedWhileNobodyAskedIsReachedAnewByWhoAsksNext() throws Exception {
        TestNode[] node = new TestNode[1];
        try (Cable cable = new Cable(() -> node[0].serverPort());
                TestNode reached =
                        node[0] = TestNode.keptAlive(temp, cable.door.getLocalPort(), Duration.ofMillis(500))) {
            reached.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
            assertThat(reached.files().scan(ReachedNode.NAME, ROOTS).files()).isNotEmpty();
            cable.die();
            await().until(() -> cable.clients.get(0).isClosed());
            assertThat(reached.files().scan(ReachedNode.NAME, ROOTS).files()).isNotEmpty();
            assertThat(cable.connections()).isEqualTo(2);
        }
    }

    @Test
    void noMoreThanSoManyCommandsRunOnANodeAtOnce() throws Exception {
        Path running = Files.createDirectories(temp.resolve("running"));
        Path most = temp.resolve("most");
        Path go = temp.resolve("go");
        // each counts who runs with it, and waits until it may end
        String before = "me='" + running + "'/$$; : >\"$me\"; ls '" + running + "' | wc -l >>'" + most
                + "'; until [ -e '" + go + "' ]; do sleep 0.02; done; rm \"$me\"; ";
        try (TestNode node = TestNode.with(temp, before)) {
            node.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
            List<Future<?>> scans = new ArrayList<>();
            for (int i = 0; i < 9; i++) {
                scans.add(threads.submit(() -> node.files().scan(ReachedNode.NAME, ROOTS)));
            }
            await().until(() -> entries(running) == 4);
            Files.createFile(go);
            for (Future<?> scan : scans) {
                scan.get();
            }
            assertThat(Files.readAllLines(most))
                    .hasSize(9)
                    .allSatisfy(
                            count -> assertThat(Integer.parseInt(count.strip())).isLessThanOrEqualTo(4));
        }
    }

    private static long entries(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.count();
        }
    }

    @Test
    void whoIsNotRootActsBySudoWithoutAPassword() throws Exception {
        Path bin = Files.createDirectories(temp.resolve("bin"));
        Path used = temp.resolve("used");
        Path sudo = Files.writeString(
                bin.resolve("sudo"),
                "#!/bin/sh\n[ \"$1\" = -n ] && [ \"$2\" = sh ] || exit 1\nshift\necho x >>'" + used
                        + "'\nexec \"$@\"\n");
        Files.setPosixFilePermissions(sudo, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (TestNode node = TestNode.withSudo(temp, "PATH=" + bin + ":/usr/bin:/bin; export PATH; ")) {
            node.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
            NodePath a = NodePath.of("/etc/kubernetes/a");
            assertThat(node.files().scan(ReachedNode.NAME, ROOTS).files()).hasSize(2);
            assertThat(node.files().read(ReachedNode.NAME, a, OutputStream.nullOutputStream(), 10))
                    .contains(Digest.ofText("old"));
            assertThat(node.files()
                            .quarantine(ReachedNode.NAME, TestPermits.on(ReachedNode.NAME), a, Digest.ofText("old")))
                    .isInstanceOf(WriteOutcome.Written.class);
            assertThat(Files.readAllLines(used)).hasSize(3);
        }
    }
}
