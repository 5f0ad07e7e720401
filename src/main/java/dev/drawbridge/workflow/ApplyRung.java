package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import java.util.List;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** One rung of the playbook's ladder per job; the first is done before anything else happens for an incident. */
@Component
class ApplyRung implements JavaDelegate {
    private final Steps steps;
    private final Containment containment;
    private final Incidents incidents;
    private final AuditTrail audit;

    ApplyRung(Steps steps, Containment containment, Incidents incidents, AuditTrail audit) {
        this.steps = steps;
        this.containment = containment;
        this.incidents = incidents;
        this.audit = audit;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        List<String> ladder = step.playbook().rungs();
        Object next = execution.getVariable(Variables.NEXT_RUNG);
        int place = next == null ? 0 : (Integer) next;
        Rung rung = Rung.ofCode(ladder.get(place));
        RungOutcome outcome = containment.apply(step.actor(), step.id(), step.node(), rung);
        if (outcome instanceof RungOutcome.Refused refused) {
            Steps.problem(execution, refused.rule() + ": " + refused.reason());
            execution.setVariable(Variables.RUNG_OUTCOME, "refused");
        } else if (outcome instanceof RungOutcome.NodeGone gone) {
            Steps.problem(execution, gone.reason());
            execution.setVariable(Variables.RUNG_OUTCOME, "node-gone");
        } else if (outcome instanceof RungOutcome.Underway underway) {
            execution.setVariable(Variables.RUNG_PAUSE, underway.next().toString());
            execution.setVariable(Variables.RUNG_OUTCOME, "underway");
        } else {
            if (outcome instanceof RungOutcome.NotSupported missing) {
                audit.record(AuditEvent.fact(step.actor(), "containment.not-supported", rung.code(), missing.reason())
                        .on(step.id(), step.node()));
            }
            boolean last = place + 1 == ladder.size();
            execution.setVariable(Variables.NEXT_RUNG, place + 1);
            execution.setVariable(Variables.RUNG_OUTCOME, last ? "complete" : "next");
            // in a dry run nothing is applied, and the incident must not say so
            if (last && !containment.applied(step.id()).isEmpty()) {
                incidents.move(step.actor(), step.id(), IncidentState.CONTAINED, "every rung is in place");
            }
        }
    }
}
