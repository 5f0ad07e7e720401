package dev.drawbridge.workflow;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Starts the investigation beside the response, once, however often the response comes this way. */
@Component
class StartInvestigation implements JavaDelegate {
    private static final String WORKFLOW = "investigate-change";

    private final Steps steps;
    private final Incidents incidents;

    StartInvestigation(Steps steps, Incidents incidents) {
        this.steps = steps;
        this.incidents = incidents;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        incidents.move(step.actor(), step.id(), IncidentState.RESTORING, "the restore begins");
        RuntimeService runtime = execution.getProcessEngineServices().getRuntimeService();
        boolean runs = execution
                        .getProcessEngineServices()
                        .getHistoryService()
                        .createHistoricProcessInstanceQuery()
                        .processDefinitionKey(WORKFLOW)
                        .processInstanceBusinessKey(execution.getProcessBusinessKey())
                        .count()
                > 0;
        if (!runs) {
            runtime.startProcessInstanceByKey(WORKFLOW, execution.getProcessBusinessKey());
        }
    }
}
