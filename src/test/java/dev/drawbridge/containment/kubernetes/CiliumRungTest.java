package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.ACTOR;
import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.SECOND;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CiliumRungTest {
    private static final Rung RUNG = Rung.CILIUM_HOST_POLICY;
    private static final String ISOLATED = "drawbridge.dev/isolated";
    private static final String POLICIES = "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private RungWorld world = with();
    private String uid = world.node(WORKER).getMetadata().getUid();

    /** Drawbridge comes from two networks and from its own pods; one Git server is elsewhere, another may run on the host. */
    private static RungWorld with(String... further) {
        List<String> settings = new ArrayList<>(List.of(
                "network.allow-in=192.0.2.0/24 tcp/22, drawbridge/app=drawbridge tcp/22, nodes udp/8472, drawbridge/app=drawbridge tcp/3000",
                "network.allow-out=198.51.100.7/32 tcp/443"));
        settings.addAll(List.of(further));
        return new RungWorld(RungWorld.properties(settings.toArray(String[]::new)));
    }

    @BeforeEach
    void install() {
        install(world);
        world.requests.clear();
    }

    /** As an administrator who wants the host firewall. */
    static void install(RungWorld world) {
        world.server.serve("cilium.io/v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy");
        configure(world, Map.of("enable-host-firewall", "true"));
    }

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private void configure(Map<String, String> data) {
        configure(world, data);
    }

    private static void configure(RungWorld world, Map<String, String> data) {
        world.server
                .client()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace("kube-system")
                        .withName("cilium-config")
                        .endMetadata()
                        .withData(new HashMap<>(data))
                        .build())
                .createOr(existing -> existing.update());
    }

    private String detail(RungOutcome outcome, Class<? extends RungOutcome> expected) {
        assertThat(outcome).isInstanceOf(expected);
        return outcome.toString();
    }

    private JsonNode policy() throws Exception {
        JsonNode all = JSON.readTree(world.server.client().raw(POLICIES)).path("items");
        assertThat(all).hasSize(1);
        return all.path(0);
    }

    private int policies() throws Exception {
        return JSON.readTree(world.server.client().raw(POLICIES)).path("items").size();
    }

    private void change(String pointer, String json) throws Exception {
        var policy = (com.fasterxml.jackson.databind.node.ObjectNode) policy();
        int last = pointer.lastIndexOf('/');
        policy.withObject(pointer.substring(0, last)).set(pointer.substring(last + 1), JSON.readTree(json));
        world.server.client().raw(POLICIES + "/" + policy.at("/metadata/name").asText(), "PUT", policy.toString());
    }

    private List<String> changes() {
        return world.requests.stream()
                .filter(request -> !request.startsWith("GET") && !request.contains("/configmaps"))
                .toList();
    }

    /** Whether a rule lets this through: a host that a policy selects may do only what a rule allows. */
    private static boolean open(JsonNode rules, String peers, String peer, String protocol, String port) {
        for (JsonNode rule : rules) {
            boolean fits = false;
            for (JsonNode one : rule.path(peers)) {
                fits |= (one.isTextual() ? one.asText() : one.toString()).equals(peer);
            }
            boolean any = !rule.has("toPorts");
            for (JsonNode ports : rule.path("toPorts")) {
                for (JsonNode one : ports.path("ports")) {
                    any |= one.path("port").asText().equals(port)
                            && one.path("protocol").asText().equals(protocol);
                }
            }
            if (fits && any) {
                return true;
            }
        }
        return false;
    }

    @Test
    void theHostIsCutOffButForTheWayOfTheControlPlaneAndOurs() throws Exception {
        assertThat(detail(world.apply(RUNG), RungOutcome.Applied.class))
                .contains("the API server to the kubelet")
                .contains("the API does not show whether the host enforces it");
        assertThat(changes())
                .as("the policy first, so that the label cuts off at once")
                .containsExactly("POST " + POLICIES, "PATCH /api/v1/nodes/worker-1");
        JsonNode spec = policy().path("spec");
        assertThat(spec.at("/nodeSelector/matchLabels").toString()).isEqualTo("{\"" + ISOLATED + "\":\"" + uid + "\"}");
        assertThat(world.node(WORKER).getMetadata().getLabels()).containsEntry(ISOLATED, uid);

        JsonNode in = spec.path("ingress");
        assertThat(open(in, "fromEntities", "kube-apiserver", "TCP", "10250")).isTrue();
        assertThat(open(in, "fromCIDR", "192.0.2.0/24", "TCP", "22")).isTrue();
        assertThat(open(
                        in,
                        "fromEndpoints",
                        "{\"matchLabels\":{\"k8s:io.kubernetes.pod.namespace\":\"drawbridge\",\"app\":\"drawbridge\"}}",
                        "TCP",
                        "22"))
                .isTrue();
        assertThat(open(in, "fromEntities", "remote-node", "UDP", "8472")).isTrue();
        assertThat(open(
                        in,
                        "fromEndpoints",
                        "{\"matchLabels\":{\"k8s:io.kubernetes.pod.namespace\":\"drawbridge\",\"app\":\"drawbridge\"}}",
                        "TCP",
                        "3000"))
                .as("to a Git server on the host")
                .isTrue();
        assertThat(in).as("and nothing else").hasSize(5);
        assertThat(open(in, "fromEntities", "remote-node", "TCP", "22")).isFalse();
        assertThat(open(in, "fromEntities", "kube-apiserver", "TCP", "22")).isFalse();

        JsonNode out = spec.path("egress");
        assertThat(open(out, "toEntities", "kube-apiserver", "TCP", "6443")).isTrue();
        assertThat(open(out, "toCIDR", "198.51.100.7/32", "TCP", "443"))
                .as("to Git, for a Drawbridge with the host's network")
                .isTrue();
        assertThat(open(out, "toCIDR", "198.51.100.7/32", "TCP", "22")).isFalse();
        assertThat(out).hasSize(2);
    }

    @Test
    void whoWouldCutOffHisOwnWayDoesNot() throws Exception {
        world.close();
        world = new RungWorld(RungWorld.properties("network.allow-in=192.0.2.0/24 tcp/2222, nodes udp/22"));
        install();
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class))
                .contains("Drawbridge would cut off its own way to the node")
                .contains("tcp/22 (SSH)");
        assertThat(changes()).isEmpty();
    }

    @Test
    void aClusterWithoutCiliumHasNoSuchRung() throws Exception {
        try (RungWorld plain = with()) {
            assertThat(detail(plain.apply(RUNG), RungOutcome.NotSupported.class))
                    .contains("does not serve Cilium's clusterwide policies");
            assertThat(plain.containment.ladder(FIRST))
                    .extracting(AppliedRung::outcome)
                    .containsExactly("not-supported");
        }
    }

    @Test
    void aPolicyThatNothingWouldEnforceIsNotMade() {
        configure(Map.of());
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class)).contains("host firewall is off");
        configure(Map.of("enable-host-firewall", "true", "policy-audit-mode", "true"));
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class)).contains("Cilium enforces nothing");
        configure(Map.of("enable-host-firewall", "true", "labels", "k8s:app"));
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class)).contains("label filter");
        world.faults((method, path) -> path.endsWith("/cilium-config")
                ? Optional.of(new Fault.Answer(403, "Forbidden", null))
                : Optional.empty());
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class))
                .contains("missing right get configmaps kube-system/cilium-config");
        world.faults(ApiFaults.NONE);
        world.server
                .client()
                .configMaps()
                .inNamespace("kube-system")
                .withName("cilium-config")
                .delete();
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class)).contains("there is no ConfigMap");
        assertThat(changes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|true",
                "!io.kubernetes !kubernetes.io !k8s.io|true",
                "k8s:app k8s:team|false",
                "app drawbridge.dev/|true",
                "k8s:drawbridge\\.dev k8s:app|true",
                "!drawbridge.dev|false",
                "k8s:app, k8s:.*|true",
                "k8s:[|false"
            })
    void theLabelFilterIsReadAsCiliumReadsIt(String filter, boolean keeps) {
        assertThat(CiliumRung.keepsLabel(filter)).isEqualTo(keeps);
    }

    @Test
    void whatCiliumItselfDoesNotAcceptIsSaid() throws Exception {
        world.apply(RUNG);
        change("/status/conditions", "[{\"type\":\"Valid\",\"status\":\"False\",\"message\":\"no such entity\"}]");
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("no such entity");
    }

    @Test
    void aReleaseRemovesPolicyAndLabelAndNothingElse() throws Exception {
        Map<String, String> before = world.node(WORKER).getMetadata().getLabels();
        world.apply(RUNG);
        assertThat(world.apply(RUNG)).as("a rerun").isInstanceOf(RungOutcome.Already.class);
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class)).contains("read back");
        assertThat(policies()).isZero();
        assertThat(world.node(WORKER).getMetadata().getLabels()).isEqualTo(before);
        assertThat(world.contained.all()).isEmpty();
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Already.class);
    }

    @Test
    void aReleaseKnowsItsPolicyWhenTheSettingsHaveChanged() throws Exception {
        world.apply(RUNG);
        world.containment = world.behind(
                RungWorld.properties("network.allow-in=203.0.113.0/24 tcp/22"), TestGate.open(world.database));
        assertThat(world.apply(RUNG)).as("what is there is what was asked for").isInstanceOf(RungOutcome.Already.class);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isZero();
    }

    @Test
    void aPolicyThatSomebodyChangedIsNeitherOverwrittenNorRemoved() throws Exception {
        world.apply(RUNG);
        change("/spec/egress", "[{}]");
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("was changed by somebody else");
        assertThat(detail(world.release(RUNG), RungOutcome.Already.class))
                .contains("was changed by somebody else, and stays");
        assertThat(policies()).isEqualTo(1);
        assertThat(world.node(WORKER).getMetadata().getLabels())
                .as("it selects nothing any more")
                .doesNotContainKey(ISOLATED);
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void aLabelOfSomebodyElseStays() {
        world.edit(
                WORKER,
                node -> node.editMetadata().addToLabels(ISOLATED, "mine").endMetadata());
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("of somebody else");
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(world.node(WORKER).getMetadata().getLabels()).containsEntry(ISOLATED, "mine");
    }

    @Test
    void theSecondIncidentKeepsTheHostCutOffWhenTheFirstIsReleased() throws Exception {
        world.apply(RUNG);
        assertThat(detail(world.containment.apply(ACTOR, SECOND, WORKER, RUNG), RungOutcome.Already.class))
                .contains("with the mark of " + FIRST);
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class)).contains("handed over");
        assertThat(policy().at("/metadata/annotations/drawbridge.dev~1incident").asText())
                .isEqualTo(SECOND.value());
        assertThat(world.node(WORKER).getMetadata().getLabels()).containsEntry(ISOLATED, uid);
        assertThat(world.containment.release(ACTOR, SECOND, WORKER, RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isZero();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void whatSomebodyRemovedIsMadeAgainByTheSecondIncidentAndItsOwnThen() throws Exception {
        world.apply(RUNG);
        world.containment.apply(ACTOR, SECOND, WORKER, RUNG);
        world.server.client().raw(POLICIES + "/" + policy().at("/metadata/name").asText(), "DELETE", null);
        assertThat(world.containment.apply(ACTOR, SECOND, WORKER, RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policy().at("/metadata/annotations/drawbridge.dev~1incident").asText())
                .isEqualTo(SECOND.value());
        assertThat(detail(world.containment.release(ACTOR, SECOND, WORKER, RUNG), RungOutcome.Applied.class))
                .contains("handed over to the incident " + FIRST);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isZero();
    }

    @Test
    void aCrashInTheMiddleIsCompletedByTheRerunAndByTheRelease() throws Exception {
        world.faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.apply(RUNG)).isInstanceOf(KubernetesClientException.class);
        assertThat(policies()).isEqualTo(1);
        world.faults(ApiFaults.NONE);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        world.faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.release(RUNG)).isInstanceOf(KubernetesClientException.class);
        world.faults(ApiFaults.NONE);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isZero();
        assertThat(world.node(WORKER).getMetadata().getLabels()).doesNotContainKey(ISOLATED);
    }

    @Test
    void aDryRunRecordsTheExactRequestsAndARefusalChangesNothing() {
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.DryRun("dry")));
        assertThat(world.apply(RUNG)).isEqualTo(new RungOutcome.DryRun("dry"));
        assertThat(world.trail().get(world.trail().size() - 1).details().get("request"))
                .contains("POST " + POLICIES + " {\"apiVersion\":\"cilium.io/v2\"", "\nPATCH /api/v1/nodes/worker-1 [");
        world.containment =
                world.behind(TestGate.answering(world.database, new Verdict.Refused("etcd-quorum", "the only one")));
        assertThat(world.apply(RUNG)).isEqualTo(new RungOutcome.Refused("etcd-quorum", "the only one"));
        assertThat(changes()).isEmpty();
    }
}
