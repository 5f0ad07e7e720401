package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Bounds how many nodes may be contained at once. The count and the reservation happen under one row lock in the shared
 * database, so that two instances cannot both take the last slot.
 */
@Component
@Order(3)
class MaxContainedNodes implements Guardrail {
    private static final int NAMED = 5;

    private final GuardrailProperties properties;
    private final ContainedNodes contained;

    MaxContainedNodes(GuardrailProperties properties, ContainedNodes contained) {
        this.properties = properties;
        this.contained = contained;
    }

    @Override
    public String rule() {
        return "max-contained-nodes";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() != Effect.Kind.CONTAIN) {
            return new Verdict.Allowed("takes no node out of service");
        }
        if (situation.contains(effect.node())) {
            return new Verdict.Allowed("the node is counted already");
        }
        List<NodeName> contained = situation.usageLocked().others();
        int others = contained.size();
        if (others >= properties.maxContainedNodes()) {
            String named = contained.stream().limit(NAMED).map(NodeName::value).collect(Collectors.joining(", "));
            return Verdict.NeedsApproval.ofTwo(
                    rule(),
                    others + " nodes are contained (" + named + "), the limit is " + properties.maxContainedNodes());
        }
        return new Verdict.Allowed(others + " other nodes are contained");
    }

    @Override
    public void reserve(Effect effect, Situation situation) {
        if (effect.kind() == Effect.Kind.CONTAIN && !situation.contains(effect.node())) {
            contained.reserve(effect.requireIncident(), effect.node(), situation.released(effect.node()));
        }
    }
}
