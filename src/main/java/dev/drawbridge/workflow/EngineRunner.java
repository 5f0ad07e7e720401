package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.playbook.KnownWorkflows;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.camunda.bpm.engine.DecisionService;
import org.camunda.bpm.engine.OptimisticLockingException;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.repository.ProcessDefinition;
import org.camunda.bpm.engine.runtime.EventSubscription;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.stereotype.Component;

/**
 * Starts workflows and tells them of further alerts. Everything up to the first rung runs in the caller's transaction: its
 * commit hands the cordon to a thread, and where it has a head start, the start of its workflow behind it.
 */
@Component
class EngineRunner implements PlaybookRunner, KnownWorkflows {
    private static final String TRIAGE = "triage";
    private static final String CONTAIN_AT_ONCE = "containAtOnce";
    private static final String NEW_ALERT = "newAlert";

    private final RuntimeService runtime;
    private final RepositoryService models;
    private final DecisionService decisions;
    private final HeadStart headStart;

    EngineRunner(RuntimeService runtime, RepositoryService models, DecisionService decisions, HeadStart headStart) {
        this.runtime = runtime;
        this.models = models;
        this.decisions = decisions;
        this.headStart = headStart;
    }

    @Override
    public Set<String> ids() {
        return models.createProcessDefinitionQuery().latestVersion().list().stream()
                .map(ProcessDefinition::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public void start(Start start) {
        Playbook playbook = start.playbook();
        Map<String, Object> variables = new HashMap<>(facts(playbook, start.alert(), start.excluded()));
        variables.put(Variables.NODE_KNOWN, start.node() != null);
        variables.put(Variables.BY_PERSON, start.byPerson());
        if (!headStart.begin(start, variables)) {
            runtime.startProcessInstanceByKey(
                    playbook.workflow(), start.incident().value(), variables);
        }
    }

    @Override
    public void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded) {
        if (excluded) {
            return;
        }
        ProcessInstance main = runtime.createProcessInstanceQuery()
                .processInstanceBusinessKey(incident.value())
                .processDefinitionKey(playbook.workflow())
                .singleResult();
        if (main == null) {
            // it has ended, or is about to start with the worst that triage can say
            return;
        }
        try {
            tell(main.getId(), playbook, alert);
        } catch (OptimisticLockingException movedOn) {
            throw new OptimisticLockingFailureException("the workflow of " + incident + " moved on", movedOn);
        }
    }

    private void tell(String main, Playbook playbook, Alert alert) {
        List<EventSubscription> waiting = runtime.createEventSubscriptionQuery()
                .processInstanceId(main)
                .eventType("message")
                .list();
        for (EventSubscription subscription : waiting) {
            if (subscription.getEventName().equals(CONTAIN_AT_ONCE) && malicious(playbook, alert)
                    || subscription.getEventName().equals(NEW_ALERT) && afterRestore(main, alert)) {
                runtime.messageEventReceived(subscription.getEventName(), subscription.getExecutionId());
                return;
            }
        }
        if (Boolean.TRUE.equals(runtime.getVariable(main, Variables.EXCLUDED))) {
            // the workflow looks before it contains: what it decides by must be the worse of the alerts
            Map<String, Object> worse = new HashMap<>(facts(playbook, alert, false));
            worse.put(Variables.BY_PERSON, false);
            runtime.setVariables(main, worse);
        }
    }

    private boolean malicious(Playbook playbook, Alert alert) {
        Map<String, Object> facts = new HashMap<>(facts(playbook, alert, false));
        facts.put(Variables.BY_PERSON, false);
        return Triage.malicious(decisions.evaluateDecisionTableByKey(TRIAGE, facts));
    }

    private boolean afterRestore(String main, Alert alert) {
        String restoredAt = (String) runtime.getVariable(main, Variables.RESTORED_AT);
        return restoredAt == null || alert.eventTime().isAfter(Instant.parse(restoredAt));
    }

    private static Map<String, Object> facts(Playbook playbook, Alert alert, boolean excluded) {
        return Map.of(
                Variables.EXCLUDED,
                excluded,
                Variables.TRUSTED_PROCESS,
                trusted(playbook, alert.process()),
                Variables.FILE_CLASS,
                alert.normalisedPath()
                        .map(FileClass::of)
                        .orElse(FileClass.OTHER)
                        .code());
    }

    /** Name and place must both fit: anybody can call a program kubelet. */
    private static boolean trusted(Playbook playbook, Alert.ProcessFacts process) {
        String executable = process.executable();
        String name = process.name();
        return executable != null
                && name != null
                && playbook.triage().trustedExecutables().contains(executable)
                && executable.endsWith("/" + name);
    }
}
