package dev.drawbridge.workflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.shared.IncidentId;
import java.util.Map;
import org.camunda.bpm.engine.impl.interceptor.CommandContext;
import org.camunda.bpm.engine.impl.jobexecutor.JobHandler;
import org.camunda.bpm.engine.impl.jobexecutor.JobHandlerConfiguration;
import org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;

/**
 * The job by which a workflow starts whose first rung has a head start: as durable as the alert, and repeated until it succeeds once, so that
 * there is no incident without a workflow. See decision record 35.
 */
final class StartResponse implements JobHandler<StartResponse.Request> {
    static final String TYPE = "start-response";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /**
     * @param model id of the process definition; with its version, so that it decides by the table by which the head start was decided
     * @param facts variables of triage, none of them text out of an alert
     */
    record Request(String model, String incident, Map<String, Object> facts) implements JobHandlerConfiguration {
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
        context.getProcessEngineConfiguration()
                .getRuntimeService()
                .startProcessInstanceById(request.model(), request.incident(), request.facts());
    }

    @Override
    public void onDelete(Request request, JobEntity job) {}
}
