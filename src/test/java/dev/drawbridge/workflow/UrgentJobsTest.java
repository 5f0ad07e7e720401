package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.jobexecutor.DefaultJobExecutor;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The real engine with an executor that acquires nothing: whatever runs was handed over at a commit. */
class UrgentJobsTest {
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
    private final BlockingQueue<Runnable> handed = new LinkedBlockingQueue<>();
    private boolean fails;
    private ProcessEngine engine;

    private static final class NeverAcquires extends DefaultJobExecutor {
        @Override
        protected void startExecutingJobs() {}

        @Override
        protected void stopExecutingJobs() {}
    }

    @BeforeEach
    void start() {
        StandaloneInMemProcessEngineConfiguration configuration = new StandaloneInMemProcessEngineConfiguration();
        configuration.setJdbcUrl("jdbc:h2:mem:" + UUID.randomUUID());
        configuration.setProcessEngineName("urgent-jobs-" + UUID.randomUUID());
        configuration.setJobExecutor(new NeverAcquires());
        configuration.setJobExecutorActivate(true);
        configuration.setCustomSessionFactories(List.of(new UrgentJobs(100, handed::add)));
        configuration.setBeans(Map.of("step", (JavaDelegate) execution -> {
            if (fails) {
                throw new IllegalStateException("the API server is away");
            }
            JobEntity job = Context.getJobExecutorContext().getCurrentJob();
            ran.add(execution.getCurrentActivityId() + " locked by this instance: "
                    + configuration.getJobExecutor().getLockOwner().equals(job.getLockOwner()));
        }));
        engine = configuration.buildProcessEngine();
        engine.getRepositoryService()
                .createDeployment()
                .addModelInstance(
                        "one.bpmn",
                        Bpmn.createExecutableProcess("one")
                                .camundaHistoryTimeToLive(1)
                                .startEvent()
                                .serviceTask("contain")
                                .camundaAsyncBefore()
                                .camundaJobPriority("100")
                                .camundaDelegateExpression("${step}")
                                .serviceTask("restore")
                                .camundaAsyncBefore()
                                .camundaJobPriority("99")
                                .camundaDelegateExpression("${step}")
                                .endEvent()
                                .done())
                .deploy();
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    @Test
    void whatContainsIsHandedOverAtItsCommitAndNothingElse() throws Exception {
        engine.getRuntimeService().startProcessInstanceByKey("one");
        Runnable job = handed.poll(1, TimeUnit.SECONDS);
        assertThat(job).isNotNull();
        assertThat(ran).isEmpty();
        job.run();
        assertThat(ran).containsExactly("contain locked by this instance: true");
        assertThat(handed).as("the step behind it waits to be acquired").isEmpty();
        assertThat(engine.getManagementService().createJobQuery().list())
                .singleElement()
                .satisfies(waiting -> assertThat(waiting.getPriority()).isEqualTo(99));
    }

    @Test
    void whatIsRolledBackIsNotHandedOver() {
        engine.getRepositoryService()
                .createDeployment()
                .addModelInstance(
                        "failing.bpmn",
                        Bpmn.createExecutableProcess("failing")
                                .camundaHistoryTimeToLive(1)
                                .startEvent()
                                .parallelGateway("fork")
                                .serviceTask("contain")
                                .camundaAsyncBefore()
                                .camundaJobPriority("100")
                                .camundaDelegateExpression("${step}")
                                .endEvent()
                                .moveToNode("fork")
                                .serviceTask("broken")
                                .camundaDelegateExpression("${missing}")
                                .endEvent()
                                .done())
                .deploy();
        assertThatThrownBy(() -> engine.getRuntimeService().startProcessInstanceByKey("failing"))
                .hasMessageContaining("missing");
        assertThat(handed).isEmpty();
        assertThat(engine.getManagementService().createJobQuery().count()).isZero();
    }

    @Test
    void aJobThatFailedIsAnOrdinaryOneFromThen() {
        fails = true;
        engine.getRuntimeService().startProcessInstanceByKey("one");
        handed.remove().run();
        assertThat(handed).isEmpty();
        assertThat(engine.getManagementService().createJobQuery().list())
                .singleElement()
                .isInstanceOfSatisfying(JobEntity.class, job -> {
                    assertThat(job.getRetries()).isEqualTo(2);
                    assertThat(job.getLockOwner())
                            .as("anybody may try it again")
                            .isNull();
                });
    }
}
