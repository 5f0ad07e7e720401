package dev.drawbridge.workflow;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.recovery.PlanOutcome;
import dev.drawbridge.recovery.Recovery;
import java.time.Clock;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Compares the whole watched set with the baseline and makes the plan that the rest of the restore goes by. */
@Component
class FindDrift implements JavaDelegate {
    private final Steps steps;
    private final Recovery recovery;
    private final Incidents incidents;
    private final Clock clock;

    FindDrift(Steps steps, Recovery recovery, Incidents incidents, Clock clock) {
        this.steps = steps;
        this.recovery = recovery;
        this.incidents = incidents;
        this.clock = clock;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        Object rounds = execution.getVariable(Variables.ROUND);
        execution.setVariable(Variables.ROUND, rounds == null ? 1 : ((Number) rounds).intValue() + 1);
        String begun = clock.instant().toString();
        PlanOutcome outcome = NodeUse.in(
                step.actor(),
                step.id(),
                () -> recovery.plan(step.actor(), step.id(), step.node(), step.recoveryPolicy()));
        // after the slow part: alerts that join wait for whoever holds the incident
        IncidentState next = outcome instanceof PlanOutcome.InSync ? IncidentState.VERIFYING : IncidentState.RESTORING;
        incidents.move(step.actor(), step.id(), next, "the node was compared with its baseline");
        // never kept from an earlier plan: what was approved or not needed then says nothing about this one
        execution.setVariable(Variables.APPROVED_PLAN, null);
        execution.setVariable(Variables.NEEDS_APPROVAL, null);
        if (outcome instanceof PlanOutcome.InSync) {
            execution.setVariable(Variables.RESTORED_AT, begun);
            execution.setVariable(Variables.RESTORE, "in-sync");
            execution.setVariable(Variables.DRIFT, "in-sync");
        } else if (outcome instanceof PlanOutcome.Drifted drifted) {
            execution.setVariable(Variables.NEEDS_APPROVAL, drifted.plan().needsApproval());
            execution.setVariable(Variables.DRIFT, "drifted");
        } else if (outcome instanceof PlanOutcome.NoBaseline none) {
            Steps.problem(execution, "There is no trusted baseline (" + none.rule() + "): " + none.reason());
            execution.setVariable(Variables.DRIFT, "no-baseline");
        }
    }
}
