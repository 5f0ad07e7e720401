package dev.drawbridge.recovery;

import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Plans and differences that a test wrote; touches no node. */
public final class KnownPlans implements Recovery {
    private final Map<IncidentId, RestorePlan> plans = new HashMap<>();
    private final Map<NodePath, FileComparison> comparisons = new HashMap<>();

    public RestorePlan put(
            IncidentId incident,
            NodeName node,
            BaselineRevision revision,
            boolean needsApproval,
            Instant madeAt,
            List<RestorePlan.Step> steps) {
        RestorePlan plan = new RestorePlan(
                incident, node, revision, steps, needsApproval, PlanHash.of(node, revision, steps), madeAt);
        plans.put(incident, plan);
        return plan;
    }

    public void put(NodePath path, FileComparison comparison) {
        comparisons.put(path, comparison);
    }

    public void clear() {
        plans.clear();
        clearComparisons();
    }

    public void clearComparisons() {
        comparisons.clear();
    }

    @Override
    public Optional<RestorePlan> newestPlan(IncidentId incident) {
        return Optional.ofNullable(plans.get(incident));
    }

    @Override
    public Optional<ComparedPlan> comparedPlan(IncidentId incident) {
        return newestPlan(incident).map(plan -> new ComparedPlan(plan, comparisons));
    }

    @Override
    public SortedSet<NodePath> exposedCredentials(IncidentId incident) {
        return newestPlan(incident).stream()
                .flatMap(plan -> plan.steps().stream())
                .map(RestorePlan.Step::path)
                .filter(path -> FileClass.of(path) == FileClass.CA_KEY)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public PlanOutcome plan(Actor actor, IncidentId incident, NodeName node, RecoveryPolicy policy) {
        throw new UnsupportedOperationException("pages and API plan nothing");
    }

    @Override
    public Optional<EvidenceReceipt> captureEvidence(
            Actor actor, IncidentId incident, NodeName node, List<NodePath> alerted) {
        throw new UnsupportedOperationException("pages and API capture nothing");
    }

    @Override
    public RestoreOutcome restore(
            Actor actor, IncidentId incident, NodeName node, Digest approvedPlan, EvidenceReceipt receipt) {
        throw new UnsupportedOperationException("pages and API restore nothing");
    }
}
