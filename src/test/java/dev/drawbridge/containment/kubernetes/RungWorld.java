package dev.drawbridge.containment.kubernetes;

import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.web.TestClock;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** A cluster, a database and every rung on them, for one test; it counts what the API server is asked. */
final class RungWorld implements AutoCloseable {
    static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    static final IncidentId FIRST = IncidentId.of("11111111-aaaa-4bbb-8ccc-000000000001");
    static final IncidentId SECOND = IncidentId.of("22222222-aaaa-4bbb-8ccc-000000000002");
    static final NodeName WORKER = NodeName.of("worker-1");

    /** What the configuration says when nothing is configured. */
    static final ContainmentProperties PROPERTIES = properties();

    /** Settings below {@code drawbridge.containment}, as {@code name=value}. */
    static ContainmentProperties properties(String... settings) {
        Map<String, String> values = new HashMap<>();
        for (String setting : settings) {
            String[] parts = setting.split("=", 2);
            values.put("drawbridge.containment." + parts[0], parts[1]);
        }
        return new Binder(new MapConfigurationPropertySource(values))
                .bindOrCreate("drawbridge.containment", ContainmentProperties.class);
    }

    final TestDatabase database;
    final SandboxApiServer server = SandboxApiServer.start();
    final KubernetesClient client;
    final KubernetesNodeDirectory directory;
    final TestClock clock = new TestClock();
    final AskedRights rights;
    final ContainedNodes contained;
    final AuditTrail audit;
    final List<String> requests = new CopyOnWriteArrayList<>();
    private final ContainmentProperties properties;
    Containment containment;

    RungWorld(ContainmentProperties properties) {
        this(properties, TestClients::of);
    }

    RungWorld(ContainmentProperties properties, Function<SandboxApiServer, KubernetesClient> client) {
        this(properties, client, TestDatabase.h2());
    }

    RungWorld(
            ContainmentProperties properties,
            Function<SandboxApiServer, KubernetesClient> client,
            TestDatabase database) {
        this.properties = properties;
        this.database = database;
        this.contained = TestGate.contained(database);
        this.audit = TestAudit.on(database, clock);
        this.client = client.apply(server);
        directory = new KubernetesNodeDirectory(this.client);
        rights = new AskedRights(this.client, clock);
        containment = behind(TestGate.limited(database, 3));
        await().until(() -> directory.cached(WORKER).isPresent());
        faults(ApiFaults.NONE);
    }

    Containment behind(EffectGate gate) {
        return behind(properties, gate);
    }

    Containment behind(ContainmentProperties properties, EffectGate gate) {
        NodeObjects nodes = new NodeObjects(client);
        ClusterObjects objects = new ClusterObjects(client, (namespace, labels) -> false);
        ServedApis apis = new ServedApis(client);
        NodeEndpoints endpoints = node -> Optional.of(new NodeEndpoint("10.20.0.21", 22, NodePath.of("/")));
        ContainmentJournal journal = new ContainmentJournal(database.jdbc(), clock);
        Evictor evictor = new Evictor(objects, nodes, apis, properties, clock);
        List<ObjectRung> rungs = List.of(
                new DrainRung(evictor),
                new NetworkPolicyRung(objects, apis, properties),
                new CiliumRung(objects, nodes, apis, endpoints, properties, clock),
                new CalicoRung(objects, nodes, apis, directory, endpoints, properties, clock));
        return new Ladder(
                new NodeContainment(directory, nodes, rights, gate, journal, contained, audit, database.transactions()),
                new ObjectContainment(rungs, nodes, gate, journal, contained, audit, database.transactions(), clock),
                new TolerationSweep(evictor, properties),
                new PodsGone(journal, nodes, objects, properties, clock),
                journal,
                rights);
    }

    void faults(ApiFaults faults) {
        server.inject((method, path) -> {
            requests.add(method + " " + path);
            return faults.on(method, path);
        });
    }

    RungOutcome apply(Rung rung) {
        return containment.apply(ACTOR, FIRST, WORKER, rung);
    }

    RungOutcome release(Rung rung) {
        return containment.release(ACTOR, FIRST, WORKER, rung);
    }

    List<AuditEvent> trail() {
        return audit.page(0, 1000).stream().map(AuditEntry::event).toList();
    }

    Node node(NodeName name) {
        return server.client().nodes().withName(name.value()).get();
    }

    void edit(NodeName name, UnaryOperator<NodeBuilder> change) {
        server.client()
                .nodes()
                .withName(name.value())
                .edit(node -> change.apply(new NodeBuilder(node)).build());
    }

    /** Names of the pods on the worker, sorted. */
    List<String> pods() {
        return new ClusterObjects(server.client(), (namespace, labels) -> false)
                .podsOn(WORKER).stream().map(NodePods::name).sorted().toList();
    }

    Pod pod(String namespace, String name) {
        return server.client().pods().inNamespace(namespace).withName(name).get();
    }

    /** Starts a pod of a ReplicaSet on the worker. */
    Pod start(String namespace, String name, UnaryOperator<PodBuilder> change) {
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .addToLabels("app", name)
                .addNewOwnerReference()
                .withApiVersion("apps/v1")
                .withKind("ReplicaSet")
                .withName(name)
                .withUid(UUID.randomUUID().toString())
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withNewSpec()
                .withNodeName(WORKER.value())
                .addNewContainer()
                .withName("main")
                .withImage("registry.example.org/" + name)
                .endContainer()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .endStatus();
        return server.client().resource(change.apply(pod).build()).create();
    }

    @Override
    public void close() throws Exception {
        directory.stop();
        rights.stop();
        client.close();
        server.close();
        database.close();
    }
}
