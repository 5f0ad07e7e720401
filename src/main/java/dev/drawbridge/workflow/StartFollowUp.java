package dev.drawbridge.workflow;

import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Starts what remains to be done when the node is back; it does not hold the incident open. */
@Component
class StartFollowUp implements JavaDelegate {
    @Override
    public void execute(DelegateExecution execution) {
        execution
                .getProcessEngineServices()
                .getRuntimeService()
                .startProcessInstanceByKey("follow-up", execution.getProcessBusinessKey());
    }
}
