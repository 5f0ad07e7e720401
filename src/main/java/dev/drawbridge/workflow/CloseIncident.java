package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/**
 * The end of every response. Refuses while anything of ours is left on the node, and passes on what came in too late to be
 * answered.
 */
@Component
class CloseIncident implements JavaDelegate {
    private final Steps steps;
    private final Incidents incidents;
    private final Containment containment;
    private final TaskStore tasks;
    private final ExclusionSuggestion suggestion;

    CloseIncident(
            Steps steps,
            Incidents incidents,
            Containment containment,
            TaskStore tasks,
            ExclusionSuggestion suggestion) {
        this.steps = steps;
        this.incidents = incidents;
        this.containment = containment;
        this.tasks = tasks;
        this.suggestion = suggestion;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        incidents.hold(step.id());
        if (!containment.applied(step.id()).isEmpty()) {
            throw new IllegalStateException("the node is still contained, the incident cannot be closed");
        }
        String closing = String.valueOf(execution.getVariable(Variables.CLOSING));
        Optional<HumanTask> decided = tasks.lastDecided(step.id());
        if (closing.equals("excluded")) {
            incidents.close(
                    step.actor(),
                    step.id(),
                    IncidentState.CLOSED_FALSE_POSITIVE,
                    "excluded by the playbook, and the node equals its baseline");
            return;
        }
        String said = decided.map(task -> task.decision() + " by " + task.decidedBy() + ": " + task.reason())
                .orElse("no decision");
        if (closing.equals("false-positive")) {
            incidents.close(
                    step.actor(),
                    step.id(),
                    IncidentState.CLOSED_FALSE_POSITIVE,
                    said + "\n\n" + suggestion.forAlerts(incidents.alerts(step.id())));
        } else {
            incidents.close(step.actor(), step.id(), IncidentState.CLOSED_RESOLVED, said);
        }
        decided.flatMap(task -> Optional.ofNullable(task.decidedAt()))
                .ifPresent(at -> late(execution, step, at).forEach(alert -> incidents.answerAgain(alert.id())));
    }

    /** What joined after the last decision, and is about something that happened after the restore. */
    private List<Alert> late(DelegateExecution execution, Step step, Instant decided) {
        String restoredAt = (String) execution.getVariable(Variables.RESTORED_AT);
        Instant answered = restoredAt == null ? Instant.MIN : Instant.parse(restoredAt);
        return incidents.alerts(step.id()).stream()
                .filter(alert -> alert.receivedAt().isAfter(decided))
                .filter(alert -> alert.eventTime().isAfter(answered))
                .toList();
    }
}
