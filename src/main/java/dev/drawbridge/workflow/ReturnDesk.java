package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.Map;
import java.util.Optional;
import org.camunda.bpm.engine.RuntimeService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Starts one workflow for one file, with the request in the audit trail, in one transaction. */
@Service
class ReturnDesk implements QuarantineReturns {
    private static final Logger log = LoggerFactory.getLogger(ReturnDesk.class);
    private static final String WORKFLOW = "return-quarantined-file";
    private static final int LONGEST_REASON = 2000;

    private final Incidents incidents;
    private final Quarantine quarantine;
    private final RuntimeService runtime;
    private final AuditTrail audit;
    private final TransactionTemplate transaction;

    ReturnDesk(
            Incidents incidents,
            Quarantine quarantine,
            RuntimeService runtime,
            AuditTrail audit,
            PlatformTransactionManager transactions) {
        this.incidents = incidents;
        this.quarantine = quarantine;
        this.runtime = runtime;
        this.audit = audit;
        this.transaction = new TransactionTemplate(transactions);
    }

    @Override
    public Asked ask(IncidentId incident, String file, TaskInbox.Person person, String reason) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            return new Asked.Invalid("a reason is needed, of at most " + LONGEST_REASON + " characters");
        }
        if (quarantine.find(incident, file).isEmpty()) {
            return new Asked.NotFound();
        }
        return transaction.execute(status -> {
            // of two who ask at once, the second sees the first one's workflow
            incidents.hold(incident);
            Optional<QuarantinedFile> found = quarantine.find(incident, file);
            return found.isEmpty() ? new Asked.NotFound() : ask(found.get(), person, reason.strip());
        });
    }

    private Asked ask(QuarantinedFile file, TaskInbox.Person person, String reason) {
        if (file.returnedAt() != null) {
            return new Asked.Conflict("returned", "the file was put back already");
        }
        Map.Entry<String, String> variable = ReturnRequest.variableOf(file.id());
        boolean asked = runtime.createProcessInstanceQuery()
                        .processInstanceBusinessKey(file.incident().value())
                        .processDefinitionKey(WORKFLOW)
                        .variableValueEquals(variable.getKey(), variable.getValue())
                        .count()
                > 0;
        if (asked) {
            return new Asked.Conflict("asked", "somebody has asked for it, and that is not over");
        }
        audit.record(AuditEvent.fact(
                        Actor.person(person.name()),
                        "quarantine.ask-return",
                        file.path().toString(),
                        reason)
                .on(file.incident(), file.node())
                .withEvidence(file.content())
                .with("file", file.id()));
        runtime.startProcessInstanceByKey(
                WORKFLOW,
                file.incident().value(),
                new ReturnRequest(file.id(), person.name(), reason, null).variables());
        log.info("incident={} node={} return asked for by={}", file.incident(), file.node(), person.name());
        return new Asked.Accepted();
    }
}
