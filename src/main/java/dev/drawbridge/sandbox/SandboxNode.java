package dev.drawbridge.sandbox;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.stream.Stream;

/** One node of the sandbox's cluster; the addresses are those that the sample alerts name. */
record SandboxNode(NodeName name, boolean controlPlane, String address) {
    private static SandboxNode of(String name, boolean controlPlane, String address) {
        return new SandboxNode(NodeName.of(name), controlPlane, address);
    }

    /** Three control-plane nodes, so that etcd keeps its quorum without one of them, and three workers. */
    static final List<SandboxNode> CLUSTER = List.of(
            of("cp-1", true, "10.20.0.11"),
            of("cp-2", true, "10.20.0.12"),
            of("cp-3", true, "10.20.0.13"),
            of("worker-1", false, "10.20.0.21"),
            of("worker-2", false, "10.20.0.22"),
            of("worker-3", false, "10.20.0.23"));

    static boolean exists(NodeName name) {
        return CLUSTER.stream().anyMatch(node -> node.name().equals(name));
    }

    static Stream<SandboxNode> controlPlanes() {
        return CLUSTER.stream().filter(SandboxNode::controlPlane);
    }
}
