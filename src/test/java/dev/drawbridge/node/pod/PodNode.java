package dev.drawbridge.node.pod;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A node for tests: a directory of this machine, reached by helper pods of the sandbox's API server. */
public final class PodNode implements ReachedNode {
    public static final IncidentId INCIDENT = IncidentId.of("incident-1");
    public static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    static final NodePodProperties SETTINGS = new NodePodProperties(
            "registry.example.internal/busybox@sha256:0",
            null,
            "drawbridge-node-access",
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofMinutes(10),
            8,
            true);

    final SandboxApiServer server = SandboxApiServer.start();
    public final TestDatabase database = TestDatabase.h2();
    final FakeKubelet kubelet;
    final OpenPods open = new OpenPods();
    final HelperPods pods;
    final PodShell shell;
    private final KubernetesClient client;
    private final Path root;
    private final NodeFiles files;

    PodNode(Path directory, String path) throws Exception {
        this(directory, path, TestGate::open, SETTINGS);
    }

    PodNode(Path directory, String path, Function<TestDatabase, EffectGate> gate, NodePodProperties settings)
            throws Exception {
        root = Files.createDirectories(directory.resolve("root")).toRealPath();
        server.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(settings.namespace())
                        .endMetadata()
                        .build())
                .create();
        kubelet = new FakeKubelet(server.client(), settings.namespace(), path);
        server.exec(kubelet);
        server.observe(kubelet::changed);
        client = client(server);
        pods = pods(gate.apply(database), settings, "instance-1", Clock.systemUTC());
        shell = new PodShell(pods, settings);
        files = new InIncident(TestShells.files(shell));
    }

    /** With what GNU and this machine offer. */
    public static PodNode in(Path directory) throws Exception {
        return new PodNode(directory, "/usr/bin:/bin");
    }

    /** As a step reaches them: whoever uses it says in whose name. */
    public NodeFiles files(EffectGate gate) {
        return TestShells.files(new PodShell(pods(gate, SETTINGS, "instance-1", Clock.systemUTC()), SETTINGS));
    }

    /** Names of all pods that were made. */
    public List<String> made() {
        return kubelet.made();
    }

    static KubernetesClient client(SandboxApiServer server) {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl(server.url())
                        .withRequestTimeout(5_000)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
    }

    HelperPods pods(EffectGate gate, NodePodProperties settings, String instance, Clock clock) {
        return new HelperPods(
                client,
                settings,
                gate,
                TestAudit.on(database, Clock.systemUTC()),
                instance.equals("instance-1") ? open : new OpenPods(),
                clock,
                () -> UUID.randomUUID().toString(),
                instance) {
            @Override
            String mountPath() {
                return root.toString();
            }
        };
    }

    public List<Pod> there() {
        return server.client().pods().inNamespace(SETTINGS.namespace()).list().getItems();
    }

    public List<AuditEntry> trail() {
        return TestAudit.on(database, Clock.systemUTC()).page(0, 1000);
    }

    @Override
    public NodeFiles files() {
        return files;
    }

    @Override
    public NodeProcesses processes() {
        NodeProcesses processes = TestShells.processes(shell);
        return (node, directories) -> NodeUse.in(ACTOR, INCIDENT, () -> processes.processes(node, directories));
    }

    @Override
    public Path root() {
        return root;
    }

    @Override
    public void close() throws Exception {
        shell.stop();
        client.close();
        server.close();
        kubelet.close();
        database.close();
    }

    /** Each call is a step of its own. */
    private record InIncident(NodeFiles files) implements NodeFiles {
        @Override
        public NodeScan scan(NodeName node, List<NodePath> roots) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.scan(node, roots));
        }

        @Override
        public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.read(node, path, sink, limit));
        }

        @Override
        public WriteOutcome write(NodeName node, Permit permit, FileWrite write, InputStream content) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.write(node, permit, write, content));
        }

        @Override
        public WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.quarantine(node, permit, path, expected));
        }

        @Override
        public Map<NodePath, byte[]> readTogether(NodeName node, List<ScannedFile> found) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.readTogether(node, found));
        }

        @Override
        public boolean writeTogether(NodeName node, List<Permit> permits, WriteBatch batch) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.writeTogether(node, permits, batch));
        }

        @Override
        public Optional<NodePath> staging() {
            return files.staging();
        }

        @Override
        public Optional<Quarantined> quarantined(NodeName node, IncidentId incident, NodePath path, Digest content) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.quarantined(node, incident, path, content));
        }

        @Override
        public WriteOutcome putBack(NodeName node, Permit permit, NodePath path, Quarantined file) {
            return NodeUse.in(ACTOR, INCIDENT, () -> files.putBack(node, permit, path, file));
        }

        @Override
        public Optional<NodePath> place(Quarantined file) {
            return files.place(file);
        }
    }
}
