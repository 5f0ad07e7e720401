package dev.drawbridge.guardrail;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The guardrails as people see them: limits, and what is used of them. */
@Component
public class Guardrails {
    private final GuardrailProperties properties;
    private final ContainedNodes contained;
    private final Pauses pauses;
    private final StormLatch storm;
    private final OwnReplicas replicas;

    Guardrails(
            GuardrailProperties properties,
            ContainedNodes contained,
            Pauses pauses,
            StormLatch storm,
            OwnReplicas replicas) {
        this.properties = properties;
        this.contained = contained;
        this.pauses = pauses;
        this.storm = storm;
        this.replicas = replicas;
    }

    /**
     * One look at all of them.
     *
     * @param storm since when the storm latch holds; null while it does not
     * @param runsAs where Drawbridge itself runs, for people
     */
    public record Status(
            boolean dryRun,
            int maxContainedNodes,
            int hourlyBudget,
            long begunInTheLastHour,
            int stormIncidents,
            Duration stormWindow,
            StormLatch.@Nullable Tripped storm,
            int poolMaxPercent,
            int poolMinHealthyPercent,
            List<ContainedNodes.Reservation> contained,
            Set<String> protectedNodes,
            Set<String> protectedLabels,
            List<Pause> pauses,
            String runsAs) {}

    /** Whether nothing is changed at all, for whichever incident. */
    public boolean dryRun() {
        return properties.dryRun();
    }

    public Status status() {
        return new Status(
                properties.dryRun(),
                properties.maxContainedNodes(),
                properties.hourlyBudget(),
                contained.begun(),
                properties.storm().incidents(),
                properties.storm().window(),
                storm.tripped().orElse(null),
                properties.pool().maxPercent(),
                properties.pool().minHealthyPercent(),
                contained.all(),
                properties.protectedNodes(),
                properties.protectedLabels(),
                pauses.active(),
                replicas.self());
    }
}
