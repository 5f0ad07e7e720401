package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.ClusterRights.Answer;
import dev.drawbridge.containment.ClusterRights.Method;
import dev.drawbridge.containment.ClusterView.KubeletAnswer;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.OwnReplicas;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeEndpoint;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What must hold on a real API server and on the sandbox's, done to a Node object that the test makes and removes. On a real cluster no
 * kubelet stands behind it, and controllers change it meanwhile; only what is ours is looked at.
 */
abstract class ClusterStories {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    private static final List<Rung> ON_THE_NODE = List.of(Rung.CORDON, Rung.TAINT, Rung.LABEL);

    private final NodeName name =
            NodeName.of("drawbridge-test-" + UUID.randomUUID().toString().substring(0, 8));
    private final IncidentId incident = IncidentId.of(UUID.randomUUID().toString());
    private final TestDatabase database = TestDatabase.h2();
    private ClusterAtHand cluster;
    private KubernetesNodeDirectory directory;
    private KubernetesClusterView view;
    private AskedRights rights;
    private KubernetesClient client;
    private Containment containment;

    abstract ClusterAtHand cluster();

    @BeforeEach
    void makeNode() {
        cluster = cluster();
        cluster.administrator()
                .resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName(name.value())
                        .addToLabels("drawbridge.dev/test", "true")
                        .addToAnnotations("drawbridge.dev/test", "true")
                        .endMetadata()
                        .withNewSpec()
                        .addNewTaint("NoSchedule", "drawbridge.dev/test", null, "kept")
                        .endSpec()
                        .build())
                .create();
    }

    @AfterEach
    void removeNode() throws Exception {
        try (database) {
            if (directory != null) {
                directory.stop();
            }
            if (rights != null) {
                rights.stop();
            }
            cluster.administrator().nodes().withName(name.value()).delete();
        } finally {
            cluster.close();
        }
    }

    /** Drawbridge with the manifests' rights, once the cluster knows them. */
    private void begin(Feature... features) {
        client = cluster.drawbridge(features);
        rights = new AskedRights(client, Clock.systemUTC());
        await().atMost(PATIENCE).until(() -> {
            rights.ask();
            return answers().get("read") == Answer.ALLOWED;
        });
        view = new KubernetesClusterView(client);
        directory = new KubernetesNodeDirectory(client);
        await().atMost(PATIENCE).until(() -> directory.cached(name).isPresent());
        Clock clock = Clock.systemUTC();
        EffectGate gate = TestGate.open(database);
        NodeObjects nodes = new NodeObjects(client);
        ClusterObjects objects = new ClusterObjects(client, (namespace, labels) -> false);
        ServedApis apis = new ServedApis(client);
        ContainmentProperties properties = RungWorld.properties(
                "network.allow-in=192.0.2.0/24 tcp/22, 192.0.2.0/24 tcp/10250",
                "network.allow-out=198.51.100.7/32 tcp/443");
        NodeEndpoints endpoints = node -> Optional.of(new NodeEndpoint("10.20.0.21", 22, NodePath.of("/")));
        Evictor evictor = new Evictor(objects, nodes, apis, properties, clock);
        ContainmentJournal journal = new ContainmentJournal(database.jdbc(), clock);
        ContainedNodes contained = TestGate.contained(database);
        var audit = TestAudit.on(database, clock);
        List<ObjectRung> rungs = List.of(
                new DrainRung(evictor),
                new NetworkPolicyRung(objects, apis, properties),
                new CiliumRung(objects, nodes, apis, endpoints, properties, clock),
                new CalicoRung(objects, nodes, apis, directory, endpoints, properties, clock));
        containment = new Ladder(
                new NodeContainment(directory, nodes, rights, gate, journal, contained, audit, database.transactions()),
                new ObjectContainment(rungs, nodes, gate, journal, contained, audit, database.transactions(), clock),
                new TolerationSweep(evictor, properties),
                new PodsGone(journal, nodes, objects, properties, clock),
                journal,
                rights);
    }

    private Map<String, Answer> answers() {
        return rights.report().methods().stream().collect(Collectors.toMap(Method::name, Method::answer));
    }

    private Node node() {
        return cluster.administrator().nodes().withName(name.value()).get();
    }

    private List<String> ourTaints() {
        return node().getSpec().getTaints().stream()
                .map(Taint::getKey)
                .filter(key -> key.startsWith("drawbridge.dev/"))
                .sorted()
                .toList();
    }

    @Test
    void theRightsOfTheManifestsAreEnoughToContainAndRelease() {
        begin(Feature.READ, Feature.CONTAIN);
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        Node contained = node();
        assertThat(contained.getSpec().getUnschedulable()).isTrue();
        assertThat(contained.getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", incident.value());
        assertThat(contained.getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", incident.value());
        assertThat(ourTaints()).containsExactly("drawbridge.dev/contained", "drawbridge.dev/test");
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung))
                    .as("a rerun finds its own work")
                    .isInstanceOf(RungOutcome.Already.class);
        }

        for (Rung rung : List.of(Rung.LABEL, Rung.TAINT, Rung.CORDON)) {
            assertThat(containment.release(ACTOR, incident, name, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        Node released = node();
        assertThat(released.getSpec().getUnschedulable()).isNotEqualTo(true);
        assertThat(released.getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/test", "true")
                .doesNotContainKey("drawbridge.dev/cordoned-by");
        assertThat(released.getMetadata().getLabels())
                .containsEntry("drawbridge.dev/test", "true")
                .doesNotContainKey("drawbridge.dev/contained");
        assertThat(ourTaints()).containsExactly("drawbridge.dev/test");
        assertThat(containment.applied(incident)).isEmpty();
    }

    @Test
    void aCordonThatSomebodyElseSetStays() {
        // controllers change the node at the same time: without a version of the whole object
        cluster.administrator()
                .nodes()
                .withName(name.value())
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"unschedulable\":true}}");
        begin(Feature.READ, Feature.CONTAIN);
        assertThat(containment.apply(ACTOR, incident, name, Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        containment.release(ACTOR, incident, name, Rung.CORDON);
        assertThat(node().getSpec().getUnschedulable()).isTrue();
    }

    /** Drawbridge cordons, a person makes the node schedulable and cordons it for themselves: kubectl leaves our annotation where it is. */
    @Test
    void aCordonThatSomebodyElseSetAnewUnderOurMarkStays() {
        begin(Feature.READ, Feature.CONTAIN);
        assertThat(containment.apply(ACTOR, incident, name, Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assumeTrue(
                !node().getMetadata().getManagedFields().isEmpty(),
                "skipped: this API server keeps no record of who set a field");
        PatchContext asKubectl = new PatchContext.Builder()
                .withPatchType(PatchType.JSON_MERGE)
                .withFieldManager("kubectl")
                .build();
        for (String unschedulable : List.of("null", "true")) {
            cluster.administrator()
                    .nodes()
                    .withName(name.value())
                    .patch(asKubectl, "{\"spec\":{\"unschedulable\":" + unschedulable + "}}");
        }
        assertThat(node().getMetadata().getAnnotations()).containsEntry("drawbridge.dev/cordoned-by", incident.value());
        assertThat(containment.release(ACTOR, incident, name, Rung.CORDON))
                .isInstanceOfSatisfying(
                        RungOutcome.Already.class,
                        kept -> assertThat(kept.detail()).contains("cordoned anew by kubectl"));
        assertThat(node().getSpec().getUnschedulable()).isTrue();
        assertThat(containment.applied(incident)).isEmpty();
    }

    @Test
    void theServerSaysRungByRungWhatItAllows() {
        begin(Feature.READ, Feature.CONTAIN);
        rights.ask();
        assertThat(answers())
                .containsEntry("read", Answer.ALLOWED)
                .containsEntry("cordon", Answer.ALLOWED)
                .containsEntry("label", Answer.ALLOWED)
                .containsEntry("drain", Answer.DENIED)
                .containsEntry("network-policies", Answer.DENIED);
        assertThat(containment.apply(ACTOR, incident, name, Rung.DRAIN))
                .isEqualTo(new RungOutcome.NotSupported("missing right create pods/eviction"));
    }

    @Test
    void whoMayOnlyReadContainsNothing() {
        begin(Feature.READ);
        for (Rung rung : ON_THE_NODE) {
            assertThat(containment.apply(ACTOR, incident, name, rung))
                    .isEqualTo(new RungOutcome.NotSupported("missing right patch nodes"));
        }
        assertThat(node().getSpec().getUnschedulable()).isNotEqualTo(true);
        assertThat(ourTaints()).containsExactly("drawbridge.dev/test");
    }

    @Test
    void withoutTheRightNoKubeletIsAsked() {
        begin(Feature.READ);
        assertThat(answers()).containsEntry("kubelet", Answer.DENIED);
        assertThat(view.kubelet(name))
                .isInstanceOfSatisfying(
                        KubeletAnswer.Refused.class,
                        refused -> assertThat(refused.reason()).contains("missing right get nodes/proxy"));
    }

    @Test
    void theSilenceOfAKubeletIsNoEmptyAnswer() {
        begin(Feature.READ, Feature.KUBELET);
        await().atMost(PATIENCE).until(() -> {
            rights.ask();
            return answers().get("kubelet") == Answer.ALLOWED;
        });
        assertThatThrownBy(() -> view.kubelet(name))
                .as("no kubelet runs for this node")
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("kubelet ");
    }

    /** A pod that is bound to the node, is ready, and has a controller that would start it elsewhere. */
    private void start(String pod) {
        start(pod, List.of(new TolerationBuilder().withOperator("Exists").build()));
    }

    private void start(String pod, List<Toleration> tolerations) {
        KubernetesClient administrator = cluster.administrator();
        ConfigMap owner = administrator
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName("owner-of-" + pod)
                        .endMetadata()
                        .build())
                .create();
        administrator
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName("default")
                        .endMetadata()
                        .build())
                .createOr(existing -> administrator
                        .serviceAccounts()
                        .inNamespace(cluster.namespace())
                        .withName("default")
                        .get());
        Pod made = administrator
                .resource(new PodBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName(pod)
                        .addToLabels("app", pod)
                        .addNewOwnerReference()
                        .withApiVersion("v1")
                        .withKind("ConfigMap")
                        .withName(owner.getMetadata().getName())
                        .withUid(owner.getMetadata().getUid())
                        .withController(true)
                        .endOwnerReference()
                        .endMetadata()
                        .withNewSpec()
                        .withNodeName(name.value())
                        // those of a node that is not ready would end it
                        .withTolerations(tolerations)
                        .addNewContainer()
                        .withName("main")
                        .withImage("registry.example.org/" + pod)
                        .endContainer()
                        .endSpec()
                        .build())
                .create();
        administrator
                .resource(new PodBuilder(made)
                        .withNewStatus()
                        .withPhase("Running")
                        .addNewCondition()
                        .withType("Ready")
                        .withStatus("True")
                        .endCondition()
                        .endStatus()
                        .build())
                .updateStatus();
    }

    private Optional<Pod> pod(String pod) {
        return Optional.ofNullable(cluster.administrator()
                .pods()
                .inNamespace(cluster.namespace())
                .withName(pod)
                .get());
    }

    private boolean leaving(String pod) {
        return pod(pod).map(one -> one.getMetadata().getDeletionTimestamp() != null)
                .orElse(true);
    }

    @Test
    void theTaintEvictsAndThePodsAreGoneWhenTheyHaveEnded() {
        start("stays");
        start(
                "moves",
                Stream.of("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
                        .map(key -> new TolerationBuilder()
                                .withKey(key)
                                .withOperator("Exists")
                                .build())
                        .toList());
        begin(Feature.READ, Feature.CONTAIN);
        assertThat(containment.podsGone(incident, name)).isInstanceOf(Proven.No.class);
        apply(Rung.TAINT);
        assertThat(containment.podsGone(incident, name))
                .isInstanceOfSatisfying(
                        Proven.NotYet.class,
                        notYet -> assertThat(notYet.detail())
                                .contains(cluster.namespace() + "/moves")
                                .doesNotContain("/stays"));
        cluster.evictByTaint("moves");
        await().atMost(PATIENCE).until(() -> leaving("moves"));
        cluster.endPod("moves");
        await().atMost(PATIENCE).until(() -> pod("moves").isEmpty());
        assertThat(containment.podsGone(incident, name)).isInstanceOf(Proven.Yes.class);
        assertThat(leaving("stays")).isFalse();
    }

    /** What the guardrail own-last-replica looks at, with no more rights than reading. */
    @Test
    void ourOwnPodsAreFoundByTheirLabelAndCountWhileTheyAreReady() {
        start("self");
        begin(Feature.READ);
        OwnPodProperties self = new OwnPodProperties("self", cluster.namespace(), false, "app=self");
        OwnPodProperties unlabelled = new OwnPodProperties("self", cluster.namespace(), false, "app=other");
        assertThat(new KubernetesOwnReplicas(client, self, TestClients.inCluster()).look())
                .isEqualTo(new OwnReplicas.Look.Known(List.of(new OwnReplicas.Replica("self", name, true))));
        assertThat(new KubernetesOwnReplicas(client, unlabelled, TestClients.inCluster()).look())
                .isInstanceOf(OwnReplicas.Look.Unknown.class);
        cluster.endPod("self");
        await().atMost(PATIENCE).until(() -> pod("self").isEmpty());
        assertThat(new KubernetesOwnReplicas(client, self, TestClients.inCluster()).look())
                .isInstanceOf(OwnReplicas.Look.Unknown.class);
    }

    private RungOutcome apply(Rung rung) {
        return containment.apply(ACTOR, incident, name, rung);
    }

    @Test
    void aDrainHonoursADisruptionBudgetAndEndsWhenEveryPodIsGone() {
        start("free");
        start("guarded");
        PodDisruptionBudget budget = cluster.administrator()
                .resource(new PodDisruptionBudgetBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName("guard")
                        .endMetadata()
                        .withNewSpec()
                        .withMinAvailable(new IntOrString(1))
                        .withNewSelector()
                        .withMatchLabels(Map.of("app", "guarded"))
                        .endSelector()
                        .endSpec()
                        .build())
                .create();
        begin(Feature.READ, Feature.CONTAIN, Feature.EVICT);
        apply(Rung.CORDON);
        RungOutcome underway = apply(Rung.DRAIN);
        assertThat(underway).isInstanceOf(RungOutcome.Underway.class);
        assertThat(underway.toString()).contains(cluster.namespace() + "/guarded");
        await().atMost(PATIENCE).until(() -> leaving("free"));
        assertThat(leaving("guarded")).as("its budget bears no eviction").isFalse();
        cluster.endPod("free");

        cluster.administrator().resource(budget).delete();
        await().atMost(PATIENCE).until(() -> {
            apply(Rung.DRAIN);
            return leaving("guarded");
        });
        cluster.endPod("guarded");
        await().atMost(PATIENCE).until(() -> pod("guarded").isEmpty());
        assertThat(apply(Rung.DRAIN)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void networkPoliciesComeAndGoWithTheIncident() {
        cluster.serve("crd.projectcalico.org/v1", "felixconfigurations", "FelixConfiguration");
        start("web");
        begin(Feature.READ, Feature.CONTAIN, Feature.NETWORK_POLICIES);
        apply(Rung.CORDON);
        assertThat(apply(Rung.NETWORK_POLICIES)).isInstanceOf(RungOutcome.Applied.class);
        String uid = node().getMetadata().getUid();
        assertThat(pod("web").orElseThrow().getMetadata().getLabels()).containsEntry("drawbridge.dev/isolated", uid);
        assertThat(policies()).singleElement().satisfies(policy -> {
            assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                    .isEqualTo(Map.of("drawbridge.dev/isolated", uid));
            assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
        });
        assertThat(apply(Rung.NETWORK_POLICIES)).as("a rerun").isInstanceOf(RungOutcome.Already.class);

        assertThat(containment.release(ACTOR, incident, name, Rung.NETWORK_POLICIES))
                .isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
        assertThat(pod("web").orElseThrow().getMetadata().getLabels()).isEqualTo(Map.of("app", "web"));
    }

    private List<NetworkPolicy> policies() {
        return cluster.administrator()
                .network()
                .v1()
                .networkPolicies()
                .inNamespace(cluster.namespace())
                .list()
                .getItems();
    }

    @Test
    void aHostPolicyOfCalicoComesAndGoesWithTheIncident() {
        cluster.serve("projectcalico.org/v3", "globalnetworkpolicies", "GlobalNetworkPolicy");
        cluster.serve("projectcalico.org/v3", "hostendpoints", "HostEndpoint");
        cluster.serve("projectcalico.org/v3", "felixconfigurations", "FelixConfiguration");
        begin(Feature.READ, Feature.CONTAIN, Feature.CALICO_HOST_POLICY);
        comesAndGoes(Rung.CALICO_HOST_POLICY, "/apis/projectcalico.org/v3/globalnetworkpolicies");
    }

    @Test
    void aHostPolicyOfCiliumComesAndGoesWithTheIncident() {
        cluster.serve("cilium.io/v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy");
        ConfigMap settings = new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace("kube-system")
                .withName("cilium-config")
                .endMetadata()
                .withData(Map.of("enable-host-firewall", "true"))
                .build();
        assumeTrue(
                cluster.administrator().resource(settings).get() == null,
                "Cilium runs in this cluster: a policy for a node without an agent would not say whether it holds");
        cluster.administrator().resource(settings).create();
        try {
            begin(Feature.READ, Feature.CONTAIN, Feature.CILIUM_HOST_POLICY);
            comesAndGoes(Rung.CILIUM_HOST_POLICY, "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies");
        } finally {
            cluster.administrator().resource(settings).delete();
        }
    }

    private void comesAndGoes(Rung rung, String policies) {
        apply(Rung.CORDON);
        RungOutcome outcome = apply(rung);
        assertThat(outcome).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cluster.administrator().raw(policies)).contains(incident.value());
        assertThat(apply(rung)).as("a rerun").isInstanceOf(RungOutcome.Already.class);
        assertThat(containment.release(ACTOR, incident, name, rung)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cluster.administrator().raw(policies)).doesNotContain(incident.value());
    }

    @Test
    void aRungOfAnAddOnThatIsNotThereIsNotSupported() {
        begin(Feature.READ, Feature.CONTAIN, Feature.CILIUM_HOST_POLICY);
        assumeTrue(cluster.administrator().getApiResources("cilium.io/v2") == null, "Cilium is served by this cluster");
        assertThat(apply(Rung.CILIUM_HOST_POLICY)).isInstanceOf(RungOutcome.NotSupported.class);
    }
}
