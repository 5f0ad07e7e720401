package dev.drawbridge.api;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One entry of the audit trail: who did what, when, why and with which evidence. */
@Schema(name = "AuditEntry")
record TimelineEntry(
        @Schema(description = "position in the chain, from 1 without gaps")
        long seq,

        Instant at,
        @Schema(example = "person:alice") String actor,
        @Schema(example = "effect.restore-file") String action,

        @Schema(allowableValues = {"intent", "outcome", "fact"})
        String phase,

        @Nullable String incidentId,
        @Nullable String node,
        String subject,
        String reason,

        @Schema(description = "SHA-256 of the evidence or plan it rests on") @Nullable
        String evidence,

        Map<String, String> details,
        @Schema(description = "hash of the entry before") String previous,

        @Schema(description = "SHA-256 over `previous` and every other field")
        String hash) {

    static TimelineEntry of(AuditEntry entry) {
        AuditEvent event = entry.event();
        return new TimelineEntry(
                entry.seq(),
                entry.at(),
                event.actor().display(),
                event.action(),
                event.phase().name().toLowerCase(Locale.ROOT),
                Optional.ofNullable(event.incident()).map(IncidentId::value).orElse(null),
                Optional.ofNullable(event.node()).map(NodeName::value).orElse(null),
                event.subject(),
                event.reason(),
                Optional.ofNullable(event.evidence()).map(Digest::hex).orElse(null),
                event.details(),
                entry.previous().hex(),
                entry.hash().hex());
    }
}
