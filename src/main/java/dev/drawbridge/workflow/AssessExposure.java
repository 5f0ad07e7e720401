package dev.drawbridge.workflow;

import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Decides whether credentials have to be rotated: a restored key is back in place and still known to whoever changed it. */
@Component
class AssessExposure implements JavaDelegate {
    private final Steps steps;
    private final Exposure exposure;

    AssessExposure(Steps steps, Exposure exposure) {
        this.steps = steps;
        this.exposure = exposure;
    }

    @Override
    public void execute(DelegateExecution execution) {
        execution.setVariable(
                Variables.EXPOSED, !exposure.of(steps.of(execution).id()).isEmpty());
    }
}
