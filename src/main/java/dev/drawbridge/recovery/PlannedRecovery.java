package dev.drawbridge.recovery;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineResult;
import dev.drawbridge.baseline.Baselines;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimitException;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/**
 * Drift to plan to restored files. It relies on nothing between its steps but what is in the database and the evidence store,
 * and before it writes it looks at the node again.
 */
@Service
class PlannedRecovery implements Recovery {
    private static final Logger log = LoggerFactory.getLogger(PlannedRecovery.class);
    /** No file is begun with less left of the step's time. */
    private static final Duration ONE_FILE = Duration.ofSeconds(5);

    private static final long MAX_CERTIFICATE = 64 * 1024;
    private static final Set<FileClass> CERTIFICATES = Set.of(FileClass.LEAF_CERTIFICATE, FileClass.KUBECONFIG);

    private final NodeDirectory directory;
    private final NodeFiles files;
    private final OwnWrites ownWrites;
    private final Baselines baselines;
    private final EvidenceLocker evidence;
    private final EffectGate gate;
    private final PlanStore plans;
    private final QuarantineStore quarantine;
    private final AuditTrail audit;
    private final Clock clock;
    private final RecentLooks looks;

    PlannedRecovery(
            NodeDirectory directory,
            NodeFiles files,
            OwnWrites ownWrites,
            Baselines baselines,
            EvidenceLocker evidence,
            EffectGate gate,
            PlanStore plans,
            QuarantineStore quarantine,
            AuditTrail audit,
            Clock clock,
            RecentLooks looks) {
        this.directory = directory;
        this.files = files;
        this.ownWrites = ownWrites;
        this.baselines = baselines;
        this.evidence = evidence;
        this.gate = gate;
        this.plans = plans;
        this.quarantine = quarantine;
        this.audit = audit;
        this.clock = clock;
        this.looks = looks;
    }

    @Override
    public PlanOutcome plan(Actor actor, IncidentId incident, NodeName node, RecoveryPolicy policy) {
        BaselineResult result = baselines.trusted(info(node));
        if (result instanceof BaselineResult.Untrusted untrusted) {
            return noBaseline(actor, incident, node, untrusted.rule(), untrusted.reason());
        }
        if (!(result instanceof BaselineResult.Trusted trusted)) {
            return noBaseline(actor, incident, node, "not-available", ((BaselineResult.NotAvailable) result).reason());
        }
        Baseline baseline = trusted.baseline();
        if (!DriftFinder.covers(baseline.files(), policy.watched())) {
            return noBaseline(
                    actor, incident, node, "not-available", baseline.revision() + " holds no file of the watched set");
        }
        NodeScan scan = files.scan(node, policy.watched().roots());
        PlanOutcome outcome = null;
        try {
            outcome = planned(actor, incident, scan, trusted, policy);
        } finally {
            if (outcome instanceof PlanOutcome.Drifted drifted) {
                looks.keep(drifted.plan().hash(), scan);
            } else {
                scan.close();
            }
        }
        return outcome;
    }

    private PlanOutcome planned(
            Actor actor, IncidentId incident, NodeScan scan, BaselineResult.Trusted trusted, RecoveryPolicy policy) {
        NodeName node = scan.node();
        Baseline baseline = trusted.baseline();
        List<RestorePlan.Step> steps = steps(scan, baseline, policy);
        if (steps.isEmpty()) {
            audit.record(by(
                    trusted,
                    AuditEvent.fact(actor, "recovery.plan", node.value(), "in sync with " + baseline.revision())
                            .on(incident, node)));
            log.info("incident={} node={} in sync with {}", incident, node, baseline.revision());
            return new PlanOutcome.InSync(baseline.revision());
        }
        boolean ask =
                steps.stream().anyMatch(step -> step.action() != FileAction.TASK && policy.of(step) == FilePolicy.ASK);
        RestorePlan plan = new RestorePlan(
                incident,
                node,
                baseline.revision(),
                steps,
                ask,
                PlanHash.of(node, baseline.revision(), steps),
                clock.instant().truncatedTo(ChronoUnit.MICROS));
        plans.keep(plan, policy);
        AuditEvent event = AuditEvent.fact(
                        actor,
                        "recovery.plan",
                        steps.size() + " files",
                        "drift from " + baseline.revision() + (ask ? ", waits for approval" : ""))
                .on(incident, node)
                .withEvidence(plan.hash())
                .with(
                        "files",
                        String.join(
                                "\n",
                                steps.stream()
                                        .map(step -> step.action().code() + " " + step.path())
                                        .toList()));
        audit.record(by(trusted, event));
        log.info(
                "incident={} node={} drift in {} files, plan {}",
                incident,
                node,
                steps.size(),
                plan.hash().abbreviated());
        return new PlanOutcome.Drifted(plan);
    }

