package dev.drawbridge.guardrail;

import java.util.List;
import java.util.Set;
import org.springframework.stereotype.Component;

/** The guardrails as people see them: limits, and what is used of them. */
@Component
public class Guardrails {
    private final GuardrailProperties properties;
    private final ContainedNodes contained;
    private final Pauses pauses;

    Guardrails(GuardrailProperties properties, ContainedNodes contained, Pauses pauses) {
        this.properties = properties;
        this.contained = contained;
        this.pauses = pauses;
    }

    /** One look at all of them. */
    public record Status(
            boolean dryRun,
            int maxContainedNodes,
            List<ContainedNodes.Reservation> contained,
            Set<String> protectedNodes,
            Set<String> protectedLabels,
            List<Pause> pauses) {}

    public Status status() {
        return new Status(
                properties.dryRun(),
                properties.maxContainedNodes(),
                contained.all(),
                properties.protectedNodes(),
                properties.protectedLabels(),
                pauses.active());
    }
}
