package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.BY_KUBELET;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Alerts that join when the decision has already been taken: nobody looked at them, so they are answered by the next incident. */
abstract class LateAlertPaths extends WorkflowPaths {
    @Autowired
    Incidents all;

    private Response nextIncident() {
        List<Incident> open = response.openIncidents();
        assertThat(open).hasSize(1);
        assertThat(open.get(0).id()).isNotEqualTo(response.id());
        assertThat(all.alerts(open.get(0).id())).hasSize(1);
        return response.follow(open.get(0).id());
    }

    @Test
    void anAlertBetweenTheApprovalAndTheEndOpensTheNextIncident() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("joined");
        response.isAt("serviceTask_releaseRung").toEnd();
        response.is(IncidentState.CLOSED_RESOLVED);

        nextIncident().isAt("serviceTask_applyRung").is(IncidentState.OPEN);
    }

    @Test
    void anAlertDuringTheReleaseOpensTheNextIncident() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        response.released();
        response.postAboutNow(ROGUE_POD, BY_KUBELET);
        response.run("serviceTask_startFollowUp", "endEvent_closed").is(IncidentState.CLOSED_RESOLVED);

        nextIncident().isAt("userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue");
    }

    @Test
    void anAlertThatWasPostedLateButTellsOfSomethingRestoredOpensNothing() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        assertThat(response.post(ROGUE_POD)).isEqualTo("joined");
        response.toEnd();
        assertThat(response.openIncidents()).isEmpty();
    }

    @Test
    void answeringATaskBesideTheResponseIsNoLookAtTheAlertsThatCameBefore() {
        response.toApproval().run("serviceTask_investigate");
        response.decide("approve-return", APPROVER, "approve", "fine");
        response.postAboutNow(ROGUE_POD, Map.of());
        response.decide("find-source", RESPONDER, "done", "a stolen key");
        response.toEnd();

        assertThat(response.incident().resolution())
                .contains("approve by approver")
                .doesNotContain("stolen key");
        nextIncident().isAt("serviceTask_applyRung");
    }

    @Test
    void havingTheReleaseTriedAgainIsNoLookAtTheAlertsThatCameBefore() {
        response.toApproval().decide("approve-return", APPROVER, "approve", "fine");
        cluster.release.next(new RungOutcome.Refused("pause", "paused"));
        response.run("serviceTask_releaseRung");
        response.postAboutNow(ROGUE_POD, Map.of());
        response.decide("release-refused", RESPONDER, "retry", "the pause is over")
                .toEnd();

        nextIncident().isAt("serviceTask_applyRung");
    }

    @Test
    void anAlertBetweenAFalsePositiveAndItsEndOpensTheNextIncident() {
        response.post(ROGUE_POD, BY_KUBELET);
        response.decide("decide-containment", RESPONDER, "false-positive", "an update");
        response.post(ROGUE_POD);
        response.run("endEvent_closedFalsePositive").is(IncidentState.CLOSED_FALSE_POSITIVE);

        nextIncident().isAt("serviceTask_applyRung");
    }

    @Test
    void anAlertAfterTheEndOpensAnIncidentAsAnyOther() {
        response.toApproval()
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd();
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("opened");
        nextIncident().isAt("serviceTask_applyRung");
    }
}
