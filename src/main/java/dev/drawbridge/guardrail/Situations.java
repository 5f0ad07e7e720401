package dev.drawbridge.guardrail;

import java.util.List;
import org.springframework.stereotype.Component;

/** Opens the look that the guardrails of one verdict share. */
@Component
class Situations {
    private final ContainedNodes contained;
    private final GuardrailProperties properties;

    Situations(ContainedNodes contained, GuardrailProperties properties) {
        this.contained = contained;
        this.properties = properties;
    }

    /** Good for the transaction of one verdict. */
    Situation of(Effect effect) {
        return new Situation(
                () -> effect.incident() == null ? List.of() : contained.of(effect.incident()),
                () -> {
                    contained.lock();
                    // a statement of its own: one that waited for the lock would count what was there before it waited
                    return contained.usage(effect.node(), properties.storm().window());
                },
                () -> contained.othersIsolated(effect.node()));
    }
}
