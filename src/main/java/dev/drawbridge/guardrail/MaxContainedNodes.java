package dev.drawbridge.guardrail;

import java.util.List;
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
    public Verdict judge(Effect effect) {
        if (effect.kind() != Effect.Kind.CONTAIN) {
            return new Verdict.Allowed("takes no node out of service");
        }
        // only this incident's own release frees it: no lock is needed to rely on it
        if (contained.reserved(effect.incident(), effect.node())) {
            return new Verdict.Allowed("the node is counted already");
        }
        List<String> others = contained.othersLocked(effect.node());
        if (others.size() >= properties.maxContainedNodes()) {
            String named = String.join(", ", others.subList(0, Math.min(NAMED, others.size())));
            return new Verdict.Refused(
                    rule(),
                    others.size() + " nodes are contained (" + named + "), the limit is "
                            + properties.maxContainedNodes());
        }
        return new Verdict.Allowed(others.size() + " other nodes are contained");
    }

    @Override
    public void reserve(Effect effect) {
        if (effect.kind() == Effect.Kind.CONTAIN && !contained.reserved(effect.incident(), effect.node())) {
            contained.reserve(effect.incident(), effect.node());
        }
    }
}
