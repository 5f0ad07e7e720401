package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.TimeLimit;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.junit.jupiter.api.Test;

/** The real job executor, its real locks. */
class StepTimeLimitTest {
    private static final Duration HOUR = Duration.ofHours(1);

    @Test
    void aStepMayTakeFiveSixthsOfItsLockAndNoMore() throws Exception {
        CompletableFuture<Duration> inStep = new CompletableFuture<>();
        StandaloneInMemProcessEngineConfiguration configuration = new StandaloneInMemProcessEngineConfiguration();
        configuration.setJdbcUrl("jdbc:h2:mem:" + UUID.randomUUID());
        configuration.setProcessEngineName("step-time-limit");
        configuration.setJobExecutorActivate(true);
        configuration.setDelegateInterceptor(new StepTimeLimit());
        configuration.setBeans(Map.of("step", (JavaDelegate) execution -> inStep.complete(TimeLimit.atMost(HOUR))));
        ProcessEngine engine = configuration.buildProcessEngine();
        try {
            configuration.getJobExecutor().setLockTimeInMillis(60_000);
            engine.getRepositoryService()
                    .createDeployment()
                    .addModelInstance(
                            "one.bpmn",
                            Bpmn.createExecutableProcess("one")
                                    .camundaHistoryTimeToLive(1)
                                    .startEvent()
                                    .serviceTask()
                                    .camundaAsyncBefore()
                                    .camundaDelegateExpression("${step}")
                                    .endEvent()
                                    .done())
                    .deploy();
            engine.getRuntimeService().startProcessInstanceByKey("one");

            assertThat(inStep.get(30, TimeUnit.SECONDS)).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(50));
            assertThat(TimeLimit.atMost(HOUR)).as("outside of a step").isEqualTo(HOUR);
        } finally {
            engine.close();
        }
    }
}
