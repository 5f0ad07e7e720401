package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.ACTOR;
import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.SECOND;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.security.web.util.matcher.IpAddressMatcher;

class CalicoRungTest {
    private static final Rung RUNG = Rung.CALICO_HOST_POLICY;
    private static final String ISOLATED = "drawbridge.dev/isolated";
    private static final String API = "/apis/projectcalico.org/v3/";
    private static final String POLICIES = API + "globalnetworkpolicies";
    private static final String ENDPOINTS = API + "hostendpoints";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private RungWorld world = new RungWorld(RungWorld.properties(
            "network.allow-in=192.0.2.0/24 tcp/22, drawbridge/app=drawbridge tcp/22, nodes udp/8472, 192.0.2.0/24 tcp/3000",
            "network.allow-out=198.51.100.7/32 tcp/443"));
    private String uid = world.node(WORKER).getMetadata().getUid();

    static void install(RungWorld world) {
        world.server.serve("projectcalico.org/v3", "globalnetworkpolicies", "GlobalNetworkPolicy");
        world.server.serve("projectcalico.org/v3", "hostendpoints", "HostEndpoint");
        world.server.serve("projectcalico.org/v3", "felixconfigurations", "FelixConfiguration");
    }

    @BeforeEach
    void install() {
        install(world);
        world.requests.clear();
    }

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private String detail(RungOutcome outcome, Class<? extends RungOutcome> expected) {
        assertThat(outcome).isInstanceOf(expected);
        return outcome.toString();
    }

    private JsonNode items(String path) throws Exception {
        return JSON.readTree(world.server.client().raw(path)).path("items");
    }

    private JsonNode policy() throws Exception {
        assertThat(items(POLICIES)).hasSize(1);
        return items(POLICIES).path(0);
    }

    private void put(String path, JsonNode object) {
        world.server.client().raw(path + "/" + object.at("/metadata/name").asText(), "PUT", object.toString());
    }

    private void create(String path, String kind, String name, String labels, String spec) {
        world.server
                .client()
                .raw(
                        path,
                        "POST",
                        "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\""
                                + name + "\",\"labels\":" + labels + "},\"spec\":" + spec + "}");
    }

    /** As Calico's controllers keep it for each node when they are told to. */
    private void automaticEndpoint(String labels) {
        create(
                ENDPOINTS,
                "HostEndpoint",
                "worker-1-auto-hep",
                labels,
                "{\"node\":\"worker-1\",\"interfaceName\":\"*\",\"expectedIPs\":[\"10.20.0.21\"]}");
        world.requests.clear();
    }

    private List<String> changes() {
        return world.requests.stream()
                .filter(request -> !request.startsWith("GET"))
                .toList();
    }

    /** The first rule that fits decides, as in Calico; what no rule fits is denied at the end of the tier. */
    private static boolean open(JsonNode rules, String end, String address, String protocol, int port) {
        for (JsonNode rule : rules) {
            boolean fits =
                    !rule.has("protocol") || rule.path("protocol").asText().equals(protocol);
            JsonNode ports = rule.at("/destination/ports");
            fits &= ports.isMissingNode() || ports.path(0).asInt() == port;
            JsonNode nets = rule.path(end).path("nets");
            boolean inside = nets.isMissingNode() && !rule.path(end).has("selector");
            for (JsonNode net : nets) {
                inside |= new IpAddressMatcher(net.asText()).matches(address);
            }
            if (fits && inside) {
                return rule.path("action").asText().equals("Allow");
            }
        }
        return false;
    }

