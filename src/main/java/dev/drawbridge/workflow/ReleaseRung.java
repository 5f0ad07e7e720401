package dev.drawbridge.workflow;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.RungOutcome;
import java.util.List;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Undoes the newest of our rungs that is left. */
@Component
class ReleaseRung implements JavaDelegate {
    private final Steps steps;
    private final Containment containment;

    ReleaseRung(Steps steps, Containment containment) {
        this.steps = steps;
        this.containment = containment;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        List<Containment.AppliedRung> applied = containment.applied(step.id());
        if (applied.isEmpty()) {
            execution.setVariable(Variables.RELEASE_OUTCOME, "complete");
            return;
        }
        Containment.AppliedRung newest = applied.get(applied.size() - 1);
        RungOutcome outcome = containment.release(step.actor(), step.id(), step.node(), newest.rung());
        int left = containment.applied(step.id()).size();
        if (outcome instanceof RungOutcome.Refused refused) {
            Steps.problem(execution, refused.rule() + ": " + refused.reason());
            execution.setVariable(Variables.RELEASE_OUTCOME, "refused");
        } else if (outcome instanceof RungOutcome.DryRun dryRun) {
            Steps.problem(execution, "a dry run releases nothing: " + dryRun.reason());
            execution.setVariable(Variables.RELEASE_OUTCOME, "refused");
        } else if (left == 0) {
            execution.setVariable(Variables.RELEASE_OUTCOME, "complete");
        } else if (left < applied.size()) {
            execution.setVariable(Variables.RELEASE_OUTCOME, "next");
        } else {
            Steps.problem(execution, "the rung " + newest.rung().code() + " is still in place: " + outcome);
            execution.setVariable(Variables.RELEASE_OUTCOME, "refused");
        }
    }
}
