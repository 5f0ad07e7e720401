package dev.drawbridge.workflow;

import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the workflow.
 *
 * @param maxContainmentBacklog rungs that may wait before alerts are turned away with 429
 */
@Validated
@ConfigurationProperties("drawbridge.workflow")
record WorkflowProperties(@DefaultValue("500") @Min(1) int maxContainmentBacklog) {
    /** Job priority of the rungs in {@code contain-node.bpmn}; nothing else has it. */
    long containmentPriority() {
        return 100;
    }
}
