package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.node.NodeEndpoints;
import dev.drawbridge.node.NodeInfo;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.springframework.stereotype.Component;

/**
 * A GlobalNetworkPolicy for the node's HostEndpoint
 * (<a href="https://docs.tigera.io/calico/latest/reference/host-endpoints/">Calico, Host endpoints</a>). Where Calico keeps one for every node, the node gets a label
 * that Calico copies to it; else we make one, after the policy: a HostEndpoint without any policy is closed but for the failsafe ports, and
 * those stay open whatever a policy says.
 */
@Component
class CalicoRung extends HostPolicyRung {
    static final String GROUP = "projectcalico.org";
    static final String TIER = "default";
    private static final String VERSION = "v3";
    private static final Ref.Api POLICIES = new Ref.Api(GROUP, VERSION, "GlobalNetworkPolicy", "globalnetworkpolicies");
    private static final Ref.Api HOST_ENDPOINTS = new Ref.Api(GROUP, VERSION, "HostEndpoint", "hostendpoints");
    private static final Ref.Api FELIX = new Ref.Api(GROUP, VERSION, "FelixConfiguration", "felixconfigurations");
    private static final String CREATED_BY = "projectcalico.org/created-by";
    private static final int API_SERVER_PORT = 6443;

    /** What Calico leaves open when nothing is configured. */
    private static final String FAILSAFE_IN =
            "tcp/22, udp/68, tcp/179, tcp/2379, tcp/2380, tcp/5473, tcp/6443, tcp/6666, tcp/6667";

    private static final String FAILSAFE_OUT =
            "udp/53, udp/67, tcp/179, tcp/2379, tcp/2380, tcp/5473, tcp/6443, tcp/6666, tcp/6667";

    private final ServedApis apis;
    private final KubernetesNodeDirectory directory;

    CalicoRung(
            ClusterObjects objects,
            NodeObjects nodes,
            ServedApis apis,
            KubernetesNodeDirectory directory,
            NodeEndpoints endpoints,
            ContainmentProperties properties,
            Clock clock) {
        super(objects, nodes, endpoints, properties.network(), clock);
        this.apis = apis;
        this.directory = directory;
    }

    @Override
    public Rung rung() {
        return Rung.CALICO_HOST_POLICY;
    }

    @Override
    public Optional<String> unsupported(Node node) {
        if (!apis.serves(POLICIES.apiVersion(), POLICIES.plural())
                || !apis.serves(HOST_ENDPOINTS.apiVersion(), HOST_ENDPOINTS.plural())) {
            return Optional.of(
                    apis.groups().contains("crd.projectcalico.org")
                            ? "the cluster serves Calico's own store and not its API (projectcalico.org/v3), which alone checks what is"
                                    + " written: the Calico API server is not installed"
                            : "the cluster does not serve Calico's API");
        }
        Optional<String> other = hostEndpoints(node.getMetadata().getName()).stream()
                .filter(endpoint -> !automatic(endpoint)
                        && !endpoint.at("/metadata/name").asText().equals(name(node)))
                .map(endpoint -> endpoint.at("/metadata/name").asText())
                .findFirst();
        if (other.isPresent()) {
            return Optional.of("somebody else's HostEndpoint " + other.get()
                    + " describes the node already: a second one would contradict it");
        }
        return closedToUs(node).or(() -> closedToTheControlPlane(node));
    }

