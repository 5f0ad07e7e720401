package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.camunda.bpm.engine.HistoryService;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.history.HistoricActivityInstance;
import org.camunda.bpm.engine.history.HistoricProcessInstance;
import org.camunda.bpm.engine.runtime.ActivityInstance;
import org.camunda.bpm.engine.runtime.Incident;
import org.camunda.bpm.engine.runtime.TransitionInstance;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Reads from the engine's history where an incident stands. */
@Component
class EngineDiagrams implements WorkflowDiagrams {
    private final HistoryService history;
    private final RuntimeService runtime;
    private final RepositoryService models;

    /** Models by definition id; a definition never changes. */
    private final Map<String, String> xml = new ConcurrentHashMap<>();

    EngineDiagrams(HistoryService history, RuntimeService runtime, RepositoryService models) {
        this.history = history;
        this.runtime = runtime;
        this.models = models;
    }

    @Override
    public List<Diagram> of(IncidentId incident) {
        List<HistoricProcessInstance> instances = new ArrayList<>(history.createHistoricProcessInstanceQuery()
                .processInstanceBusinessKey(incident.value())
                .list());
        // the response itself first, then what it called and started, in the order in which it did
        instances.sort(Comparator.comparing(HistoricProcessInstance::getStartTime)
                .thenComparing(instance -> instance.getSuperProcessInstanceId() == null ? 0 : 1));
        Map<String, List<HistoricProcessInstance>> byModel = new LinkedHashMap<>();
        instances.forEach(
                instance -> byModel.computeIfAbsent(instance.getProcessDefinitionKey(), unused -> new ArrayList<>())
                        .add(instance));
        return byModel.values().stream().map(this::diagram).toList();
    }

    /** A workflow that was called again shows its newest run: an old one would mix with it. */
    private Diagram diagram(List<HistoricProcessInstance> runs) {
        HistoricProcessInstance newest = runs.get(runs.size() - 1);
        Set<String> active = new HashSet<>();
        Set<String> completed = new HashSet<>();
        for (HistoricActivityInstance activity : history.createHistoricActivityInstanceQuery()
                .processInstanceId(newest.getId())
                .list()) {
            if (activity.getEndTime() == null) {
                active.add(activity.getActivityId());
            } else if (!activity.isCanceled()) {
                completed.add(activity.getActivityId());
            }
        }
        Set<String> failed = new HashSet<>();
        for (Incident incident :
                runtime.createIncidentQuery().processInstanceId(newest.getId()).list()) {
            failed.add(incident.getActivityId());
        }
        waiting(runtime.getActivityInstance(newest.getId()), active);
        active.removeAll(failed);
        completed.removeAll(active);
        return new Diagram(
                newest.getProcessDefinitionKey(),
                newest.getProcessDefinitionName(),
                xml.computeIfAbsent(newest.getProcessDefinitionId(), this::read),
                active,
                completed,
                failed);
    }

    /** A step that waits for its job has no history yet; the reader wants to see that it is next. */
    private static void waiting(@Nullable ActivityInstance tree, Set<String> active) {
        if (tree == null) {
            return;
        }
        for (TransitionInstance next : tree.getChildTransitionInstances()) {
            active.add(next.getActivityId());
        }
        for (ActivityInstance child : tree.getChildActivityInstances()) {
            waiting(child, active);
        }
    }

    private String read(String definition) {
        try (InputStream model = models.getProcessModel(definition)) {
            return new String(model.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException fromMemory) {
            throw new UncheckedIOException(fromMemory);
        }
    }
}
