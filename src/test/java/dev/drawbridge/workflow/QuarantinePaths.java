package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.recovery.ReturnOutcome;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.workflow.QuarantineReturns.Asked;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** A file that a restore moved away is put back when a second person agrees, while the response runs and after it. */
abstract class QuarantinePaths extends WorkflowPaths {
    private static final String TASK = "restore-quarantined-file";

    @Autowired
    QuarantineReturns returns;

    private QuarantinedFile closed() {
        response.toApproval()
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd();
        return quarantine.hold(response.id(), response.node);
    }

    private Response asked(QuarantinedFile file) {
        assertThat(returns.ask(file.incident(), file.id(), APPROVER, "it is our own agent"))
                .isInstanceOf(Asked.Accepted.class);
        return response;
    }

    private Response toTask(QuarantinedFile file) {
        return asked(file).run("serviceTask_findQuarantined");
    }

    @Test
    void aFileIsPutBackWhenAnotherPersonAgreesAlsoAfterTheIncidentIsClosed() {
        QuarantinedFile file = closed();
        toTask(file);
        HumanTask task = response.task(TASK);
        assertThat(task.candidates()).containsExactly("approvers");
        assertThat(task.due()).isNotNull();
        assertThat(task.description())
                .contains(
                        "Should /etc/kubernetes/manifests/metrics-agent.yaml be put back on " + response.node,
                        "approver asks for it: it is our own agent",
                        "sha256 " + file.content(),
                        "5 bytes, owner 0:7, mode 0644, changed 2026-01-15T09:16:10Z",
                        "within 20 seconds of the return its pod runs",
                        "Unless the baseline has it by then, it is drift")
                .doesNotContain("The response of this incident still runs");
        assertThat(task.planHash()).matches("[0-9a-f]{64}");

        response.decide(TASK, APPROVER2, "approve", "I know it").run("serviceTask_returnFile");
        assertThat(quarantine.carriedOut)
                .containsExactly(new Quarantined(file.id(), file.content(), 0644, 0, 7, 5, 1768468570));
        response.went("endEvent_putBack").is(IncidentState.CLOSED_RESOLVED);
        assertThat(response.audited())
                .contains("quarantine.ask-return " + file.path(), "task.open " + TASK, "task.decide " + TASK);
        assertThat(returns.ask(file.incident(), file.id(), RESPONDER, "again"))
                .isEqualTo(new Asked.Conflict("returned", "the file was put back already"));
    }

    @Test
    void itCanBeAskedForWhileTheResponseRunsAndTheTaskSaysWhatThatMeans() {
        response.toApproval();
        QuarantinedFile file = quarantine.hold(response.id(), response.node);
        toTask(file).is(IncidentState.AWAITING_APPROVAL);
        assertThat(response.task(TASK).description()).contains("The response of this incident still runs");
        response.decide(TASK, APPROVER2, "approve", "I know it")
                .run("serviceTask_returnFile")
                .is(IncidentState.AWAITING_APPROVAL)
                .isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
    }

