package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.drawbridge.incident.IncidentState;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps that fail more often than they may be tried. */
abstract class FailedStepPaths extends WorkflowPaths {
    /** Every step that has a job: how to get there, how it fails, where the response stands when it is skipped. */
    enum Failing {
        APPLY_RUNG(
                "serviceTask_applyRung",
                paths -> paths.response.post(ROGUE_POD),
                paths -> paths.cluster.apply.fail(3, "the API server is away"),
                "userTask_containmentRefused"),
        SCAN_FOR_DRIFT(
                "serviceTask_scanForDrift",
                paths -> paths.response.post(
                        ROGUE_POD,
                        Map.of(
                                "/kibana/alert/rule/rule_id", VariantPlaybooks.EXCLUDING,
                                "/process/executable", "/usr/bin/python3.10",
                                "/file/path", "/etc/kubernetes/kubelet.conf")),
                paths -> paths.files.plan.fail(3, "no route to host"),
                "serviceTask_applyRung"),
        START_INVESTIGATION(
                "serviceTask_startInvestigation",
                paths -> paths.response.contained(),
                paths -> paths.response.models.suspendProcessDefinitionByKey("investigate-change"),
                "serviceTask_findDrift"),
        FIND_DRIFT(
                "serviceTask_findDrift",
                paths -> paths.response.toRestore(),
                paths -> paths.files.plan.fail(3, "no route to host"),
                "userTask_restoreNeedsPerson"),
        CAPTURE_EVIDENCE(
                "serviceTask_captureEvidence",
                paths -> paths.response.toRestore().run("serviceTask_findDrift"),
                paths -> paths.files.capture.fail(3, "the disk is full"),
                "userTask_restoreNeedsPerson"),
        RESTORE_FILES(
                "serviceTask_restoreFiles",
                paths -> paths.response.toRestore().run("serviceTask_findDrift", "serviceTask_captureEvidence"),
                paths -> paths.files.restore.fail(3, "no route to host"),
                "userTask_restoreNeedsPerson"),
        VERIFY(
                "serviceTask_verify",
                paths -> paths.response
                        .toRestore()
                        .run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles"),
                paths -> paths.proof.verify.fail(3, "no route to host"),
                "userTask_verificationFailed"),
        VERIFY_AGAIN(
                "serviceTask_verifyAgain",
                paths -> paths.response
                        .toRestore()
                        .run(
                                "serviceTask_findDrift",
                                "serviceTask_captureEvidence",
                                "serviceTask_restoreFiles",
                                "serviceTask_verify",
                                "intermediateCatchEvent_soak"),
                paths -> paths.proof.verify.fail(3, "no route to host"),
                "userTask_verificationFailed"),
        RELEASE_RUNG(
                "serviceTask_releaseRung",
                paths -> paths.response.toApproval().decide("approve-return", APPROVER, "approve", "fine"),
                paths -> paths.cluster.release.fail(3, "the API server is away"),
                "userTask_releaseRefused"),
        START_FOLLOW_UP(
                "serviceTask_startFollowUp",
                paths -> paths.response
                        .toApproval()
                        .decide("approve-return", APPROVER, "approve", "fine")
                        .released(),
                paths -> paths.response.models.suspendProcessDefinitionByKey("follow-up"),
                "endEvent_closed");

        final String activity;
        final Consumer<FailedStepPaths> before;
        final Consumer<FailedStepPaths> fault;
        final String careful;

        Failing(String activity, Consumer<FailedStepPaths> before, Consumer<FailedStepPaths> fault, String careful) {
            this.activity = activity;
            this.before = before;
            this.fault = fault;
            this.careful = careful;
        }
    }

    private List<String> written() {
        return Stream.concat(files.calls.stream().filter("restore"::equals), cluster.releases().stream())
                .toList();
    }

    private Response failed(Failing step) {
        step.before.accept(this);
        response.isAt(step.activity);
        step.fault.accept(this);
        return response.exhaust(step.activity).isAt(step.activity);
    }

