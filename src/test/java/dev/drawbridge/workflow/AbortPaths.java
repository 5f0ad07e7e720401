package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.incident.IncidentState;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A person ends the automatic response: what is contained stays so until a second person agrees. */
abstract class AbortPaths extends WorkflowPaths {
    private static final String[] APPROVAL = {"userTask_approveReturnByHand", "boundaryEvent_byHandOverdue"};

    private Response aborted() {
        response.toRestore();
        files.plan.fail(3, "no route to host");
        return response.exhaust("serviceTask_findDrift")
                .decide("step-failed", RESPONDER, "abort", "I do it myself")
                .isAt("userTask_finishByHand")
                .is(IncidentState.STALLED);
    }

    private Response asked() {
        return aborted()
                .decide("finish-by-hand", RESPONDER, "release", "rebuilt")
                .isAt(APPROVAL)
                .is(IncidentState.AWAITING_APPROVAL);
    }

    @Test
    void anAbortedResponseIsFinishedByHandAndReturnedByASecondPerson() {
        aborted();
        assertThat(response.task("finish-by-hand").description()).contains("Aborted by responder: I do it myself");
        assertThat(cluster.releases()).isEmpty();
        assertThat(cluster.applied(response.id())).hasSize(3);

        response.decide("finish-by-hand", RESPONDER, "note", "half way")
                .isAt("userTask_finishByHand")
                .is(IncidentState.STALLED);
        response.decide("finish-by-hand", RESPONDER, "release", "rebuilt").isAt(APPROVAL);
        assertThat(response.answer("approve-return", RESPONDER, "approve", "me too"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        assertThat(cluster.releases()).isEmpty();

        response.decide("approve-return", APPROVER, "approve", "seen it").isAt("serviceTask_releaseRung");
        response.released()
                .isAt("endEvent_closedByHand")
                .run("endEvent_closedByHand")
                .isAt();
        response.is(IncidentState.CLOSED_RESOLVED);
        assertThat(response.incident().resolution()).contains("approve by approver: seen it");
        assertThat(files.calls).as("nothing was written by us").doesNotContain("restore");
    }

    @Test
    void aRejectedReturnGoesBackToThePersonAndStaysContained() {
        asked().decide("approve-return", APPROVER, "reject", "kubelet is down").isAt("userTask_finishByHand");
        assertThat(cluster.releases()).isEmpty();
        response.decide("finish-by-hand", RESPONDER, "release", "up again").isAt(APPROVAL);
        response.decide("approve-return", APPROVER2, "approve", "it is").isAt("serviceTask_releaseRung");
    }

    @Test
    void noDeadlineReleasesANodeThatIsFinishedByHand() {
        asked();
        for (int i = 0; i < 50; i++) {
            response.fire("boundaryEvent_byHandOverdue").isAt(APPROVAL);
        }
        assertThat(cluster.releases()).isEmpty();
        assertThat(response.tasks()).containsExactly("approve-return", "overdue");
        response.went("endEvent_byHandEscalated");
    }

    @Test
    void aRefusedReleaseGoesBackToThePerson() {
        asked().decide("approve-return", APPROVER, "approve", "seen it");
        cluster.release.next(new RungOutcome.Refused("pause", "paused"));
        response.run("serviceTask_releaseRung").isAt("userTask_finishByHand").is(IncidentState.STALLED);
        assertThat(response.task("finish-by-hand").description()).contains("pause: paused");
        response.decide("finish-by-hand", RESPONDER, "release", "the pause is over")
                .isAt(APPROVAL);
        response.decide("approve-return", APPROVER2, "approve", "yes")
                .released()
                .run("endEvent_closedByHand")
                .is(IncidentState.CLOSED_RESOLVED);
    }

    @Test
    void anAlertAboutSomethingNewTakesTheApprovalByHandBack() {
        asked();
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("joined");
        response.isAt("userTask_finishByHand").is(IncidentState.STALLED).went("boundaryEvent_newAlertByHand");
        assertThat(cluster.releases()).isEmpty();
    }

    @Test
    void abortingTakesBackEveryQuestionOfTheResponse() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        cluster.release.fail(3, "the API server is away");
        response.exhaust("serviceTask_releaseRung").decide("step-failed", RESPONDER, "abort", "enough");
        response.isAt("userTask_finishByHand");
        assertThat(response.tasks()).containsExactly("finish-by-hand");
        assertThat(cluster.applied(response.id())).hasSize(3);
    }

    @Test
    void anAbortedResponseCannotBeAbortedAgain() {
        asked().decide("approve-return", APPROVER, "approve", "seen it");
        cluster.release.fail(3, "the API server is away");
        response.exhaust("serviceTask_releaseRung");
        assertThat(response.task("step-failed").decisions()).containsExactly("retry", "skip");
        response.decide("step-failed", RESPONDER, "retry", "it is back").released();
        response.run("endEvent_closedByHand").is(IncidentState.CLOSED_RESOLVED);
    }
}
