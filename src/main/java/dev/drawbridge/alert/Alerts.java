package dev.drawbridge.alert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The alerts that came in, whatever became of them, and what could not be decoded. */
@Component
public class Alerts {
    private static final String COLUMNS = "select decoded, disposition, incident_id, reason from alert ";

    private final JdbcClient jdbc;
    private final DeadLetters deadLetters;
    private final JsonMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();

    Alerts(JdbcClient jdbc, DeadLetters deadLetters) {
        this.jdbc = jdbc;
        this.deadLetters = deadLetters;
    }

    /**
     * Newest first.
     *
     * @param disposition only alerts of this disposition; null for all
     * @param before id of the last alert of the page before, null for the first page
     */
    public List<StoredAlert> page(@Nullable Disposition disposition, @Nullable AlertId before, int limit) {
        return jdbc.sql(COLUMNS + """
                        where disposition is not null
                        and (cast(:disposition as varchar(16)) is null or disposition = :disposition)
                        and (cast(:before as varchar(128)) is null or seq < (select seq from alert where id = :before))
                        order by seq desc fetch first :limit rows only""")
                .param("disposition", disposition == null ? null : disposition.name())
                .param("before", before == null ? null : before.value())
                .param("limit", limit)
                .query((row, n) -> stored(row))
                .list();
    }

    public Optional<StoredAlert> find(AlertId id) {
        return jdbc.sql(COLUMNS + "where id = :id and disposition is not null")
                .param("id", id.value())
                .query((row, n) -> stored(row))
                .optional();
    }

    /** The alert's own JSON as it was sent, compact and cut to size; untrusted. */
    public Optional<String> raw(AlertId id) {
        return jdbc.sql("select raw from alert where id = :id")
                .param("id", id.value())
                .query(String.class)
                .optional();
    }

    /** The alerts of an incident, oldest first, at most {@code limit}. */
    public List<Alert> ofIncident(IncidentId incident, int limit) {
        return jdbc.sql(
                        "select decoded from alert where incident_id = :incident order by seq fetch first :limit rows only")
                .param("incident", incident.value())
                .param("limit", limit)
                .query((row, n) -> read(row.getString("decoded")))
                .list();
    }

    /**
     * The alerts of an incident about file events later than this, oldest first, at most {@code limit}; without those that Drawbridge's
     * own writes raised.
     */
    public List<Alert> ofIncidentAfter(IncidentId incident, Instant event, int limit) {
        return jdbc.sql("""
                        select decoded from alert where incident_id = :incident and event_at > :event
                        and not exists (select 1 from own_write_alert own where own.alert_id = alert.id)
                        order by seq fetch first :limit rows only""")
                .param("incident", incident.value())
                .param("event", utc(event))
                .param("limit", limit)
                .query((row, n) -> read(row.getString("decoded")))
                .list();
    }

    /** How many different undecodable contents are kept. */
    public long deadLetterCount() {
        return deadLetters.count();
    }

    /** What could not be decoded, newest first, below the given id; null for the first page. */
    public List<DeadLetter> deadLetters(@Nullable Long before, int limit) {
        return deadLetters.page(before, limit);
    }

    /** Notes that another incident answers an alert than was said when it came in, which stays as it was said; joins the caller's transaction. */
    public void link(AlertId id, IncidentId incident) {
        jdbc.sql("update alert set incident_id = :incident where id = :id")
                .param("incident", incident.value())
                .param("id", id.value())
                .update();
    }

    /** Holds an alert until the caller's transaction ends, so that two people cannot respond to it at once. */
    public Optional<StoredAlert> lock(AlertId id) {
        return jdbc.sql(COLUMNS + "where id = :id and disposition is not null for update")
                .param("id", id.value())
                .query((row, n) -> stored(row))
                .optional();
    }

    /**
     * Keeps an alert that has just come in, with what became of it and which incident answers it; joins the caller's transaction.
     *
     * @throws org.springframework.dao.DuplicateKeyException when it came before, or comes at this moment
     */
    void insert(Alert alert, String raw, AlertHandler.Handled handled) {
        jdbc.sql("""
                        insert into alert (id, source, received_at, event_at, host, disposition, incident_id, reason, decoded, raw)
                        values (:id, :source, :received, :event, :host, :disposition, :incident, :reason, :decoded, :raw)""")
                .param("id", alert.id().value())
                .param("source", alert.source())
                .param("received", utc(alert.receivedAt()))
                .param("event", utc(alert.eventTime()))
                .param("host", UntrustedText.clean(alert.host(), 300))
                .param("disposition", handled.disposition().name())
                .param(
                        "incident",
                        handled.incident() == null ? null : handled.incident().value())
                .param("reason", handled.reason() == null ? null : UntrustedText.clean(handled.reason(), 1000))
                .param("decoded", write(alert))
                .param("raw", raw)
                .update();
    }

    private StoredAlert stored(ResultSet row) throws SQLException {
        String incident = row.getString("incident_id");
        return new StoredAlert(
                read(row.getString("decoded")),
                Disposition.valueOf(row.getString("disposition")),
                incident == null ? null : IncidentId.of(incident),
                row.getString("reason"));
    }

    private String write(Alert alert) {
        try {
            return json.writeValueAsString(alert);
        } catch (JsonProcessingException recordsAlwaysWrite) {
            throw new IllegalStateException(recordsAlwaysWrite);
        }
    }

    private Alert read(String decoded) {
        try {
            return json.readValue(decoded, Alert.class);
        } catch (JsonProcessingException changed) {
            throw new IllegalStateException("a stored alert is not what was written", changed);
        }
    }

    static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant, ZoneOffset.UTC);
    }
}
