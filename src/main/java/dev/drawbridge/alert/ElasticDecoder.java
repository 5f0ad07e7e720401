package dev.drawbridge.alert;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Documents of Elastic Security's alerts index, as webhook connectors deliver them; {@code signal.*} is the form before 8.0. */
@Component
class ElasticDecoder implements AlertDecoder {
    @Override
    public String source() {
        return "elastic";
    }

    @Override
    public Alert decode(JsonNode document, Instant receivedAt) throws Undecodable {
        AlertFields fields = new AlertFields(document);
        Instant eventTime =
                fields.firstTime("kibana.alert.original_time", "signal.original_time", "event.created", "@timestamp");
        if (eventTime == null) {
            throw new Undecodable("it names no time of the file event");
        }
        return new Alert(
                id(fields, document),
                source(),
                receivedAt,
                eventTime,
                orEmpty(fields.firstText("kibana.alert.rule.rule_id", "signal.rule.rule_id")),
                orEmpty(fields.firstText("kibana.alert.rule.name", "signal.rule.name")),
                severity(fields.firstText("kibana.alert.severity", "signal.rule.severity")),
                orEmpty(fields.firstText("host.name", "host.hostname")),
                fields.list("host.ip", 64, 64),
                fields.some("host.id", 128),
                fields.some("agent.id", 128),
                agentVerified(fields),
                "manual".equals(fields.text("kibana.alert.rule.execution.type")),
                orEmpty(fields.some("event.action", 64)),
                AlertDecoder.path(fields.exact("file.path")),
                fields.some("file.Ext.original.path", 4095),
                digest(fields.some("file.hash.sha256", 64)),
                new Alert.ProcessFacts(
                        fields.some("process.name", 256),
                        fields.text("process.executable", 4095),
                        fields.number("process.pid"),
                        fields.some("process.entity_id", 256),
                        fields.some("process.command_line", 4095),
                        fields.list("process.Ext.ancestry", 64, 256)),
                new Alert.UserFacts(
                        fields.text("user.id", 64),
                        fields.text("user.name", 256),
                        fields.text("user.Ext.real.id", 64),
                        fields.text("user.Ext.real.name", 256)));
    }

    /** The alert's own id is deterministic in Elastic, so it makes repeated delivery harmless. */
    private static AlertId id(AlertFields fields, JsonNode document) throws Undecodable {
        for (String field : List.of("kibana.alert.uuid", "_id")) {
            String id = fields.exact(field);
            if (id != null) {
                return DecodedAlert.idOf(id);
            }
        }
        return AlertId.of(Digest.ofText(document.toString()).hex());
    }

    /**
     * Set by the ingest pipeline, not by the agent. Absent counts as not verified: whoever can write to the index without the
     * pipeline could have named any host.
     */
    private static boolean agentVerified(AlertFields fields) throws Undecodable {
        String now = fields.text("event.agent_id_status");
        String original = fields.text("kibana.alert.original_event.agent_id_status");
        return !(now == null && original == null)
                && "verified".equals(Objects.requireNonNullElse(now, original))
                && "verified".equals(Objects.requireNonNullElse(original, now));
    }

    static String severity(@Nullable String text) {
        return text != null && List.of("low", "medium", "high", "critical").contains(text) ? text : "medium";
    }

    static @Nullable Digest digest(@Nullable String hex) {
        return hex != null && hex.matches("[0-9a-f]{64}") ? Digest.of(hex) : null;
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
