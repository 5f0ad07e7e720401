package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.People.RESPONDER2;
import static dev.drawbridge.workflow.Response.BY_KUBELET;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.NodeCredentials;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.investigation.Finding;
import dev.drawbridge.recovery.RotationScope;
import dev.drawbridge.shared.NodePath;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Investigation and follow-up: beside the response, and not holding it up. */
abstract class BesidePaths extends WorkflowPaths {
    private Response followUp() {
        return response.toApproval()
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd();
    }

    @Test
    void aRungThatIsAPersonsIsReportedAndItsPlanIsInATask() {
        Map<String, String> claims = new HashMap<>(BY_KUBELET);
        claims.put("/kibana/alert/rule/rule_id", VariantPlaybooks.DENYING);
        response.post(ROGUE_POD, claims);
        assertThat(response.task("decide-containment").description())
                .contains("- node-credentials stops: Nothing by itself", Rung.STATIC_PODS);
        response.decide("decide-containment", APPROVER, "contain", "strange").run("serviceTask_applyRung");
        cluster.apply.next(new RungOutcome.NotSupported(NodeCredentials.BY_HAND));
        response.run("serviceTask_applyRung")
                .is(IncidentState.CONTAINED)
                .run("serviceTask_startInvestigation", "serviceTask_investigate");
        assertThat(response.audited()).contains("containment.not-supported node-credentials");
        assertThat(response.task("escalate").description())
                .containsPattern("request\\.user == 'system:node:node-\\d+'")
                .contains("bootstrap.kubernetes.io/token", "6. Before the return");
    }

    @Test
    void theInvestigationShowsWhatIsKnownAndWaitsForPeople() {
        response.toRestore().run("serviceTask_investigate");
        assertThat(response.waitsBeside())
                .containsExactlyInAnyOrder(
                        "userTask_findSource", "userTask_escalate", "boundaryEvent_escalationOverdue");
        assertThat(response.task("find-source").description())
                .contains("Process and its ancestry: found", "bash started cp", "/usr/bin/cp", "deploy");
        assertThat(response.task("escalate").candidates()).containsExactly("security-operations");
        response.isAt("serviceTask_findDrift").is(IncidentState.RESTORING);

        response.decide("find-source", RESPONDER, "done", "a stolen key");
        response.decide("escalate", RESPONDER2, "taken-over", "ticket 17");
        assertThat(response.waitsBeside()).isEmpty();
        response.went("endEvent_investigated").isAt("serviceTask_findDrift");
    }

    @Test
    void whatIsNotAvailableIsNotCalledClean() {
        investigation.investigate.next(List.of(
                new Finding("Logins of the user", Finding.Status.NOT_AVAILABLE, List.of(), "no Elasticsearch")));
        response.toRestore().run("serviceTask_investigate");
        assertThat(response.task("find-source").description()).contains("Logins of the user: not available");
    }

    @Test
    void anOverdueEscalationIsEscalatedAgainOnce() {
        response.toRestore().run("serviceTask_investigate");
        for (int i = 0; i < 3; i++) {
            response.fire("boundaryEvent_escalationOverdue");
        }
        assertThat(response.tasks()).containsExactly("escalate", "find-source", "overdue");
        assertThat(response.task("overdue").title()).isEqualTo("Overdue: Escalate to security operations");
        response.went("endEvent_escalatedAgain");
    }

    @Test
    void anInvestigationIsStartedOnceHoweverOftenTheResponseComesThisWay() {
        response.toRestore();
        response.pretend("serviceTask_findDrift", Variables.DRIFT, "in-sync").isAt("serviceTask_verify");
        assertThat(response.processes()).hasSize(3);
        response.run("serviceTask_investigate");
        assertThat(investigation.calls).hasSize(1);
    }

