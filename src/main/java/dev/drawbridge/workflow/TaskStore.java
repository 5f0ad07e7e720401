package dev.drawbridge.workflow;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The rows of tasks. Our own table, because a decision is kept for longer than an engine keeps its task. */
@Component
class TaskStore {
    private static final int LONGEST_TITLE = 200;
    private static final int LONGEST_DESCRIPTION = 8000;

    private final JdbcClient jdbc;
    private final Clock clock;

    TaskStore(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /**
     * A task with what must not leave this package.
     *
     * @param engineRef the engine's task, or its failed job; empty when nothing in the engine waits
     * @param proposer who must not answer it
     */
    record Row(HumanTask task, String engineRef, @Nullable String proposer) {}

    void insert(HumanTask task, String engineRef, @Nullable String proposer) {
        jdbc.sql("""
                        insert into human_task (id, incident_id, kind, title, description, candidates, decisions, plan_hash,
                        proposer, created_at, due_at, state, engine_ref)
                        values (:id, :incident, :kind, :title, :description, :candidates, :decisions, :plan,
                        :proposer, :created, :due, 'OPEN', :ref)""")
                .param("id", task.id())
                .param("incident", task.incident().value())
                .param("kind", task.kind())
                .param("title", cut(task.title(), LONGEST_TITLE))
                .param("description", cut(task.description(), LONGEST_DESCRIPTION))
                .param("candidates", String.join(",", task.candidates()))
                .param("decisions", String.join(",", task.decisions()))
                .param("plan", task.planHash())
                .param("proposer", proposer)
                .param("created", utc(task.createdAt()))
                .param("due", task.due() == null ? null : utc(task.due()), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("ref", engineRef)
                .update();
    }

    Optional<Row> find(String id) {
        return jdbc.sql("select * from human_task where id = :id")
                .param("id", id)
                .query((row, n) -> row(row))
                .optional();
    }

    /** Holds a task until the transaction ends: of two people who answer at once, the second sees what the first said. */
    Optional<Row> lock(String id) {
        return jdbc.sql("select * from human_task where id = :id for update")
                .param("id", id)
                .query((row, n) -> row(row))
                .optional();
    }

    Optional<Row> openByEngineRef(String ref) {
        return jdbc.sql("select * from human_task where engine_ref = :ref and state = 'OPEN'")
                .param("ref", ref)
                .query((row, n) -> row(row))
                .optional();
    }

    List<HumanTask> open(@Nullable String after, int limit) {
        return jdbc.sql("""
                        select * from human_task where state = 'OPEN'
                        and (cast(:after as varchar(64)) is null
                          or created_at > (select created_at from human_task where id = :after)
                          or (created_at = (select created_at from human_task where id = :after) and id > :after))
                        order by created_at, id fetch first :limit rows only""")
                .param("after", after)
                .param("limit", limit)
                .query((row, n) -> row(row).task())
                .list();
    }

    List<HumanTask> ofIncident(IncidentId incident) {
        return jdbc.sql("select * from human_task where incident_id = :incident order by created_at, id")
                .param("incident", incident.value())
                .query((row, n) -> row(row).task())
                .list();
    }

    /** The tasks of an incident that somebody answered, in the order of the answers. */
    List<HumanTask> decided(IncidentId incident) {
        return ofIncident(incident).stream()
                .filter(task -> task.state() == HumanTask.State.COMPLETED && task.decidedAt() != null)
                .sorted(Comparator.comparing(HumanTask::decidedAt))
                .toList();
    }

    boolean openOfKind(IncidentId incident, String kind, String title) {
        return jdbc.sql("""
                        select count(*) from human_task
                        where incident_id = :incident and kind = :kind and title = :title and state = 'OPEN'""")
                        .param("incident", incident.value())
                        .param("kind", kind)
                        .param("title", cut(title, LONGEST_TITLE))
                        .query(Long.class)
                        .single()
                > 0;
    }

    long countOpen(String kind) {
        return jdbc.sql("select count(*) from human_task where state = 'OPEN' and kind = :kind")
                .param("kind", kind)
                .query(Long.class)
                .single();
    }

    void claim(String id, String person) {
        jdbc.sql("update human_task set assignee = :person where id = :id")
                .param("person", person)
                .param("id", id)
                .update();
    }

    void complete(String id, Actor person, String decision, String reason) {
        jdbc.sql("""
                        update human_task set state = 'COMPLETED', decision = :decision, reason = :reason,
                        decided_by = :person, decided_at = :at where id = :id""")
                .param("decision", decision)
                .param("reason", reason)
                .param("person", person.name())
                .param("at", utc(now()))
                .param("id", id)
                .update();
    }

    void cancel(String id) {
        jdbc.sql("update human_task set state = 'CANCELLED', decided_at = :at where id = :id and state = 'OPEN'")
                .param("at", utc(now()))
                .param("id", id)
                .update();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static String cut(String text, int limit) {
        return text.length() <= limit ? text : text.substring(0, limit - 1) + "…";
    }

    private static Row row(ResultSet row) throws SQLException {
        HumanTask task = new HumanTask(
                row.getString("id"),
                IncidentId.of(row.getString("incident_id")),
                row.getString("kind"),
                row.getString("title"),
                row.getString("description"),
                List.of(row.getString("candidates").split(",")),
                List.of(row.getString("decisions").split(",")),
                row.getString("plan_hash"),
                instant(row, "created_at"),
                instant(row, "due_at"),
                row.getString("assignee"),
                HumanTask.State.valueOf(row.getString("state")),
                row.getString("decision"),
                row.getString("reason"),
                row.getString("decided_by"),
                instant(row, "decided_at"));
        return new Row(task, row.getString("engine_ref"), row.getString("proposer"));
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    private static OffsetDateTime utc(Instant instant) {
        return OffsetDateTime.ofInstant(instant, ZoneOffset.UTC);
    }
}
