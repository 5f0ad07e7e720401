package dev.drawbridge.workflow;

import static dev.drawbridge.verification.VerificationReport.Status.FAILED;
import static dev.drawbridge.verification.VerificationReport.Status.NOT_AVAILABLE;
import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.verification.VerificationReport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What counts as proof, and what happens without it. */
abstract class VerificationPaths extends WorkflowPaths {
    private Response restored() {
        return response.toRestore()
                .run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles");
    }

    private Response again() {
        return response.isAt("serviceTask_findDrift")
                .run("serviceTask_findDrift", "serviceTask_captureEvidence", "serviceTask_restoreFiles");
    }

    @Test
    void aFailedVerificationRestoresAgain() {
        restored();
        proof.verify.next(FAILED);
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
        response.restoredAndVerified().isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
    }

    @Test
    void whatComesBackInTheSoakPeriodIsFoundByTheSecondLook() {
        restored().run("serviceTask_verify");
        assertThat(Duration.between(
                        clock.instant(),
                        response.job("intermediateCatchEvent_soak").getDuedate().toInstant()))
                .isBetween(Duration.ofSeconds(20), Duration.ofSeconds(31));
        response.fire("intermediateCatchEvent_soak");
        proof.verify.next(FAILED);
        response.run("serviceTask_verifyAgain").isAt("serviceTask_findDrift");
    }

    @Test
    void whatCouldNotBeFoundOutIsNoProof() {
        restored();
        proof.verify.next(NOT_AVAILABLE);
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
    }

    @Test
    void afterTheLastAttemptAPersonIsAsked() {
        restored();
        for (int attempt = 1; attempt <= 3; attempt++) {
            proof.verify.next(FAILED);
            response.run("serviceTask_verify");
            if (attempt < 3) {
                again();
            }
        }
        response.isAt("userTask_verificationFailed").is(IncidentState.STALLED);
        assertThat(response.task("verification-failed").description()).contains("files: FAILED");

        response.decide("verification-failed", RESPONDER, "retry", "kubelet was hung");
        again().is(IncidentState.VERIFYING);
        proof.verify.next(FAILED);
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
    }

    @Test
    void aFalsePositiveAfterAFailedVerificationStillNeedsASecondPerson() {
        restored();
        for (int attempt = 1; attempt <= 3; attempt++) {
            proof.verify.next(FAILED);
            response.run("serviceTask_verify");
            if (attempt < 3) {
                again();
            }
        }
        response.decide("verification-failed", RESPONDER, "false-positive", "the baseline is behind")
                .isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
        assertThat(response.answer("approve-return", RESPONDER, "approve", "mine"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        assertThat(cluster.releases()).isEmpty();
        response.decide("approve-return", APPROVER, "approve", "yes, behind")
                .released()
                .run("endEvent_closed")
                .is(IncidentState.CLOSED_FALSE_POSITIVE);
        assertThat(response.incident().resolution()).contains("the baseline is behind", "yes, behind");
    }

    @Test
    void anAlertAboutSomethingAfterTheRestoreFailsTheVerificationWhateverTheFilesSay() {
        restored();
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("joined");
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
        assertThat(alertsSince())
                .isEqualTo(response.timeline()
                        .filter(entry -> entry.event().action().equals("incident.join"))
                        .map(entry -> entry.event().details().get("alert"))
                        .reduce((earlier, later) -> later)
                        .orElseThrow());
        response.restoredAndVerified().isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
    }

    /** What the newest report says of alerts. */
    private String alertsSince() {
        List<VerificationReport> reports = proof.reports(response.incident().id());
        return reports.get(reports.size() - 1).checks().stream()
                .filter(check -> check.name().equals("No alert since the restore"))
                .map(VerificationReport.Check::found)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anAlertAboutSomethingAfterTheFirstLookFailsTheSecond() {
        restored().run("serviceTask_verify", "intermediateCatchEvent_soak");
        response.postAboutNow(ROGUE_POD, Map.of());
        response.run("serviceTask_verifyAgain").isAt("serviceTask_findDrift");
    }

    @Test
    void whatAPersonRestoredByHandIsProvenFromTheFirstLook() {
        response.toRestore();
        files.plan.next(ScriptedRecovery.Found.NO_BASELINE);
        response.run("serviceTask_findDrift")
                .decide("restore-needs-person", RESPONDER, "restored-by-hand", "from the backup");
        response.postAboutNow(ROGUE_POD, Map.of());
        response.run("serviceTask_verify", "intermediateCatchEvent_soak");
        assertThat(response.postAboutNow(ROGUE_POD, Map.of())).isEqualTo("joined");
        response.run("serviceTask_verifyAgain").isAt("serviceTask_findDrift");
    }

    @Test
    void anAlertThatComesLateAboutSomethingBeforeTheRestoreIsAnsweredByIt() {
        restored();
        assertThat(response.post(ROGUE_POD)).isEqualTo("joined");
        response.run("serviceTask_verify").isAt("intermediateCatchEvent_soak");
    }

    @Test
    void aNodeThatWasInSyncIsProvenFromTheTimeOfTheLook() {
        response.toRestore();
        files.plan.next(ScriptedRecovery.Found.IN_SYNC);
        response.run("serviceTask_findDrift");
        response.postAboutNow(ROGUE_POD, Map.of());
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
    }

    @Test
    void alsoASuspiciousAlertAfterTheRestoreFailsTheVerification() {
        restored();
        response.postAboutNow(ROGUE_POD, Response.BY_KUBELET);
        response.run("serviceTask_verify").isAt("serviceTask_findDrift");
    }
}
