package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.workflow.WorkflowDiagrams.Diagram;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** What pages, metrics and whoever deploys a model see of the engine. */
abstract class EnginePaths extends WorkflowPaths {
    @Autowired
    WorkflowDiagrams diagrams;

    @Autowired
    RepositoryService models;

    @Autowired
    EngineRunner runner;

    @Autowired
    MeterRegistry meters;

    private Diagram diagram(String name) {
        return diagrams.of(response.id()).stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theDiagramsShowWhereAResponseStandsTheResponseItselfFirst() {
        response.toRestore().run("serviceTask_findDrift");

        List<Diagram> shown = diagrams.of(response.id());
        assertThat(shown.get(0).name()).isEqualTo("kubernetes-config-tampering");
        assertThat(shown)
                .extracting(Diagram::name)
                .containsExactlyInAnyOrder(
                        "kubernetes-config-tampering", "contain-node", "investigate-change", "restore-files");
        assertThat(shown.get(0).active()).containsExactly("callActivity_restore");
        assertThat(shown.get(0).completed())
                .contains("startEvent_alert", "businessRuleTask_triage", "callActivity_contain")
                .doesNotContain("callActivity_restore", "userTask_approveReturn");
        assertThat(shown.get(0).xml()).contains("<bpmndi:BPMNDiagram");
        assertThat(diagram("restore-files").active()).containsExactly("serviceTask_captureEvidence");
        assertThat(diagram("contain-node").active()).isEmpty();
        assertThat(shown).allSatisfy(one -> assertThat(one.failed()).isEmpty());
    }

    @Test
    void theDiagramShowsWhichStepFailed() {
        response.toRestore();
        files.plan.fail(3, "no route to host");
        response.exhaust("serviceTask_findDrift");
        assertThat(diagram("restore-files").failed()).containsExactly("serviceTask_findDrift");

        response.decide("step-failed", RESPONDER, "retry", "it is back").run("serviceTask_findDrift");
        assertThat(diagram("restore-files").failed()).isEmpty();
    }

    @Test
    void aWorkflowThatWasCalledAgainShowsItsNewestRun() {
        response.toApproval().decide("approve-return", APPROVER, "reject", "again");
        response.run("serviceTask_findDrift");
        assertThat(diagram("restore-files").active()).containsExactly("serviceTask_captureEvidence");
        assertThat(diagram("restore-files").completed()).doesNotContain("serviceTask_restoreFiles");
    }

    @Test
    void aClosedIncidentKeepsItsDiagrams() {
        response.toApproval()
                .decide("approve-return", APPROVER, "approve", "fine")
                .toEnd();
        assertThat(diagram("kubernetes-config-tampering").active()).isEmpty();
        assertThat(diagram("kubernetes-config-tampering").completed()).contains("endEvent_closed");
    }

    @Test
    void playbooksMayNameEveryWorkflowThatShips() {
        assertThat(runner.ids()).contains("kubernetes-config-tampering", "contain-node", "release-node");
    }

    @Test
    void aModelWithAQuestionOfAnUnknownKindIsNotDeployed() {
        assertThatThrownBy(() -> models.createDeployment()
                        .addModelInstance(
                                "unknown.bpmn",
                                Bpmn.createExecutableProcess("unknown")
                                        .camundaHistoryTimeToLiveString("P1D")
                                        .startEvent()
                                        .userTask("userTask_release")
                                        .endEvent()
                                        .done())
                        .deploy())
                .hasMessageContaining("userTask_release")
                .hasMessageContaining("kind");
        assertThat(runner.ids()).doesNotContain("unknown");
    }

    @Test
    void whatWaitsForPeopleIsCounted() {
        double before = open("step-failed");
        response.post(ROGUE_POD);
        cluster.apply.fail(3, "the API server is away");
        response.exhaust("serviceTask_applyRung");
        assertThat(open("step-failed")).isEqualTo(before + 1);
        assertThat(meters.get("drawbridge.steps.failed").gauge().value()).isEqualTo(before + 1);
    }

    private double open(String kind) {
        return meters.get("drawbridge.tasks.open").tag("kind", kind).gauge().value();
    }
}
