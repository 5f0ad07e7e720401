package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.verification.LaterAlerts;
import dev.drawbridge.verification.Verification;
import dev.drawbridge.verification.VerificationReport;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Independent proof, and what it is counted from. */
@Component
class VerifyNode implements JavaDelegate {
    private final Steps steps;
    private final Verification verification;
    private final Incidents incidents;
    private final Clock clock;

    VerifyNode(Steps steps, Verification verification, Incidents incidents, Clock clock) {
        this.steps = steps;
        this.verification = verification;
        this.incidents = incidents;
        this.clock = clock;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        Instant restoredAt = restoredAt(execution);
        VerificationReport report = verification.verify(
                step.actor(),
                step.id(),
                step.node(),
                step.verificationPolicy(),
                new LaterAlerts(restoredAt, () -> later(step, restoredAt)));
        // after the slow part, see FindDrift; also ends what a person restored by hand
        incidents.move(step.actor(), step.id(), IncidentState.VERIFYING, "the restore is over");
        if (report.passed()) {
            execution.setVariable(Variables.VERIFICATION, "passed");
            // what an earlier round found is over: the approver must not read it as a finding of this one
            Steps.problem(execution, "");
            return;
        }
        Steps.problem(
                execution,
                report.checks().stream()
                        .filter(check -> check.status().open())
                        .map(check -> check.name() + ": " + check.found())
                        .collect(Collectors.joining("\n")));
        int attempt = number(execution, Variables.ATTEMPT, 0) + 1;
        execution.setVariable(Variables.ATTEMPT, attempt);
        boolean more = attempt < step.playbook().verification().attempts();
        execution.setVariable(Variables.VERIFICATION, more ? "failed" : "exhausted");
    }

    /** Nobody knows when a person restored by hand: then it was before the first look, and the soak is proven like any other. */
    private Instant restoredAt(DelegateExecution execution) {
        String known = (String) execution.getVariable(Variables.RESTORED_AT);
        if (known != null) {
            return Instant.parse(known);
        }
        Instant now = clock.instant();
        execution.setVariable(Variables.RESTORED_AT, now.toString());
        return now;
    }

    /** No alert joins between this answer and what is made of it. */
    private List<AlertId> later(Step step, Instant restoredAt) {
        incidents.hold(step.id());
        return incidents.alertsAfter(step.id(), restoredAt).stream()
                .map(Alert::id)
                .toList();
    }

    private static int number(DelegateExecution execution, String name, int absent) {
        Object value = execution.getVariable(name);
        return value == null ? absent : ((Number) value).intValue();
    }
}