    @Test
    void whoAskedCannotAgreeAndAReasonIsNeeded() {
        QuarantinedFile file = closed();
        toTask(file);
        assertThat(response.answer(TASK, APPROVER, "approve", "mine"))
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo("four-eyes"));
        assertThat(response.answer(TASK, APPROVER, "reject", "mine")).isInstanceOf(TaskOutcome.Forbidden.class);
        assertThat(response.answer(TASK, RESPONDER, "approve", "no candidate"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        assertThat(response.answer(TASK, APPROVER2, "approve", " ")).isInstanceOf(TaskOutcome.Invalid.class);
        assertThat(quarantine.carriedOut).isEmpty();
    }

    @Test
    void anApprovalIsBoundToWhatWasRead() {
        QuarantinedFile file = closed();
        toTask(file);
        HumanTask task = response.task(TASK);
        TaskInbox inbox = context.getBean(TaskInbox.class);
        assertThat(inbox.complete(task.id(), APPROVER2, "approve", "fine", "0".repeat(64)))
                .isInstanceOfSatisfying(
                        TaskOutcome.Conflict.class,
                        conflict -> assertThat(conflict.rule()).isEqualTo("plan-lapsed"));
        assertThat(inbox.complete(task.id(), APPROVER2, "approve", "fine", task.planHash()))
                .isInstanceOf(TaskOutcome.Accepted.class);
        // whatever becomes of the variables: nobody agreed to another place, owner or mode
        response.set("held", file.id() + " 4755 0 0 5 1768468570").run("serviceTask_returnFile");
        assertThat(quarantine.carriedOut).isEmpty();
        assertThat(response.task("return-refused").description()).contains("Nobody agreed to put back exactly this.");
    }

    @Test
    void aRejectedFileStaysAndCanBeAskedForAgain() {
        QuarantinedFile file = closed();
        toTask(file);
        assertThat(returns.ask(file.incident(), file.id(), RESPONDER, "me too"))
                .isEqualTo(new Asked.Conflict("asked", "somebody has asked for it, and that is not over"));
        response.decide(TASK, APPROVER2, "reject", "what is it?").went("endEvent_kept");
        assertThat(quarantine.carriedOut).isEmpty();
        toTask(file);
        assertThat(response.tasks()).contains(TASK);
    }

    @Test
    void whatIsNotInQuarantineAnyMoreIsNotAskedAbout() {
        QuarantinedFile file = closed();
        quarantine.look.next(Optional.empty());
        toTask(file).went("endEvent_gone");
        assertThat(response.tasks()).doesNotContain(TASK);
        assertThat(response.audited()).contains("quarantine.gone " + file.path());
    }

    @Test
    void anApprovalLapsesWhenSomethingElseIsThere() {
        QuarantinedFile file = closed();
        toTask(file).decide(TASK, APPROVER2, "approve", "I know it");
        quarantine.putBack.next(new ReturnOutcome.Lapsed("something is at the path"));
        response.run("serviceTask_returnFile").went("endEvent_lapsed");
        assertThat(response.audited()).contains("quarantine.lapsed " + file.path());
    }

    @Test
    void whatAGuardrailRefusesIsTriedAgainOrLeft() {
        QuarantinedFile file = closed();
        toTask(file).decide(TASK, APPROVER2, "approve", "I know it");
        quarantine.putBack.next(new ReturnOutcome.Refused("pause, paused by responder: maintenance"));
        quarantine.putBack.next(new ReturnOutcome.Refused("pause, paused by responder: maintenance"));
        response.run("serviceTask_returnFile");
        assertThat(response.task("return-refused").description()).contains("was not put back: pause, paused by");
        response.decide("return-refused", APPROVER, "retry", "it is over").run("serviceTask_returnFile");
        response.decide("return-refused", APPROVER, "leave", "it can wait").went("endEvent_left");
        assertThat(quarantine.carriedOut).hasSize(2);
    }

    @Test
    void aDryRunEndsWithoutTheFile() {
        QuarantinedFile file = closed();
        toTask(file).decide(TASK, APPROVER2, "approve", "I know it");
        quarantine.putBack.next(new ReturnOutcome.DryRun("only looking"));
        response.run("serviceTask_returnFile").went("endEvent_dryRun");
    }

    @Test
    void aFaultIsTriedAgainAndASkippedReturnComesToAPerson() {
        QuarantinedFile file = closed();
        quarantine.look.fail(3, "no route to host");
        asked(file).exhaust("serviceTask_findQuarantined");
        response.decide("step-failed", RESPONDER, "retry", "it is back").run("serviceTask_findQuarantined");
        response.decide(TASK, APPROVER2, "approve", "I know it");
        quarantine.putBack.fail(3, "no route to host");
        response.exhaust("serviceTask_returnFile");
        assertThat(response.task("step-failed").decisions()).contains("retry", "skip", "abort");
        response.decide("step-failed", RESPONDER, "skip", "never mind")
                .decide("confirm-skip", APPROVER2, "confirm", "fine")
                .neverWent("endEvent_putBack");
        response.decide("return-refused", APPROVER2, "retry", "it is back")
                .run("serviceTask_returnFile")
                .went("endEvent_putBack");
    }

    @Test
    void aSkippedLookPutsNothingBackAndAnAbortedRequestCanBeMadeAgain() {
        QuarantinedFile file = closed();
        quarantine.look.fail(6, "no route to host");
        asked(file).exhaust("serviceTask_findQuarantined");
        response.decide("step-failed", RESPONDER, "skip", "never mind")
                .decide("confirm-skip", APPROVER2, "confirm", "fine")
                .went("endEvent_gone");
        asked(file).exhaust("serviceTask_findQuarantined");
        response.decide("step-failed", RESPONDER, "abort", "never mind");
        toTask(file);
        assertThat(response.tasks()).contains(TASK);
        assertThat(quarantine.carriedOut).isEmpty();
    }

    @Test
    void aRequestThatNobodyAnswersIsEscalatedAndDecidesNothing() {
        toTask(closed()).fire("boundaryEvent_fileOverdue").fire("boundaryEvent_fileOverdue");
        assertThat(response.task("overdue").title()).isEqualTo("Overdue: Put a quarantined file back");
        response.went("endEvent_fileEscalated");
        assertThat(response.tasks()).contains(TASK);
        assertThat(quarantine.carriedOut).isEmpty();
    }

    @Test
    void onlyAFileOfTheIncidentIsAskedForAndWithAReason() {
        QuarantinedFile file = closed();
        assertThat(returns.ask(file.incident(), file.id(), RESPONDER, " ")).isInstanceOf(Asked.Invalid.class);
        assertThat(returns.ask(file.incident(), "0".repeat(32), RESPONDER, "mine"))
                .isInstanceOf(Asked.NotFound.class);
        assertThat(returns.ask(IncidentId.of("another"), file.id(), RESPONDER, "mine"))
                .isInstanceOf(Asked.NotFound.class);
    }
}
