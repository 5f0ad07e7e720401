package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.node.NodeEndpoints;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.springframework.stereotype.Component;

/**
 * A CiliumClusterwideNetworkPolicy with a node selector, which Cilium enforces on the host when its host firewall is on
 * (<a href="https://docs.cilium.io/en/stable/security/policy/host/">Cilium, Host Policies</a>). A host that a policy selects for a direction may do in it only what a rule allows.
 */
@Component
class CiliumRung extends HostPolicyRung {
    private static final Ref.Api POLICIES =
            new Ref.Api("cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies");
    private static final Ref.Api CONFIG_MAPS = new Ref.Api("", "v1", "ConfigMap", "configmaps");
    /** Name of the ConfigMap with Cilium's settings. */
    static final String CONFIG = "cilium-config";

    private static final String API_SERVER = "kube-apiserver";
    private static final int FORBIDDEN = 403;

    private final ServedApis apis;

    CiliumRung(
            ClusterObjects objects,
            NodeObjects nodes,
            ServedApis apis,
            NodeEndpoints endpoints,
            ContainmentProperties properties,
            Clock clock) {
        super(objects, nodes, endpoints, properties.network(), clock);
        this.apis = apis;
    }

    @Override
    public Rung rung() {
        return Rung.CILIUM_HOST_POLICY;
    }

    @Override
    public Optional<String> unsupported(Node node) {
        if (!apis.serves(POLICIES.apiVersion(), POLICIES.plural())) {
            return Optional.of("the cluster does not serve Cilium's clusterwide policies");
        }
        return offByConfiguration().or(() -> closedToUs(node));
    }

    /** A policy is accepted whether or not anything enforces it on hosts: only Cilium's own settings tell. */
    private Optional<String> offByConfiguration() {
        Ref ref = new Ref(CONFIG_MAPS, settings.ciliumNamespace(), CONFIG);
        Optional<JsonNode> config;
        try {
            config = objects.read(ref);
        } catch (KubernetesClientException refused) {
            if (refused.getCode() != FORBIDDEN) {
                throw refused;
            }
            return Optional.of(
                    "whether Cilium's host firewall is on cannot be read: missing right get configmaps " + ref);
        }
        if (config.isEmpty()) {
            return Optional.of("whether Cilium's host firewall is on is not known: there is no ConfigMap " + ref);
        }
        JsonNode data = config.get().path("data");
        if (!data.path("enable-host-firewall").asText().equals("true")) {
            return Optional.of("Cilium's host firewall is off (enable-host-firewall in " + ref + ")");
        }
        if (data.path("policy-audit-mode").asText().equals("true")) {
            return Optional.of("Cilium enforces nothing (policy-audit-mode in " + ref + ")");
        }
        return keepsLabel(data.path("labels").asText())
                ? Optional.empty()
                : Optional.of("Cilium's label filter (labels in " + ref + ") drops " + Marks.ISOLATED
                        + " from the host: the policy would select nothing");
    }

    /** As Cilium reads its filter: prefixes as regular expressions; those with an exclamation mark take out, and any other makes it a list of what stays. */
    static boolean keepsLabel(String filter) {
        List<String> prefixes = Arrays.stream(filter.strip().split("[\\s,]+"))
                .filter(prefix -> !prefix.isEmpty())
                .toList();
        boolean listed = prefixes.stream().anyMatch(prefix -> !prefix.startsWith("!"));
        boolean keeps = !listed;
        try {
            for (String prefix : prefixes) {
                boolean out = prefix.startsWith("!");
                String expression = (out ? prefix.substring(1) : prefix).replaceFirst("^(k8s|any)?:", "");
                if (Pattern.compile(expression).matcher(Marks.ISOLATED).lookingAt()) {
                    if (out) {
                        return false;
                    }
                    keeps = true;
                }
            }
        } catch (PatternSyntaxException unknown) {
            return false;
        }
        return keeps;
    }

    @Override
    List<Wanted> wanted(Node node) {
        ObjectNode spec = JsonNodeFactory.instance.objectNode();
        spec.put("description", "contained by Drawbridge");
        spec.putObject("nodeSelector")
                .putObject("matchLabels")
                .put(Marks.ISOLATED, node.getMetadata().getUid());
        ObjectNode kubelet = spec.putArray("ingress").addObject();
        kubelet.putArray("fromEntities").add(API_SERVER);
        port(kubelet, "TCP", kubeletPort(node));
        settings.allowIn()
                .forEach(allowed -> rule(spec.withArrayProperty("ingress").addObject(), "from", allowed));
        spec.putArray("egress").addObject().putArray("toEntities").add(API_SERVER);
        settings.allowOut()
                .forEach(allowed -> rule(spec.withArrayProperty("egress").addObject(), "to", allowed));
        return List.of(new Wanted(new Ref(POLICIES, null, name(node)), spec));
    }

    private static void rule(ObjectNode rule, String direction, Allowed allowed) {
        if (allowed.peer() instanceof Allowed.Peer.Cidr cidr) {
            rule.putArray(direction + "CIDR").add(cidr.cidr());
        } else if (allowed.peer() instanceof Allowed.Peer.Pods pods) {
            rule.putArray(direction + "Endpoints")
                    .addObject()
                    .putObject("matchLabels")
                    .put("k8s:io.kubernetes.pod.namespace", pods.pods().namespace())
                    .put(pods.pods().key(), pods.pods().value());
        } else {
            rule.putArray(direction + "Entities").add("remote-node");
        }
        port(rule, allowed.protocol(), allowed.port());
    }

    private static void port(ObjectNode rule, String protocol, int port) {
        rule.putArray("toPorts")
                .addObject()
                .putArray("ports")
                .addObject()
                .put("port", String.valueOf(port))
                .put("protocol", protocol);
    }

    @Override
    boolean labelsNode(Node node) {
        return true;
    }

    /** Newer releases say in the status whether they understood it. */
    @Override
    Optional<String> objection(JsonNode object) {
        for (JsonNode condition : object.at("/status/conditions")) {
            if (condition.path("type").asText().equals("Valid")
                    && condition.path("status").asText().equals("False")) {
                return Optional.of("Cilium does not accept the policy: "
                        + condition.path("message").asText());
            }
        }
        return Optional.empty();
    }

    /** Which labels the host has in Cilium's eyes, the API does not show. */
    @Override
    Optional<String> notYet(Node node) {
        return Optional.empty();
    }

    @Override
    String inPlace(Target target) {
        return "open to the node: the API server to the kubelet, and what drawbridge.containment.network.allow-in and allow-out name;"
                + " the API does not show whether the host enforces it: cilium-dbg endpoint list on the node does (reserved:host)";
    }
}
