package dev.drawbridge.workflow;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;

/** What waits for people, by kind; failed steps are one of the kinds. */
@Component
class WorkflowMetrics {
    WorkflowMetrics(MeterRegistry meters, TaskStore tasks) {
        for (TaskKind kind : TaskKind.values()) {
            Gauge.builder("drawbridge.tasks.open", tasks, store -> store.countOpen(kind.code()))
                    .description("Tasks that wait for a person")
                    .tag("kind", kind.code())
                    .register(meters);
        }
        Gauge.builder("drawbridge.steps.failed", tasks, store -> store.countOpen(TaskKind.STEP_FAILED.code()))
                .description("Steps that failed and wait for a person's decision")
                .register(meters);
    }
}