    /** Without knowing who the control plane is, a policy would cut the kubelet off from it. */
    private Optional<String> closedToTheControlPlane(Node node) {
        boolean named = settings.allowIn().stream()
                        .anyMatch(allowed -> allowed.protocol().equals("TCP") && allowed.port() == kubeletPort(node))
                && !settings.allowOut().isEmpty();
        return named || !addresses(NodeInfo::controlPlane).isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "the cluster names no node of its control plane: say in drawbridge.containment.network.allow-in"
                                + " and allow-out how API server and kubelet reach each other");
    }

    private List<JsonNode> hostEndpoints(String node) {
        return objects.list(HOST_ENDPOINTS, "").stream()
                .filter(endpoint -> endpoint.at("/spec/node").asText().equals(node))
                .toList();
    }

    /** Kept by Calico itself, with the labels of the node. */
    private static boolean automatic(JsonNode endpoint) {
        return endpoint.path("metadata")
                .path("labels")
                .path(CREATED_BY)
                .asText()
                .equals("calico-kube-controllers");
    }

    @Override
    List<Wanted> wanted(Node node) {
        List<Wanted> wanted = new ArrayList<>();
        // the prefix names the tier, which every release understands
        wanted.add(new Wanted(new Ref(POLICIES, null, TIER + "." + name(node)), policy(node)));
        if (!labelsNode(node)) {
            wanted.add(new Wanted(new Ref(HOST_ENDPOINTS, null, name(node)), endpoint(node)));
        }
        return wanted;
    }

    private ObjectNode policy(Node node) {
        ObjectNode spec = JsonNodeFactory.instance.objectNode();
        spec.put("tier", TIER).put("order", 0);
        spec.put("selector", Marks.ISOLATED + " == '" + node.getMetadata().getUid() + "'");
        spec.putArray("types").add("Ingress").add("Egress");
        ArrayNode in = spec.putArray("ingress");
        ArrayNode out = spec.putArray("egress");
        List<String> controlPlane = addresses(NodeInfo::controlPlane);
        if (!controlPlane.isEmpty()) {
            nets(rule(in, "source", "TCP", kubeletPort(node)), controlPlane);
            nets(rule(out, "destination", "TCP", API_SERVER_PORT), controlPlane);
        }
        settings.allowIn()
                .forEach(allowed -> peer(rule(in, "source", allowed.protocol(), allowed.port()), allowed.peer()));
        settings.allowOut()
                .forEach(allowed -> peer(rule(out, "destination", allowed.protocol(), allowed.port()), allowed.peer()));
        // said, and not left to the end of the tier: a policy of somebody else after this one could allow more
        in.addObject().put("action", "Deny");
        out.addObject().put("action", "Deny");
        return spec;
    }

    /** @return the part that names the other end */
    private static ObjectNode rule(ArrayNode rules, String end, String protocol, int port) {
        ObjectNode rule = rules.addObject().put("action", "Allow").put("protocol", protocol);
        ObjectNode named = rule.putObject(end);
        rule.withObjectProperty("destination").putArray("ports").add(port);
        return named;
    }

    private static void nets(ObjectNode end, List<String> nets) {
        ArrayNode array = end.putArray("nets");
        nets.forEach(array::add);
    }

    private void peer(ObjectNode end, Allowed.Peer peer) {
        if (peer instanceof Allowed.Peer.Cidr cidr) {
            nets(end, List.of(cidr.cidr()));
        } else if (peer instanceof Allowed.Peer.Pods pods) {
            end.put(
                            "namespaceSelector",
                            "projectcalico.org/name == '" + pods.pods().namespace() + "'")
                    .put("selector", pods.pods().key() + " == '" + pods.pods().value() + "'");
        } else {
            nets(end, addresses(node -> true));
        }
    }

    private ObjectNode endpoint(Node node) {
        ObjectNode spec = JsonNodeFactory.instance.objectNode();
        spec.put("node", node.getMetadata().getName()).put("interfaceName", "*");
        ArrayNode addresses = spec.putArray("expectedIPs");
        internal(node).forEach(addresses::add);
        return spec;
    }

    /** As ranges of one address each. */
    private List<String> addresses(Predicate<NodeInfo> which) {
        return directory.all().stream()
                .filter(which)
                .flatMap(node -> directory.cached(node.name()).stream())
                .flatMap(node -> internal(node).stream())
                .map(address -> address + (address.contains(":") ? "/128" : "/32"))
                .sorted()
                .toList();
    }

    private static List<String> internal(Node node) {
        return Stream.ofNullable(node.getStatus())
                .flatMap(status -> status.getAddresses().stream())
                .filter(address -> "InternalIP".equals(address.getType()))
                .map(address -> address.getAddress())
                .toList();
    }

    @Override
    boolean labelsNode(Node node) {
        return hostEndpoints(node.getMetadata().getName()).stream().anyMatch(CalicoRung::automatic);
    }

    @Override
    Optional<String> notYet(Node node) {
        return hostEndpoints(node.getMetadata().getName()).stream()
                .filter(endpoint -> !endpoint.path("metadata")
                        .path("labels")
                        .path(Marks.ISOLATED)
                        .asText()
                        .equals(node.getMetadata().getUid()))
                .map(endpoint ->
                        "the HostEndpoint " + endpoint.at("/metadata/name").asText() + " does not have the label "
                                + Marks.ISOLATED + ": the policy does not select it")
                .findFirst();
    }

    @Override
    Optional<String> objection(JsonNode object) {
        return Optional.empty();
    }

    @Override
    String inPlace(Target target) {
        return "open to the node: the API server to the kubelet and back, what drawbridge.containment.network.allow-in and allow-out"
                + " name, and whatever any policy says, Calico's failsafe ports: in "
                + failsafe(target, "failsafeInboundHostPorts", FAILSAFE_IN) + ", out "
                + failsafe(target, "failsafeOutboundHostPorts", FAILSAFE_OUT)
                + "; a tier before the default one goes first";
    }

    /** The node's own setting, else that of all nodes, else what Calico comes with. */
    private String failsafe(Target target, String field, String usual) {
        return Stream.of("node." + target.node(), "default")
                .map(name -> objects.read(new Ref(FELIX, null, name)))
                .flatMap(Optional::stream)
                .map(felix -> felix.path("spec").path(field))
                .filter(JsonNode::isArray)
                .findFirst()
                .map(CalicoRung::ports)
                .orElse(usual);
    }

    private static String ports(JsonNode ports) {
        return ports.isEmpty()
                ? "none"
                : StreamSupport.stream(ports.spliterator(), false)
                        .map(port -> port.path("protocol").asText("tcp").toLowerCase(java.util.Locale.ROOT) + "/"
                                + port.path("port").asInt())
                        .collect(Collectors.joining(", "));
    }
}
