package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One SSH server per node, each with a host key of its own, and the one client key that all of them let in. Keys are kept;
 * ports are free ones, new at every start.
 */
final class SandboxNodeServers implements AutoCloseable {
    private static final String USER = "root";

    private final SandboxDirectory directory;
    private final Path clientKey;
    private final Deque<SandboxSshServer> servers = new ArrayDeque<>();
    private final Map<String, Object> contributed = new LinkedHashMap<>();

    private SandboxNodeServers(SandboxDirectory directory) {
        this.directory = directory;
        this.clientKey = directory.resolve("ssh").resolve("client-key");
    }

    static SandboxNodeServers start(SandboxDirectory directory) {
        SandboxNodeServers servers = new SandboxNodeServers(directory);
        try {
            servers.startAll();
            return servers;
        } catch (IOException failed) {
            servers.close();
            throw new IllegalStateException("the sandbox's SSH servers did not start", failed);
        }
    }

    private void startAll() throws IOException {
        PublicKey client = SandboxKeys.keptOrGenerated(clientKey).getPublic();
        StringBuilder knownHosts = new StringBuilder();
        for (SandboxNode node : SandboxNode.CLUSTER) {
            Path hostKey = directory.resolve("ssh").resolve("host-key-" + node.name());
            SandboxSshServer server = new SandboxSshServer(0, hostKey, USER, client);
            servers.push(server);
            server.start();
            knownHosts.append(server.knownHostsLine()).append('\n');
            String prefix = "drawbridge.node.endpoints." + node.name() + ".";
            contributed.put(prefix + "host", "127.0.0.1");
            contributed.put(prefix + "port", server.port());
            contributed.put(prefix + "root-prefix", directory.node(node.name()).toString());
        }
        directory.writePrivate("ssh/known-hosts", knownHosts.toString());
        contributed.put("drawbridge.node.ssh.user", USER);
        contributed.put("drawbridge.node.ssh.private-key", clientKey.toString());
        contributed.put(
                "drawbridge.node.ssh.known-hosts",
                directory.resolve("ssh/known-hosts").toString());
    }

    Map<String, Object> contributed() {
        return contributed;
    }

    @Override
    public void close() {
        IOException failure = null;
        while (!servers.isEmpty()) {
            try {
                servers.pop().close();
            } catch (IOException failed) {
                failure = failed;
            }
        }
        if (failure != null) {
            throw new UncheckedIOException("an SSH server did not stop cleanly", failure);
        }
    }
}
