package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.recovery.PlanOutcome;
import dev.drawbridge.recovery.Recovery;
import java.util.List;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/**
 * The look at a node before it is contained: an exclusion decides that nobody is disturbed, not that nobody looks. Drift
 * overrules it.
 */
@Component
class ScanForDrift implements JavaDelegate {
    private final Steps steps;
    private final Recovery recovery;
    private final Incidents incidents;
    private final PlaybookCatalogue catalogue;

    ScanForDrift(Steps steps, Recovery recovery, Incidents incidents, PlaybookCatalogue catalogue) {
        this.steps = steps;
        this.recovery = recovery;
        this.incidents = incidents;
        this.catalogue = catalogue;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        PlanOutcome outcome = NodeUse.in(
                step.actor(),
                step.id(),
                () -> recovery.plan(step.actor(), step.id(), step.node(), step.recoveryPolicy()));
        boolean inSync = outcome instanceof PlanOutcome.InSync;
        // from here to the end of the transaction no alert joins
        incidents.hold(step.id());
        List<Alert> alerts = incidents.alerts(step.id());
        // a list that may be a part proves nothing about the rest
        boolean excluded = alerts.size() < Incidents.MOST_ALERTS
                && alerts.stream()
                        .allMatch(alert ->
                                catalogue.exclusionFor(step.playbook(), alert).isPresent());
        execution.setVariable(Variables.DRIFT, inSync ? "in-sync" : "drifted");
        execution.setVariable(Variables.CLOSING, "excluded");
        execution.setVariable(Variables.EXCLUDED, inSync && excluded);
        if (!inSync) {
            // an exclusion for something that left the node changed was none
            execution.setVariable(Variables.TRUSTED_PROCESS, false);
        }
    }
}
