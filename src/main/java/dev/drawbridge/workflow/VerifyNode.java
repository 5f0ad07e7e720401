package dev.drawbridge.workflow;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.verification.Verification;
import dev.drawbridge.verification.VerificationReport;
import java.time.Instant;
import java.util.stream.Collectors;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Independent proof; an alert about something later than the restore is a failed one, whatever the files say now. */
@Component
class VerifyNode implements JavaDelegate {
    private final Steps steps;
    private final Verification verification;
    private final Incidents incidents;

    VerifyNode(Steps steps, Verification verification, Incidents incidents) {
        this.steps = steps;
        this.verification = verification;
        this.incidents = incidents;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        VerificationReport report = NodeUse.in(
                step.actor(),
                step.id(),
                () -> verification.verify(step.actor(), step.id(), step.node(), step.verificationPolicy()));
        // after the slow part, see FindDrift; also ends what a person restored by hand
        incidents.move(step.actor(), step.id(), IncidentState.VERIFYING, "the restore is over");
        long later = laterAlerts(execution, step);
        if (report.passed() && later == 0) {
            execution.setVariable(Variables.VERIFICATION, "passed");
            // what an earlier round found is over: the approver must not read it as a finding of this one
            Steps.problem(execution, "");
            return;
        }
        String failed = report.checks().stream()
                .filter(check -> check.status().open())
                .map(check -> check.name() + ": " + check.found())
                .collect(Collectors.joining("\n"));
        Steps.problem(execution, later == 0 ? failed : later + " alerts about changes since the restore\n" + failed);
        int attempt = number(execution, Variables.ATTEMPT, 0) + 1;
        execution.setVariable(Variables.ATTEMPT, attempt);
        boolean more = attempt < step.playbook().verification().attempts();
        execution.setVariable(Variables.VERIFICATION, more ? "failed" : "exhausted");
    }

    private long laterAlerts(DelegateExecution execution, Step step) {
        String restoredAt = (String) execution.getVariable(Variables.RESTORED_AT);
        if (restoredAt == null) {
            return 0;
        }
        return incidents.alertsAfter(step.id(), Instant.parse(restoredAt)).size();
    }

    private static int number(DelegateExecution execution, String name, int absent) {
        Object value = execution.getVariable(name);
        return value == null ? absent : ((Number) value).intValue();
    }
}
