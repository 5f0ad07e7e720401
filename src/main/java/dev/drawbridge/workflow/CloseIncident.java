package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/**
 * The end of every response. Refuses while anything of ours is left on the node, and passes on what came in too late to be
 * answered.
 */
@Component
class CloseIncident implements JavaDelegate {
    private static final String FALSE_POSITIVE = "false-positive";

    private final Steps steps;
    private final Incidents incidents;
    private final Containment containment;
    private final TaskStore tasks;
    private final ExclusionSuggestion suggestion;
    private final AuditTrail audit;

    CloseIncident(
            Steps steps,
            Incidents incidents,
            Containment containment,
            TaskStore tasks,
            ExclusionSuggestion suggestion,
            AuditTrail audit) {
        this.steps = steps;
        this.incidents = incidents;
        this.containment = containment;
        this.tasks = tasks;
        this.suggestion = suggestion;
        this.audit = audit;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        incidents.hold(step.id());
        if (!containment.applied(step.id()).isEmpty()) {
            throw new IllegalStateException("the node is still contained, the incident cannot be closed");
        }
        String closing = String.valueOf(execution.getVariable(Variables.CLOSING));
        if (closing.equals("excluded")) {
            incidents.close(
                    step.actor(),
                    step.id(),
                    IncidentState.CLOSED_FALSE_POSITIVE,
                    "excluded by the playbook, and the node equals its baseline");
            return;
        }
        List<HumanTask> decided = tasks.decided(step.id());
        String conclusion =
                last(decided, CloseIncident::concludes).map(CloseIncident::said).orElse("no decision");
        if (closing.equals(FALSE_POSITIVE)) {
            String verdict = last(decided, task -> FALSE_POSITIVE.equals(task.decision()))
                    .map(CloseIncident::said)
                    .orElse(conclusion);
            incidents.close(
                    step.actor(),
                    step.id(),
                    IncidentState.CLOSED_FALSE_POSITIVE,
                    (verdict.equals(conclusion) ? verdict : verdict + "\n" + conclusion)
                            + "\n\n"
                            + suggestion.forAlerts(incidents.alerts(step.id())));
        } else {
            incidents.close(step.actor(), step.id(), IncidentState.CLOSED_RESOLVED, conclusion);
        }
        last(decided, CloseIncident::concludes)
                .ifPresent(task -> late(execution, step, task).forEach(alert -> incidents.answerAgain(alert.id())));
    }

    private static String said(HumanTask task) {
        return task.decision() + " by " + task.decidedBy() + ": " + task.reason();
    }

    private static boolean concludes(HumanTask task) {
        return TaskKind.ofCode(task.kind()).map(TaskKind::concludes).orElse(false);
    }

    private static Optional<HumanTask> last(List<HumanTask> decided, Predicate<HumanTask> which) {
        return decided.stream().filter(which).reduce((earlier, later) -> later);
    }

    /** What joined after the last decision, and is about something that happened after the restore. */
    private List<Alert> late(DelegateExecution execution, Step step, HumanTask decision) {
        String restoredAt = (String) execution.getVariable(Variables.RESTORED_AT);
        Instant answered = restoredAt == null ? Instant.EPOCH : Instant.parse(restoredAt);
        Set<String> joined = joinedAfter(step, decision);
        return incidents.alertsAfter(step.id(), answered).stream()
                .filter(alert -> joined.contains(alert.id().value()))
                .toList();
    }

    /**
     * By the order of the audit trail, not by times: an alert that waited for the incident while somebody decided was received
     * before the decision, and was still seen by nobody.
     */
    private Set<String> joinedAfter(Step step, HumanTask decision) {
        return Trail.of(audit, step.id())
                .map(AuditEntry::event)
                .dropWhile(event -> !event.action().equals("task.decide")
                        || !decision.id().equals(event.details().get("task")))
                .filter(event -> event.action().equals("incident.join"))
                .map(event -> event.details().getOrDefault("alert", ""))
                .collect(Collectors.toSet());
    }
}
