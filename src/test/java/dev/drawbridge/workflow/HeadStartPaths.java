package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.incident.IncidentState;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.runtime.Job;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A response whose first rung was announced with its alert: the workflow comes after it. */
abstract class HeadStartPaths extends WorkflowPaths {
    @BeforeEach
    void allowed() {
        cluster.ahead = () -> {};
    }

    private Job start() {
        List<Job> starts = response.jobs.createJobQuery().list().stream()
                .filter(job -> ((JobEntity) job).getJobHandlerType().equals(StartResponse.TYPE))
                .filter(job -> StartResponse.incident((JobEntity) job).equals(response.id()))
                .toList();
        assertThat(starts).hasSize(1);
        return starts.get(0);
    }

    @Test
    void theWorkflowStartsByAJobOfTheAlertsTransactionAndContainsAsEver() {
        assertThat(response.post(ROGUE_POD)).isEqualTo("opened");
        response.is(IncidentState.OPEN);
        assertThat(response.processes()).isEmpty();
        assertThat(start().getPriority()).as("before every step").isEqualTo(100);

        response.jobs.executeJob(start().getId());

        response.isAt("serviceTask_applyRung").neverWent("userTask_containNode");
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .is(IncidentState.CONTAINED);
        assertThat(cluster.calls)
                .as("an instance that runs no steps says that it leaves the rung to the workflow")
                .containsExactly("left cordon", "apply cordon", "apply taint", "apply label");
    }

    @Test
    void alertsThatJoinBeforeTheWorkflowIsThereChangeNothingOfIt() {
        response.post(ROGUE_POD);
        assertThat(response.post(ROGUE_POD)).isEqualTo("joined");
        assertThat(response.post(ROGUE_POD, Response.BY_KUBELET)).isEqualTo("joined");

        response.jobs.executeJob(start().getId());

        response.isAt("serviceTask_applyRung").is(IncidentState.OPEN);
    }

    @Test
    void whatMayBeHarmlessIsLookedAtBeforeAnythingHappens() {
        response.post(ROGUE_POD, Response.BY_KUBELET);
        response.isAt("userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue");
        assertThat(cluster.calls).isEmpty();
    }

    @Test
    void whatThePlaybookExcludesHasNoHeadStart() {
        response.post(
                ROGUE_POD,
                Map.of(
                        "/kibana/alert/rule/rule_id", VariantPlaybooks.EXCLUDING,
                        "/process/executable", "/usr/bin/python3.10",
                        "/file/path", "/etc/kubernetes/kubelet.conf"));
        response.isAt("serviceTask_scanForDrift");
    }

    @Test
    void aResponseThatCannotBeStartedIsAPersonsAndStartsWhenThatOneSaysSo() {
        response.post(ROGUE_POD);
        response.models.suspendProcessDefinitionByKey("kubernetes-config-tampering");
        Job start = start();
        while (start.getRetries() > 0) {
            try {
                response.jobs.executeJob(start.getId());
                throw new AssertionError("started");
            } catch (RuntimeException suspended) {
                start = start();
            }
        }
        response.is(IncidentState.STALLED);
        assertThat(response.task("step-failed").title()).isEqualTo("The response could not be started");
        assertThat(response.task("step-failed").decisions()).containsExactly("retry");
        response.models.activateProcessDefinitionByKey("kubernetes-config-tampering");

        response.decide("step-failed", RESPONDER, "retry", "the model is back");
        response.jobs.executeJob(start().getId());

        response.isAt("serviceTask_applyRung").is(IncidentState.OPEN);
        assertThat(response.tasks()).isEmpty();
    }

    /** A model of somebody's own that starts by a timer, and cannot. */
    @Test
    void aJobOfNoResponseIsGivenUpAsTheEngineDoesAndIsNobodysTask() {
        response.post(ROGUE_POD);
        String deployment = response.models
                .createDeployment()
                .addModelInstance(
                        "timed.bpmn",
                        Bpmn.createExecutableProcess("timed")
                                .camundaHistoryTimeToLive(1)
                                .startEvent()
                                .timerWithDuration("PT1H")
                                .serviceTask("broken")
                                .camundaExpression("${nothing.like.that}")
                                .endEvent()
                                .done())
                .deploy()
                .getId();
        try {
            String timer = response.jobs
                    .createJobQuery()
                    .processDefinitionKey("timed")
                    .singleResult()
                    .getId();
            for (int left = 2; left >= 0; left--) {
                assertThatThrownBy(() -> response.jobs.executeJob(timer)).hasMessageContaining("nothing.like.that");
                assertThat(response.jobs
                                .createJobQuery()
                                .jobId(timer)
                                .singleResult()
                                .getRetries())
                        .isEqualTo(left);
            }
            assertThat(response.runtime
                            .createIncidentQuery()
                            .configuration(timer)
                            .count())
                    .as("incidents of the engine")
                    .isEqualTo(1);
            assertThat(response.tasks()).isEmpty();
        } finally {
            response.models.deleteDeployment(deployment, true);
        }
    }
}
