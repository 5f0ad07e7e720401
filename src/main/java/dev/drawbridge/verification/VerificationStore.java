package dev.drawbridge.verification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.VerificationReport.Check;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Reports in the database; written once, never changed. */
@Component
class VerificationStore {
    private static final TypeReference<List<Check>> CHECKS = new TypeReference<>() {};

    private final JdbcClient jdbc;
    private final JsonMapper json = JsonMapper.builder().build();

    VerificationStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    int nextRound(IncidentId incident) {
        return jdbc.sql("select count(*) from verification_report where incident_id = :incident")
                        .param("incident", incident.value())
                        .query(Integer.class)
                        .single()
                + 1;
    }

    /** @throws org.springframework.dao.DuplicateKeyException when another run took the round meanwhile */
    void keep(IncidentId incident, NodeName node, VerificationReport report) {
        jdbc.sql("""
                        insert into verification_report (incident_id, round, at, node, passed, checks, digest)
                        values (:incident, :round, :at, :node, :passed, :checks, :digest)""")
                .param("incident", incident.value())
                .param("round", report.round())
                .param("at", OffsetDateTime.ofInstant(report.at(), ZoneOffset.UTC))
                .param("node", node.value())
                .param("passed", report.passed())
                .param("checks", write(report.checks()))
                .param("digest", report.digest().hex())
                .update();
    }

    List<VerificationReport> of(IncidentId incident) {
        return jdbc.sql("select * from verification_report where incident_id = :incident order by round")
                .param("incident", incident.value())
                .query((row, n) -> report(incident, row))
                .list();
    }

    private VerificationReport report(IncidentId incident, ResultSet row) throws SQLException {
        int round = row.getInt("round");
        Instant at = row.getObject("at", OffsetDateTime.class).toInstant();
        List<Check> checks = read(row.getString("checks"));
        Digest kept = Digest.of(row.getString("digest"));
        Digest now = ReportDigest.of(incident, NodeName.of(row.getString("node")), round, at, checks);
        if (!now.equals(kept)) {
            // an approval leans on it: an altered row must show, and must not count as passed
            checks = new ArrayList<>(checks);
            checks.add(CheckText.failed("Report is as it was kept", kept.hex(), now.hex(), "database"));
        }
        return new VerificationReport(round, at, checks, kept);
    }

    private String write(List<Check> checks) {
        try {
            return json.writeValueAsString(checks);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private List<Check> read(String text) {
        try {
            return json.readValue(text, CHECKS);
        } catch (JsonProcessingException damaged) {
            // no checks have another digest than any that were kept, so the reader of the row reports it
            return List.of();
        }
    }
}
