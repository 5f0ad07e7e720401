package dev.drawbridge.workflow;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the workflow.
 *
 * @param maxContainmentBacklog rungs that may wait before alerts are turned away with 429
 * @param instance name of this process, the same after a restart and no other process's, such as that of a StatefulSet's pod;
 *     with it, steps that a crash interrupted go on at once instead of when their lock expires
 */
@Validated
@ConfigurationProperties("drawbridge.workflow")
record WorkflowProperties(
        @DefaultValue("500") @Min(1) int maxContainmentBacklog,
        @Nullable @Size(min = 1, max = 200) String instance) {
    /** Job priority of the rungs in {@code contain-node.bpmn}, and of the start of a workflow whose first rung has a head start; nothing else has it. */
    long containmentPriority() {
        return 100;
    }
}
