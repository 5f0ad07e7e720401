package dev.drawbridge.recovery;

import dev.drawbridge.node.Quarantined;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Which files lie in quarantines. Written in the transaction that also says what came of the move. */
@Component
class QuarantineStore {
    private final JdbcClient jdbc;
    private final Clock clock;

    QuarantineStore(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /** Also when it is there already: a run that was cut off moved it, or it was put back and moved once more. */
    void moved(IncidentId incident, NodeName node, NodePath path, Digest content) {
        String id = Quarantined.id(incident, path, content);
        int known = jdbc.sql("update quarantined_file set moved_at = :at, returned_at = null where id = :id")
                .param("at", now())
                .param("id", id)
                .update();
        if (known == 0) {
            jdbc.sql("""
                            insert into quarantined_file (id, incident_id, node, path, content, moved_at)
                            values (:id, :incident, :node, :path, :content, :at)""")
                    .param("id", id)
                    .param("incident", incident.value())
                    .param("node", node.value())
                    .param("path", path.toString())
                    .param("content", content.hex())
                    .param("at", now())
                    .update();
        }
    }

    void returned(QuarantinedFile file) {
        jdbc.sql("update quarantined_file set returned_at = :at where id = :id")
                .param("at", now())
                .param("id", file.id())
                .update();
    }

    List<QuarantinedFile> of(IncidentId incident) {
        return jdbc.sql("select * from quarantined_file where incident_id = :incident order by moved_at, path, id")
                .param("incident", incident.value())
                .query((row, n) -> file(row))
                .list();
    }

    Optional<QuarantinedFile> find(IncidentId incident, String id) {
        return jdbc.sql("select * from quarantined_file where incident_id = :incident and id = :id")
                .param("incident", incident.value())
                .param("id", id)
                .query((row, n) -> file(row))
                .optional();
    }

    private static QuarantinedFile file(ResultSet row) throws SQLException {
        @Nullable OffsetDateTime returned = row.getObject("returned_at", OffsetDateTime.class);
        return new QuarantinedFile(
                row.getString("id"),
                IncidentId.of(row.getString("incident_id")),
                NodeName.of(row.getString("node")),
                NodePath.parse(row.getString("path")),
                Digest.of(row.getString("content")),
                row.getObject("moved_at", OffsetDateTime.class).toInstant(),
                returned == null ? null : returned.toInstant());
    }

    private OffsetDateTime now() {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        return OffsetDateTime.ofInstant(now, ZoneOffset.UTC);
    }
}
