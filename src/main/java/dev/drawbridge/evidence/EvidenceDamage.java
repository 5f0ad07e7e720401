package dev.drawbridge.evidence;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Tells of receipts that are not what was written: once each, by whoever meets it first, and for good. */
@Component
class EvidenceDamage {
    private static final Logger log = LoggerFactory.getLogger(EvidenceDamage.class);

    private final EvidenceRecords records;
    private final AuditTrail audit;
    private final Clock clock;

    EvidenceDamage(EvidenceRecords records, AuditTrail audit, Clock clock, MeterRegistry meters) {
        this.records = records;
        this.audit = audit;
        this.clock = clock;
        Gauge.builder("drawbridge.evidence.damaged", records, EvidenceRecords::damaged)
                .description("Receipts in the database that are not what was written")
                .register(meters);
    }

    /** Writes it to the audit trail, unless that was done before. */
    void found(EvidenceRecords.Kept kept) {
        AuditEvent event = AuditEvent.fact(
                        Actor.SYSTEM,
                        "evidence.damaged",
                        "receipt of " + kept.at(),
                        "the list of items in the database is not the one that was hashed")
                .on(kept.incident(), kept.node())
                .with("manifest", kept.manifest());
        if (records.foundDamaged(kept, clock.instant().truncatedTo(ChronoUnit.MICROS), () -> audit.record(event))) {
            log.error(
                    "incident={} node={} the receipt of {} in the database is damaged: its evidence proves nothing",
                    kept.incident(),
                    kept.node(),
                    kept.at());
        }
    }
}
