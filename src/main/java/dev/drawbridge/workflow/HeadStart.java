package dev.drawbridge.workflow;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Containment.AnnouncedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.NodeName;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.camunda.bpm.engine.DecisionService;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.engine.impl.persistence.entity.MessageEntity;
import org.camunda.bpm.engine.repository.ProcessDefinition;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Gives the first rung a head start over its workflow: judged and announced in the alert's own transaction, applied at the commit, and only then
 * the workflow starts, whose first step finds the rung done. After a crash at any line that step does what is left, as after any crash of
 * its own. A model says by a property that it contains at once what its decision table calls malicious; without it there is no head
 * start. See decision record 35.
 */
@Component
class HeadStart {
    private static final Logger log = LoggerFactory.getLogger(HeadStart.class);
    /** Of the process in a model; its value is the decision table that is asked. */
    static final String PROPERTY = "containAtOnce";

    private final RepositoryService models;
    private final DecisionService decisions;
    private final ProcessEngineConfigurationImpl engine;
    private final Containment containment;
    private final WorkflowProperties properties;
    /** Models are deployed at the start, before any alert. */
    private final Map<String, Optional<AtOnce>> atOnce = new ConcurrentHashMap<>();

    HeadStart(
            RepositoryService models,
            DecisionService decisions,
            ProcessEngine engine,
            Containment containment,
            WorkflowProperties properties) {
        this.models = models;
        this.decisions = decisions;
        this.engine = (ProcessEngineConfigurationImpl) engine.getProcessEngineConfiguration();
        this.containment = containment;
        this.properties = properties;
    }

    /** The newest version of a model that contains at once, and of the table that it asks. */
    private record AtOnce(String model, Triage table) {}

    /**
     * Begins the response, within the caller's transaction, where it begins with a rung.
     *
     * @param facts the variables with which the workflow starts
     * @return false when nothing was begun: the workflow is to be started right away, and decides itself
     */
    boolean begin(PlaybookRunner.Start start, Map<String, Object> facts) {
        NodeName node = start.node();
        Playbook playbook = start.playbook();
        if (node == null
                || start.excluded()
                || start.byPerson()
                || playbook.ladder().isEmpty()) {
            return false;
        }
        Optional<AtOnce> model = atOnce.computeIfAbsent(playbook.workflow(), this::find);
        if (model.isEmpty() || !model.get().table().malicious(facts)) {
            return false;
        }
        Rung first = Rung.ofCode(playbook.ladder().get(0).rung());
        AtomicReference<AnnouncedRung> allowed = new AtomicReference<>();
        // before the verdict: with it comes a lock that other verdicts wait for until this transaction ends
        Sent job = send(
                new StartResponse.Request(
                        model.get().model(),
                        playbook.workflow(),
                        start.incident().value(),
                        facts),
                allowed,
                start);
        Optional<AnnouncedRung> rung =
                containment.announce(Actor.playbook(playbook.name()), start.incident(), node, first);
        if (rung.isEmpty()) {
            takeBack(job.entity());
            return false;
        }
        allowed.set(rung.get());
        if (!job.goesAhead()) {
            rung.get().leave("this instance runs no steps, and leaves it to the workflow");
        }
        return true;
    }

    /** @param goesAhead whether what is to go before the job will be run */
    private record Sent(MessageEntity entity, boolean goesAhead) {}

    private Optional<AtOnce> find(String workflow) {
        ProcessDefinition model = models.createProcessDefinitionQuery()
                .processDefinitionKey(workflow)
                .latestVersion()
                .singleResult();
        if (model == null) {
            return Optional.empty();
        }
        return models.getBpmnModelInstance(model.getId()).getModelElementsByType(CamundaProperty.class).stream()
                .filter(property -> PROPERTY.equals(property.getCamundaName()))
                .map(CamundaProperty::getCamundaValue)
                .findFirst()
                .flatMap(table -> Optional.ofNullable(models.createDecisionDefinitionQuery()
                        .deploymentId(model.getDeploymentId())
                        .decisionDefinitionKey(table)
                        .singleResult()))
                .map(table -> new AtOnce(model.getId(), new Triage(table.getId(), models, decisions)));
    }

    private Sent send(
            StartResponse.Request request, AtomicReference<AnnouncedRung> allowed, PlaybookRunner.Start start) {
        return engine.getCommandExecutorTxRequired().execute(context -> {
            MessageEntity job = new MessageEntity();
            job.setJobHandlerType(StartResponse.TYPE);
            job.setJobHandlerConfiguration(request);
            job.setPriority(properties.containmentPriority());
            boolean ahead = UrgentJobs.sendBehind(
                    () -> Optional.ofNullable(allowed.get()).map(rung -> apply(rung, start)), job, context);
            return new Sent(job, ahead);
        });
    }

    private void takeBack(MessageEntity job) {
        engine.getCommandExecutorTxRequired().execute(context -> {
            job.delete();
            return null;
        });
    }

    /** Whatever becomes of it, the workflow starts: its first step does what is left, and tells a person of a fault that lasts. */
    private static Runnable apply(AnnouncedRung rung, PlaybookRunner.Start start) {
        try {
            Runnable kept = rung.apply();
            return () -> keep(kept, start);
        } catch (RuntimeException failed) {
            failed(start, failed);
            return () -> {};
        }
    }

    private static void keep(Runnable kept, PlaybookRunner.Start start) {
        try {
            kept.run();
        } catch (RuntimeException failed) {
            failed(start, failed);
        }
    }

    private static void failed(PlaybookRunner.Start start, RuntimeException fault) {
        log.warn("the head start of a rung failed incident={} node={}", start.incident(), start.node(), fault);
    }
}
