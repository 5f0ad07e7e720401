package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.shared.IncidentId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.jobexecutor.DefaultJobExecutor;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.impl.persistence.entity.MessageEntity;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The real engine with an executor that acquires nothing: whatever runs was handed over at a commit. */
class UrgentJobsTest {
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
    private final BlockingQueue<Runnable> handed = new LinkedBlockingQueue<>();
    private final List<AuditEvent> trail = new ArrayList<>();
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
        configuration.setCustomJobHandlers(List.of(new StartResponse(trail::add)));
        configuration.setBeans(Map.of("step", (JavaDelegate) execution -> {
            if (fails) {
                throw new IllegalStateException("the API server is away");
            }
            JobEntity job = Context.getJobExecutorContext().getCurrentJob();
            ran.add(execution.getCurrentActivityId() + " locked by this instance: "
                    + configuration.getJobExecutor().getLockOwner().equals(job.getLockOwner()));
        }));
        engine = configuration.buildProcessEngine();
        deployOne(1);
    }

    private void deployOne(int historyDays) {
        engine.getRepositoryService()
                .createDeployment()
                .addModelInstance(
                        "one.bpmn",
                        Bpmn.createExecutableProcess("one")
                                .camundaHistoryTimeToLive(historyDays)
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

    private MessageEntity sendBehind(Supplier<Runnable> before, boolean commits) {
        String model = engine.getRepositoryService()
                .createProcessDefinitionQuery()
                .singleResult()
                .getId();
        MessageEntity job = new MessageEntity();
        job.setJobHandlerType(StartResponse.TYPE);
        job.setJobHandlerConfiguration(
                new StartResponse.Request(model, "one", "incident-1", Map.of("malicious", true)));
        job.setPriority(100);
        ((ProcessEngineConfigurationImpl) engine.getProcessEngineConfiguration())
                .getCommandExecutorTxRequired()
                .execute(context -> {
                    UrgentJobs.sendBehind(() -> Optional.ofNullable(before.get()), job, context);
                    if (!commits) {
                        throw new IllegalStateException("rolled back");
                    }
                    return null;
                });
        return job;
    }

    private Runnable ahead() {
        ran.add("ahead");
        return () -> ran.add("kept");
    }

    /** What was to go ahead was not allowed after all, and the workflow starts in the same transaction. */
    @Test
    void nothingRunsOfAJobThatItsTransactionTookBack() {
        ((ProcessEngineConfigurationImpl) engine.getProcessEngineConfiguration())
                .getCommandExecutorTxRequired()
                .execute(context -> {
                    MessageEntity job = new MessageEntity();
                    job.setJobHandlerType(StartResponse.TYPE);
                    job.setJobHandlerConfiguration(new StartResponse.Request("none", "one", "incident-1", Map.of()));
                    job.setPriority(100);
                    UrgentJobs.sendBehind(Optional::empty, job, context);
                    job.delete();
                    return null;
                });
        Runnable atCommit = handed.poll();
        if (atCommit != null) {
            atCommit.run();
        }
        assertThat(handed).isEmpty();
        assertThat(ran).isEmpty();
        assertThat(engine.getManagementService().createJobQuery().count()).isZero();
    }

    private List<String> started() {
        return engine.getRuntimeService().createProcessInstanceQuery().list().stream()
                .map(ProcessInstance::getBusinessKey)
                .toList();
    }

    @Test
    void whatGoesAheadOfAJobRunsAtTheCommitAndTheJobAfterIt() {
        sendBehind(this::ahead, true);
        assertThat(ran).isEmpty();
        handed.remove().run();
        assertThat(ran).as("what it leaves to be done is not urgent").containsExactly("ahead");
        assertThat(started()).isEmpty();
        handed.remove().run();
        assertThat(ran).containsExactly("ahead", "kept");
        assertThat(started()).containsExactly("incident-1");
        assertThat(engine.getRuntimeService()
                        .createVariableInstanceQuery()
                        .variableName("malicious")
                        .singleResult()
                        .getValue())
                .isEqualTo(true);
        handed.remove().run();
        assertThat(ran).containsExactly("ahead", "kept", "contain locked by this instance: true");
    }

    @Test
    void aJobIsNotLostWithWhatWentAhead() {
        sendBehind(
                () -> {
                    throw new AssertionError("out of memory");
                },
                true);
        assertThatThrownBy(handed.remove()::run).hasMessage("out of memory");
        handed.remove().run();
        assertThat(started()).containsExactly("incident-1");
    }

    @Test
    void aJobIsNotLostWithWhatWasLeftToBeDone() {
        sendBehind(
                () -> () -> {
                    throw new AssertionError("out of memory");
                },
                true);
        handed.remove().run();
        assertThatThrownBy(handed.remove()::run).hasMessage("out of memory");
        assertThat(started()).containsExactly("incident-1");
    }

    @Test
    void nothingGoesAheadOfWhatIsRolledBack() {
        assertThatThrownBy(() -> sendBehind(this::ahead, false)).hasMessage("rolled back");
        assertThat(handed).isEmpty();
        assertThat(engine.getManagementService().createJobQuery().count()).isZero();
    }

    /** The end of the process right after the commit: nothing was handed to anybody, and the job is there. */
    @Test
    void aJobOutlivesTheProcessThatWasToRunIt() {
        MessageEntity job = sendBehind(this::ahead, true);
        handed.clear();
        engine.getManagementService().executeJob(job.getId());
        assertThat(started()).containsExactly("incident-1");
        assertThat(ran).isEmpty();
    }

    @Test
    void aResponseGoesByTheVersionByWhichItsHeadStartWasDecided() {
        sendBehind(this::ahead, true);
        deployOne(2);
        handed.remove().run();
        handed.remove().run();
        assertThat(versionOfTheResponse()).isEqualTo(1);
        assertThat(trail).isEmpty();
    }

    @Test
    void aResponseWhoseVersionIsGoneGoesByTheNewestOne() {
        sendBehind(this::ahead, true);
        String deployment = engine.getRepositoryService()
                .createDeploymentQuery()
                .singleResult()
                .getId();
        deployOne(2);
        engine.getRepositoryService().deleteDeployment(deployment);
        handed.remove().run();
        handed.remove().run();
        assertThat(started()).containsExactly("incident-1");
        assertThat(versionOfTheResponse()).isEqualTo(2);
        assertThat(trail).singleElement().satisfies(entry -> {
            assertThat(entry.incident()).isEqualTo(IncidentId.of("incident-1"));
            assertThat(entry.reason()).contains("goes by one:2").contains("not by one:1");
        });
    }

    @Test
    void aResponseWhoseModelIsGoneStartsOnceThereIsOneAgain() {
        MessageEntity job = sendBehind(this::ahead, true);
        engine.getRepositoryService()
                .deleteDeployment(engine.getRepositoryService()
                        .createDeploymentQuery()
                        .singleResult()
                        .getId());
        handed.remove().run();
        handed.remove().run();
        assertThat(started()).isEmpty();
        deployOne(2);
        engine.getManagementService().executeJob(job.getId());
        assertThat(started()).containsExactly("incident-1");
    }

    private int versionOfTheResponse() {
        return engine.getRepositoryService()
                .getProcessDefinition(engine.getRuntimeService()
                        .createProcessInstanceQuery()
                        .singleResult()
                        .getProcessDefinitionId())
                .getVersion();
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
