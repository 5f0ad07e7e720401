package dev.drawbridge.workflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.Map;
import java.util.function.Consumer;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.engine.impl.interceptor.CommandContext;
import org.camunda.bpm.engine.impl.jobexecutor.JobHandler;
import org.camunda.bpm.engine.impl.jobexecutor.JobHandlerConfiguration;
import org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The job by which a workflow starts whose first rung has a head start: as durable as the alert, and tried as often as the engine tries any job. When
 * none of that helps a person has it tried again, so that no incident stays without a workflow. See decision record 35.
 */
final class StartResponse implements JobHandler<StartResponse.Request> {
    static final String TYPE = "start-response";
    private static final Logger log = LoggerFactory.getLogger(StartResponse.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /**
     * @param model id of the process definition; with its version, so that it decides by the table by which the head start was decided
     * @param workflow key of that definition, for when that version is there no more
     * @param facts variables of triage, none of them text out of an alert
     */
    record Request(String model, String workflow, String incident, Map<String, Object> facts)
            implements JobHandlerConfiguration {
        @Override
        public String toCanonicalString() {
            try {
                return JSON.writeValueAsString(this);
            } catch (JsonProcessingException recordsAlwaysWrite) {
                throw new IllegalStateException(recordsAlwaysWrite);
            }
        }

        static Request of(String written) {
            try {
                return JSON.readValue(written, Request.class);
            } catch (JsonProcessingException changed) {
                throw new IllegalStateException("the start of a response is not what was written", changed);
            }
        }
    }

    private final Consumer<AuditEvent> audit;

    /** @param audit records with the transaction of the start */
    StartResponse(Consumer<AuditEvent> audit) {
        this.audit = audit;
    }

    /** Whose response a job was to start. */
    static IncidentId incident(JobEntity job) {
        return IncidentId.of(Request.of(job.getJobHandlerConfigurationRaw()).incident());
    }

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public Request newConfiguration(String written) {
        return Request.of(written);
    }

    @Override
    public void execute(Request request, ExecutionEntity none, CommandContext context, String tenant) {
        ProcessEngineConfigurationImpl engine = context.getProcessEngineConfiguration();
        if (engine.getRepositoryService()
                        .createProcessDefinitionQuery()
                        .processDefinitionId(request.model())
                        .count()
                == 1) {
            engine.getRuntimeService().startProcessInstanceById(request.model(), request.incident(), request.facts());
            return;
        }
        // the incident would stay without a workflow for ever, and its node with a reservation
        ProcessInstance started = engine.getRuntimeService()
                .startProcessInstanceByKey(request.workflow(), request.incident(), request.facts());
        String other = "the version by which the head start was decided is gone: the response goes by "
                + started.getProcessDefinitionId() + ", not by " + request.model();
        audit.accept(AuditEvent.fact(Actor.SYSTEM, "workflow.start", request.workflow(), other)
                .on(IncidentId.of(request.incident()), null));
        log.warn("incident={} {}", request.incident(), other);
    }

    @Override
    public void onDelete(Request request, JobEntity job) {}
}
