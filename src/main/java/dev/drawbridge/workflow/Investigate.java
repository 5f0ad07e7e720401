package dev.drawbridge.workflow;

import dev.drawbridge.incident.Incidents;
import dev.drawbridge.investigation.Investigation;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Looks up what is known about the change, for the person who will search its source. */
@Component
class Investigate implements JavaDelegate {
    private final Steps steps;
    private final Investigation investigation;
    private final Incidents incidents;

    Investigate(Steps steps, Investigation investigation, Incidents incidents) {
        this.steps = steps;
        this.investigation = investigation;
        this.incidents = incidents;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        investigation.investigate(step.actor(), step.id(), incidents.alerts(step.id()));
    }
}
