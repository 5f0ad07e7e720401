package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.ADMIN;
import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.AUDITOR;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.BY_KUBELET;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.workflow.TaskInbox.Person;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.AbstractAssert;
import org.junit.jupiter.api.Test;

/** Who may return a node to service, what does so, and above all what does not. */
abstract class ReturnPaths extends WorkflowPaths {
    private static final String[] APPROVAL = {"userTask_approveReturn", "boundaryEvent_returnOverdue"};

    private AbstractAssert<?, ?> refused(TaskOutcome outcome, String rule) {
        return assertThat(outcome)
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo(rule));
    }

    private TaskOutcome approve(Person person) {
        return response.answer("approve-return", person, "approve", "looks fine");
    }

    @Test
    void noDeadlineEverReleasesANode() {
        response.toApproval();
        for (int i = 0; i < 50; i++) {
            response.fire("boundaryEvent_returnOverdue").isAt(APPROVAL).is(IncidentState.AWAITING_APPROVAL);
        }
        assertThat(cluster.releases()).isEmpty();
        assertThat(cluster.applied(response.id())).hasSize(3);
        assertThat(response.tasks()).as("one reminder, not fifty").containsExactly("approve-return", "overdue");
        assertThat(response.audited().stream().filter("task.escalate approve-return"::equals))
                .hasSize(50);
        response.went("endEvent_returnEscalated").neverWent("callActivity_release");
    }

    @Test
    void theReminderCanBeAnsweredAndReleasesNothing() {
        response.toApproval().fire("boundaryEvent_returnOverdue");
        response.decide("overdue", RESPONDER, "done", "phoned them").isAt(APPROVAL);
        assertThat(cluster.releases()).isEmpty();
        response.fire("boundaryEvent_returnOverdue");
        assertThat(response.tasks()).as("reminded anew").containsExactly("approve-return", "overdue");
    }

    @Test
    void aRejectedReturnRestoresAndProvesAgain() {
        response.toApproval().decide("approve-return", APPROVER, "reject", "the scheduler is missing");
        response.isAt("serviceTask_findDrift");
        assertThat(cluster.releases()).isEmpty();
        response.restoredAndVerified().isAt(APPROVAL).is(IncidentState.AWAITING_APPROVAL);
        refused(approve(APPROVER), "four-eyes");
        response.decide("approve-return", APPROVER2, "approve", "now it is there")
                .toEnd();
        response.is(IncidentState.CLOSED_RESOLVED);
    }

    @Test
    void whoDecidedAnythingEarlierCannotApproveAndAnotherApproverCan() {
        response.post(ROGUE_POD, BY_KUBELET);
        response.decide("decide-containment", APPROVER, "contain", "strange");
        response.run(
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_startInvestigation");
        response.restoredAndVerified();

        refused(approve(APPROVER), "four-eyes");
        response.isAt(APPROVAL);
        assertThat(response.task("approve-return").state()).isEqualTo(HumanTask.State.OPEN);
        response.decide("approve-return", APPROVER2, "approve", "fine").toEnd();
    }

    @Test
    void whoAnsweredATaskBesideTheResponseCannotApproveEither() {
        response.toApproval().run("serviceTask_investigate");
        response.decide("find-source", APPROVER, "done", "a stolen key");
        refused(approve(APPROVER), "four-eyes");
    }

    @Test
    void whoHadAStaleAlertAnsweredCannotApprove() {
        response.post(ROGUE_POD, response.node.value(), clock.instant().minus(Duration.ofDays(3)), Map.of());
        response.follow(context.getBean(Incidents.class)
                .respond(Actor.person(APPROVER.name()), AlertId.of(response.lastAlert()), "still true")
                .orElseThrow());
        response.decide("decide-containment", RESPONDER, "contain", "yes");
        response.run(
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_startInvestigation");
        response.restoredAndVerified();
        refused(approve(APPROVER), "four-eyes");
        response.decide("approve-return", APPROVER2, "approve", "fine");
    }

    @Test
    void whoHadAStaleAlertAnsweredLateInALongHistoryCannotApproveEither() {
        response.toApproval();
        AuditTrail audit = context.getBean(AuditTrail.class);
        for (int i = 0; i < 600; i++) {
            audit.record(AuditEvent.fact(Actor.SYSTEM, "test.entry", "one of many", "to make it long")
                    .on(response.id(), response.node));
        }
        response.post(ROGUE_POD, response.node.value(), clock.instant().minus(Duration.ofDays(3)), Map.of());
        assertThat(context.getBean(Incidents.class)
                        .respond(Actor.person(APPROVER.name()), AlertId.of(response.lastAlert()), "belongs to it"))
                .contains(response.id());

        refused(approve(APPROVER), "four-eyes");
        response.isAt(APPROVAL).decide("approve-return", APPROVER2, "approve", "fine");
    }

    @Test
    void aPlaybookCanTrustOnePerson() {
        Map<String, String> claims = new HashMap<>(BY_KUBELET);
        claims.put("/kibana/alert/rule/rule_id", VariantPlaybooks.TRUSTING);
        response.post(ROGUE_POD, claims);
        response.decide("decide-containment", APPROVER, "contain", "strange");
        response.run(
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_startInvestigation");
        response.restoredAndVerified().decide("approve-return", APPROVER, "approve", "fine");
    }

    @Test
    void whoIsNoApproverCannotApprove() {
        response.toApproval();
        for (Person person : List.of(RESPONDER, AUDITOR, ADMIN, new Person("nobody", Set.of()))) {
            refused(approve(person), "not-a-candidate");
        }
        response.isAt(APPROVAL);
        assertThat(response.audited()).doesNotContain("task.decide approve-return");
    }

    @Test
    void aTaskThatSomebodyTookOnIsTheirs() {
        response.toApproval();
        TaskInbox inbox = context.getBean(TaskInbox.class);
        String id = response.task("approve-return").id();

        refused(inbox.claim(id, RESPONDER), "not-a-candidate");
        assertThat(inbox.claim(id, APPROVER)).isInstanceOf(TaskOutcome.Accepted.class);
        assertThat(inbox.claim(id, APPROVER)).as("twice is no harm").isInstanceOf(TaskOutcome.Accepted.class);
        refused(inbox.claim(id, APPROVER2), "claimed-by-another");
        refused(approve(APPROVER2), "claimed-by-another");

        assertThat(response.audited().stream().filter("task.claim approve-return"::equals))
                .hasSize(1);
        assertThat(response.task("approve-return").assignee()).isEqualTo("approver");
        response.decide("approve-return", APPROVER, "approve", "fine").isAt("serviceTask_releaseRung");
    }

    @Test
    void anAnswerNeedsAReasonAndAKnownDecision() {
        response.toApproval();
        assertThat(response.answer("approve-return", APPROVER, "approve", "  "))
                .isInstanceOf(TaskOutcome.Invalid.class);
        assertThat(response.answer("approve-return", APPROVER, "approve", "x".repeat(4001)))
                .isInstanceOf(TaskOutcome.Invalid.class);
        assertThat(response.answer("approve-return", APPROVER, "release", "now"))
                .isInstanceOf(TaskOutcome.Invalid.class);
        response.isAt(APPROVAL);
    }

    @Test
    void aDecidedTaskIsNotDecidedTwice() {
        response.toApproval();
        String id = response.task("approve-return").id();
        response.decide("approve-return", APPROVER, "approve", "fine");
        TaskInbox inbox = context.getBean(TaskInbox.class);
        assertThat(inbox.complete(id, APPROVER2, "reject", "no", null)).isInstanceOf(TaskOutcome.Conflict.class);
        assertThat(inbox.claim(id, APPROVER2)).isInstanceOf(TaskOutcome.Conflict.class);
        assertThat(inbox.complete("no-such-task", APPROVER2, "reject", "no", null))
                .isInstanceOf(TaskOutcome.NotFound.class);
        response.isAt("serviceTask_releaseRung");
    }

    @Test
    void anAlertAboutSomethingNewTakesTheApprovalBackAndRestoresAgain() {
        response.toApproval();
        String asked = response.task("approve-return").id();
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("joined");

        response.isAt("serviceTask_findDrift");
        assertThat(context.getBean(TaskInbox.class).complete(asked, APPROVER, "approve", "fine", null))
                .isInstanceOf(TaskOutcome.Conflict.class);
        assertThat(cluster.releases()).isEmpty();
        response.went("boundaryEvent_newAlert");
        response.restoredAndVerified().isAt(APPROVAL);
    }

    @Test
    void anAlertAboutSomethingBeforeTheRestoreLeavesTheApprovalAsked() {
        response.toApproval();
        assertThat(response.post(ROGUE_POD)).isEqualTo("joined");
        response.isAt(APPROVAL);
    }

    @Test
    void aRefusedReleaseIsTriedAgainWhenAPersonSaysSo() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        response.run("serviceTask_releaseRung");
        cluster.release.next(new RungOutcome.Refused("pause", "paused by admin"));
        response.run("serviceTask_releaseRung").isAt("userTask_releaseRefused").is(IncidentState.STALLED);
        assertThat(response.task("release-refused").description()).contains("pause: paused by admin");
        assertThat(cluster.applied(response.id())).hasSize(2);

        response.decide("release-refused", RESPONDER, "retry", "the pause is over")
                .isAt("serviceTask_releaseRung");
        response.run("serviceTask_releaseRung", "serviceTask_releaseRung")
                .run("serviceTask_startFollowUp", "endEvent_closed")
                .is(IncidentState.CLOSED_RESOLVED);
    }

    @Test
    void aDryRunReleasesNothingAndSaysSo() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        cluster.release.next(new RungOutcome.DryRun("dry run"));
        response.run("serviceTask_releaseRung").isAt("userTask_releaseRefused");
        assertThat(response.task("release-refused").description()).contains("a dry run releases nothing");
    }

    @Test
    void aRungThatIsStillInPlaceAfterItsReleaseIsNoRelease() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        cluster.release.next(new RungOutcome.Already("nothing of ours"));
        response.run("serviceTask_releaseRung").isAt("userTask_releaseRefused");
        assertThat(response.task("release-refused").description()).contains("label is still in place");
    }

    @Test
    void anIncidentIsNotClosedWhileAnythingOfOursIsLeftOnTheNode() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        response.pretend("serviceTask_releaseRung", Variables.RELEASE_OUTCOME, "complete")
                .isAt("serviceTask_startFollowUp");
        response.run("serviceTask_startFollowUp").exhaust("endEvent_closed");
        assertThat(response.task("step-failed").description()).contains("still contained");
        assertThat(response.task("step-failed").decisions())
                .as("closing is nothing that can be skipped")
                .containsExactly("retry", "abort");
        response.is(IncidentState.STALLED);
    }
}
