package dev.drawbridge.workflow;

import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RestoreOutcome;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Digest;
import java.time.Clock;
import java.util.Comparator;
import java.util.Optional;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** Carries out the newest plan, and only that: the approved one, where it needs approval. */
@Component
class RestoreFiles implements JavaDelegate {
    private final Steps steps;
    private final Recovery recovery;
    private final EvidenceLocker evidence;
    private final Incidents incidents;
    private final Clock clock;

    RestoreFiles(Steps steps, Recovery recovery, EvidenceLocker evidence, Incidents incidents, Clock clock) {
        this.steps = steps;
        this.recovery = recovery;
        this.evidence = evidence;
        this.incidents = incidents;
        this.clock = clock;
    }

    @Override
    public void execute(DelegateExecution execution) {
        Step step = steps.of(execution);
        Optional<RestorePlan> plan = recovery.newestPlan(step.id());
        ReceiptLookup receipt = evidence.look(step.id());
        if (receipt instanceof ReceiptLookup.Damaged) {
            stop(execution, "The receipt of the evidence is damaged: nobody can prove what was kept.");
            return;
        }
        if (plan.isEmpty() || !(receipt instanceof ReceiptLookup.Held held)) {
            stop(execution, "There is no plan, or no evidence was kept for it.");
            return;
        }
        Optional<Digest> allowed = allowed(execution, plan.get());
        if (allowed.isEmpty()) {
            // whatever the model says: a plan that needs approval is not carried out without
            stop(execution, "The plan needs an approval that nobody gave.");
            return;
        }
        RestoreOutcome outcome = NodeUse.in(
                step.actor(),
                step.id(),
                () -> recovery.restore(step.actor(), step.id(), step.node(), allowed.get(), held.receipt()));
        if (outcome instanceof RestoreOutcome.Lapsed lapsed) {
            execution.setVariable(
                    Variables.RESTORE, Rounds.again(execution, step, "The plan lapsed: " + lapsed.reason() + "."));
        } else if (outcome instanceof RestoreOutcome.Incomplete incomplete) {
            String left = "Left for a person:\n" + String.join("\n", incomplete.left());
            stop(execution, left);
            // one at a time: two people agree to one effect, and the step then finds what else is refused
            incomplete.refused().stream()
                    .min(Comparator.comparing(refused -> !refused.overridable()))
                    .ifPresent(refused -> Steps.refused(
                            execution,
                            left,
                            new RefusedEffect(
                                    refused.kind(), refused.path().toString(), refused.rule(), refused.overridable())));
        } else {
            execution.setVariable(Variables.RESTORED_AT, clock.instant().toString());
            execution.setVariable(Variables.RESTORE, outcome.code());
            if (outcome instanceof RestoreOutcome.Restored) {
                incidents.move(step.actor(), step.id(), IncidentState.VERIFYING, "every step of the plan is done");
            }
        }
    }

    private static Optional<Digest> allowed(DelegateExecution execution, RestorePlan plan) {
        if (!plan.needsApproval()) {
            return Optional.of(plan.hash());
        }
        return Optional.ofNullable((String) execution.getVariable(Variables.APPROVED_PLAN))
                .map(Digest::of);
    }

    private static void stop(DelegateExecution execution, String problem) {
        Steps.problem(execution, problem);
        execution.setVariable(Variables.RESTORE, "incomplete");
    }
}
