package dev.drawbridge.guardrail;

import java.util.List;
import java.util.function.Supplier;
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
        return situation(effect, () -> effect.incident() == null ? List.of() : contained.of(effect.incident()));
    }

    /** As {@link #of}, for an incident that begins with this transaction, and so holds nothing. */
    Situation ofNew(Effect effect) {
        return situation(effect, List::of);
    }

    private Situation situation(Effect effect, Supplier<List<ContainedNodes.Held>> own) {
        return new Situation(
                own,
                () -> {
                    contained.lock();
                    // a statement of its own: one that waited for the lock would count what was there before it waited
                    return contained.usage(effect.node(), properties.storm().window());
                },
                () -> contained.othersIsolated(effect.node()));
    }
}
