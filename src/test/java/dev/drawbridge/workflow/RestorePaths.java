package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.DRIFT;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.DRIFT_TO_APPROVE;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.IN_SYNC;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.NO_BASELINE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.RestoreOutcome;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How the files get back to the baseline, and who is asked when they do not. */
abstract class RestorePaths extends WorkflowPaths {
    private static final String[] OVERRIDE_ASKED = {"userTask_approveOverride", "boundaryEvent_overrideOverdue"};
    private static final String[] APPROVAL = {"userTask_approvePlan", "boundaryEvent_planOverdue"};

    private Response planWaits() {
        response.toRestore();
        files.plan.next(DRIFT_TO_APPROVE);
        return response.run("serviceTask_findDrift", "serviceTask_captureEvidence")
                .isAt(APPROVAL);
    }

    private Response needsPerson() {
        return response.isAt("userTask_restoreNeedsPerson").is(IncidentState.STALLED);
    }

    private Digest newestHash() {
        return files.newestPlan(response.id()).map(RestorePlan::hash).orElseThrow();
    }

    @Test
    void aNodeInSyncIsVerifiedWithoutAnyWrite() {
        response.toRestore();
        files.plan.next(IN_SYNC);
        response.run("serviceTask_findDrift").isAt("serviceTask_verify").is(IncidentState.VERIFYING);
        assertThat(files.calls).containsExactly("plan");
        response.went("endEvent_inSync").neverWent("serviceTask_captureEvidence", "serviceTask_restoreFiles");
    }

    @Test
    void withoutATrustedBaselineNothingIsWrittenAndAPersonDecides() {
        response.toRestore();
        files.plan.next(NO_BASELINE);
        response.run("serviceTask_findDrift");
        needsPerson();
        assertThat(response.task("restore-needs-person").description())
                .contains("no trusted baseline (signature)", "not signed");
        assertThat(files.calls).containsExactly("plan");

        response.decide("restore-needs-person", RESPONDER, "retry", "it is signed now")
                .isAt("serviceTask_findDrift")
                .is(IncidentState.RESTORING);
    }

    @Test
    void evidenceOfANodeThatChangedIsTakenAgainAfterANewPlan() {
        response.toRestore().run("serviceTask_findDrift");
        files.capture.next(false);
        response.run("serviceTask_captureEvidence").isAt("serviceTask_findDrift");
        response.run("serviceTask_findDrift", "serviceTask_captureEvidence").isAt("serviceTask_restoreFiles");
        assertThat(files.calls).containsExactly("plan", "capture", "plan", "capture");
    }

    @Test
    void aNodeThatNeverStopsChangingIsLeftToAPerson() {
        response.toRestore();
        for (int round = 1; round <= 3; round++) {
            files.capture.next(false);
            response.run("serviceTask_findDrift", "serviceTask_captureEvidence");
        }
        needsPerson();
        assertThat(response.task("restore-needs-person").description())
                .contains("changes faster than it is captured", "3 rounds");
        assertThat(files.calls).doesNotContain("restore");

        response.decide("restore-needs-person", RESPONDER, "retry", "the cron job is gone");
        files.capture.next(false);
        response.run("serviceTask_findDrift", "serviceTask_captureEvidence").isAt("serviceTask_findDrift");
    }

    @Test
    void theTaskOfThePlanSaysWhatChangesAndWarnsFirst() {
        files.compare(
                ScriptedRecovery.CA_KEY,
                new FileComparison(
                        new FileComparison.Text(FileComparison.TextStatus.NOT_SHOWN, "never", List.of()),
                        new FileComparison.Meaning(
                                FileComparison.MeaningStatus.COMPARED,
                                "",
                                List.of("The image is x on the node, y in the baseline."),
                                List.of("AlwaysAllow allows every request.")),
                        List.of()));
        planWaits();
        assertThat(response.task("approve-plan").description().lines().skip(1))
                .containsExactly(
                        "Warnings:",
                        "- /etc/kubernetes/pki/ca.key: AlwaysAllow allows every request.",
                        "1. restore /etc/kubernetes/pki/ca.key: it drifted; it is put right",
                        "   The image is x on the node, y in the baseline.");
    }

    @Test
    void anApprovedPlanIsCarriedOutAndNoOther() {
        planWaits();
        HumanTask task = response.task("approve-plan");
        assertThat(task.planHash()).isEqualTo(newestHash().hex());
        assertThat(task.candidates()).containsExactly("approvers");
        assertThat(files.calls).doesNotContain("restore");

        response.decide("approve-plan", APPROVER, "approve", "as expected").isAt("serviceTask_restoreFiles");
        response.run("serviceTask_restoreFiles").isAt("serviceTask_verify");
        assertThat(files.carriedOut).containsExactly(newestHash());
        assertThat(response.timeline()
                        .filter(entry -> entry.event().action().equals("task.decide"))
                        .map(entry -> entry.event().evidence()))
                .as("the decision is bound to the plan")
                .containsExactly(newestHash());
    }

