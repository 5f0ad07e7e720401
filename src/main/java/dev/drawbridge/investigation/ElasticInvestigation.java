package dev.drawbridge.investigation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Asks Elasticsearch the three questions about each host that an incident's alerts name, and keeps what came of it. */
@Service
class ElasticInvestigation implements Investigation {
    private static final Logger log = LoggerFactory.getLogger(ElasticInvestigation.class);
    private static final TypeReference<List<Finding>> FINDINGS = new TypeReference<>() {};

    /** An incident is about one node: alerts that name more hosts than this contradict each other. */
    private static final int MOST_HOSTS = 3;

    private final Optional<EventReader> events;
    private final ElasticsearchProperties properties;
    private final List<Question> questions;
    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final AuditTrail audit;
    private final Clock clock;
    private final JsonMapper json = JsonMapper.builder().build();

    ElasticInvestigation(
            Optional<EventReader> events,
            ElasticsearchProperties properties,
            JdbcClient jdbc,
            PlatformTransactionManager transactions,
            AuditTrail audit,
            Clock clock) {
        this.events = events;
        this.properties = properties;
        this.questions =
                List.of(new ProcessQuestion(properties), new LoginQuestion(properties), new FileQuestion(properties));
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
        this.audit = audit;
        this.clock = clock;
    }

    @Override
    public List<Finding> investigate(Actor actor, IncidentId incident, List<Alert> alerts) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        List<Subject> subjects = Subject.of(alerts, now);
        Deadline deadline = Deadline.in(TimeLimit.atMost(properties.timeBudget()));
        List<Finding> findings = questions.stream()
                .map(question -> answer(question, subjects, deadline, incident))
                .toList();
        NodeName node = alerts.stream()
                .flatMap(alert -> NodeName.tryParse(alert.host()).stream())
                .findFirst()
                .orElse(null);
        keep(actor, incident, node, now, findings);
        log.info("investigated: {} incident={} node={}", summary(findings), incident, node == null ? "-" : node);
        return findings;
    }

    @Override
    public List<Finding> findings(IncidentId incident) {
        return jdbc.sql("""
                        select findings from investigation where incident_id = :incident
                        order by round desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query(String.class)
                .optional()
                .map(this::read)
                .orElse(List.of());
    }

    private Finding answer(Question question, List<Subject> subjects, Deadline deadline, IncidentId incident) {
        if (events.isEmpty()) {
            return Part.combine(question.title(), List.of(Part.notAvailable("Elasticsearch", "it is not configured")));
        }
        List<Part> parts = new ArrayList<>();
        for (Subject subject : subjects.stream().limit(MOST_HOSTS).toList()) {
            try {
                parts.addAll(question.ask(events.get(), subject, deadline));
            } catch (RuntimeException broken) {
                // one question that trips over an event must not take the others, or the response, with it
                log.warn("a question of the investigation failed: {} incident={}", question.title(), incident, broken);
                parts.add(Part.notAvailable("Elasticsearch", "the answer could not be understood"));
            }
            if (subject.truncated()) {
                parts.add(Part.notAvailable(
                        "Elasticsearch", "the alerts name more processes, paths or contents than were looked up"));
            }
        }
        if (subjects.size() > MOST_HOSTS) {
            parts.add(Part.notAvailable("Elasticsearch", "the alerts name more hosts than were looked up"));
        }
        if (parts.isEmpty()) {
            parts.add(Part.notAvailable("Elasticsearch", "there is no alert to ask about"));
        }
        return Part.combine(question.title(), parts);
    }

    private void keep(Actor actor, IncidentId incident, @Nullable NodeName node, Instant now, List<Finding> findings) {
        String written = write(findings);
        Digest digest = Digest.ofText(written);
        transaction.executeWithoutResult(status -> {
            jdbc.sql("""
                            insert into investigation (incident_id, round, at, findings, digest)
                            values (:incident,
                                (select coalesce(max(round), 0) + 1 from investigation where incident_id = :incident),
                                :at, :findings, :digest)""")
                    .param("incident", incident.value())
                    .param("at", OffsetDateTime.ofInstant(now, ZoneOffset.UTC))
                    .param("findings", written)
                    .param("digest", digest.hex())
                    .update();
            AuditEvent fact = AuditEvent.fact(
                            actor, "investigation.ask", "investigation", "what Elasticsearch knows about the change")
                    .on(incident, node)
                    .withEvidence(digest);
            for (Finding finding : findings) {
                fact = fact.with(finding.question(), code(finding));
            }
            audit.record(fact);
        });
    }

    private static String summary(List<Finding> findings) {
        return findings.stream()
                .map(finding -> finding.question() + ": " + code(finding))
                .collect(Collectors.joining(", "));
    }

    private static String code(Finding finding) {
        return finding.status().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    private String write(List<Finding> findings) {
        try {
            return json.writeValueAsString(findings);
        } catch (JsonProcessingException recordsAlwaysWrite) {
            throw new IllegalStateException(recordsAlwaysWrite);
        }
    }

    private List<Finding> read(String written) {
        try {
            return json.readValue(written, FINDINGS);
        } catch (JsonProcessingException changedByHand) {
            throw new IllegalStateException("the kept findings of an investigation are not readable", changedByHand);
        }
    }
}
