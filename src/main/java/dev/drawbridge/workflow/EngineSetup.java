package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.IncidentId;
import java.util.List;
import org.camunda.bpm.dmn.engine.impl.DefaultDmnEngineConfiguration;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.ProcessEngineException;
import org.camunda.bpm.engine.delegate.DelegateTask;
import org.camunda.bpm.engine.delegate.TaskListener;
import org.camunda.bpm.engine.impl.bpmn.behavior.UserTaskActivityBehavior;
import org.camunda.bpm.engine.impl.bpmn.parser.AbstractBpmnParseListener;
import org.camunda.bpm.engine.impl.cfg.AbstractProcessEnginePlugin;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.incident.DefaultIncidentHandler;
import org.camunda.bpm.engine.impl.incident.IncidentContext;
import org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.impl.pvm.process.ActivityImpl;
import org.camunda.bpm.engine.impl.pvm.process.ScopeImpl;
import org.camunda.bpm.engine.impl.task.TaskDefinition;
import org.camunda.bpm.engine.impl.util.xml.Element;
import org.camunda.bpm.engine.runtime.Incident;
import org.camunda.bpm.engine.spring.components.jobexecutor.SpringJobExecutor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.core.task.TaskExecutor;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What the engine does for us beside its own: every user task of every model is put on the task board, a job that is given up
 * becomes a task, and a job that contains a node starts at its commit. Waits for our own schema, because deploying a model may already open a task.
 */
@Component
@DependsOnDatabaseInitialization
class EngineSetup extends AbstractProcessEnginePlugin {
    private static final Logger log = LoggerFactory.getLogger(EngineSetup.class);

    private static final int SHORTEST_LOCK_MILLIS = 10_000;

    /** Looked up late: the board needs incidents, those need the engine. */
    private final ObjectProvider<TaskBoard> board;

    private final ObjectProvider<FailedSteps> failedSteps;
    private final ObjectProvider<AuditTrail> audit;

    private final UrgentThreads urgent;
    private final Precedence precedence;
    private final WorkflowProperties properties;
    private final JdbcClient jdbc;

    EngineSetup(
            ObjectProvider<TaskBoard> board,
            ObjectProvider<FailedSteps> failedSteps,
            ObjectProvider<AuditTrail> audit,
            UrgentThreads urgent,
            Precedence precedence,
            WorkflowProperties properties,
            JdbcClient jdbc) {
        this.board = board;
        this.failedSteps = failedSteps;
        this.audit = audit;
        this.urgent = urgent;
        this.precedence = precedence;
        this.properties = properties;
        this.jdbc = jdbc;
    }

    @Override
    public void preInit(ProcessEngineConfigurationImpl configuration) {
        configuration.getCustomPreBPMNParseListeners().add(new TaskKinds());
        configuration.setCustomIncidentHandlers(List.of(new FailedJobs()));
        // a script in somebody's own model must not read files or addresses; the models that ship have none
        configuration.setEnableScriptEngineLoadExternalResources(false);
        configuration.setCustomSessionFactories(
                List.of(new UrgentJobs(properties.containmentPriority(), urgent::execute)));
        configuration.setCustomJobHandlers(
                List.of(new StartResponse(event -> audit.getObject().record(event))));
        configuration.setDelegateInterceptor(new StepTimeLimit());
        DefaultDmnEngineConfiguration decisions = new DefaultDmnEngineConfiguration();
        decisions.setFeelEngineFactory(ParsedOnce.factory());
        configuration.setDmnEngineConfiguration(decisions);
    }

    @Override
    public void postInit(ProcessEngineConfigurationImpl configuration) {
        if (configuration.getJobExecutor().getLockTimeInMillis() < SHORTEST_LOCK_MILLIS) {
            throw new ProcessEngineException("camunda.bpm.job-execution.lock-time-in-millis must be at least "
                    + SHORTEST_LOCK_MILLIS + ": no step could do its work in less");
        }
        // an engine that executes no jobs has another one
        if (configuration.getJobExecutor() instanceof SpringJobExecutor steps) {
            TaskExecutor threads = steps.getTaskExecutor();
            steps.setTaskExecutor(step -> threads.execute(precedence.behindAll(step)));
        }
        if (properties.instance() != null) {
            configuration.getJobExecutor().setLockOwner(properties.instance());
        }
    }

