package dev.drawbridge.guardrail;

import java.util.Map;
import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Some nodes are never touched by a machine, by name or by label. What was done to them before may be undone. */
@Component
@Order(2)
class ProtectedNodes implements Guardrail {
    private final GuardrailProperties properties;
    private final NodeLabels nodes;

    ProtectedNodes(GuardrailProperties properties, NodeLabels nodes) {
        this.properties = properties;
        this.nodes = nodes;
    }

    @Override
    public String rule() {
        return "protected-nodes";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() == Effect.Kind.RELEASE) {
            return new Verdict.Allowed("undoing is allowed on protected nodes");
        }
        if (properties.protectedNodes().contains(effect.node().value())) {
            return new Verdict.Refused(rule(), "the node " + effect.node() + " is protected by its name");
        }
        if (properties.protectedLabels().isEmpty()) {
            return new Verdict.Allowed("the node is not protected");
        }
        Optional<Map<String, String>> labels = nodes.labels(effect.node());
        if (labels.isEmpty()) {
            return new Verdict.Refused(rule(), "the labels of the node are not known, so it may be a protected one");
        }
        return properties.protectedLabels().stream()
                .filter(label -> carries(labels.get(), label))
                .findFirst()
                .<Verdict>map(label -> new Verdict.Refused(rule(), "the node is protected by its label " + label))
                .orElseGet(() -> new Verdict.Allowed("the node is not protected"));
    }

    private static boolean carries(Map<String, String> labels, String wanted) {
        int equals = wanted.indexOf('=');
        return equals < 0
                ? labels.containsKey(wanted)
                : wanted.substring(equals + 1).equals(labels.get(wanted.substring(0, equals)));
    }
}