    @ParameterizedTest
    @EnumSource(Failing.class)
    void aStepThatFailedTooOftenBecomesATaskAndStandsStill(Failing step) {
        failed(step).is(IncidentState.STALLED);
        HumanTask task = response.task("step-failed");
        assertThat(task.title()).startsWith("A step failed: ").doesNotContain("_");
        assertThat(task.decisions()).containsExactly("retry", "skip", "abort");
        assertThat(task.candidates()).containsExactly("responders");
        assertThat(response.job(step.activity).getRetries()).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = Failing.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"START_INVESTIGATION", "START_FOLLOW_UP"})
    void aStepThatIsTriedAgainGoesOnAsIfNothingHadHappened(Failing step) {
        String before = failed(step)
                .timeline()
                .filter(entry -> entry.event().subject().equals("stalled"))
                .map(entry -> entry.event().details().get("from"))
                .reduce((one, other) -> other)
                .orElseThrow();
        response.decide("step-failed", RESPONDER, "retry", "it is back");
        assertThat(response.state()).isEqualTo(before);
        assertThat(response.job(step.activity).getRetries()).isEqualTo(1);
        response.run(step.activity);
        assertThat(response.tasks()).doesNotContain("step-failed");
    }

    @Test
    void aStepThatIsTriedAgainInVainIsAskedAgain() {
        failed(Failing.FIND_DRIFT).decide("step-failed", RESPONDER, "retry", "it is back");
        files.plan.fail(1, "no, it is not");
        response.exhaust("serviceTask_findDrift").is(IncidentState.STALLED);
        assertThat(response.task("step-failed").description()).contains("no, it is not");
        assertThat(response.allTasks())
                .filteredOn(task -> task.kind().equals("step-failed"))
                .hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(Failing.class)
    void aStepIsSkippedByTwoPeopleAndItGoesOnWhereItIsSafe(Failing step) {
        failed(step);
        List<String> before = written();
        response.decide("step-failed", APPROVER2, "skip", "it cannot be reached")
                .isAt(step.activity);
        assertThat(response.tasks()).contains("confirm-skip").doesNotContain("step-failed");
        assertThat(response.task("confirm-skip").description()).contains("approver2", "it cannot be reached");

        assertThat(response.answer("confirm-skip", APPROVER2, "confirm", "me again"))
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo("four-eyes"));
        assertThat(response.answer("confirm-skip", RESPONDER, "confirm", "fine"))
                .as("for approvers")
                .isInstanceOf(TaskOutcome.Forbidden.class);
        response.isAt(step.activity);

        response.decide("confirm-skip", APPROVER, "confirm", "agreed").isAt(step.careful);
        assertThat(written()).as("nothing was written or released by skipping").isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(Failing.class)
    void aSkipThatIsRefusedAsksAnew(Failing step) {
        failed(step).decide("step-failed", RESPONDER, "skip", "it cannot be reached");
        response.decide("confirm-skip", APPROVER, "refuse", "then walk there").isAt(step.activity);
        assertThat(response.tasks()).contains("step-failed").doesNotContain("confirm-skip");
        response.is(IncidentState.STALLED);
        assertThat(response.task("step-failed").decisions()).containsExactly("retry", "skip", "abort");
    }

    @ParameterizedTest
    @EnumSource(Failing.class)
    void aStepThatIsAbortedEndsTheResponseAndReleasesNothing(Failing step) {
        failed(step);
        List<String> before = written();
        response.decide("step-failed", RESPONDER, "abort", "I do it myself").isAt("userTask_finishByHand");
        assertThat(response.tasks()).doesNotContain("step-failed");
        assertThat(written()).isEqualTo(before);
    }

    @Test
    void whatAnEarlierRoundFoundOutIsForgottenBySkipping() {
        response.toApproval().decide("approve-return", APPROVER, "reject", "again");
        response.run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles");
        proof.verify.fail(3, "no route to host");
        response.exhaust("serviceTask_verify")
                .decide("step-failed", RESPONDER, "skip", "no")
                .decide("confirm-skip", APPROVER, "confirm", "yes")
                .isAt("userTask_verificationFailed");
    }

    @Test
    void aSkippedReleaseIsNotClosedOver() {
        failed(Failing.RELEASE_RUNG).decide("step-failed", RESPONDER, "skip", "no");
        response.decide("confirm-skip", APPROVER2, "confirm", "yes").isAt("userTask_releaseRefused");
        assertThat(cluster.applied(response.id())).hasSize(3);
        response.is(IncidentState.STALLED);
    }

    @Test
    void aFailedInvestigationStallsNothing() {
        response.toRestore();
        investigation.investigate.fail(3, "red cluster");
        response.exhaust("serviceTask_investigate")
                .isAt("serviceTask_findDrift")
                .is(IncidentState.RESTORING);
        response.decide("step-failed", RESPONDER, "skip", "no logs anyway")
                .decide("confirm-skip", APPROVER, "confirm", "true");
        assertThat(response.waitsBeside())
                .containsExactlyInAnyOrder(
                        "userTask_findSource", "userTask_escalate", "boundaryEvent_escalationOverdue");
        response.isAt("serviceTask_findDrift").is(IncidentState.RESTORING);
    }

    @Test
    void abortingAnInvestigationEndsOnlyTheInvestigation() {
        response.toRestore();
        investigation.investigate.fail(3, "red cluster");
        response.exhaust("serviceTask_investigate").decide("step-failed", RESPONDER, "abort", "no logs anyway");
        assertThat(response.waitsBeside()).isEmpty();
        assertThat(response.tasks()).isEmpty();
        response.isAt("serviceTask_findDrift").is(IncidentState.RESTORING);
    }

    @Test
    void aFailedLookForExposedCredentialsIsSkippedToTheirRotation() {
        response.toApproval()
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd();
        files.exposure.fail(3, "the database is away");
        response.exhaust("serviceTask_assessExposure").is(IncidentState.CLOSED_RESOLVED);
        response.decide("step-failed", RESPONDER, "skip", "no").decide("confirm-skip", APPROVER2, "confirm", "yes");
        assertThat(response.tasks()).contains("rotate-credentials", "harden", "patch", "improve-detection");
    }

    @Test
    void anEndThatFailsCanOnlyBeTriedAgainOrAborted() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        response.released().run("serviceTask_startFollowUp");
        response.runtime.setVariable(response.job("endEvent_closed").getProcessInstanceId(), "restoredAt", "no time");
        response.exhaust("endEvent_closed").is(IncidentState.STALLED);
        assertThat(response.task("step-failed").decisions()).containsExactly("retry", "abort");
        response.set("restoredAt", null)
                .decide("step-failed", RESPONDER, "retry", "mended")
                .run("endEvent_closed")
                .is(IncidentState.CLOSED_RESOLVED);
    }

    @Test
    void everyStepWithAJobIsTriedHere() {
        List<String> tried = Stream.concat(
                        Arrays.stream(Failing.values()).map(step -> step.activity),
                        // beside the response: tried where they are told
                        Stream.of(
                                "serviceTask_investigate",
                                "serviceTask_assessExposure",
                                "serviceTask_findQuarantined",
                                "serviceTask_returnFile"))
                .sorted()
                .toList();
        assertThat(Models.asynchronousServiceTasks()).isEqualTo(tried);
    }

    /** A gateway's variable, the activity before it, how to get there. */
    static Stream<Arguments> gateways() {
        Consumer<FailedStepPaths> restore = paths -> paths.response.toRestore();
        Consumer<FailedStepPaths> evidence = paths -> paths.response.toRestore().run("serviceTask_findDrift");
        Consumer<FailedStepPaths> verify = paths -> Failing.VERIFY.before.accept(paths);
        Consumer<FailedStepPaths> approval = paths -> paths.response.toApproval();
        Consumer<FailedStepPaths> release = paths -> Failing.RELEASE_RUNG.before.accept(paths);
        Consumer<FailedStepPaths> byHand = paths -> paths.failed(Failing.FIND_DRIFT)
                .decide("step-failed", RESPONDER, "abort", "I do it myself")
                .decide("finish-by-hand", RESPONDER, "release", "rebuilt");
        Consumer<FailedStepPaths> refused = paths -> {
            paths.response.post(ROGUE_POD);
            paths.response
                    .run("serviceTask_applyRung")
                    .pretend("serviceTask_applyRung", Variables.RUNG_OUTCOME, "refused");
        };
        return Stream.of(
                arguments("serviceTask_applyRung", Variables.RUNG_OUTCOME, Failing.APPLY_RUNG.before),
                arguments("serviceTask_findDrift", Variables.DRIFT, restore),
                arguments("serviceTask_captureEvidence", Variables.EVIDENCE, evidence),
                arguments("serviceTask_restoreFiles", Variables.RESTORE, Failing.RESTORE_FILES.before),
                arguments("callActivity_restore", Variables.RESTORE, restore),
                arguments("serviceTask_verify", Variables.VERIFICATION, verify),
                arguments("serviceTask_verifyAgain", Variables.VERIFICATION, Failing.VERIFY_AGAIN.before),
                arguments("callActivity_verify", Variables.VERIFICATION, verify),
                arguments("userTask_approveReturn", Variables.DECISION, approval),
                arguments("serviceTask_releaseRung", Variables.RELEASE_OUTCOME, release),
                arguments("userTask_approveReturnByHand", Variables.DECISION, byHand),
                arguments("userTask_containmentRefused", Variables.DECISION, refused),
                arguments("serviceTask_scanForDrift", Variables.DRIFT, Failing.SCAN_FOR_DRIFT.before));
    }

    @ParameterizedTest
    @MethodSource("gateways")
    void anOutcomeThatIsMissingOrUnknownNeverWritesOrReleases(
            String activity, String variable, Consumer<FailedStepPaths> before) {
        for (Object garbage : new Object[] {null, "", "garbage", "PASSED", 0, true, false, List.of("approve")}) {
            begin();
            before.accept(this);
            List<String> written = written();
            response.pretend(activity, variable, garbage);
            assertThat(written()).isEqualTo(written);
            assertThat(response.incident().state().closed()).isFalse();
            if (!activity.equals("serviceTask_releaseRung")) {
                assertThat(response.waits())
                        .as("%s = %s", variable, garbage)
                        .doesNotContain(
                                "serviceTask_releaseRung", "serviceTask_restoreFiles", "serviceTask_startFollowUp")
                        .noneMatch(waiting -> waiting.startsWith("endEvent"));
                assertThat(response.tasks()).doesNotContain("approve-return", "approve-plan");
            } else {
                response.isAt("userTask_releaseRefused");
            }
        }
    }
}
