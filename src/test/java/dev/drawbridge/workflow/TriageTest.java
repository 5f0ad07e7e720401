package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.camunda.bpm.dmn.engine.delegate.DmnDecisionTableEvaluationListener;
import org.camunda.bpm.dmn.engine.impl.DefaultDmnEngineConfiguration;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TriageTest {
    private final AtomicInteger asked = new AtomicInteger();
    private final ProcessEngine engine = engine();

    private ProcessEngine engine() {
        StandaloneInMemProcessEngineConfiguration configuration = new StandaloneInMemProcessEngineConfiguration();
        configuration.setJdbcUrl("jdbc:h2:mem:" + UUID.randomUUID());
        configuration.setProcessEngineName("triage-" + UUID.randomUUID());
        DefaultDmnEngineConfiguration decisions = new DefaultDmnEngineConfiguration();
        DmnDecisionTableEvaluationListener counts = event -> asked.incrementAndGet();
        decisions.getCustomPostDecisionTableEvaluationListeners().add(counts);
        configuration.setDmnEngineConfiguration(decisions);
        return configuration.buildProcessEngine();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    /** A table with one row: what is of class {@code ca-key} is malicious. */
    private Triage table(String condition) {
        engine.getRepositoryService()
                .createDeployment()
                .addString("triage.dmn", """
                        <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:camunda="http://camunda.org/schema/1.0/dmn"
                            id="d" name="d" namespace="n">
                          <decision id="triage" name="t" camunda:historyTimeToLive="1"><decisionTable id="dt">
                            <input id="i"><inputExpression id="ie" typeRef="string"><text>fileClass</text></inputExpression></input>
                            <output id="o" name="verdict" typeRef="string"/>
                            <rule id="r"><inputEntry id="e"><text>%s</text></inputEntry>
                              <outputEntry id="oe"><text>"malicious"</text></outputEntry></rule>
                          </decisionTable></decision></definitions>""".formatted(condition))
                .deploy();
        String id = engine.getRepositoryService()
                .createDecisionDefinitionQuery()
                .decisionDefinitionKey("triage")
                .latestVersion()
                .singleResult()
                .getId();
        return new Triage(id, engine.getRepositoryService(), engine.getDecisionService());
    }

    @Test
    void eachCombinationOfFactsIsAskedForOnceAndKeepsItsOwnAnswer() {
        Triage triage = table("\"ca-key\"");
        for (int i = 0; i < 3; i++) {
            assertThat(triage.malicious(Map.of("fileClass", "ca-key"))).isTrue();
            assertThat(triage.malicious(Map.of("fileClass", "other"))).isFalse();
        }
        assertThat(asked).hasValue(2);
    }

    @Test
    void noRowThatFitsIsNotMalicious() {
        assertThat(table("\"nothing\"").malicious(Map.of("fileClass", "other"))).isFalse();
    }

    @Test
    void aTableThatLooksAtTheClockIsAskedEachTime() {
        Triage triage = table("if now() > date and time(\"2020-01-01T00:00:00Z\") then \"ca-key\" else \"never\"");
        assertThat(triage.malicious(Map.of("fileClass", "ca-key"))).isTrue();
        assertThat(triage.malicious(Map.of("fileClass", "ca-key"))).isTrue();
        assertThat(asked).hasValue(2);
    }
}
