package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.Optional;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Endpoints from configuration, else the address that the cluster names for the node. */
@Component
class ConfiguredNodeEndpoints implements NodeEndpoints {
    private final NodeEndpointProperties configured;
    private final NodeDirectory nodes;
    private final int defaultPort;

    ConfiguredNodeEndpoints(
            NodeEndpointProperties configured,
            NodeDirectory nodes,
            @Value("${drawbridge.node.ssh.port:22}") int defaultPort) {
        this.configured = configured;
        this.nodes = nodes;
        this.defaultPort = defaultPort;
    }

    @Override
    public Optional<NodeEndpoint> find(NodeName node) {
        NodeEndpointProperties.Endpoint own = configured.endpoints().get(node.value());
        if (own == null) {
            return address(node).map(host -> new NodeEndpoint(host, defaultPort, NodePath.of("/")));
        }
        Optional<String> host = own.host() == null ? address(node) : Optional.of(own.host());
        int port = own.port() == null ? defaultPort : own.port();
        return host.map(name -> new NodeEndpoint(name, port, NodePath.of(own.rootPrefix())));
    }

    private Optional<String> address(NodeName node) {
        return nodes.find(node) instanceof NodeDirectory.Lookup.Known known
                ? known.node().addresses().stream().sorted().findFirst()
                : Optional.empty();
    }
}