    /** Whoever reads the incident sees that a newer revision may be on a remote that was not there. */
    private static AuditEvent by(BaselineResult.Trusted trusted, AuditEvent event) {
        return trusted.fromCache() ? event.with("baseline", "verified copy; the remote could not be asked") : event;
    }

    private PlanOutcome noBaseline(Actor actor, IncidentId incident, NodeName node, String rule, String reason) {
        audit.record(
                AuditEvent.fact(actor, "recovery.plan", node.value(), "no trusted baseline, " + rule + ": " + reason)
                        .on(incident, node));
        log.warn("incident={} node={} no trusted baseline: {}", incident, node, rule);
        return new PlanOutcome.NoBaseline(rule, reason);
    }

    @Override
    public Optional<EvidenceReceipt> captureEvidence(
            Actor actor, IncidentId incident, NodeName node, List<NodePath> alerted) {
        PlanStore.Kept kept = plans.newest(incident).orElse(null);
        if (kept == null) {
            return Optional.empty();
        }
        try (NodeScan scan = looks.take(kept.plan().hash())
                .orElseGet(() -> files.scan(node, kept.policy().watched().roots()))) {
            return captureEvidence(actor, kept, alerted, scan);
        }
    }

    private Optional<EvidenceReceipt> captureEvidence(
            Actor actor, PlanStore.Kept kept, List<NodePath> alerted, NodeScan scan) {
        IncidentId incident = kept.plan().incident();
        NodeName node = scan.node();
        Set<NodePath> wanted = new HashSet<>(alerted);
        kept.plan().steps().forEach(step -> wanted.add(step.path()));
        Map<NodePath, ScannedFile> found = scan.files().at(wanted);
        for (RestorePlan.Step step : kept.plan().steps()) {
            ScannedFile file = found.get(step.path());
            if (!Objects.equals(file == null ? null : file.sha256(), step.before())) {
                log.info("incident={} node={} changed since the plan: {}", incident, node, step.path());
                return Optional.empty();
            }
        }
        List<ScannedFile> capture = wanted.stream()
                .sorted()
                .map(found::get)
                .filter(Objects::nonNull)
                .toList();
        Optional<EvidenceReceipt> receipt = evidence.capture(actor, incident, node, scan, capture);
        if (receipt.isPresent()) {
            compare(actor, kept, scan, found);
        }
        return receipt;
    }

    /** Here, and once: now the evidence holds what the node held, and whoever approves sees what was true of this plan. */
    private void compare(Actor actor, PlanStore.Kept kept, NodeScan scan, Map<NodePath, ScannedFile> found) {
        RestorePlan plan = kept.plan();
        Baseline baseline = baselines.loaded(plan.node(), plan.revision()).orElse(null);
        String noBaseline = "";
        if (baseline == null) {
            // planned by another instance, or before a restart
            try {
                baseline = baselines.trusted(info(plan.node())) instanceof BaselineResult.Trusted trusted
                                && trusted.baseline()
                                        .revision()
                                        .commit()
                                        .equals(plan.revision().commit())
                        ? trusted.baseline()
                        : null;
                noBaseline = "the baseline of the plan is no longer the trusted one";
            } catch (NodeAccessException | IllegalStateException | TimeLimitException unreachable) {
                // the evidence is kept and that counts; what cannot be compared says so
                log.warn(
                        "incident={} node={} not compared: {}",
                        plan.incident(),
                        plan.node(),
                        unreachable.getClass().getSimpleName());
                noBaseline = "the baseline could not be asked for";
            }
        }
        Map<NodePath, FileComparison> comparisons =
                new Comparisons(evidence, baseline, noBaseline, scan, found).of(plan);
        Digest digest = plans.keepComparisons(kept.id(), comparisons);
        int warnings = comparisons.values().stream()
                .map(FileComparison::meaning)
                .filter(Objects::nonNull)
                .mapToInt(meaning -> meaning.warnings().size())
                .sum();
        // the words stay out of the trail: they are an attacker's as much as ours
        audit.record(AuditEvent.fact(actor, "recovery.compare", comparisons.size() + " files", warnings + " warnings")
                .on(plan.incident(), plan.node())
                .withEvidence(digest)
                .with("plan", plan.hash().hex()));
    }

