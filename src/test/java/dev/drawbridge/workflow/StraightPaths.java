package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.incident.IncidentState;
import org.junit.jupiter.api.Test;

/** A malicious change, from the alert to the closed incident, without anything in the way. */
abstract class StraightPaths extends WorkflowPaths {
    @Test
    void aMaliciousChangeIsContainedRestoredProvenAndReturnedByASecondPerson() {
        assertThat(response.post(Response.ROGUE_POD)).isEqualTo("opened");
        response.isAt("serviceTask_applyRung").is(IncidentState.OPEN);
        assertThat(cluster.calls)
                .as("nothing happens in the transaction of the alert")
                .isEmpty();

        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung");
        response.isAt("serviceTask_startInvestigation").is(IncidentState.CONTAINED);
        assertThat(cluster.calls).containsExactly("apply cordon", "apply taint", "apply label");

        response.run("serviceTask_startInvestigation");
        response.isAt("serviceTask_findDrift");
        assertThat(response.waitsBeside()).containsExactly("serviceTask_investigate");

        response.run("serviceTask_findDrift")
                .isAt("serviceTask_captureEvidence")
                .is(IncidentState.RESTORING);
        assertThat(files.calls).containsExactly("plan");
        response.run("serviceTask_captureEvidence").isAt("serviceTask_restoreFiles");
        response.run("serviceTask_restoreFiles").isAt("serviceTask_verify");
        assertThat(files.calls).containsExactly("plan", "capture", "restore");

        response.run("serviceTask_verify").isAt("intermediateCatchEvent_soak").is(IncidentState.VERIFYING);
        response.fire("intermediateCatchEvent_soak").isAt("serviceTask_verifyAgain");
        response.run("serviceTask_verifyAgain")
                .isAt("userTask_approveReturn", "boundaryEvent_returnOverdue")
                .is(IncidentState.AWAITING_APPROVAL);
        assertThat(proof.calls).hasSize(2);
        assertThat(cluster.releases()).isEmpty();

        response.decide("approve-return", APPROVER, "approve", "the report is fine");
        response.isAt("serviceTask_releaseRung");
        assertThat(cluster.releases()).as("released by a job of its own").isEmpty();
        response.run("serviceTask_releaseRung", "serviceTask_releaseRung", "serviceTask_releaseRung");
        assertThat(cluster.releases()).containsExactly("release label", "release taint", "release cordon");
        response.isAt("serviceTask_startFollowUp");
        response.run("serviceTask_startFollowUp").isAt("endEvent_closed");
        response.run("endEvent_closed").isAt().is(IncidentState.CLOSED_RESOLVED);

        assertThat(response.incident().resolution()).contains("approve by approver", "the report is fine");
        assertThat(response.states())
                .containsExactly("contained", "restoring", "verifying", "awaiting-approval", "closed-resolved");
        assertThat(response.audited())
                .contains("incident.open /etc/kubernetes/manifests/metrics-agent.yaml")
                .contains("task.open approve-return", "task.decide approve-return");
        response.neverWent(
                "userTask_containNode",
                "userTask_approvePlan",
                "userTask_restoreNeedsPerson",
                "userTask_verificationFailed",
                "userTask_dryRunFinished",
                "userTask_finishByHand");
        assertThat(response.waitsBeside())
                .containsExactlyInAnyOrder(
                        "serviceTask_investigate", "serviceTask_assessExposure", "startEvent_overdue");
    }
}
