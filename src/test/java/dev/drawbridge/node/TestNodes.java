package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A directory of nodes in memory: by default those of the sandbox, with the addresses that the samples name. */
public final class TestNodes implements NodeDirectory {
    private final Map<NodeName, NodeInfo> nodes = new TreeMap<>();
    private boolean available = true;

    public static TestNodes sandbox() {
        TestNodes directory = new TestNodes();
        for (int i = 1; i <= 3; i++) {
            directory.add("cp-" + i, Set.of("control-plane"), "10.20.0.1" + i, "cp-" + i);
            directory.add("worker-" + i, Set.of(), "10.20.0.2" + i, "worker-" + i);
        }
        return directory;
    }

    public TestNodes add(String name, Set<String> roles, String... addresses) {
        NodeName node = NodeName.of(name);
        nodes.put(node, new NodeInfo(node, "uid-" + name, Set.of(addresses), roles, Map.of()));
        return this;
    }

    /** From now on the cluster was never read. */
    public void fail() {
        available = false;
    }

    @Override
    public Lookup find(NodeName name) {
        if (!available) {
            return new Lookup.NotAvailable("the API server does not answer");
        }
        NodeInfo node = nodes.get(name);
        return node == null ? new Lookup.Unknown() : new Lookup.Known(node);
    }

    @Override
    public List<NodeInfo> all() {
        return available ? List.copyOf(nodes.values()) : List.of();
    }
}
