package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.containment.RungProof;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.playbook.Playbook;
import java.time.Duration;
import java.util.List;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/** One rung of the playbook's ladder per job; the first is done before anything else happens for an incident. */
@Component
class ApplyRung implements JavaDelegate {
    /** A variable of the engine holds 4000 characters, for a handful of rungs. */
    private static final int LONGEST_REASON = 300;

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
        List<Playbook.RungStep> ladder = step.playbook().ladder();
        Object next = execution.getVariable(Variables.NEXT_RUNG);
        int place = next == null ? 0 : (Integer) next;
        Rung rung = Rung.ofCode(ladder.get(place).rung());
        RungOutcome outcome = containment.apply(step.actor(), step.id(), step.node(), rung);
        if (outcome instanceof RungOutcome.Refused refused) {
            Steps.refused(
                    execution,
                    refused.rule() + ": " + refused.reason(),
                    new RefusedEffect(Effect.Kind.CONTAIN, rung.code(), refused.rule(), refused.overridable()));
            execution.setVariable(Variables.RUNG_OUTCOME, "refused");
        } else if (outcome instanceof RungOutcome.NodeGone gone) {
            Steps.problem(execution, gone.reason());
            execution.setVariable(Variables.RUNG_OUTCOME, "node-gone");
        } else if (outcome instanceof RungOutcome.Underway underway) {
            again(execution, underway.next());
        } else {
            if (outcome instanceof RungOutcome.NotSupported missing) {
                audit.record(AuditEvent.fact(step.actor(), "containment.not-supported", rung.code(), missing.reason())
                        .on(step.id(), step.node()));
            }
            Proven proven =
                    proven(step, rung, RungProof.ofCode(ladder.get(place).verify()), outcome);
            if (proven instanceof Proven.NotYet notYet) {
                again(execution, notYet.next());
                return;
            }
            if (proven instanceof Proven.No no) {
                Steps.problem(
                        execution,
                        "no further rung begins: of " + rung.code() + " the playbook wants verified that "
                                + RungProof.ofCode(ladder.get(place).verify()).text() + "; " + no.detail());
                execution.setVariable(Variables.RUNG_OUTCOME, "refused");
                return;
            }
            String impossible = impossible(execution, place, rung, outcome);
            execution.setVariable(Variables.NEXT_RUNG, place + 1);
            if (place + 1 < ladder.size()) {
                execution.setVariable(Variables.RUNG_OUTCOME, "next");
            } else if (impossible.lines().count() == ladder.size()) {
                // a response on a node that nothing holds back is a person's decision
                Steps.problem(execution, "no rung of the playbook is supported\n" + impossible);
                execution.setVariable(Variables.RUNG_OUTCOME, "refused");
            } else {
                execution.setVariable(Variables.RUNG_OUTCOME, "complete");
                contained(step, impossible);
            }
        }
    }

    private static void again(DelegateExecution execution, Duration pause) {
        execution.setVariable(Variables.RUNG_PAUSE, pause.toString());
        execution.setVariable(Variables.RUNG_OUTCOME, "underway");
    }

    /** What the playbook wants to hold before the next rung, beyond what was read back. In a dry run nothing was done that could be looked at. */
    private Proven proven(Step step, Rung rung, RungProof wanted, RungOutcome outcome) {
        if (wanted == RungProof.READ_BACK || outcome instanceof RungOutcome.DryRun) {
            return new Proven.Yes("");
        }
        Proven proven;
        if (outcome instanceof RungOutcome.NotSupported missing) {
            proven = new Proven.No("not supported: " + missing.reason());
        } else if (outcome instanceof RungOutcome.Incomplete incomplete) {
            proven = new Proven.No("in place in part: " + incomplete.detail());
        } else if (wanted == RungProof.PODS_GONE) {
            proven = containment.podsGone(step.id(), step.node());
        } else {
            proven = new Proven.Yes("nothing of it is missing");
        }
        if (!(proven instanceof Proven.NotYet)) {
            audit.record(AuditEvent.fact(
                            step.actor(),
                            proven instanceof Proven.Yes ? "containment.verified" : "containment.not-verified",
                            rung.code(),
                            proven.detail())
                    .on(step.id(), step.node())
                    .with("verify", wanted.code()));
        }
        return proven;
    }

    /** The rungs of this ladder so far that were not supported, one to a line, each with the reason. */
    private static String impossible(DelegateExecution execution, int place, Rung rung, RungOutcome outcome) {
        Object before = place == 0 ? null : execution.getVariable(Variables.NOT_SUPPORTED);
        String impossible = before == null ? "" : (String) before;
        if (outcome instanceof RungOutcome.NotSupported missing) {
            String reason = missing.reason().replaceAll("\\R", " ");
            impossible += rung.code() + ": " + reason.substring(0, Math.min(reason.length(), LONGEST_REASON)) + "\n";
        }
        execution.setVariable(Variables.NOT_SUPPORTED, impossible);
        return impossible;
    }

    private void contained(Step step, String impossible) {
        // in a dry run nothing is applied, and the incident must not say so
        if (!containment.applied(step.id()).isEmpty()) {
            incidents.move(
                    step.actor(),
                    step.id(),
                    IncidentState.CONTAINED,
                    impossible.isEmpty()
                            ? "every rung is in place"
                            : "every rung that is supported is in place, not: "
                                    + impossible.strip().replace("\n", "; "));
        }
    }
}
