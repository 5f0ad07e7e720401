package dev.drawbridge.evidence;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Removes the content of evidence whose incident was closed long enough ago: never that of an open incident, and never what another
 * incident needs. Receipts, digests and audit entries stay. Nothing runs unless a time is set.
 */
@Component
class EvidenceRetention {
    private static final Logger log = LoggerFactory.getLogger(EvidenceRetention.class);
    private static final int PAGE = 200;

    private final EvidenceRecords records;
    private final ContentStore store;
    private final EvidenceDamage damage;
    private final Incidents incidents;
    private final AuditTrail audit;
    private final Clock clock;
    private final @Nullable Duration retention;

    EvidenceRetention(
            EvidenceRecords records,
            ContentStore store,
            EvidenceDamage damage,
            Incidents incidents,
            AuditTrail audit,
            Clock clock,
            EvidenceProperties settings) {
        this.records = records;
        this.store = store;
        this.damage = damage;
        this.incidents = incidents;
        this.audit = audit;
        this.clock = clock;
        this.retention = settings.retention();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableScheduling
    @ConditionalOnProperty("drawbridge.evidence.retention")
    static class Schedule {
        private final EvidenceRetention retention;

        Schedule(EvidenceRetention retention) {
            this.retention = retention;
        }

        @Scheduled(initialDelay = 1, fixedDelay = 60, timeUnit = TimeUnit.MINUTES)
        void sweep() {
            retention.sweep();
        }
    }

    /** Several instances may do it at once: each incident is looked at again under the lock. */
    void sweep() {
        if (retention == null) {
            return;
        }
        records.index();
        Instant limit = clock.instant().minus(retention);
        String after = "";
        List<IncidentId> page = records.withContent(after, PAGE);
        while (!page.isEmpty()) {
            for (IncidentId id : page) {
                try {
                    Optional<Incident> over = over(id, limit);
                    if (over.isPresent() && isWhole(id)) {
                        remove(over.get());
                    }
                } catch (RuntimeException failed) {
                    // the next sweep tries again; the others' time is over all the same
                    log.error("incident={} the evidence cannot be removed", id, failed);
                }
            }
            after = page.get(page.size() - 1).value();
            page = records.withContent(after, PAGE);
        }
    }

    /** The incident, when it was closed before the limit; an incident that is not known was never closed. */
    private Optional<Incident> over(IncidentId id, Instant limit) {
        return incidents
                .find(id)
                .filter(incident -> incident.state().closed())
                .filter(incident ->
                        incident.closedAt() != null && incident.closedAt().isBefore(limit));
    }

    /** Evidence whose receipt somebody changed is a finding: it stays until a person has looked at it. */
    private boolean isWhole(IncidentId id) {
        List<EvidenceRecords.Kept> damaged = records.damaged(id);
        damaged.forEach(damage::found);
        return damaged.isEmpty();
    }

    private void remove(Incident incident) {
        String reason = "the incident was closed at " + incident.closedAt() + ", and evidence is kept for "
                + (retention == null ? "ever" : retention.toDays() + " days");
        audit.recordNow(AuditEvent.intent(Actor.SYSTEM, "evidence.remove", "content", reason)
                .on(incident.id(), incident.node()));
        List<Long> sizes = new ArrayList<>();
        Optional<Integer> shared =
                records.release(incident.id(), clock.instant().truncatedTo(ChronoUnit.MICROS), contents -> {
                    contents.keySet().forEach(store::remove);
                    sizes.addAll(contents.values());
                });
        String removed = shared.isEmpty()
                ? "nothing: another instance did it"
                : sizes.size() + " contents, "
                        + sizes.stream().mapToLong(Long::longValue).sum() + " bytes";
        audit.recordNow(AuditEvent.outcome(Actor.SYSTEM, "evidence.remove", removed, reason)
                .on(incident.id(), incident.node())
                .with("keptForOtherIncidents", Integer.toString(shared.orElse(0))));
        log.info("incident={} evidence removed: {}", incident.id(), removed);
    }
}
