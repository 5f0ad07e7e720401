package dev.drawbridge.workflow;

import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.camunda.bpm.engine.ManagementService;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.runtime.Job;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.camunda.bpm.model.bpmn.instance.FlowElement;
import org.camunda.bpm.model.bpmn.instance.ServiceTask;
import org.camunda.bpm.model.xml.instance.ModelElementInstance;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * What a person can do about a step that failed more often than it may be tried: have it tried again, skip it when a second
 * person agrees, or end the automatic response. A skipped step leaves no outcome behind, so the workflow goes on where a
 * missing outcome leads: to a person, never to a write or a release.
 */
@Component
class FailedSteps {
    private static final Logger log = LoggerFactory.getLogger(FailedSteps.class);
    private static final String ABORTED = "responseAborted";
    private static final int LONGEST_MESSAGE = 2000;

    private final RuntimeService runtime;
    private final ManagementService jobs;
    private final RepositoryService models;
    private final TaskBoard board;
    private final TaskStore tasks;
    private final Steps steps;
    private final Incidents incidents;

    FailedSteps(
            RuntimeService runtime,
            ManagementService jobs,
            RepositoryService models,
            TaskBoard board,
            TaskStore tasks,
            Steps steps,
            Incidents incidents) {
        this.runtime = runtime;
        this.jobs = jobs;
        this.models = models;
        this.board = board;
        this.tasks = tasks;
        this.steps = steps;
        this.incidents = incidents;
    }

    /** The engine gave up on a job; in the transaction that says so. */
    void failed(String processInstance, String definition, String activity, String job, String message) {
        IncidentId incident = incident(processInstance);
        ModelElementInstance element = models.getBpmnModelInstance(definition).getModelElementById(activity);
        String name = element instanceof FlowElement flow && flow.getName() != null ? flow.getName() : activity;
        Optional<ProcessInstance> main = main(incident);
        boolean partOfResponse =
                main.isPresent() && rootOf(processInstance).equals(main.get().getId());
        List<String> decisions = new ArrayList<>(List.of("retry"));
        if (element instanceof ServiceTask) {
            decisions.add("skip");
        }
        if (!partOfResponse || canAbort(main.get())) {
            decisions.add("abort");
        }
        board.stepFailed(incident, "A step failed: " + name, cut(message), job, decisions, partOfResponse);
    }

    /** The engine gave up on starting a response; in the transaction that says so. Without it there is nothing to skip or to end. */
    void notStarted(IncidentId incident, String job, String message) {
        incidents.hold(incident);
        board.stepFailed(incident, "The response could not be started", cut(message), job, List.of("retry"), true);
    }

    /** The engine no longer waits for this job: it ran, or its workflow ended. */
    void over(String job) {
        tasks.openByEngineRef(job)
                .ifPresent(row -> board.cancel(row.task(), "the step no longer waits for a decision"));
    }

    void decided(HumanTask task, String job, Actor actor, String decision, String reason) {
        switch (decision) {
            case "retry" -> retry(job);
            case "skip" -> board.confirmSkip(task, job, actor, reason);
            case "abort" -> abort(task, job, actor, reason);
            default -> throw new IllegalArgumentException("no decision of a failed step: " + decision);
        }
    }

    void confirmed(HumanTask task, String job, Actor actor, String decision) {
        if (decision.equals("confirm")) {
            skip(job, cut(task.title() + " - confirmed by " + actor.name()));
        } else {
            Job failed = job(job);
            failed(
                    failed.getProcessInstanceId(),
                    failed.getProcessDefinitionId(),
                    activity(failed),
                    job,
                    String.valueOf(failed.getExceptionMessage()));
        }
        log.info("incident={} skip {} by {}", task.incident(), decision, actor.name());
    }

    private void retry(String job) {
        jobs.setJobRetries(job, 1);
    }

    private void skip(String id, String why) {
        Job job = job(id);
        String activity = activity(job);
        // whoever is asked next should know that something is missing
        runtime.setVariable(job.getProcessInstanceId(), Variables.PROBLEM, why);
        runtime.setVariable(rootOf(job.getProcessInstanceId()), Variables.PROBLEM, why);
        // what guardrails refused earlier is not what the person after this one is asked about
        runtime.setVariable(job.getProcessInstanceId(), Variables.REFUSED, "");
        runtime.setVariable(rootOf(job.getProcessInstanceId()), Variables.REFUSED, "");
        // what an earlier round of the same step found out must not pass for the outcome of the skipped one
        runtime.removeVariables(job.getProcessInstanceId(), Variables.OUTCOMES);
        runtime.createProcessInstanceModification(job.getProcessInstanceId())
                .cancelAllForActivity(activity)
                .startAfterActivity(activity)
                .execute();
    }

    private void abort(HumanTask task, String id, Actor actor, String reason) {
        Job job = job(id);
        Optional<ProcessInstance> main = main(task.incident());
        if (main.isPresent()
                && rootOf(job.getProcessInstanceId()).equals(main.get().getId())) {
            runtime.setVariable(
                    main.get().getId(), Variables.PROBLEM, cut("Aborted by " + actor.name() + ": " + reason));
            runtime.createMessageCorrelation(ABORTED)
                    .processInstanceId(main.get().getId())
                    .correlate();
        } else {
            runtime.deleteProcessInstance(job.getProcessInstanceId(), "aborted by a person");
        }
    }

    private boolean canAbort(ProcessInstance main) {
        return runtime.createEventSubscriptionQuery()
                        .processInstanceId(main.getId())
                        .eventType("message")
                        .eventName(ABORTED)
                        .count()
                > 0;
    }

    private Optional<ProcessInstance> main(IncidentId incident) {
        String workflow = steps.of(incident).playbook().workflow();
        return Optional.ofNullable(runtime.createProcessInstanceQuery()
                .processInstanceBusinessKey(incident.value())
                .processDefinitionKey(workflow)
                .singleResult());
    }

    private IncidentId incident(String processInstance) {
        IncidentId id = IncidentId.of(runtime.createProcessInstanceQuery()
                .processInstanceId(processInstance)
                .singleResult()
                .getBusinessKey());
        incidents.hold(id);
        return id;
    }

    private String rootOf(String processInstance) {
        return runtime.createProcessInstanceQuery()
                .processInstanceId(processInstance)
                .singleResult()
                .getRootProcessInstanceId();
    }

    private Job job(String id) {
        return Optional.ofNullable(jobs.createJobQuery().jobId(id).singleResult())
                .orElseThrow(() -> new IllegalStateException("the failed step is gone"));
    }

    private String activity(Job job) {
        return jobs.createJobDefinitionQuery()
                .jobDefinitionId(job.getJobDefinitionId())
                .singleResult()
                .getActivityId();
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_MESSAGE ? text : text.substring(0, LONGEST_MESSAGE);
    }
}
