package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import java.util.Map;
import java.util.Set;

/**
 * What the cluster says about one of its nodes.
 *
 * @param uid identity of the Node object: a node of the same name created later is another node
 * @param addresses internal and external IP addresses and host names
 * @param roles from the {@code node-role.kubernetes.io/} labels, for example {@code control-plane}
 */
public record NodeInfo(
        NodeName name, String uid, Set<String> addresses, Set<String> roles, Map<String, String> labels) {
    public NodeInfo {
        addresses = Set.copyOf(addresses);
        roles = Set.copyOf(roles);
        labels = Map.copyOf(labels);
    }

    public boolean controlPlane() {
        return roles.contains("control-plane");
    }
}
