package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.recovery.ReturnOutcome;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Puts the file back that a second person agreed to, and only that. */
@Component
class ReturnFile implements JavaDelegate {
    private final Steps steps;
    private final Quarantine quarantine;
    private final AuditTrail audit;

    ReturnFile(Steps steps, Quarantine quarantine, AuditTrail audit) {
        this.steps = steps;
        this.quarantine = quarantine;
        this.audit = audit;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        ReturnRequest asked = ReturnRequest.of(execution).orElseThrow();
        QuarantinedFile file = quarantine.find(step.id(), asked.file()).orElseThrow();
        ReturnRequest.Held held = asked.held();
        // whatever the model says: what nobody agreed to is not put back
        if (held == null || !asked.hash(file).hex().equals(execution.getVariable(Variables.APPROVED_PLAN))) {
            Steps.problem(execution, "Nobody agreed to put back exactly this.");
            execution.setVariable(Variables.RETURNED, "refused");
            return;
        }
        ReturnOutcome outcome = NodeUse.in(
                step.actor(),
                step.id(),
                () -> quarantine.putBack(
                        step.actor(), file, held.of(file), step.playbook().watched()));
        execution.setVariable(Variables.RETURNED, outcome.code());
        if (outcome instanceof ReturnOutcome.Refused refused) {
            Steps.problem(execution, file.path() + " was not put back: " + refused.reason());
        } else if (outcome instanceof ReturnOutcome.Lapsed lapsed) {
            audit.record(AuditEvent.fact(
                            step.actor(), "quarantine.lapsed", file.path().toString(), lapsed.reason())
                    .on(step.id(), file.node())
                    .withEvidence(file.content()));
        }
    }
}
