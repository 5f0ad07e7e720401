package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.DRIFT;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.IN_SYNC;
import static dev.drawbridge.workflow.ScriptedRecovery.Found.NO_BASELINE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.camunda.bpm.engine.OptimisticLockingException;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** What an alert is taken for, and what that leads to before anything is contained. */
abstract class TriagePaths extends WorkflowPaths {
    private static final Map<String, String> EXCLUDED = Map.of(
            "/kibana/alert/rule/rule_id", VariantPlaybooks.EXCLUDING,
            "/process/name", "python3",
            "/process/executable", "/usr/bin/python3.10",
            "/file/path", "/etc/kubernetes/kubelet.conf");

    private static Map<String, String> but(String pointer, String value) {
        Map<String, String> claims = new HashMap<>(EXCLUDED);
        claims.put(pointer, value);
        return claims;
    }

    @Autowired
    Incidents incidents;

    @Test
    void anExcludedChangeOnANodeThatEqualsItsBaselineIsClosedWithoutDisturbingAnybody() {
        assertThat(response.post(ROGUE_POD, EXCLUDED)).isEqualTo("excluded");
        response.isAt("serviceTask_scanForDrift").is(IncidentState.OPEN);
        files.plan.next(IN_SYNC);

        response.run("serviceTask_scanForDrift").isAt().is(IncidentState.CLOSED_FALSE_POSITIVE);

        assertThat(response.incident().resolution()).contains("excluded by the playbook");
        assertThat(response.allTasks()).isEmpty();
        assertThat(cluster.calls).isEmpty();
        response.went("endEvent_closedExcluded").neverWent("callActivity_contain", "userTask_containNode");
    }

    @Test
    void anExcludedChangeThatLeftTheNodeDriftedIsTriagedAgainAndContained() {
        response.post(ROGUE_POD, EXCLUDED);
        files.plan.next(DRIFT);

        response.run("serviceTask_scanForDrift").isAt("serviceTask_applyRung").is(IncidentState.OPEN);

        assertThat(response.path().stream().filter("businessRuleTask_triage"::equals))
                .hasSize(2);
        response.neverWent("endEvent_closedExcluded", "userTask_containNode");
    }

    @Test
    void anExcludedChangeOfATrustedProgramThatLeftDriftIsNoLongerTrusted() {
        response.post(ROGUE_POD, EXCLUDED);
        files.plan.next(NO_BASELINE);

        response.run("serviceTask_scanForDrift").isAt("serviceTask_applyRung");

        assertThat(response.variable(Variables.TRUSTED_PROCESS)).isEqualTo(false);
    }

    @Test
    void anAlertThatIsNotExcludedAndCameBeforeTheScanKeepsTheIncidentOpen() {
        response.post(ROGUE_POD, EXCLUDED);
        assertThat(response.post(ROGUE_POD, but("/process/executable", "/tmp/python3.10")))
                .isEqualTo("joined");
        files.plan.next(IN_SYNC);

        response.run("serviceTask_scanForDrift").isAt("serviceTask_applyRung").is(IncidentState.OPEN);
    }

    @Test
    void anAlertThatIsNotExcludedAndComesDuringTheScanIsNotClosedOver() {
        response.post(ROGUE_POD, EXCLUDED);
        files.plan.next(() -> {
            assertThat(CompletableFuture.supplyAsync(
                                    () -> response.post(ROGUE_POD, but("/process/executable", "/tmp/python3.10")))
                            .join())
                    .isEqualTo("joined");
            return IN_SYNC;
        });

        assertThatThrownBy(() -> response.run("serviceTask_scanForDrift"))
                .as("both wrote what the workflow decides by: the scan is done again")
                .isInstanceOf(OptimisticLockingException.class);
        response.isAt("serviceTask_scanForDrift").is(IncidentState.OPEN);
        files.plan.next(IN_SYNC);
        response.run("serviceTask_scanForDrift").isAt("serviceTask_applyRung").is(IncidentState.OPEN);
        response.neverWent("endEvent_closedExcluded");
    }

