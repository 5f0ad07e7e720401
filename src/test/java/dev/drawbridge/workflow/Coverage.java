package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.impl.cfg.AbstractProcessEnginePlugin;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.model.bpmn.BpmnModelInstance;
import org.camunda.bpm.model.bpmn.instance.FlowElement;
import org.camunda.bpm.model.bpmn.instance.FlowNode;
import org.camunda.bpm.model.bpmn.instance.Process;
import org.camunda.bpm.model.bpmn.instance.SequenceFlow;
import org.camunda.community.process_test_coverage.core.model.DefaultCollector;
import org.camunda.community.process_test_coverage.core.model.Event;
import org.camunda.community.process_test_coverage.core.model.Run;
import org.camunda.community.process_test_coverage.core.model.Suite;
import org.camunda.community.process_test_coverage.engine.platform7.ExecutionContextModelProvider;
import org.camunda.community.process_test_coverage.engine.platform7.ProcessCoverageConfigurator;
import org.camunda.community.process_test_coverage.engine.platform7.ProcessEngineAdapter;
import org.camunda.community.process_test_coverage.report.CoverageReportUtil;
import org.springframework.stereotype.Component;

/**
 * Which elements of which model the tests went through. Not the JUnit extension of the same project: that one wants an engine
 * of its own, and this engine is Spring's.
 */
@Component
class Coverage extends AbstractProcessEnginePlugin {
    private static final String SUITE = WorkflowPathsTest.class.getName();

    private static final String REPORTS = "target/process-test-coverage/";

    private final DefaultCollector collector = new DefaultCollector(new ExecutionContextModelProvider());
    private int runs;

    @Override
    public void preInit(ProcessEngineConfigurationImpl configuration) {
        ProcessCoverageConfigurator.initializeProcessCoverageExtensions(configuration);
    }

    @Override
    public void postProcessEngineBuild(ProcessEngine engine) {
        collector.createSuite(new Suite(SUITE, "Every path through every workflow"));
        collector.activateSuite(SUITE);
        begin("start");
        new ProcessEngineAdapter(engine, collector).initializeListeners();
    }

    void begin(String test) {
        String id = "run-" + runs++;
        collector.createRun(new Run(id, test), SUITE);
        collector.activateRun(id);
    }

    /** Writes the report to {@code target/process-test-coverage} and asserts that nothing was left out. */
    void assertComplete(Collection<BpmnModelInstance> models) {
        CoverageReportUtil.createReport(collector, REPORTS);
        CoverageReportUtil.createJsonReport(collector, REPORTS);
        SortedMap<String, SortedSet<String>> missing = new TreeMap<>();
        for (BpmnModelInstance model : models) {
            Process process =
                    model.getModelElementsByType(Process.class).iterator().next();
            Set<String> covered = collector.getSuites().get(SUITE).getEvents(process.getId()).stream()
                    .map(Event::getDefinitionKey)
                    .collect(Collectors.toSet());
            SortedSet<String> left = new TreeSet<>();
            model.getModelElementsByType(FlowElement.class).stream()
                    .filter(element -> element instanceof FlowNode || element instanceof SequenceFlow)
                    .map(FlowElement::getId)
                    .filter(id -> !covered.contains(id))
                    .forEach(left::add);
            if (!left.isEmpty()) {
                missing.put(process.getId(), left);
            }
        }
        assertThat(missing)
                .as("flow nodes and sequence flows that no test went through")
                .isEmpty();
    }
}
