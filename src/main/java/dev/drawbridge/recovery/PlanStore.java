package dev.drawbridge.recovery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Plans in the database, with the policy that they were made under. */
@Component
class PlanStore {
    private final JdbcClient jdbc;
    private final JsonMapper json = JsonMapper.builder().build();

    PlanStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** A plan and what it was made from. */
    record Kept(RestorePlan plan, RecoveryPolicy policy) {}

    private record StepRow(
            String path,
            String drift,
            String fileClass,
            String action,
            @Nullable String before,
            @Nullable String after,
            String why,
            String effect) {}

    private record PlanRow(String commit, String signer, String ref, boolean needsApproval, List<StepRow> steps) {}

    private record PolicyRow(List<String> watched, Set<String> askFirst) {}

    void keep(RestorePlan plan, RecoveryPolicy policy) {
        PlanRow row = new PlanRow(
                plan.revision().commit(),
                plan.revision().signer(),
                plan.revision().ref(),
                plan.needsApproval(),
                plan.steps().stream().map(PlanStore::row).toList());
        PolicyRow context = new PolicyRow(
                policy.watched().patterns(),
                policy.askFirst().stream().map(FileClass::code).collect(Collectors.toSet()));
        jdbc.sql("""
                        insert into restore_plan (incident_id, node, at, hash, plan, context)
                        values (:incident, :node, :at, :hash, :plan, :context)""")
                .param("incident", plan.incident().value())
                .param("node", plan.node().value())
                .param("at", OffsetDateTime.ofInstant(plan.madeAt(), ZoneOffset.UTC))
                .param("hash", plan.hash().hex())
                .param("plan", write(row))
                .param("context", write(context))
                .update();
    }

    Optional<Kept> newest(IncidentId incident) {
        return jdbc.sql("""
                        select node, at, hash, plan, context from restore_plan
                        where incident_id = :incident order by id desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query((row, n) -> {
                    PlanRow plan = read(row.getString("plan"), PlanRow.class);
                    PolicyRow context = read(row.getString("context"), PolicyRow.class);
                    return new Kept(
                            new RestorePlan(
                                    incident,
                                    NodeName.of(row.getString("node")),
                                    new BaselineRevision(plan.commit(), plan.signer(), plan.ref()),
                                    plan.steps().stream().map(PlanStore::step).toList(),
                                    plan.needsApproval(),
                                    Digest.of(row.getString("hash")),
                                    row.getObject("at", OffsetDateTime.class).toInstant()),
                            new RecoveryPolicy(
                                    new WatchedSet(context.watched()),
                                    context.askFirst().stream()
                                            .map(FileClass::ofCode)
                                            .collect(Collectors.toSet())));
                })
                .optional();
    }

    /** All steps of all plans of an incident, oldest plan first. */
    List<RestorePlan.Step> allSteps(IncidentId incident) {
        return jdbc
                .sql("select plan from restore_plan where incident_id = :incident order by id")
                .param("incident", incident.value())
                .query(String.class)
                .list()
                .stream()
                .flatMap(plan -> read(plan, PlanRow.class).steps().stream())
                .map(PlanStore::step)
                .toList();
    }

    private static StepRow row(RestorePlan.Step step) {
        return new StepRow(
                step.path().toString(),
                step.drift().name(),
                step.fileClass().name(),
                step.action().name(),
                step.before() == null ? null : step.before().hex(),
                step.after() == null ? null : step.after().hex(),
                step.why(),
                step.effect());
    }

    private static RestorePlan.Step step(StepRow row) {
        return new RestorePlan.Step(
                NodePath.parse(row.path()),
                Drift.Kind.valueOf(row.drift()),
                FileClass.valueOf(row.fileClass()),
                FileAction.valueOf(row.action()),
                row.before() == null ? null : Digest.of(row.before()),
                row.after() == null ? null : Digest.of(row.after()),
                row.why(),
                row.effect());
    }

    private String write(Object row) {
        try {
            return json.writeValueAsString(row);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private <T> T read(String text, Class<T> type) {
        try {
            return json.readValue(text, type);
        } catch (JsonProcessingException damaged) {
            throw new IllegalStateException("a plan in the database is damaged", damaged);
        }
    }
}