    @Test
    void theHostIsCutOffButForTheWayOfTheControlPlaneAndOurs() throws Exception {
        assertThat(detail(world.apply(RUNG), RungOutcome.Applied.class))
                .contains("failsafe ports: in tcp/22, udp/68, tcp/179")
                .contains("out udp/53, udp/67")
                .contains("a tier before the default one goes first");
        assertThat(changes())
                .as("a host endpoint without a policy would be closed")
                .containsExactly("POST " + POLICIES, "POST " + ENDPOINTS);
        JsonNode spec = policy().path("spec");
        assertThat(spec.path("selector").asText()).isEqualTo(ISOLATED + " == '" + uid + "'");
        assertThat(spec.path("types").toString()).isEqualTo("[\"Ingress\",\"Egress\"]");
        JsonNode endpoint = items(ENDPOINTS).path(0);
        assertThat(endpoint.at("/metadata/labels/drawbridge.dev~1isolated").asText())
                .isEqualTo(uid);
        assertThat(endpoint.path("spec").toString())
                .isEqualTo("{\"node\":\"worker-1\",\"interfaceName\":\"*\",\"expectedIPs\":[\"10.20.0.21\"]}");
        assertThat(world.node(WORKER).getMetadata().getLabels()).doesNotContainKey(ISOLATED);

        JsonNode in = spec.path("ingress");
        for (String controlPlane : List.of("10.20.0.11", "10.20.0.12", "10.20.0.13")) {
            assertThat(open(in, "source", controlPlane, "TCP", 10250)).isTrue();
        }
        assertThat(open(in, "source", "192.0.2.77", "TCP", 22)).as("our SSH").isTrue();
        assertThat(open(in, "source", "192.0.2.77", "TCP", 3000))
                .as("to a Git server on the host")
                .isTrue();
        assertThat(open(in, "source", "10.20.0.23", "TCP", 3000)).isFalse();
        assertThat(open(in, "source", "10.20.0.23", "UDP", 8472)).isTrue();
        assertThat(open(in, "source", "10.20.0.11", "TCP", 22)).isFalse();
        assertThat(open(in, "source", "10.20.0.23", "TCP", 10250))
                .as("another worker")
                .isFalse();
        assertThat(open(in, "source", "192.0.2.77", "TCP", 10250)).isFalse();
        assertThat(in.toString())
                .contains(
                        "{\"namespaceSelector\":\"projectcalico.org/name == 'drawbridge'\",\"selector\":\"app == 'drawbridge'\"}");

        JsonNode out = spec.path("egress");
        assertThat(open(out, "destination", "10.20.0.12", "TCP", 6443)).isTrue();
        assertThat(open(out, "destination", "198.51.100.7", "TCP", 443))
                .as("to Git, for a Drawbridge with the host's network")
                .isTrue();
        assertThat(open(out, "destination", "10.20.0.12", "TCP", 22)).isFalse();
        assertThat(open(out, "destination", "203.0.113.1", "TCP", 443)).isFalse();
        assertThat(out.path(out.size() - 1).toString()).isEqualTo("{\"action\":\"Deny\"}");
    }

