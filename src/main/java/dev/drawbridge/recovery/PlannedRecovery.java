package dev.drawbridge.recovery;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineResult;
import dev.drawbridge.baseline.Baselines;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/**
 * Drift to plan to restored files. It remembers nothing between its steps but what is in the database and the evidence store,
 * and before it writes it looks at the node again.
 */
@Service
class PlannedRecovery implements Recovery {
    private static final Logger log = LoggerFactory.getLogger(PlannedRecovery.class);
    /** No file is begun with less left of the step's time. */
    private static final Duration ONE_FILE = Duration.ofSeconds(5);

    private static final long MAX_CERTIFICATE = 64 * 1024;

    private final NodeDirectory directory;
    private final NodeFiles files;
    private final OwnWrites ownWrites;
    private final Baselines baselines;
    private final EvidenceLocker evidence;
    private final EffectGate gate;
    private final PlanStore plans;
    private final AuditTrail audit;
    private final Clock clock;

    PlannedRecovery(
            NodeDirectory directory,
            NodeFiles files,
            OwnWrites ownWrites,
            Baselines baselines,
            EvidenceLocker evidence,
            EffectGate gate,
            PlanStore plans,
            AuditTrail audit,
            Clock clock) {
        this.directory = directory;
        this.files = files;
        this.ownWrites = ownWrites;
        this.baselines = baselines;
        this.evidence = evidence;
        this.gate = gate;
        this.plans = plans;
        this.audit = audit;
        this.clock = clock;
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
        List<RestorePlan.Step> steps = look(node, baseline, policy).steps();
        if (steps.isEmpty()) {
            audit.record(AuditEvent.fact(actor, "recovery.plan", node.value(), "in sync with " + baseline.revision())
                    .on(incident, node));
            log.info("incident={} node={} in sync with {}", incident, node, baseline.revision());
            return new PlanOutcome.InSync(baseline.revision());
        }
        boolean ask = steps.stream()
                .anyMatch(step ->
                        step.action() != FileAction.TASK && policy.askFirst().contains(step.fileClass()));
        RestorePlan plan = new RestorePlan(
                incident,
                node,
                baseline.revision(),
                steps,
                ask,
                PlanHash.of(node, baseline.revision(), steps),
                clock.instant().truncatedTo(ChronoUnit.MICROS));
        plans.keep(plan, policy);
        audit.record(AuditEvent.fact(
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
                                        .toList())));
        log.info(
                "incident={} node={} drift in {} files, plan {}",
                incident,
                node,
                steps.size(),
                plan.hash().abbreviated());
        return new PlanOutcome.Drifted(plan);
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
        NodeScan scan = files.scan(node, kept.policy().watched().roots());
        Map<NodePath, ScannedFile> found = new HashMap<>();
        scan.files().forEach(file -> found.put(file.path(), file));
        Set<NodePath> wanted = new HashSet<>(alerted);
        for (RestorePlan.Step step : kept.plan().steps()) {
            ScannedFile file = found.get(step.path());
            if (!Objects.equals(file == null ? null : file.sha256(), step.before())) {
                log.info("incident={} node={} changed since the plan: {}", incident, node, step.path());
                return Optional.empty();
            }
            wanted.add(step.path());
        }
        List<ScannedFile> capture = wanted.stream()
                .sorted()
                .map(found::get)
                .filter(Objects::nonNull)
                .toList();
        Optional<EvidenceReceipt> receipt = evidence.capture(actor, incident, node, scan, capture);
        if (receipt.isPresent()) {
            compare(actor, kept, scan);
        }
        return receipt;
    }

    /** Here, and once: now the evidence holds what the node held, and whoever approves sees what was true of this plan. */
    private void compare(Actor actor, PlanStore.Kept kept, NodeScan scan) {
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
        Map<NodePath, FileComparison> comparisons = new Comparisons(evidence, baseline, noBaseline, scan).of(plan);
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
        Look now = look(node, baseline, kept.policy());
        // a rerun after a crash finds fewer steps than the plan has, never other ones
        Set<RestorePlan.Step> left = new HashSet<>(now.steps());
        if (!plan.steps().containsAll(left)) {
            return new RestoreOutcome.Lapsed("the node changed since the plan was made");
        }
        return carryOut(actor, plan, left, baseline, now.scan(), kept.policy(), receipt);
    }

    private RestoreOutcome carryOut(
            Actor actor,
            RestorePlan plan,
            Set<RestorePlan.Step> left,
            Baseline baseline,
            NodeScan scan,
            RecoveryPolicy policy,
            EvidenceReceipt receipt) {
        List<NodePath> changed = new ArrayList<>();
        List<String> forPeople = new ArrayList<>();
        List<RestoreOutcome.Refused> refusals = new ArrayList<>();
        Optional<String> dryRun = Optional.empty();
        for (RestorePlan.Step step : plan.steps()) {
            if (step.action() == FileAction.TASK && left.contains(step)) {
                forPeople.add(step.path() + ": " + step.why());
                continue;
            }
            // before what is done: the scan never sees such a path, so it would pass for that
            if (!policy.watched().contains(step.path())) {
                forPeople.add(step.path() + ": outside the watched set");
                continue;
            }
            if (!left.contains(step)) {
                // an outcome joins its step's transaction: a run that was cut off leaves intents without one, and this
                // says why
                audit.record(AuditEvent.fact(
                                actor,
                                "recovery.already-done",
                                step.path().toString(),
                                "it was as planned when this run began, by a run that was cut off or by somebody else")
                        .on(plan.incident(), plan.node())
                        .withEvidence(plan.hash()));
                changed.add(step.path());
                continue;
            }
            Optional<EvidenceReceipt.Cover> cover = cover(receipt, plan, step);
            if (cover.isEmpty()) {
                forPeople.add(step.path() + ": there is no evidence of what is there now");
                continue;
            }
            // before the intent: an effect that is cut short leaves one without an outcome
            TimeLimit.require(ONE_FILE);
            Effect effect = effect(actor, plan, step, baseline, scan);
            EffectResult<WriteOutcome> result = step.action() == FileAction.RESTORE
                    ? gate.perform(effect, () -> announce(plan, step, baseline), permit -> {
                        try {
                            return act(permit, cover.get(), plan.node(), step, baseline, scan);
                        } finally {
                            ownWrites.end(plan.incident(), plan.node(), step.path());
                        }
                    })
                    : gate.perform(effect, permit -> act(permit, cover.get(), plan.node(), step, baseline, scan));
            if (result instanceof EffectResult.DryRun<WriteOutcome> dry) {
                dryRun = Optional.of(dry.reason());
            } else if (result instanceof EffectResult.NotAllowed<WriteOutcome> refused) {
                forPeople.add(step.path() + ": " + refused.rule() + ", " + refused.reason());
                refusals.add(
                        new RestoreOutcome.Refused(effect.kind(), step.path(), refused.rule(), refused.overridable()));
            } else {
                WriteOutcome outcome = ((EffectResult.Done<WriteOutcome>) result).value();
                if (outcome instanceof WriteOutcome.Changed) {
                    return new RestoreOutcome.Lapsed(step.path() + " changed since the plan was made");
                }
                if (outcome instanceof WriteOutcome.Refused refused) {
                    forPeople.add(step.path() + ": " + refused.reason());
                } else {
                    changed.add(step.path());
                }
            }
        }
        if (dryRun.isPresent()) {
            return new RestoreOutcome.DryRun(dryRun.get());
        }
        log.info(
                "incident={} node={} {} files done, {} left for people",
                plan.incident(),
                plan.node(),
                changed.size(),
                forPeople.size());
        return forPeople.isEmpty()
                ? new RestoreOutcome.Restored(changed)
                : new RestoreOutcome.Incomplete(changed, forPeople, refusals);
    }

    /** The detection of what we put in place must be told from that of an attack. */
    private void announce(RestorePlan plan, RestorePlan.Step step, Baseline baseline) {
        BaselineFile file = baseline.files().get(step.path());
        if (file != null) {
            files.staging()
                    .ifPresent(staging ->
                            ownWrites.begin(plan.incident(), plan.node(), step.path(), file.sha256(), staging));
        }
    }

    private static Optional<EvidenceReceipt.Cover> cover(
            EvidenceReceipt receipt, RestorePlan plan, RestorePlan.Step step) {
        if (!receipt.incident().equals(plan.incident()) || !receipt.node().equals(plan.node())) {
            return Optional.empty();
        }
        return step.drift() == Drift.Kind.MISSING
                ? Optional.of(receipt.nothingAt(step.path()))
                : receipt.cover(step.path(), step.before());
    }

    /** Changes what the evidence covers and nothing else: path and expected content come from there. */
    private WriteOutcome act(
            Permit permit,
            EvidenceReceipt.Cover cover,
            NodeName node,
            RestorePlan.Step step,
            Baseline baseline,
            NodeScan scan) {
        if (step.action() == FileAction.QUARANTINE) {
            return files.quarantine(node, permit, cover.path(), cover.content());
        }
        BaselineFile file = Objects.requireNonNull(baseline.files().get(step.path()));
        Long uid = DriftFinder.id(file.owner(), scan.users());
        Long gid = DriftFinder.id(file.group(), scan.groups());
        if (uid == null || gid == null) {
            return new WriteOutcome.Refused("the node has no user " + file.owner() + " or group " + file.group());
        }
        // without its content nothing but owner and mode is set: the node checks that the content is the baseline's
        // first
        try (InputStream content =
                file.held() == BaselineFile.Held.CONTENT ? baseline.open(file) : InputStream.nullInputStream()) {
            return files.write(
                    node,
                    permit,
                    new NodeFiles.FileWrite(
                            cover.path(), cover.content(), file.sha256(), file.size(), file.mode(), uid, gid),
                    content);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static Effect effect(
            Actor actor, RestorePlan plan, RestorePlan.Step step, Baseline baseline, NodeScan scan) {
        boolean quarantine = step.action() == FileAction.QUARANTINE;
        String request = quarantine
                ? "if %s is %s: move it to the quarantine of the work directory"
                        .formatted(step.path(), content(step.before()))
                : write(step, Objects.requireNonNull(baseline.files().get(step.path())), scan);
        return new Effect(
                actor,
                plan.incident(),
                plan.node(),
                quarantine ? Effect.Kind.QUARANTINE_FILE : Effect.Kind.RESTORE_FILE,
                step.path().toString(),
                request);
    }

    /** What the node is asked to do, as {@code write.sh} does it. */
    private static String write(RestorePlan.Step step, BaselineFile file, NodeScan scan) {
        String owner = "chown %s:%s (%s:%s), chmod %04o, fsync"
                .formatted(
                        number(DriftFinder.id(file.owner(), scan.users())),
                        number(DriftFinder.id(file.group(), scan.groups())),
                        file.owner(),
                        file.group(),
                        file.mode());
        return file.sha256().equals(step.before())
                ? "if %s is %s: %s".formatted(step.path(), content(step.before()), owner)
                : "stage %d bytes of %s, %s; if %s is %s: rename over it, fsync the directory"
                        .formatted(file.size(), content(file.sha256()), owner, step.path(), content(step.before()));
    }

    private static String content(@Nullable Digest digest) {
        return digest == null ? "not there" : "sha256 " + digest.hex();
    }

    /** Without a number on the node nothing is written. */
    private static String number(@Nullable Long id) {
        return id == null ? "unknown" : id.toString();
    }

    private record Look(NodeScan scan, List<RestorePlan.Step> steps) {}

    private Look look(NodeName node, Baseline baseline, RecoveryPolicy policy) {
        NodeScan scan = files.scan(node, policy.watched().roots());
        List<Drift> drifts = DriftFinder.find(baseline.files(), scan, policy.watched());
        Instant now = clock.instant();
        return new Look(scan, new Planner(baseline, path -> small(node, path), now).steps(drifts));
    }

    private Optional<byte[]> small(NodeName node, NodePath path) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        return files.read(node, path, content, MAX_CERTIFICATE).map(digest -> content.toByteArray());
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
