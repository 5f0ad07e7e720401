package dev.drawbridge.workflow;

import dev.drawbridge.playbook.Playbook;
import java.time.Duration;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.springframework.stereotype.Component;

/**
 * How long the models wait, as ISO 8601 durations: asked of the incident's playbook where a timer begins, and not carried along as process
 * variables that the alert would have to write before its node is cordoned.
 */
@Component("deadlines")
public class PlaybookDeadlines {
    private final Steps steps;

    PlaybookDeadlines(Steps steps) {
        this.steps = steps;
    }

    /** When people are reminded that a suspicious alert waits for them. */
    public String halfOfContainmentDecision(DelegateExecution execution) {
        return deadlines(execution).containmentDecision().dividedBy(2).toString();
    }

    public String containmentDecision(DelegateExecution execution) {
        return deadlines(execution).containmentDecision().toString();
    }

    /** Whether a node is contained when nobody judged a suspicious alert in time. */
    public boolean containsWhenOverdue(DelegateExecution execution) {
        return deadlines(execution).containOnDeadline();
    }

    public String planApproval(DelegateExecution execution) {
        return deadlines(execution).planApproval().toString();
    }

    public String returnToService(DelegateExecution execution) {
        return deadlines(execution).returnToService().toString();
    }

    public String escalation(DelegateExecution execution) {
        return deadlines(execution).escalation().toString();
    }

    public String followUp(DelegateExecution execution) {
        return deadlines(execution).followUp().toString();
    }

    /** Between the two verifications. */
    public String soak(DelegateExecution execution) {
        Duration soak = steps.of(execution).playbook().verification().soak();
        return soak.toString();
    }

    private Playbook.Deadlines deadlines(DelegateExecution execution) {
        return steps.of(execution).playbook().deadlines();
    }
}
