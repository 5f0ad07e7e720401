package dev.drawbridge.node.ssh;

import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.shell.NodeShell;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.sandbox.SandboxSshServer;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Optional;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.jspecify.annotations.Nullable;

/** A node for tests: a directory behind a real SSH server, and the product's own client to it. */
public final class TestNode implements ReachedNode {
    /** No test lasts as long. */
    static final Duration NO_SIGN_OF_LIFE = Duration.ofHours(1);

    private final Path root;
    private final @Nullable SandboxSshServer server;
    private final SshSessions sessions;
    private final NodeFiles files;
    private final NodeProcesses processes;
    private NodePath prefix;

    public static TestNode in(Path directory) throws Exception {
        return new TestNode(directory, null, null);
    }

    /** @param before shell text that the node runs before every command: another PATH, a trap */
    static TestNode with(Path directory, String before) throws Exception {
        return new TestNode(directory, null, null, before, false, NO_SIGN_OF_LIFE);
    }

    /** Reached by a user that is not root, who may run {@code sh} by {@code sudo}. */
    static TestNode withSudo(Path directory, String before) throws Exception {
        return new TestNode(directory, null, null, before, true, NO_SIGN_OF_LIFE);
    }

    /** Asked for a sign of life so often, over what listens at the port. */
    static TestNode keptAlive(Path directory, int through, Duration keepAlive) throws Exception {
        return new TestNode(directory, through, null, "", false, keepAlive);
    }

    /** Over a server that is there already. */
    TestNode(
            Path directory,
            String user,
            int port,
            KeyPair key,
            String knownHostsLine,
            String before,
            Duration keepAlive)
            throws Exception {
        root = Files.createDirectories(directory.resolve("root")).toRealPath();
        prefix = NodePath.of(root.toString());
        server = null;
        NodeSshProperties settings = write(directory, user, key, knownHostsLine, keepAlive, false);
        sessions = sessions(port, settings, before);
        files = TestShells.files(sessions);
        processes = TestShells.processes(sessions);
    }

    private SshSessions sessions(int port, NodeSshProperties settings, String before) {
        return new SshSessions(endpoint(port), settings) {
            @Override
            Ended run(NodeName node, String command, InputStream stdin, OutputStream stdout) {
                return super.run(node, before + command, stdin, stdout);
            }
        };
    }

    private NodeEndpoints endpoint(int port) {
        return node -> Optional.of(new NodeEndpoint("127.0.0.1", port, prefix));
    }

    private static NodeSshProperties write(
            Path directory, String user, KeyPair key, String knownHostsLine, Duration keepAlive, boolean sudo)
            throws Exception {
        Path privateKey = directory.resolve("client.key");
        try (OutputStream out = Files.newOutputStream(privateKey)) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "test", null, out);
        }
        Path knownHosts = Files.writeString(directory.resolve("known_hosts"), knownHostsLine);
        return new NodeSshProperties(
                user, privateKey, knownHosts, 22, Duration.ofSeconds(10), Duration.ofSeconds(60), keepAlive, 4, sudo);
    }

    /** @param port through which the client goes (a proxy), null for the server itself; @param pinned another known_hosts line */
    TestNode(Path directory, @Nullable Integer port, @Nullable String pinned) throws Exception {
        this(directory, port, pinned, "", false, NO_SIGN_OF_LIFE);
    }

    private TestNode(
            Path directory,
            @Nullable Integer port,
            @Nullable String pinned,
            String before,
            boolean sudo,
            Duration keepAlive)
            throws Exception {
        root = Files.createDirectories(directory.resolve("root")).toRealPath();
        prefix = NodePath.of(root.toString());
        KeyPair key = key();
        server = new SandboxSshServer(0, directory.resolve("host.key"), "root", key.getPublic());
        server.start();
        int clientPort = port == null ? server.port() : port;
        NodeSshProperties settings = write(
                directory,
                "root",
                key,
                pinned == null ? server.knownHostsLine().replace(":" + server.port(), ":" + clientPort) : pinned,
                keepAlive,
                sudo);
        sessions = sessions(clientPort, settings, before);
        files = TestShells.files(sessions);
        processes = TestShells.processes(sessions);
    }

    static KeyPair key() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    @Override
    public NodeFiles files() {
        return files;
    }

    @Override
    public NodeProcesses processes() {
        return processes;
    }

    /** From now on the node's root is another directory of this machine. */
    void reachedThrough(NodePath prefix) {
        this.prefix = prefix;
    }

    @Override
    public Path root() {
        return root;
    }

    public int serverPort() {
        return java.util.Objects.requireNonNull(server).port();
    }

    /** Runs a command over the session that the product's client holds open, and throws its output away. */
    public void exec(String command) {
        NodeShell.Ended ended =
                sessions.run(NAME, command, InputStream.nullInputStream(), OutputStream.nullOutputStream());
        if (ended.code() != 0) {
            throw new IllegalStateException(command + ": " + ended);
        }
    }

    @Override
    public void close() throws Exception {
        sessions.close();
        if (server != null) {
            server.close();
        }
    }
}
