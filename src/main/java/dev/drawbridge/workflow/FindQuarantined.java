package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import java.util.Optional;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Looks at what lies in quarantine, so that a person agrees to what is there and not to what was. */
@Component
class FindQuarantined implements JavaDelegate {
    private final Steps steps;
    private final Quarantine quarantine;
    private final AuditTrail audit;

    FindQuarantined(Steps steps, Quarantine quarantine, AuditTrail audit) {
        this.steps = steps;
        this.quarantine = quarantine;
        this.audit = audit;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        ReturnRequest asked = ReturnRequest.of(execution).orElseThrow();
        QuarantinedFile file = quarantine.find(step.id(), asked.file()).orElseThrow();
        Optional<Quarantined> found = NodeUse.in(step.actor(), step.id(), () -> quarantine.look(file));
        execution.setVariable(Variables.QUARANTINED, found.isPresent() ? "held" : "gone");
        if (found.isPresent()) {
            ReturnRequest.found(execution, found.get());
        } else {
            audit.record(AuditEvent.fact(
                            step.actor(),
                            "quarantine.gone",
                            file.path().toString(),
                            "it is not in quarantine any more, or no longer what was moved there: nothing is put back")
                    .on(step.id(), file.node())
                    .withEvidence(file.content()));
        }
    }
}
