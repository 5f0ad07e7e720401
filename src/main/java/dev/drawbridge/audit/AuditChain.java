package dev.drawbridge.audit;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/**
 * How an entry is hashed. The form is fixed: auditors recompute it without Drawbridge. Every field is written as a
 * netstring (decimal length in bytes, colon, UTF-8 bytes, comma), so that no two entries share a form: previous hash, seq,
 * time (ISO 8601 UTC, microseconds), actor, action, phase, incident, node, subject, reason, evidence, then name and value of each
 * detail in the order of names. Absent fields are the empty string.
 */
final class AuditChain {
    static final Digest GENESIS = Digest.of("0".repeat(64));

    private AuditChain() {}

    static Digest hash(Digest previous, long seq, Instant at, AuditEvent event) {
        ByteArrayOutputStream form = new ByteArrayOutputStream(512);
        field(form, previous.hex());
        field(form, Long.toString(seq));
        field(form, DateTimeFormatter.ISO_INSTANT.format(at.truncatedTo(ChronoUnit.MICROS)));
        field(form, event.actor().display());
        field(form, event.action());
        field(form, event.phase().name());
        field(form, optional(event.incident() == null ? null : ((IncidentId) event.incident()).value()));
        field(form, optional(event.node() == null ? null : ((NodeName) event.node()).value()));
        field(form, event.subject());
        field(form, event.reason());
        field(form, optional(event.evidence() == null ? null : ((Digest) event.evidence()).hex()));
        for (Map.Entry<String, String> detail : event.details().entrySet()) {
            field(form, detail.getKey());
            field(form, detail.getValue());
        }
        return Digest.ofBytes(form.toByteArray());
    }

    private static String optional(@org.jspecify.annotations.Nullable String text) {
        return text == null ? "" : text;
    }

    private static void field(ByteArrayOutputStream form, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        form.writeBytes((utf8.length + ":").getBytes(StandardCharsets.US_ASCII));
        form.writeBytes(utf8);
        form.write(',');
    }
}
