package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.shared.NodeName;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** By configuration only: whoever owns a node must not decide how it is reached. */
@Component
class ConfiguredNodeShells implements NodeShells {
    private final NodeAccessProperties configured;
    private final Map<NodeAccess, NodeShell> shells = new EnumMap<>(NodeAccess.class);

    ConfiguredNodeShells(NodeAccessProperties configured, List<NodeShell> shells) {
        this.configured = configured;
        shells.forEach(shell -> this.shells.put(shell.access(), shell));
    }

    @Override
    public NodeShell of(NodeName node) {
        NodeAccess access = configured.accessByNode().getOrDefault(node.value(), configured.access());
        NodeShell shell = shells.get(access);
        if (shell == null) {
            // commands of the jar have no cluster, no guardrails and no audit trail
            throw new NodeAccessException("node " + node + " is reached by " + name(access)
                    + " (drawbridge.node.access, access-by-node), and commands start none: nobody would judge or record that;"
                    + " where it can be reached by SSH, too, say --drawbridge.node.access-by-node." + node + "=ssh");
        }
        return shell;
    }

    private static String name(NodeAccess access) {
        return access == NodeAccess.POD ? "helper pods" : access.name();
    }
}