    /**
     * Before the executor starts: what this instance had locked when it crashed is nobody's now. Steps are idempotent, so one
     * that was cut off runs again from its start.
     */
    @Override
    public void postProcessEngineBuild(ProcessEngine engine) {
        if (properties.instance() != null) {
            int interrupted = jdbc.sql(
                            "update ACT_RU_JOB set LOCK_OWNER_ = null, LOCK_EXP_TIME_ = null where LOCK_OWNER_ = :owner")
                    .param("owner", properties.instance())
                    .update();
            if (interrupted > 0) {
                log.info("{} interrupted steps of this instance are run again", interrupted);
            }
        }
    }

    private static String businessKey(DelegateTask task) {
        return task.getExecution().getProcessBusinessKey();
    }

    /** Reads which kind of question a user task is; a model with an unknown kind is not deployed. */
    private class TaskKinds extends AbstractBpmnParseListener {
        @Override
        public void parseUserTask(Element element, ScopeImpl scope, ActivityImpl activity) {
            TaskKind kind = TaskKind.ofCode(kind(element))
                    .orElseThrow(() -> new ProcessEngineException("the user task " + activity.getId()
                            + " needs the property 'kind', one of those in TaskKind; it is '" + kind(element) + "'"));
            TaskDefinition definition = ((UserTaskActivityBehavior) activity.getActivityBehavior()).getTaskDefinition();
            definition.addBuiltInTaskListener(
                    TaskListener.EVENTNAME_CREATE,
                    task -> board.getObject()
                            .opened(
                                    IncidentId.of(businessKey(task)),
                                    kind,
                                    task.getName(),
                                    task.getId(),
                                    (String) task.getVariable(Variables.PROBLEM),
                                    RefusedEffect.of((String) task.getVariable(Variables.REFUSED))
                                            .orElse(null),
                                    ReturnRequest.of(task).orElse(null)));
            definition.addBuiltInTaskListener(
                    TaskListener.EVENTNAME_DELETE,
                    task -> board.getObject().left(IncidentId.of(businessKey(task)), task.getId()));
        }

        private static String kind(Element element) {
            Element extensions = element.element("extensionElements");
            Element properties = extensions == null ? null : extensions.element("properties");
            return properties == null
                    ? ""
                    : properties.elements("property").stream()
                            .filter(property -> "kind".equals(property.attribute("name")))
                            .map(property -> property.attribute("value"))
                            .findFirst()
                            .orElse("");
        }
    }

    private class FailedJobs extends DefaultIncidentHandler {
        FailedJobs() {
            super(Incident.FAILED_JOB_HANDLER_TYPE);
        }

        @Override
        public Incident handleIncident(IncidentContext context, String message) {
            Incident incident = super.handleIncident(context, message);
            if (context.getExecutionId() == null) {
                outsideOfAnyWorkflow(context.getConfiguration(), said(message));
                return incident;
            }
            ExecutionEntity execution =
                    Context.getCommandContext().getExecutionManager().findExecutionById(context.getExecutionId());
            failedSteps
                    .getObject()
                    .failed(
                            execution.getProcessInstanceId(),
                            context.getProcessDefinitionId(),
                            context.getActivityId(),
                            context.getConfiguration(),
                            said(message));
            return incident;
        }

        /** Beside starts of responses these are jobs of the engine's own, and of models that start by themselves: no incident of ours waits for them. */
        private void outsideOfAnyWorkflow(String id, String message) {
            JobEntity job = Context.getCommandContext().getJobManager().findJobById(id);
            if (job != null && StartResponse.TYPE.equals(job.getJobHandlerType())) {
                failedSteps.getObject().notStarted(StartResponse.incident(job), id, message);
            } else {
                log.error(
                        "the engine gave up on job {} of kind {}: {}",
                        id,
                        job == null ? "unknown" : job.getJobHandlerType(),
                        message);
            }
        }

        private static String said(@Nullable String message) {
            return message == null ? "no message" : message;
        }

        @Override
        public void resolveIncident(IncidentContext context) {
            super.resolveIncident(context);
            failedSteps.getObject().over(context.getConfiguration());
        }

        @Override
        public void deleteIncident(IncidentContext context) {
            super.deleteIncident(context);
            failedSteps.getObject().over(context.getConfiguration());
        }
    }
}
