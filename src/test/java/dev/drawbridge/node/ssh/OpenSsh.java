package dev.drawbridge.node.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.awaitility.Awaitility;

/** OpenSSH's real server on loopback, for one user and one key. Tests without it are skipped. */
public final class OpenSsh implements AutoCloseable {
    private final Path directory;
    private final String user = System.getProperty("user.name");
    private final KeyPair host = TestNode.key();
    private final KeyPair client = TestNode.key();
    private final int port;
    private final Process server;

    private OpenSsh(Path directory, String setting) throws Exception {
        this.directory = Files.createDirectories(directory);
        Path program = Path.of("/usr/sbin/sshd");
        assumeTrue(Files.isExecutable(program), "skipped: needs OpenSSH's server (apt-get install openssh-server)");
        if (user.equals("root")) {
            Files.createDirectories(Path.of("/run/sshd"));
        }
        Path hostKey = write("ssh_host_key", host);
        write("client", client);
        Path authorised = Files.writeString(
                directory.resolve("authorized_keys"), PublicKeyEntry.toString(client.getPublic()) + "\n");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path config = Files.writeString(
                directory.resolve("sshd_config"),
                String.join(
                        "\n",
                        "ListenAddress 127.0.0.1",
                        "Port " + port,
                        "HostKey " + hostKey,
                        "AuthorizedKeysFile " + authorised,
                        "PidFile none",
                        "StrictModes no",
                        "UsePAM no",
                        "PasswordAuthentication no",
                        "PermitRootLogin prohibit-password",
                        // bash reads the start file of a home when sshd runs it, and what a person has there may take a
                        // second
                        "SetEnv HOME=" + directory,
                        setting,
                        ""));
        Path log = directory.resolve("sshd.log");
        server = new ProcessBuilder(program.toString(), "-D", "-e", "-f", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !server.isAlive() || listens());
        assertThat(server.isAlive()).as(Files.readString(log)).isTrue();
        Files.writeString(directory.resolve("known_hosts"), pinned(port) + "\n");
    }

    public static OpenSsh in(Path directory) throws Exception {
        return in(directory, "");
    }

    /** @param setting one more line of sshd_config(5) */
    static OpenSsh in(Path directory, String setting) throws Exception {
        return new OpenSsh(directory, setting);
    }

    private Path write(String name, KeyPair key) throws Exception {
        Path file = Files.createFile(
                directory.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (OutputStream out = Files.newOutputStream(file)) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "test", null, out);
        }
        return file;
    }

    private boolean listens() {
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Where Git finds a repository of this machine by way of it. */
    public String url(Path repository) {
        return "ssh://" + user + "@127.0.0.1:" + port + repository.toAbsolutePath();
    }

    /** File of the client's private key. */
    public Path key() {
        return directory.resolve("client");
    }

    /** What a known-hosts file has before the key. */
    public String knownAs() {
        return "[127.0.0.1]:" + port;
    }

    /** As a known-hosts file has it. */
    public String hostKey() {
        return PublicKeyEntry.toString(host.getPublic());
    }

    private String pinned(int asPort) {
        return "[127.0.0.1]:" + asPort + " " + PublicKeyEntry.toString(host.getPublic());
    }

    /** The product's client to it. */
    public TestNode node(Path node) throws Exception {
        return node(node, port, "");
    }

    /**
     * The product's client to it, by a detour.
     *
     * @param through port of a proxy
     * @param before shell text that the node runs before every command
     */
    TestNode node(Path node, int through, String before) throws Exception {
        return new TestNode(node, user, through, client, pinned(through), before, TestNode.NO_SIGN_OF_LIFE);
    }

    /** The product's client to it, which asks for a sign of life so often. */
    TestNode keptAlive(Path node, Duration keepAlive) throws Exception {
        return new TestNode(node, user, port, client, pinned(port), "", keepAlive);
    }

    int port() {
        return port;
    }

    /** What {@code ssh} and {@code rsync -e} take to reach it. */
    public String command() {
        return "ssh -p " + port + " -l " + user + " -i " + directory.resolve("client")
                + " -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="
                + directory.resolve("known_hosts") + " -F /dev/null";
    }

    @Override
    public void close() throws Exception {
        server.destroy();
        server.waitFor();
    }
}
