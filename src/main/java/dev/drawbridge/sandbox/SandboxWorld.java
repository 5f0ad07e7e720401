package dev.drawbridge.sandbox;

import dev.drawbridge.access.Group;
import dev.drawbridge.shared.NodeName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;

/**
 * The embedded world: made once in its directory, continued by every later start. It lives outside the application context,
 * because the context's properties point at its servers.
 */
final class SandboxWorld implements AutoCloseable {
    /** Who may sign in, and what for: two of each who decide, so that four eyes can be tried. */
    static final Map<String, List<Group>> USERS = users();

    /** Written last by the first start: what lies beside it is whole. */
    private static final String COMPLETE = "world";

    private final SandboxDirectory directory;
    private final SandboxCredentials credentials;
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final Map<String, Object> contributed = new LinkedHashMap<>();

    private SandboxWorld(SandboxDirectory directory, SandboxCredentials credentials) {
        this.directory = directory;
        this.credentials = credentials;
        running.push(directory);
    }

    /** @throws SandboxUnavailableException when the directory is in use or cannot be used */
    static SandboxWorld open(SandboxProperties properties) {
        SandboxDirectory directory = SandboxDirectory.open(properties.directory());
        SandboxWorld world;
        try {
            world = new SandboxWorld(directory, SandboxCredentials.of(directory, properties.password()));
        } catch (RuntimeException failed) {
            directory.close();
            throw failed;
        }
        try {
            world.start();
            return world;
        } catch (RuntimeException failed) {
            world.close();
            throw failed;
        }
    }

    private void start() {
        SandboxBaseline baseline = new SandboxBaseline(directory);
        boolean complete = Files.exists(directory.resolve(COMPLETE));
        if (!complete) {
            build(baseline);
        }
        contributed.putAll(baseline.contributed());
        SandboxNodeServers nodes = SandboxNodeServers.start(directory);
        running.push(nodes);
        contributed.putAll(nodes.contributed());
        startCluster();
        contributeState();
        // nobody else can have this directory open, so nobody else has the name
        contributed.put("drawbridge.workflow.instance", "sandbox");
        contributePeople();
        if (!complete) {
            directory.writePrivate(COMPLETE, "1\n");
        }
    }

    private void build(SandboxBaseline baseline) {
        directory.delete("nodes");
        directory.delete("ssh");
        directory.delete("baseline");
        directory.delete("cluster.json");
        Instant now = Instant.now();
        KubeadmCluster cluster = new KubeadmCluster(now);
        NodeTree.Owner owner = NodeTree.Owner.of(directory.root());
        for (SandboxNode node : SandboxNode.CLUSTER) {
            tree(node.name()).create(cluster.files(node), owner);
        }
        baseline.publish(now);
    }

    private void startCluster() {
        SandboxApiServer api = SandboxApiServer.start(0, directory.resolve("cluster.json"));
        running.push(api);
        Map<String, Path> manifests = new TreeMap<>();
        SandboxNode.CLUSTER.forEach(node ->
                manifests.put(node.name().value(), directory.node(node.name()).resolve("etc/kubernetes/manifests")));
        SandboxKubelet kubelet = new SandboxKubelet(api, manifests, Clock.systemUTC());
        running.push(kubelet);
        kubelet.start();
        contributed.put("drawbridge.kubernetes.master-url", api.url());
    }

    private void contributeState() {
        Path database = directory.resolve("database").resolve("drawbridge");
        if (database.toString().contains(";")) {
            throw new SandboxUnavailableException(
                    "The path of the sandbox directory holds a semicolon, which the database cannot take: " + database,
                    "Choose another directory with --drawbridge.sandbox.directory=...");
        }
        // WRITE_DELAY=0: what was answered with 202 is on disk, also when the process is killed right after
        contributed.put("spring.datasource.url", "jdbc:h2:file:" + database + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE");
        contributed.put("spring.datasource.username", "sa");
        contributed.put("spring.datasource.password", "");
        contributed.put(
                "drawbridge.evidence.directory", directory.resolve("evidence").toString());
        contributed.put("drawbridge.guardrail.dry-run", "false");
        contributed.put("drawbridge.guardrail.max-contained-nodes", "3");
        // three nodes are a small pool: who tries things out may contain them all
        contributed.put("drawbridge.guardrail.pool.max-percent", "100");
        contributed.put("drawbridge.guardrail.pool.min-healthy-percent", "0");
        // whoever tries things out attacks more often than anybody should be attacked
        contributed.put("drawbridge.guardrail.hourly-budget", "100");
        contributed.put("drawbridge.guardrail.storm.incidents", "100");
    }

    private void contributePeople() {
        contributed.put("server.address", "127.0.0.1");
        contributed.put("drawbridge.access.alert-token", credentials.alertToken());
        // one hash for all: they share the password, and hashing is slow on purpose
        String hash = "{bcrypt}" + new BCryptPasswordEncoder().encode(credentials.password());
        USERS.forEach((user, groups) -> {
            String prefix = "drawbridge.access.users." + user + ".";
            contributed.put(prefix + "password-hash", hash);
            contributed.put(prefix + "groups", groups.stream().map(Group::code).collect(Collectors.joining(",")));
        });
    }

    private static Map<String, List<Group>> users() {
        List<Group> responders = List.of(Group.RESPONDERS, Group.SECURITY_OPERATIONS);
        List<Group> approvers = List.of(Group.APPROVERS, Group.RESPONDERS, Group.SECURITY_OPERATIONS);
        Map<String, List<Group>> users = new LinkedHashMap<>();
        users.put("responder", responders);
        users.put("responder2", responders);
        users.put("approver", approvers);
        users.put("approver2", approvers);
        users.put("auditor", List.of(Group.AUDITORS));
        users.put("admin", List.of(Group.ADMINISTRATORS, Group.SECURITY_OPERATIONS));
        return java.util.Collections.unmodifiableMap(users);
    }

    /** Ordinary properties that point the application at this world. */
    Map<String, Object> contributed() {
        return Map.copyOf(contributed);
    }

    SandboxCredentials credentials() {
        return credentials;
    }

    NodeTree tree(NodeName node) {
        return new NodeTree(directory.node(node));
    }

    /** Stops the servers in the reverse order of their start and gives the directory free. Idempotent. */
    @Override
    public void close() {
        RuntimeException failure = null;
        while (!running.isEmpty()) {
            try {
                running.pop().close();
            } catch (Exception failed) {
                failure = failure == null ? new IllegalStateException("the sandbox did not stop cleanly") : failure;
                failure.addSuppressed(failed);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