    @Test
    void aRejectedPlanIsNotCarriedOut() {
        planWaits().decide("approve-plan", APPROVER, "reject", "keep the evidence in place");
        needsPerson();
        assertThat(files.calls).doesNotContain("restore");

        response.decide("restore-needs-person", RESPONDER, "restored-by-hand", "put back from paper")
                .isAt("serviceTask_verify")
                .is(IncidentState.RESTORING);
        response.run("serviceTask_verify").is(IncidentState.VERIFYING);
        assertThat(files.calls).doesNotContain("restore");
    }

    @Test
    void aPlanThatIsAFalsePositiveLeadsToTheReturnByASecondPerson() {
        planWaits().decide("approve-plan", APPROVER, "false-positive", "we rotated it ourselves");
        response.isAt("userTask_approveReturn", "boundaryEvent_returnOverdue")
                .is(IncidentState.AWAITING_APPROVAL)
                .went("endEvent_falsePositiveByPlan")
                .neverWent("callActivity_verify");

        assertThat(response.answer("approve-return", APPROVER, "approve", "me again"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        response.decide("approve-return", APPROVER2, "approve", "seen the ticket")
                .released()
                .run("endEvent_closed")
                .is(IncidentState.CLOSED_FALSE_POSITIVE);
        assertThat(response.incident().resolution())
                .contains("we rotated it ourselves", "seen the ticket", "An exclusion that would have fitted");
        assertThat(files.calls).doesNotContain("restore");
    }

    @Test
    void anOverduePlanApprovalEscalatesAndWritesNothing() {
        planWaits();
        for (int i = 0; i < 5; i++) {
            response.fire("boundaryEvent_planOverdue").isAt(APPROVAL);
        }
        assertThat(response.tasks()).as("one reminder, not five").containsExactly("approve-plan", "overdue");
        assertThat(files.calls).doesNotContain("restore");
        response.went("endEvent_planEscalated");
    }

    @Test
    void aPlanThatWasReplacedWhileItWaitedCannotBeApproved() {
        planWaits();
        files.replacePlan(response.id(), response.node);

        assertThat(response.answer("approve-plan", APPROVER, "approve", "as expected"))
                .isInstanceOfSatisfying(
                        TaskOutcome.Conflict.class,
                        conflict -> assertThat(conflict.rule()).isEqualTo("plan-lapsed"));
        response.isAt(APPROVAL);
        assertThat(files.calls).doesNotContain("restore");

        response.decide("approve-plan", APPROVER, "reject", "it is another plan by now");
        needsPerson()
                .decide("restore-needs-person", RESPONDER, "retry", "look again")
                .isAt("serviceTask_findDrift");
    }

    @Test
    void anApprovalThatNamesAnotherPlanIsRefused() {
        planWaits();
        assertThat(context.getBean(TaskInbox.class)
                        .complete(
                                response.task("approve-plan").id(),
                                APPROVER,
                                "approve",
                                "as seen",
                                Digest.ofText("another").hex()))
                .isInstanceOf(TaskOutcome.Conflict.class);
        response.isAt(APPROVAL);
    }

    @Test
    void anApprovalDoesNotServeForTheNextPlan() {
        planWaits().decide("approve-plan", APPROVER, "approve", "as expected");
        files.restore.next(new RestoreOutcome.Lapsed("another file changed"));
        response.run("serviceTask_restoreFiles").isAt("serviceTask_findDrift");
        files.plan.next(DRIFT_TO_APPROVE);

        response.run("serviceTask_findDrift", "serviceTask_captureEvidence").isAt(APPROVAL);
        assertThat(files.calls.stream().filter("restore"::equals)).hasSize(1);
    }

    @Test
    void aPlanThatNeedsApprovalIsNotCarriedOutWithoutOneWhateverTheModelSays() {
        planWaits()
                .pretend("userTask_approvePlan", Variables.DECISION, "approve")
                .isAt("serviceTask_restoreFiles");
        response.run("serviceTask_restoreFiles");
        needsPerson();
        assertThat(files.calls).doesNotContain("restore");
        assertThat(response.task("restore-needs-person").description()).contains("an approval that nobody gave");
    }

    @Test
    void aLapsedRestoreBeginsAnewAndIsLeftToAPersonInTheEnd() {
        response.toRestore();
        for (int round = 1; round <= 3; round++) {
            files.restore.next(new RestoreOutcome.Lapsed("a file changed"));
            response.run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles");
        }
        needsPerson();
        assertThat(response.task("restore-needs-person").description()).contains("The plan lapsed", "3 rounds");
    }

    @Test
    void whatTheRestoreLeftIsNamedInThePersonsTask() {
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        files.restore.next(new RestoreOutcome.Incomplete(List.of(), List.of("/etc/kubernetes/pki/a: is a socket")));
        response.run("serviceTask_restoreFiles");
        needsPerson();
        assertThat(response.task("restore-needs-person").description()).contains("/etc/kubernetes/pki/a: is a socket");

        response.decide("restore-needs-person", RESPONDER, "false-positive", "our own socket")
                .isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
        response.went("endEvent_falsePositive").neverWent("callActivity_verify");
        assertThat(response.variable(Variables.CLOSING)).isEqualTo("false-positive");
    }

    private Response writeRefused(boolean overridable) {
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        files.restore.next(new RestoreOutcome.Incomplete(
                List.of(),
                List.of("a: protected-nodes, no", "b: pause, paused by admin"),
                List.of(
                        new RestoreOutcome.Refused(
                                Effect.Kind.RESTORE_FILE, ScriptedRecovery.CA_KEY, "protected-nodes", false),
                        new RestoreOutcome.Refused(
                                Effect.Kind.QUARANTINE_FILE, ScriptedRecovery.ROGUE, "pause", overridable))));
        response.run("serviceTask_restoreFiles");
        return needsPerson();
    }

    @Test
    void anOverrideOfARefusedWriteIsForThatFileAndTheRestoreGoesOnWithThePlan() {
        writeRefused(true)
                .decide("restore-needs-person", RESPONDER, "override", "it must not wait for the end of the pause")
                .isAt(OVERRIDE_ASKED);
        response.fire("boundaryEvent_overrideOverdue")
                .fire("boundaryEvent_overrideOverdue")
                .isAt(OVERRIDE_ASKED);
        assertThat(response.tasks()).contains("approve-override", "overdue");
        assertThat(context.getBean(Overrides.class).of(response.id()))
                .as("nothing is allowed by waiting")
                .isEmpty();
        assertThat(files.carriedOut).hasSize(1);
        response.went("endEvent_overrideEscalated");
        assertThat(response.answer("approve-override", RESPONDER, "approve", "me"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        assertThat(response.task("approve-override").description())
                .contains("'quarantine file /etc/kubernetes/manifests/metrics-agent.yaml'")
                .doesNotContain("further rungs");

        response.decide("approve-override", APPROVER, "approve", "agreed").isAt("serviceTask_restoreFiles");
        assertThat(context.getBean(Overrides.class).of(response.id()))
                .singleElement()
                .satisfies(stored -> {
                    assertThat(stored.kind()).isEqualTo(Effect.Kind.QUARANTINE_FILE);
                    assertThat(stored.target()).isEqualTo(ScriptedRecovery.ROGUE.toString());
                    assertThat(stored.rules()).containsExactly("pause");
                });
        response.run("serviceTask_restoreFiles").isAt("serviceTask_verify");
        assertThat(files.carriedOut).containsExactly(newestHash(), newestHash());
    }

    @Test
    void whatTwoPeopleAgreedToIsWhatTheGateLetsThroughOnce() {
        Pauses pauses = context.getBean(Pauses.class);
        EffectGate gate = context.getBean(EffectGate.class);
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        NodeName node = response.incident().node();
        Pause pause = pauses.set(Actor.person("admin"), Pause.Scope.NODE, node.value(), "kernel upgrade", null);
        Effect quarantine = new Effect(
                Actor.playbook("kubernetes-config-tampering"),
                response.id(),
                node,
                Effect.Kind.QUARANTINE_FILE,
                ScriptedRecovery.ROGUE.toString(),
                "move it");
        EffectResult.NotAllowed<String> refused =
                (EffectResult.NotAllowed<String>) gate.perform(quarantine, permit -> "done");
        files.restore.next(new RestoreOutcome.Incomplete(
                List.of(),
                List.of(refused.reason()),
                List.of(new RestoreOutcome.Refused(
                        quarantine.kind(), ScriptedRecovery.ROGUE, refused.rule(), refused.overridable()))));
        response.run("serviceTask_restoreFiles")
                .decide("restore-needs-person", RESPONDER, "override", "it spreads")
                .decide("approve-override", APPROVER, "approve", "agreed");

        assertThat(gate.perform(quarantine, permit -> "done")).isEqualTo(new EffectResult.Done<>("done"));
        assertThat(gate.perform(quarantine, permit -> "done")).isEqualTo(refused);
        assertThat(response.audited()).contains("guardrail.override-use " + ScriptedRecovery.ROGUE);
        pauses.lift(Actor.person("admin"), pause.id(), "the test is over");
    }

    @Test
    void aRejectedOverrideOfAWriteGoesBackToThePerson() {
        writeRefused(true)
                .decide("restore-needs-person", RESPONDER, "override", "now")
                .decide("approve-override", APPROVER, "reject", "tomorrow");
        needsPerson();
        assertThat(response.task("restore-needs-person").decisions()).contains("override");
    }

    @Test
    void aWriteThatNobodyCanLetThroughIsNotOfferedForAnOverride() {
        writeRefused(false);
        assertThat(response.task("restore-needs-person").decisions())
                .containsExactly("retry", "restored-by-hand", "false-positive");
        assertThat(response.answer("restore-needs-person", RESPONDER, "override", "please"))
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo("protected-nodes"));
    }

    @Test
    void whatWasRefusedEarlierIsForgottenWhenSomethingElseNeedsAPerson() {
        writeRefused(true).decide("restore-needs-person", RESPONDER, "retry", "look again");
        files.plan.next(NO_BASELINE);
        response.run("serviceTask_findDrift");
        assertThat(response.task("restore-needs-person").decisions()).doesNotContain("override");
    }

    @Test
    void whatAPersonRestoredByHandIsProvenLikeAnythingElse() {
        response.toRestore();
        files.plan.next(NO_BASELINE);
        response.run("serviceTask_findDrift");
        needsPerson().decide("restore-needs-person", RESPONDER, "restored-by-hand", "from the backup");
        response.isAt("serviceTask_verify").went("endEvent_restoredByHand");
    }

    @Test
    void aDryRunEndsWithATaskAndIsClosedWithoutReleasingAnything() {
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        cluster.applied.clear();
        files.restore.next(new RestoreOutcome.DryRun("dry run"));
        response.run("serviceTask_restoreFiles").isAt("userTask_dryRunFinished");

        response.decide("dry-run-finished", RESPONDER, "acknowledge", "read it")
                .isAt("endEvent_closedDryRun")
                .run("endEvent_closedDryRun")
                .is(IncidentState.CLOSED_RESOLVED);
        assertThat(cluster.releases()).isEmpty();
        response.neverWent("callActivity_verify", "userTask_approveReturn");
    }

    @Test
    void afterADryRunAPersonHasItDoneInEarnestFromTheContainmentOn() {
        DryRuns runs = context.getBean(DryRuns.class);
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        runs.begin(Actor.person("responder"), response.id(), "look first");
        cluster.applied.clear();
        files.restore.next(new RestoreOutcome.DryRun("dry run"));
        response.run("serviceTask_restoreFiles").isAt("userTask_dryRunFinished");
        assertThat(response.task("dry-run-finished").description()).contains("end the dry run of this incident first");
        runs.end(Actor.person("responder"), response.id(), "it is right");

        response.decide("dry-run-finished", RESPONDER, "respond", "do it").isAt("serviceTask_applyRung");
        assertThat(runs.of(response.id())).isEmpty();
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .is(IncidentState.CONTAINED)
                .run("serviceTask_startInvestigation")
                .restoredAndVerified()
                .is(IncidentState.AWAITING_APPROVAL);
    }

    @Test
    void aDryRunThatIsNotEndedIsNotLeftByRespondingAgain() {
        DryRuns runs = context.getBean(DryRuns.class);
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        runs.begin(Actor.person("responder"), response.id(), "look first");
        files.restore.next(new RestoreOutcome.DryRun("dry run"));
        response.run("serviceTask_restoreFiles").decide("dry-run-finished", RESPONDER, "respond", "do it");
        assertThat(runs.of(response.id()))
                .hasValueSatisfying(mode -> assertThat(mode.ended()).isFalse());
    }

    @Test
    void aDryRunThatBeganInEarnestIsNotClosedWhileTheNodeIsContained() {
        response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence");
        files.restore.next(new RestoreOutcome.DryRun("switched to dry run"));
        response.run("serviceTask_restoreFiles")
                .decide("dry-run-finished", RESPONDER, "acknowledge", "read it")
                .exhaust("endEvent_closedDryRun");
        assertThat(response.incident().state().closed()).isFalse();
        assertThat(response.task("step-failed").description()).contains("still contained");
    }

    @Test
    void twoPlansWithoutApprovalAreCarriedOutByTheirOwnHash() {
        response.toRestore();
        files.plan.next(DRIFT);
        response.run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles");
        assertThat(files.carriedOut).containsExactly(newestHash());
    }
}
