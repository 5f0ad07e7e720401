package dev.drawbridge.alert;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Falco's JSON output, through falcosidekick (which adds a {@code uuid}) or its own {@code http_output} (which does not). */
@Component
class FalcoDecoder implements AlertDecoder {
    private static final Map<String, String> SEVERITIES = Map.of(
            "emergency", "critical",
            "alert", "critical",
            "critical", "critical",
            "error", "high",
            "warning", "medium");

    @Override
    public String source() {
        return "falco";
    }

    @Override
    public Alert decode(JsonNode document, Instant receivedAt) throws Undecodable {
        AlertFields fields = new AlertFields(document);
        Instant eventTime = fields.firstTime("time");
        String rule = fields.text("rule");
        if (eventTime == null || rule == null) {
            throw new Undecodable("it names no time or no rule");
        }
        String priority = fields.text("priority");
        String path = fields.exact("output_fields.fd.name");
        return new Alert(
                id(fields),
                source(),
                receivedAt,
                eventTime,
                rule,
                rule,
                SEVERITIES.getOrDefault(priority == null ? "" : priority.toLowerCase(Locale.ROOT), "low"),
                orEmpty(fields.text("hostname")),
                List.of(),
                null,
                null,
                true,
                false,
                orEmpty(fields.some("output_fields.evt.type", 64)),
                AlertDecoder.path(path != null ? path : fields.exact("output_fields.fs.path.name")),
                null,
                null,
                new Alert.ProcessFacts(
                        fields.some("output_fields.proc.name", 256),
                        fields.text("output_fields.proc.exepath", 4095),
                        fields.number("output_fields.proc.pid"),
                        null,
                        fields.some("output_fields.proc.cmdline", 4095),
                        List.of()),
                new Alert.UserFacts(
                        fields.text("output_fields.user.uid", 64),
                        fields.text("output_fields.user.name", 256),
                        fields.text("output_fields.user.loginuid", 64),
                        fields.text("output_fields.user.loginname", 256)));
    }

    private static AlertId id(AlertFields fields) throws Undecodable {
        String uuid = fields.exact("uuid");
        if (uuid != null) {
            return DecodedAlert.idOf(uuid);
        }
        StringBuilder identity = new StringBuilder();
        for (String field : List.of("hostname", "rule", "time", "output")) {
            String value = fields.exact(field);
            // lengths keep one field from running into the next
            identity.append(value == null ? -1 : value.length()).append(':').append(value);
        }
        return AlertId.of(Digest.ofText(identity.toString()).hex());
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
