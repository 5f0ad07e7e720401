package dev.drawbridge.guardrail;

import java.util.Map;
import org.springframework.stereotype.Component;

/** Which pool a node belongs to: the same for limits and for everything else that is set per pool. */
@Component
public class NodePools {
    private final String label;

    NodePools(GuardrailProperties properties) {
        this.label = properties.pool().label();
    }

    /** Without a label that says more, the control plane is one pool and all other nodes are another. */
    public String of(Map<String, String> labels, boolean controlPlane) {
        return of(label, labels, controlPlane);
    }

    static String of(String label, Map<String, String> labels, boolean controlPlane) {
        String named = label.isEmpty() ? null : labels.get(label);
        return named != null ? named : controlPlane ? "control-plane" : "worker";
    }
}
