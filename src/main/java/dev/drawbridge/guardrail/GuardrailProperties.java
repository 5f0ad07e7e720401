package dev.drawbridge.guardrail;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import java.util.Set;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits on what may be done without a person. The defaults change nothing.
 *
 * @param dryRun decide, plan and record everything, change nothing
 * @param protectedNodes names of nodes that are never touched
 * @param protectedLabels nodes with such a label are never touched; {@code key} or {@code key=value}
 * @param maxContainedNodes nodes that may be contained at the same time, over all incidents and instances
 * @param hourlyBudget nodes that may be taken out of service within an hour, released again or not
 * @param storm how many new incidents in which time are a storm
 * @param pool how much of a pool of nodes may be out of service
 */
@Validated
@ConfigurationProperties("drawbridge.guardrail")
record GuardrailProperties(
        @DefaultValue("true") boolean dryRun,
        @DefaultValue Set<String> protectedNodes,
        @DefaultValue("drawbridge.dev/protected") Set<String> protectedLabels,
        @DefaultValue("1") @Min(0) int maxContainedNodes,
        @DefaultValue("5") @Min(0) int hourlyBudget,
        @DefaultValue @Valid Storm storm,
        @DefaultValue @Valid Pool pool) {
    /**
     * More than this many new incidents within the window trip the storm latch.
     *
     * @param incidents new incidents that are no storm yet
     * @param window how far back they count, at most a day
     */
    record Storm(
            @DefaultValue("10") @Min(1) int incidents,

            @DefaultValue("10m") @DurationMin(seconds = 1) @DurationMax(days = 1)
            Duration window) {}

    /**
     * How much of a pool may be out of service.
     *
     * @param label whose value names a node's pool; empty: the control plane is one pool, all other nodes another
     * @param maxPercent of a pool's nodes, rounded down, that may be contained at once; one always may
     * @param minHealthyPercent of a pool's nodes that must be left healthy and not contained
     */
    record Pool(
            @DefaultValue("") String label,
            @DefaultValue("34") @Min(0) @Max(100) int maxPercent,
            @DefaultValue("50") @Min(0) @Max(100) int minHealthyPercent) {}

    GuardrailProperties {
        protectedNodes = Set.copyOf(protectedNodes);
        protectedLabels = Set.copyOf(protectedLabels);
        protectedNodes.forEach(dev.drawbridge.shared.NodeName::of);
        for (String label : protectedLabels) {
            if (label.isBlank() || label.startsWith("=")) {
                throw new IllegalArgumentException(
                        "drawbridge.guardrail.protected-labels: neither key nor key=value: '" + label + "'");
            }
        }
    }
}