    @Test
    void aReleaseRemovesTheEndpointBeforeThePolicyThatOpensIt() throws Exception {
        world.apply(RUNG);
        assertThat(world.apply(RUNG)).as("a rerun").isInstanceOf(RungOutcome.Already.class);
        world.requests.clear();
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class)).contains("read back");
        assertThat(changes())
                .containsExactly(
                        "DELETE " + ENDPOINTS + "/drawbridge-isolated-" + uid,
                        "DELETE " + POLICIES + "/default.drawbridge-isolated-" + uid);
        assertThat(items(POLICIES)).isEmpty();
        assertThat(items(ENDPOINTS)).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void whereCalicoKeepsEndpointsTheNodeIsLabelledAndTheCopyIsWaitedFor() throws Exception {
        automaticEndpoint("{\"projectcalico.org/created-by\":\"calico-kube-controllers\"}");
        RungOutcome outcome = world.apply(RUNG);
        assertThat(detail(outcome, RungOutcome.Underway.class)).contains("worker-1-auto-hep does not have the label");
        assertThat(changes()).containsExactly("POST " + POLICIES, "PATCH /api/v1/nodes/worker-1");
        assertThat(items(ENDPOINTS)).as("no second one").hasSize(1);

        ObjectNode endpoint = (ObjectNode) items(ENDPOINTS).path(0);
        endpoint.withObject("/metadata/labels").put(ISOLATED, uid);
        put(ENDPOINTS, endpoint);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(items(POLICIES)).isEmpty();
        assertThat(items(ENDPOINTS)).as("it is Calico's").hasSize(1);
        assertThat(world.node(WORKER).getMetadata().getLabels()).doesNotContainKey(ISOLATED);
    }

    @Test
    void aCopyThatDoesNotComeIsSaidAndHoldsNothingUp() {
        automaticEndpoint("{\"projectcalico.org/created-by\":\"calico-kube-controllers\"}");
        world.apply(RUNG);
        world.clock.forward(Duration.ofSeconds(31));
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("the policy does not select it");
    }

    @Test
    void somebodyElsesEndpointIsNotContradicted() {
        automaticEndpoint("{\"owner\":\"network-team\"}");
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class))
                .contains("somebody else's HostEndpoint worker-1-auto-hep");
        assertThat(changes()).isEmpty();
    }

    @Test
    void aClusterWithoutCalicosApiHasNoSuchRung() throws Exception {
        try (RungWorld plain = new RungWorld(RungWorld.properties("network.allow-in=192.0.2.0/24 tcp/22"))) {
            assertThat(detail(plain.apply(RUNG), RungOutcome.NotSupported.class))
                    .contains("does not serve Calico's API");
            plain.server.serve("crd.projectcalico.org/v1", "globalnetworkpolicies", "GlobalNetworkPolicy");
            assertThat(detail(plain.apply(RUNG), RungOutcome.NotSupported.class))
                    .contains("the Calico API server is not installed");
            assertThat(plain.containment.ladder(FIRST))
                    .extracting(AppliedRung::outcome)
                    .containsExactly("not-supported");
        }
    }

    @Test
    void whoWouldCutOffHisOwnWayDoesNot() throws Exception {
        world.close();
        world = new RungWorld(RungWorld.properties("network.allow-in=192.0.2.0/24 tcp/2222"));
        install();
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class))
                .contains("Drawbridge would cut off its own way to the node");
    }

    @Test
    void whoDoesNotKnowTheControlPlaneCutsNobodyOffFromIt() throws Exception {
        world.close();
        world = new RungWorld(RungWorld.properties("network.allow-in=192.0.2.0/24 tcp/22"));
        install();
        for (String name : List.of("cp-1", "cp-2", "cp-3")) {
            world.edit(
                    NodeName.of(name),
                    node -> node.editMetadata()
                            .removeFromLabels("node-role.kubernetes.io/control-plane")
                            .endMetadata());
        }
        await().until(() -> world.directory.all().stream().noneMatch(NodeInfo::controlPlane));
        assertThat(detail(world.apply(RUNG), RungOutcome.NotSupported.class))
                .contains("the cluster names no node of its control plane");
        world.containment = world.behind(
                RungWorld.properties(
                        "network.allow-in=192.0.2.0/24 tcp/22, 203.0.113.5/32 tcp/10250",
                        "network.allow-out=203.0.113.5/32 tcp/443"),
                TestGate.open(world.database));
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(open(policy().at("/spec/ingress"), "source", "203.0.113.5", "TCP", 10250))
                .isTrue();
    }

    @Test
    void theFailsafePortsAreThoseThatAreConfigured() {
        create(
                API + "felixconfigurations",
                "FelixConfiguration",
                "default",
                "{}",
                "{\"failsafeInboundHostPorts\":[{\"protocol\":\"TCP\",\"port\":22,\"net\":\"192.0.2.0/24\"}],\"failsafeOutboundHostPorts\":[]}");
        assertThat(detail(world.apply(RUNG), RungOutcome.Applied.class)).contains("in tcp/22, out none");
        create(
                API + "felixconfigurations",
                "FelixConfiguration",
                "node.worker-1",
                "{}",
                "{\"failsafeInboundHostPorts\":[]}");
        assertThat(detail(world.apply(RUNG), RungOutcome.Already.class)).contains("in none, out none");
    }

    @Test
    void whatTheServerAddsIsNoChangeAndWhatSomebodyAddsIs() throws Exception {
        world.apply(RUNG);
        ObjectNode policy = (ObjectNode) policy();
        for (JsonNode rule : policy.at("/spec/ingress")) {
            ((ObjectNode) rule).withObjectProperty("source");
            ((ObjectNode) rule).withObjectProperty("destination");
        }
        put(POLICIES, policy);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Already.class);
        ObjectNode opened = (ObjectNode) policy();
        opened.withArray("/spec/ingress").insertObject(0).put("action", "Allow");
        put(POLICIES, opened);
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("was changed by somebody else");
        assertThat(detail(world.release(RUNG), RungOutcome.Already.class))
                .contains("was changed by somebody else, and stays");
        assertThat(items(POLICIES)).hasSize(1);
        assertThat(items(ENDPOINTS)).as("ours, and it selects nothing now").isEmpty();
    }

    @Test
    void theSecondIncidentKeepsTheHostCutOffWhenTheFirstIsReleased() throws Exception {
        world.apply(RUNG);
        assertThat(detail(world.containment.apply(ACTOR, SECOND, WORKER, RUNG), RungOutcome.Already.class))
                .contains("with the mark of " + FIRST);
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class)).contains("handed over");
        for (String path : List.of(POLICIES, ENDPOINTS)) {
            assertThat(items(path)
                            .path(0)
                            .at("/metadata/annotations/drawbridge.dev~1incident")
                            .asText())
                    .isEqualTo(SECOND.value());
        }
        assertThat(world.containment.release(ACTOR, SECOND, WORKER, RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(items(POLICIES)).isEmpty();
        assertThat(items(ENDPOINTS)).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void aCrashInTheMiddleIsCompletedByTheRerunAndByTheRelease() throws Exception {
        world.faults((method, path) ->
                method.equals("POST") && path.equals(ENDPOINTS) ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.apply(RUNG)).isInstanceOf(KubernetesClientException.class);
        assertThat(items(POLICIES)).hasSize(1);
        world.faults(ApiFaults.NONE);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        world.faults((method, path) ->
                method.equals("DELETE") && path.startsWith(POLICIES) ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.release(RUNG)).isInstanceOf(KubernetesClientException.class);
        world.faults(ApiFaults.NONE);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(items(POLICIES)).isEmpty();
    }

    @Test
    void aDryRunRecordsTheExactRequests() {
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.DryRun("dry")));
        assertThat(world.apply(RUNG)).isEqualTo(new RungOutcome.DryRun("dry"));
        assertThat(world.trail().get(world.trail().size() - 1).details().get("request"))
                .contains("POST " + POLICIES + " {", "\nPOST " + ENDPOINTS + " {");
        assertThat(changes()).isEmpty();
    }
}
