package dev.drawbridge.node.ssh;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.shell.FirstBytes;
import dev.drawbridge.node.shell.GuardedOutput;
import dev.drawbridge.node.shell.NodeAccess;
import dev.drawbridge.node.shell.NodeShell;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ChannelExec;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.apache.sshd.client.keyverifier.KnownHostsServerKeyVerifier;
import org.apache.sshd.client.keyverifier.RejectAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.kex.KeyExchangeFactory;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * One kept-alive SSH session per node (a new one costs half a second), host keys pinned, bounded concurrency. A session that
 * broke is replaced at the next command, never in the middle of one: what was asked may have happened. One whose node gives no sign of life is
 * broken, too: a node that lost its power, or that was cut off from us, closes no connection.
 */
@Component
class SshSessions implements NodeShell {
    private static final int MAX_STDERR = 4_096;
    /** Two: whoever takes the output may keep us from reading for a while, such as a disk that evidence is written to. */
    private static final int UNANSWERED_SIGNS_OF_LIFE = 2;

    private final NodeEndpoints endpoints;
    private final NodeSshProperties settings;
    private final Map<NodeName, ClientSession> sessions = new ConcurrentHashMap<>();
    private final Map<NodeName, Semaphore> slots = new ConcurrentHashMap<>();
    private @Nullable SshClient client;

    SshSessions(NodeEndpoints endpoints, NodeSshProperties settings) {
        this.endpoints = endpoints;
        this.settings = settings;
    }

    @Override
    public NodeAccess access() {
        return NodeAccess.SSH;
    }

    @Override
    public NodePath prefix(NodeName node) {
        return endpoint(node).rootPrefix();
    }

    @Override
    public Ended run(NodeName node, Call call, OutputStream stdout) {
        String line = call.script().line(call.arguments());
        return run(
                node, settings.sudo() ? "sudo -n " + line : line, call.input().bytes(), stdout);
    }

    private NodeEndpoint endpoint(NodeName node) {
        return endpoints
                .find(node)
                .orElseThrow(() -> new NodeUnreachableException("no address is known for node " + node, null));
    }

    /**
     * Runs one command.
     *
     * @param stdin what the command may read; closed by the caller
     * @param stdout receives the output as it comes, on another thread; an exception from it ends the command
     */
    Ended run(NodeName node, String command, InputStream stdin, OutputStream stdout) {
        Semaphore slot = slots.computeIfAbsent(node, this::slots);
        acquire(node, slot);
        try {
            return runNow(node, command, stdin, stdout);
        } finally {
            slot.release();
        }
    }

    private Semaphore slots(NodeName node) {
        return new Semaphore(settings.maxConcurrentCommands(), true);
    }

