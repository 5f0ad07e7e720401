package dev.drawbridge.workflow;

import java.util.Locale;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** A deadline passed: security operations gets a task of its own. Nothing is decided by it, least of all a release. */
@Component
class Escalate implements JavaDelegate {
    private final Steps steps;
    private final TaskBoard board;

    Escalate(Steps steps, TaskBoard board) {
        this.steps = steps;
        this.board = board;
    }

    /** Reads {@code overdue}, the kind of task that waited too long, from the model. */
    @Override
    public void execute(DelegateExecution execution) {
        String overdue = String.valueOf(execution.getVariable("overdue")).toLowerCase(Locale.ROOT);
        board.escalate(steps.of(execution), overdue);
    }
}
