package dev.drawbridge.node.ssh;

import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.sandbox.SandboxSshServer;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.jspecify.annotations.Nullable;

/** A node for tests: a directory behind a real SSH server, and the product's own client to it. */
public final class TestNode implements AutoCloseable {
    public static final NodeName NAME = NodeName.of("worker-1");

    private final Path root;
    private final SandboxSshServer server;
    private final SshSessions sessions;
    private final NodeFiles files;

    public static TestNode in(Path directory) throws Exception {
        return new TestNode(directory, null, null);
    }

    /** @param port through which the client goes (a proxy), null for the server itself; @param pinned another known_hosts line */
    TestNode(Path directory, @Nullable Integer port, @Nullable String pinned) throws Exception {
        root = Files.createDirectories(directory.resolve("root")).toRealPath();
        KeyPair key = key();
        server = new SandboxSshServer(0, directory.resolve("host.key"), "root", key.getPublic());
        server.start();
        int clientPort = port == null ? server.port() : port;
        Path privateKey = directory.resolve("client.key");
        try (OutputStream out = Files.newOutputStream(privateKey)) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "test", null, out);
        }
        Path knownHosts = directory.resolve("known_hosts");
        Files.writeString(
                knownHosts,
                pinned == null ? server.knownHostsLine().replace(":" + server.port(), ":" + clientPort) : pinned);
        sessions = new SshSessions(
                node -> Optional.of(new NodeEndpoint("127.0.0.1", clientPort, NodePath.of(root.toString()))),
                settings(privateKey, knownHosts));
        files = new SshNodeFiles(sessions, settings(privateKey, knownHosts), Clock.systemUTC());
    }

    private static NodeSshProperties settings(Path privateKey, Path knownHosts) {
        return new NodeSshProperties(
                "root",
                privateKey,
                knownHosts,
                22,
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                4,
                false,
                "/etc/kubernetes/.drawbridge",
                50_000);
    }

    static KeyPair key() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    public NodeFiles files() {
        return files;
    }

    /** The node's own root. */
    public Path root() {
        return root;
    }

    public Path path(String onNode) {
        return root.resolve(onNode.substring(1));
    }

    int serverPort() {
        return server.port();
    }

    /** What was on the node's disk at a path, created with its directories. */
    public Path put(String onNode, byte[] content) throws IOException {
        Path file = path(onNode);
        Files.createDirectories(file.getParent());
        return Files.write(file, content);
    }

    @Override
    public void close() throws Exception {
        sessions.close();
        server.close();
    }
}
