package dev.drawbridge.workflow;

import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.evidence.EvidenceItem;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.recovery.ComparedPlan;
import dev.drawbridge.recovery.FileAction;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.KnownPlans;
import dev.drawbridge.recovery.PlanOutcome;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RecoveryPolicy;
import dev.drawbridge.recovery.RestoreOutcome;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A node that drifted by one rogue static pod and can be restored, or whatever a test wants it to be. */
final class ScriptedRecovery implements Recovery {
    static final NodePath ROGUE = NodePath.of("/etc/kubernetes/manifests/metrics-agent.yaml");
    static final NodePath CA_KEY = NodePath.of("/etc/kubernetes/pki/ca.key");

    private static final BaselineRevision REVISION =
            new BaselineRevision("4f1c2b7a9d3e5f60718293a4b5c6d7e8f9012345", "SHA256:test", "main");

    /** What a comparison finds: answered in the words of {@link #found}. */
    enum Found {
        DRIFT,
        DRIFT_TO_APPROVE,
        IN_SYNC,
        NO_BASELINE
    }

    final Script<Found> plan = new Script<>();
    /** Whether the evidence was kept, or the plan had lapsed. */
    final Script<Boolean> capture = new Script<>();

    final Script<RestoreOutcome> restore = new Script<>();

    final Script<SortedSet<NodePath>> exposure = new Script<>();

    final List<String> calls = new CopyOnWriteArrayList<>();
    /** With which plan each restore was called. */
    final List<Digest> carriedOut = new CopyOnWriteArrayList<>();

    private final KnownPlans plans = new KnownPlans();
    private final KnownReceipts receipts;
    private final Map<IncidentId, SortedSet<NodePath>> exposed = new ConcurrentHashMap<>();

    ScriptedRecovery(KnownReceipts receipts) {
        this.receipts = receipts;
    }

    void clear() {
        plan.clear();
        capture.clear();
        restore.clear();
        exposure.clear();
        calls.clear();
        carriedOut.clear();
        plans.clearComparisons();
    }

    void compare(NodePath path, FileComparison comparison) {
        plans.put(path, comparison);
    }

    void expose(IncidentId incident, NodePath path) {
        exposed.computeIfAbsent(incident, none -> new TreeSet<>()).add(path);
    }

    /** A later look found something else: the newest plan is another one. */
    RestorePlan replacePlan(IncidentId incident, NodeName node) {
        return drifted(incident, node, true, "a later one");
    }

    @Override
    public PlanOutcome plan(Actor actor, IncidentId incident, NodeName node, RecoveryPolicy policy) {
        NodeUses.require(actor, incident);
        calls.add("plan");
        return switch (plan.take(() -> Found.DRIFT)) {
            case DRIFT -> new PlanOutcome.Drifted(drifted(incident, node, false, "rogue"));
            case DRIFT_TO_APPROVE -> new PlanOutcome.Drifted(drifted(incident, node, true, "rogue"));
            case IN_SYNC -> new PlanOutcome.InSync(REVISION);
            case NO_BASELINE -> new PlanOutcome.NoBaseline("signature", "the commit is not signed");
        };
    }

    private RestorePlan drifted(IncidentId incident, NodeName node, boolean approval, String before) {
        NodePath path = approval ? CA_KEY : ROGUE;
        return plans.put(
                incident,
                node,
                REVISION,
                approval,
                Instant.now(),
                List.of(new RestorePlan.Step(
                        path,
                        approval ? Drift.Kind.MODIFIED : Drift.Kind.UNEXPECTED,
                        FileClass.of(path),
                        approval ? FileAction.RESTORE : FileAction.QUARANTINE,
                        Digest.ofText(before),
                        approval ? Digest.ofText("baseline") : null,
                        "it drifted",
                        "it is put right")));
    }

    @Override
    public Optional<EvidenceReceipt> captureEvidence(
            Actor actor, IncidentId incident, NodeName node, List<NodePath> alerted) {
        NodeUses.require(actor, incident);
        calls.add("capture");
        if (!capture.take(() -> true)) {
            return Optional.empty();
        }
        receipts.put(
                incident,
                node,
                EvidenceItem.kept(
                        EvidenceItem.Kind.FILE,
                        ROGUE.toString(),
                        Digest.ofText("rogue"),
                        5,
                        Instant.now(),
                        "0:0 0644"));
        return receipts.receipt(incident);
    }

    @Override
    public RestoreOutcome restore(
            Actor actor, IncidentId incident, NodeName node, Digest approvedPlan, EvidenceReceipt receipt) {
        NodeUses.require(actor, incident);
        calls.add("restore");
        carriedOut.add(approvedPlan);
        return restore.take(() -> new RestoreOutcome.Restored(List.of(ROGUE)));
    }

    @Override
    public Optional<RestorePlan> newestPlan(IncidentId incident) {
        return plans.newestPlan(incident);
    }

    @Override
    public Optional<ComparedPlan> comparedPlan(IncidentId incident) {
        return plans.comparedPlan(incident);
    }

    @Override
    public SortedSet<NodePath> exposedCredentials(IncidentId incident) {
        return exposure.take(() -> exposed.getOrDefault(incident, new TreeSet<>()));
    }
}