    @Test
    void anotherExcludedAlertChangesNothing() {
        response.post(ROGUE_POD, EXCLUDED);
        assertThat(response.post(ROGUE_POD, EXCLUDED)).isEqualTo("excluded");
        files.plan.next(IN_SYNC);

        response.run("serviceTask_scanForDrift").isAt().is(IncidentState.CLOSED_FALSE_POSITIVE);
    }

    @Test
    void aProgramAtItsPlaceIsSuspiciousAndAPersonIsAsked() {
        response.post(ROGUE_POD, Response.BY_KUBELET);

        response.isAt("userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue")
                .is(IncidentState.OPEN);
        assertThat(response.tasks()).containsExactly("decide-containment");
        assertThat(cluster.calls).isEmpty();
    }

    @Test
    void aProgramThatOnlyBearsAGoodNameIsMalicious() {
        response.post(ROGUE_POD, Map.of("/process/name", "kubelet", "/process/executable", "/tmp/kubelet"));
        response.isAt("serviceTask_applyRung");
    }

    @Test
    void aGoodPlaceUnderAnotherNameIsMalicious() {
        response.post(ROGUE_POD, Map.of("/process/name", "xmrig", "/process/executable", "/usr/bin/kubelet"));
        response.isAt("serviceTask_applyRung");
    }

    @Test
    void aFileThatRunsNothingIsSuspicious() {
        response.post(ROGUE_POD, Map.of("/file/path", "/etc/kubernetes/pki/notes.txt"));
        response.isAt("userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue");
    }

    @Test
    void aPersonWhoAnswersAnOldAlertDecidesOnContainmentToo() {
        assertThat(response.post(
                        ROGUE_POD, response.node.value(), clock.instant().minus(Duration.ofDays(3)), Map.of()))
                .isEqualTo("stale");
        AlertId stale = AlertId.of(response.lastAlert());

        response.follow(incidents
                .respond(Actor.person("responder"), stale, "it is true all the same")
                .orElseThrow());

        response.isAt("userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue");
        assertThat(cluster.calls).isEmpty();
    }

    @Test
    void aHostThatIsNoNodeIsNeverContainedAndAPersonHandlesIt() {
        response.post(ROGUE_POD, "stranger-" + response.node, clock.instant().minusSeconds(9), Map.of());
        response.isAt("userTask_identifyNode").is(IncidentState.OPEN);
        assertThat(response.task("identify-node").description()).contains("stranger-" + response.node);

        response.decide("identify-node", RESPONDER, "handled", "a laptop, wiped")
                .isAt("endEvent_closedUnknownNode");
        response.run("endEvent_closedUnknownNode").isAt().is(IncidentState.CLOSED_RESOLVED);

        assertThat(response.incident().resolution()).contains("a laptop, wiped");
        assertThat(cluster.calls).isEmpty();
        assertThat(files.calls).isEmpty();
        response.neverWent("businessRuleTask_triage");
    }

    @Test
    void aHostThatIsNoNodeCanBeAFalsePositive() {
        response.post(ROGUE_POD, "stranger-" + response.node, clock.instant().minusSeconds(9), Map.of());
        response.decide("identify-node", RESPONDER, "false-positive", "a test machine")
                .run("endEvent_closedUnknownNode")
                .is(IncidentState.CLOSED_FALSE_POSITIVE);
        assertThat(response.incident().resolution()).contains("a test machine", "exclusion", "/usr/bin/cp");
    }

    @Test
    void anAlertWithoutProcessFactsIsMalicious() {
        assertThat(new Alert.ProcessFacts(null, null, null, null, null, java.util.List.of()).name())
                .isNull();
        response.post(ROGUE_POD, Map.of("/process/name", "", "/process/executable", ""));
        response.isAt("serviceTask_applyRung");
    }
}