    @Override
    public RestoreOutcome restore(
            Actor actor, IncidentId incident, NodeName node, Digest approvedPlan, EvidenceReceipt receipt) {
        PlanStore.Kept kept = plans.newest(incident).orElse(null);
        if (kept == null || !kept.plan().hash().equals(approvedPlan)) {
            return new RestoreOutcome.Lapsed("the approved plan is not the newest one");
        }
        RestorePlan plan = kept.plan();
        // the stored hash is only a label: what people approved is what the stored steps hash to
        if (!plan.node().equals(node)
                || !PlanHash.of(plan.node(), plan.revision(), plan.steps()).equals(approvedPlan)) {
            return new RestoreOutcome.Lapsed("the stored plan is not the one that was approved");
        }
        if (!(baselines.trusted(info(node)) instanceof BaselineResult.Trusted trusted)
                || !trusted.baseline()
                        .revision()
                        .commit()
                        .equals(plan.revision().commit())) {
            return new RestoreOutcome.Lapsed("the baseline of the plan is no longer the trusted one");
        }
        Baseline baseline = trusted.baseline();
        try (NodeScan now = files.scan(node, kept.policy().watched().roots())) {
            return restore(actor, kept, baseline, now, receipt);
        }
    }

    private RestoreOutcome restore(
            Actor actor, PlanStore.Kept kept, Baseline baseline, NodeScan now, EvidenceReceipt receipt) {
        RestorePlan plan = kept.plan();
        // a rerun after a crash finds fewer steps than the plan has, never other ones
        Set<RestorePlan.Step> left = new HashSet<>(steps(now, baseline, kept.policy()));
        if (!plan.steps().containsAll(left)) {
            return new RestoreOutcome.Lapsed("the node changed since the plan was made");
        }
        return new RestoreRun(
                        files,
                        ownWrites,
                        gate,
                        audit,
                        quarantine,
                        new RestoreRun.Approved(actor, plan, left, baseline, now, kept.policy(), receipt))
                .outcome();
    }

    private List<RestorePlan.Step> steps(NodeScan scan, Baseline baseline, RecoveryPolicy policy) {
        List<Drift> drifts = DriftFinder.find(baseline.files(), scan, policy.watched());
        if (drifts.isEmpty()) {
            return List.of();
        }
        Map<NodePath, ScannedFile> certificates = scan.files()
                .at(baseline.files().keySet().stream()
                        .filter(path -> CERTIFICATES.contains(FileClass.of(path)))
                        .toList());
        return new Planner(
                        baseline,
                        policy,
                        drifts,
                        path -> Optional.ofNullable(certificates.get(path)).flatMap(file -> small(scan.node(), file)),
                        clock.instant())
                .steps();
    }

    /** Empty for what is too long to be a certificate: whoever is root on the node must not end the plan by the size of a file. */
    private Optional<byte[]> small(NodeName node, ScannedFile file) {
        if (file.sha256() == null || file.size() > MAX_CERTIFICATE) {
            return Optional.empty();
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        return files.read(node, file.path(), content, MAX_CERTIFICATE).map(digest -> content.toByteArray());
    }

    private NodeInfo info(NodeName node) {
        NodeDirectory.Lookup lookup = directory.find(node);
        if (lookup instanceof NodeDirectory.Lookup.Known known) {
            return known.node();
        }
        throw new NodeAccessException("the cluster cannot say what node " + node + " is");
    }

    @Override
    public Optional<RestorePlan> newestPlan(IncidentId incident) {
        return plans.newest(incident).map(PlanStore.Kept::plan);
    }

    @Override
    public SortedSet<NodePath> exposedCredentials(IncidentId incident) {
        return plans.allSteps(incident).stream()
                .filter(step -> Comparisons.CREDENTIALS.contains(step.fileClass()))
                .map(RestorePlan.Step::path)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public Optional<ComparedPlan> comparedPlan(IncidentId incident) {
        return plans.newestCompared(incident);
    }
}