    @Test
    void theFollowUpHasATaskForEachWayToMakeItHarder() {
        followUp().run("serviceTask_assessExposure");
        assertThat(response.waitsBeside())
                .contains("userTask_harden", "userTask_patch", "userTask_improveDetection", "startEvent_overdue")
                .doesNotContain("userTask_rotateCredentials");

        response.decide("harden", RESPONDER, "done", "modes fixed")
                .decide("patch", RESPONDER, "not-needed", "is new")
                .decide("improve-detection", RESPONDER2, "done", "a rule for edits");
        assertThat(response.waitsBeside()).containsExactly("serviceTask_investigate");
        response.went("endEvent_followedUp", "exclusiveGateway_rotated")
                .neverWent("userTask_rotateCredentials")
                .is(IncidentState.CLOSED_RESOLVED);
    }

    @Test
    void exposedCredentialsAreRotatedBeforeTheFollowUpEnds() {
        followUp();
        files.expose(response.id(), ScriptedRecovery.CA_KEY);
        response.run("serviceTask_assessExposure");
        assertThat(response.task("rotate-credentials").description())
                .contains("- /etc/kubernetes/pki/ca.key: cluster authority: new authority", "kube-public/cluster-info");
        response.decide("harden", RESPONDER, "done", "x")
                .decide("patch", RESPONDER, "done", "x")
                .decide("improve-detection", RESPONDER2, "done", "x");
        assertThat(response.waitsBeside()).contains("userTask_rotateCredentials");
        response.decide("rotate-credentials", RESPONDER, "done", "a new authority")
                .went("endEvent_followedUp");
    }

    @Test
    void aCredentialThatAnAlertNamedIsExposedEvenWhenItWasPutBack() {
        response.post(ROGUE_POD, Map.of("/file/path", "/etc/kubernetes/admin.conf"));
        response.run(
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_applyRung",
                "serviceTask_startInvestigation");
        files.plan.next(ScriptedRecovery.Found.IN_SYNC);
        response.run(
                        "serviceTask_findDrift",
                        "serviceTask_verify",
                        "intermediateCatchEvent_soak",
                        "serviceTask_verifyAgain")
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd()
                .run("serviceTask_assessExposure");
        assertThat(response.task("rotate-credentials").description())
                .contains(
                        "- /etc/kubernetes/admin.conf: administrator-level credential",
                        "kubeadm certs renew admin.conf on each control-plane node");
    }

    @Test
    void theRotationOfEverythingThatKubeadmWritesFitsIntoItsTask() {
        List<NodePath> credentials = Stream.of(
                        "admin.conf",
                        "controller-manager.conf",
                        "kubelet.conf",
                        "pki/apiserver-etcd-client.key",
                        "pki/apiserver-kubelet-client.key",
                        "pki/apiserver.key",
                        "pki/ca.key",
                        "pki/etcd/ca.key",
                        "pki/etcd/healthcheck-client.key",
                        "pki/etcd/peer.key",
                        "pki/etcd/server.key",
                        "pki/front-proxy-ca.key",
                        "pki/front-proxy-client.key",
                        "pki/sa.key",
                        "scheduler.conf",
                        "super-admin.conf")
                .map(file -> NodePath.of("/etc/kubernetes/" + file))
                .toList();
        followUp();
        credentials.forEach(file -> files.expose(response.id(), file));
        response.run("serviceTask_assessExposure");
        assertThat(response.task("rotate-credentials").description().lines().filter(line -> line.startsWith("- ")))
                .containsExactlyElementsOf(credentials.stream()
                        .map(file -> "- " + file + ": " + RotationScope.inFull(file))
                        .toList());
    }

    @Test
    void anOverdueFollowUpIsEscalatedAndStaysOpen() {
        followUp().run("serviceTask_assessExposure");
        response.fire("startEvent_overdue").fire("startEvent_overdue");
        assertThat(response.tasks()).containsExactly("harden", "improve-detection", "overdue", "patch");
        assertThat(response.waitsBeside()).contains("userTask_harden", "startEvent_overdue");
        response.went("endEvent_escalated").is(IncidentState.CLOSED_RESOLVED);
    }
}
