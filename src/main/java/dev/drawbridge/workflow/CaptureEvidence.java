package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.shared.NodePath;
import java.util.List;
import java.util.Optional;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Keeps everything that the plan will change, and what the alerts named, before anything is written. */
@Component
class CaptureEvidence implements JavaDelegate {
    private final Steps steps;
    private final Recovery recovery;
    private final Incidents incidents;

    CaptureEvidence(Steps steps, Recovery recovery, Incidents incidents) {
        this.steps = steps;
        this.recovery = recovery;
        this.incidents = incidents;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        List<NodePath> alerted = incidents.alerts(step.id()).stream()
                .map(Alert::normalisedPath)
                .flatMap(Optional::stream)
                .filter(step.playbook().watched()::contains)
                .distinct()
                .toList();
        Optional<EvidenceReceipt> receipt = NodeUse.in(
                step.actor(), step.id(), () -> recovery.captureEvidence(step.actor(), step.id(), step.node(), alerted));
        execution.setVariable(
                Variables.EVIDENCE,
                receipt.isPresent()
                        ? "kept"
                        : Rounds.again(execution, step, "The node changes faster than it is captured."));
    }
}
