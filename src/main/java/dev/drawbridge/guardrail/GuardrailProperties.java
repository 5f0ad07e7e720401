package dev.drawbridge.guardrail;

import jakarta.validation.constraints.Min;
import java.util.Set;
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
 */
@Validated
@ConfigurationProperties("drawbridge.guardrail")
record GuardrailProperties(
        @DefaultValue("true") boolean dryRun,
        @DefaultValue Set<String> protectedNodes,
        @DefaultValue("drawbridge.dev/protected") Set<String> protectedLabels,
        @DefaultValue("1") @Min(0) int maxContainedNodes) {
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
