package dev.drawbridge.recovery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Plans in the database, with the policy that they were made under. */
@Component
class PlanStore {
    private static final TypeReference<Map<String, FileComparison>> COMPARISONS = new TypeReference<>() {};

    private final JdbcClient jdbc;
    private final JsonMapper json = JsonMapper.builder().build();

    PlanStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** A plan and what it was made from. */
    record Kept(long id, RestorePlan plan, RecoveryPolicy policy) {}

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

    /** @param askFirst of a plan that was kept before there were policies; null since then, and the others null before */
    private record PolicyRow(
            List<String> watched,
            @Nullable Map<FileClass, FilePolicy> changed,
            @Nullable Map<FileClass, FilePolicy> unexpected,
            @Nullable Set<String> askFirst) {
        RecoveryPolicy policy() {
            return new RecoveryPolicy(
                    new WatchedSet(watched),
                    changed == null || unexpected == null
                            ? FilePolicies.asking(Objects.requireNonNull(askFirst).stream()
                                    .map(FileClass::ofCode)
                                    .collect(Collectors.toSet()))
                            : new FilePolicies(changed, unexpected));
        }
    }

    void keep(RestorePlan plan, RecoveryPolicy policy) {
        PlanRow row = new PlanRow(
                plan.revision().commit(),
                plan.revision().signer(),
                plan.revision().ref(),
                plan.needsApproval(),
                plan.steps().stream().map(PlanStore::row).toList());
        PolicyRow context = new PolicyRow(
                policy.watched().patterns(),
                policy.files().changed(),
                policy.files().unexpected(),
                null);
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
                        select id, node, at, hash, plan, context from restore_plan
                        where incident_id = :incident order by id desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query((row, n) -> {
                    PolicyRow context = read(row.getString("context"), PolicyRow.class);
                    return new Kept(row.getLong("id"), plan(incident, row), context.policy());
                })
                .optional();
    }

    private RestorePlan plan(IncidentId incident, ResultSet row) throws SQLException {
        PlanRow plan = read(row.getString("plan"), PlanRow.class);
        return new RestorePlan(
                incident,
                NodeName.of(row.getString("node")),
                new BaselineRevision(plan.commit(), plan.signer(), plan.ref()),
                plan.steps().stream().map(PlanStore::step).toList(),
                plan.needsApproval(),
                Digest.of(row.getString("hash")),
                row.getObject("at", OffsetDateTime.class).toInstant());
    }

    /**
     * Keeps the comparisons with their plan, in the place of earlier ones.
     *
     * @return digest of what was kept
     */
    Digest keepComparisons(long plan, Map<NodePath, FileComparison> comparisons) {
        Map<String, FileComparison> byPath = new TreeMap<>();
        comparisons.forEach((path, comparison) -> byPath.put(path.toString(), comparison));
        String text = write(byPath);
        jdbc.sql("update restore_plan set comparisons = :comparisons where id = :id")
                .param("comparisons", text)
                .param("id", plan)
                .update();
        return Digest.ofText(text);
    }

    Optional<ComparedPlan> newestCompared(IncidentId incident) {
        return jdbc.sql("""
                        select node, at, hash, plan, comparisons from restore_plan
                        where incident_id = :incident order by id desc fetch first 1 rows only""")
                .param("incident", incident.value())
                .query((row, n) -> new ComparedPlan(plan(incident, row), comparisons(row.getString("comparisons"))))
                .optional();
    }

    private Map<NodePath, FileComparison> comparisons(@Nullable String text) {
        if (text == null) {
            return Map.of();
        }
        try {
            return json.readValue(text, COMPARISONS).entrySet().stream()
                    .collect(Collectors.toMap(entry -> NodePath.parse(entry.getKey()), Map.Entry::getValue));
        } catch (JsonProcessingException damaged) {
            throw new IllegalStateException("the comparisons of a plan in the database are damaged", damaged);
        }
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