    private void acquire(NodeName node, Semaphore slot) {
        try {
            Duration patience = TimeLimit.atMost(settings.commandTimeout());
            if (!slot.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new NodeUnreachableException("too many commands wait for node " + node, null);
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new NodeUnreachableException("interrupted while waiting for node " + node, stopping);
        }
    }

    private Ended runNow(NodeName node, String command, InputStream stdin, OutputStream stdout) {
        ClientSession session = session(node);
        FirstBytes stderr = new FirstBytes(MAX_STDERR);
        try (ChannelExec channel = session.createExecChannel(command)) {
            GuardedOutput output = new GuardedOutput(stdout, () -> channel.close(true));
            channel.setIn(stdin);
            channel.setOut(output);
            channel.setErr(stderr);
            channel.open().verify(TimeLimit.atMost(settings.connectTimeout()));
            Duration patience = TimeLimit.atMost(settings.commandTimeout());
            Set<ClientChannelEvent> events = channel.waitFor(EnumSet.of(ClientChannelEvent.CLOSED), patience);
            if (events.contains(ClientChannelEvent.TIMEOUT)) {
                drop(node, session);
                throw new NodeUnreachableException("no answer from node " + node + " within " + patience, null);
            }
            output.rethrow();
            Integer code = channel.getExitStatus();
            if (code == null) {
                drop(node, session);
                throw new NodeUnreachableException("the connection to node " + node + " broke", null);
            }
            return new Ended(code, stderr.text());
        } catch (IOException broken) {
            drop(node, session);
            throw new NodeUnreachableException("the connection to node " + node + " broke", broken);
        }
    }

    private ClientSession session(NodeName node) {
        ClientSession open = sessions.get(node);
        if (open != null && open.isOpen()) {
            return open;
        }
        // one lock per node: a node that does not answer holds up nobody else
        synchronized (slots.computeIfAbsent(node, this::slots)) {
            open = sessions.get(node);
            if (open != null && open.isOpen()) {
                return open;
            }
            ClientSession fresh = connect(node, endpoint(node));
            sessions.put(node, fresh);
            return fresh;
        }
    }

    private ClientSession connect(NodeName node, NodeEndpoint endpoint) {
        try {
            ClientSession session = client().connect(settings.user(), endpoint.host(), endpoint.port())
                    .verify(TimeLimit.atMost(settings.connectTimeout()))
                    .getSession();
            session.auth().verify(TimeLimit.atMost(settings.connectTimeout()));
            return session;
        } catch (IOException refused) {
            throw new NodeUnreachableException("node " + node + " cannot be reached by SSH", refused);
        }
    }

    private synchronized SshClient client() {
        if (client != null) {
            return client;
        }
        SshClient fresh = SshClient.setUpDefaultClient();
        if (settings.knownHosts() == null || settings.privateKey() == null) {
            throw new NodeAccessException("drawbridge.node.ssh.known-hosts and .private-key must be set");
        }
        // a host key that is not pinned is refused: trust on first use would trust the attacker's proxy
        fresh.setServerKeyVerifier(
                new KnownHostsServerKeyVerifier(RejectAllServerKeyVerifier.INSTANCE, settings.knownHosts()));
        fresh.setUserAuthFactoriesNameList("publickey");
        fresh.setKeyExchangeFactories(cheapFirst(fresh.getKeyExchangeFactories()));
        fresh.setHostConfigEntryResolver(org.apache.sshd.client.config.hosts.HostConfigEntryResolver.EMPTY);
        fresh.setKeyIdentityProvider(keys());
        // every server must answer such a request, be it that it does not know it (RFC 4254, section 4). What needs no
        // reply, as SSH_MSG_IGNORE, would go to a node that is gone until TCP gives up after a quarter of an hour
        CoreModuleProperties.HEARTBEAT_REQUEST.set(fresh, "keepalive@openssh.com");
        CoreModuleProperties.HEARTBEAT_INTERVAL.set(fresh, settings.keepAlive());
        CoreModuleProperties.HEARTBEAT_NO_REPLY_MAX.set(fresh, UNANSWERED_SIGNS_OF_LIFE);
        // a command is several small packets: none is to be held back until the one before is acknowledged
        CoreModuleProperties.TCP_NODELAY.set(fresh, true);
        fresh.start();
        client = fresh;
        return fresh;
    }

    /**
     * Private keys travel over these sessions, so key exchanges that hold against quantum computers stay before all others; but ML-KEM, which OpenSSH
     * prefers since 10.0, before sntrup761, the client's side of which costs about 80 ms of processor in Java: many nodes at once would take it from
     * the containment of others.
     */
    static List<KeyExchangeFactory> cheapFirst(List<KeyExchangeFactory> exchanges) {
        return exchanges.stream()
                .sorted(Comparator.comparing(exchange -> !exchange.getName().startsWith("mlkem")))
                .toList();
    }

    private org.apache.sshd.common.keyprovider.KeyIdentityProvider keys() {
        try (InputStream file =
                java.nio.file.Files.newInputStream(java.util.Objects.requireNonNull(settings.privateKey()))) {
            Iterable<KeyPair> pairs = SecurityUtils.loadKeyPairIdentities(
                    null, NamedResource.ofName("drawbridge.node.ssh.private-key"), file, null);
            return org.apache.sshd.common.keyprovider.KeyIdentityProvider.wrapKeyPairs(pairs);
        } catch (IOException | GeneralSecurityException unreadable) {
            throw new NodeAccessException("drawbridge.node.ssh.private-key cannot be read", unreadable);
        }
    }

    private void drop(NodeName node, ClientSession session) {
        sessions.remove(node, session);
        session.close(true);
    }

    @PreDestroy
    synchronized void close() {
        if (client != null) {
            client.stop();
            client = null;
        }
    }
}
