package dev.drawbridge.recovery;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run through an approved plan, in its order. Small files that stand next to each other in it go together, because a round trip and a dozen
 * programs for each is what takes the time; a manifest goes alone, because with each a static pod restarts.
 */
final class RestoreRun {
    private static final Logger log = LoggerFactory.getLogger(RestoreRun.class);
    /** No file is begun with less left of the step's time, and no batch of them. */
    private static final Duration ONE_ACT = Duration.ofSeconds(5);

    private final NodeFiles files;
    private final OwnWrites ownWrites;
    private final EffectGate gate;
    private final AuditTrail audit;
    private final QuarantineStore quarantine;
    private final Approved approved;
    private final RestorePlan plan;
    private final IncidentId incident;
    private final NodeName node;
    /** Of the paths of the plan, what the scan found there. */
    private final Map<NodePath, ScannedFile> found;

    private final List<NodePath> changed = new ArrayList<>();
    private final List<String> forPeople = new ArrayList<>();
    private final List<RestoreOutcome.Refused> refusals = new ArrayList<>();
    private List<Ready> waiting = new ArrayList<>();
    private WriteBatch batch = new WriteBatch();
    private @Nullable String dryRun;
    private @Nullable String lapsed;

    /**
     * What is carried out.
     *
     * @param left the steps that are not done yet
     * @param scan the look at the node by which they are left
     */
    record Approved(
            Actor actor,
            RestorePlan plan,
            Set<RestorePlan.Step> left,
            Baseline baseline,
            NodeScan scan,
            RecoveryPolicy policy,
            EvidenceReceipt receipt) {}

    /** A step that may be done, with the proof that what it changes was kept. */
    private record Ready(RestorePlan.Step step, EvidenceReceipt.Cover cover) {}

    RestoreRun(
            NodeFiles files,
            OwnWrites ownWrites,
            EffectGate gate,
            AuditTrail audit,
            QuarantineStore quarantine,
            Approved approved) {
        this.files = files;
        this.ownWrites = ownWrites;
        this.gate = gate;
        this.audit = audit;
        this.quarantine = quarantine;
        this.approved = approved;
        this.plan = approved.plan();
        this.incident = plan.incident();
        this.node = plan.node();
        this.found = approved.scan()
                .files()
                .at(plan.steps().stream().map(RestorePlan.Step::path).toList());
    }

    RestoreOutcome outcome() {
        for (RestorePlan.Step step : plan.steps()) {
            ready(step).ifPresent(this::enqueue);
            if (lapsed != null) {
                return new RestoreOutcome.Lapsed(lapsed);
            }
        }
        workOff();
        if (lapsed != null) {
            return new RestoreOutcome.Lapsed(lapsed);
        }
        if (dryRun != null) {
            return new RestoreOutcome.DryRun(dryRun);
        }
        log.info(
                "incident={} node={} {} files done, {} left for people",
                incident,
                node,
                changed.size(),
                forPeople.size());
        return forPeople.isEmpty()
                ? new RestoreOutcome.Restored(changed)
                : new RestoreOutcome.Incomplete(changed, forPeople, refusals);
    }

    private Optional<Ready> ready(RestorePlan.Step step) {
        boolean left = approved.left().contains(step);
        if (step.action() == FileAction.TASK && left) {
            forPeople.add(step.path() + ": " + step.why());
            return Optional.empty();
        }
        // before what is done: the scan never sees such a path, so it would pass for that
        if (!approved.policy().watched().contains(step.path())) {
            forPeople.add(step.path() + ": outside the watched set");
            return Optional.empty();
        }
        if (!left) {
            // an outcome joins its step's transaction: a run that was cut off leaves intents without one, and this says
            // why
            audit.record(AuditEvent.fact(
                            approved.actor(),
                            "recovery.already-done",
                            step.path().toString(),
                            "it was as planned when this run began, by a run that was cut off or by somebody else")
                    .on(incident, node)
                    .withEvidence(plan.hash()));
            done(step);
            return Optional.empty();
        }
        Optional<EvidenceReceipt.Cover> cover = cover(step);
        if (cover.isEmpty()) {
            forPeople.add(step.path() + ": there is no evidence of what is there now");
        }
        return cover.map(kept -> new Ready(step, kept));
    }

    private Optional<EvidenceReceipt.Cover> cover(RestorePlan.Step step) {
        EvidenceReceipt receipt = approved.receipt();
        if (!receipt.incident().equals(incident) || !receipt.node().equals(node)) {
            return Optional.empty();
        }
        return step.drift() == Drift.Kind.MISSING
                ? Optional.of(receipt.nothingAt(step.path()))
                : Optional.ofNullable(found.get(step.path())).flatMap(receipt::cover);
    }

    /** What goes with those that wait, waits; for anything else they are worked off first, so that the order of the plan is kept. */
    private void enqueue(Ready next) {
        FileWrite write = inBatch(next);
        byte[] content = write == null ? null : content(write);
        if (write == null || content == null) {
            workOff();
            if (lapsed == null) {
                alone(next);
            }
            return;
        }
        if (!batch.takes(write)) {
            workOff();
        }
        if (lapsed == null) {
            batch.add(write, content);
            waiting.add(next);
        }
    }

    /** Null for what is done by itself. */
    private @Nullable FileWrite inBatch(Ready ready) {
        RestorePlan.Step step = ready.step();
        if (step.action() != FileAction.RESTORE || step.fileClass() == FileClass.STATIC_POD_MANIFEST) {
            return null;
        }
        FileWrite write = write(ready);
        return write != null
                        && file(step).held() == BaselineFile.Held.CONTENT
                        && !(write.expected() instanceof Expected.Entry)
                        && !write.expected().equals(Expected.content(write.content()))
                        && new WriteBatch().takes(write)
                ? write
                : null;
    }

    /** Null when the baseline's content is not as long as it says: written by itself, that comes to light. */
    private byte @Nullable [] content(FileWrite write) {
        try (InputStream content = approved.baseline()
                .open(Objects.requireNonNull(approved.baseline().files().get(write.path())))) {
            byte[] bytes = content.readNBytes((int) write.size() + 1);
            return bytes.length == write.size() ? bytes : null;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private void workOff() {
        List<Ready> together = waiting;
        WriteBatch writes = batch;
        waiting = new ArrayList<>();
        batch = new WriteBatch();
        if (together.size() > 1 && together(together, writes)) {
            together.forEach(ready -> changed.add(ready.step().path()));
            return;
        }
        for (Ready ready : together) {
            if (lapsed == null) {
                alone(ready);
            }
        }
    }

    /** False when each has to go by itself: a guardrail has something to say, or not all was as expected. */
    private boolean together(List<Ready> together, WriteBatch writes) {
        TimeLimit.require(ONE_ACT);
        Map<NodePath, Digest> contents = new LinkedHashMap<>();
        writes.writes().forEach(write -> contents.put(write.path(), write.content()));
        List<Effect> effects =
                together.stream().map(ready -> effect(ready.step())).toList();
        Optional<List<WriteOutcome>> outcomes = gate.performTogether(effects, () -> announce(contents), permits -> {
            boolean done;
            try {
                done = files.writeTogether(node, permits, writes);
            } finally {
                ownWrites.end(incident, node, contents.keySet());
            }
            return together.stream()
                    .map(ready -> done
                            ? new WriteOutcome.Written(ready.step().path())
                            : new WriteOutcome.Changed("not everything was as expected: one by one"))
                    .map(WriteOutcome.class::cast)
                    .toList();
        });
        return outcomes.isPresent() && outcomes.get().stream().allMatch(WriteOutcome.Written.class::isInstance);
    }

    private void alone(Ready ready) {
        RestorePlan.Step step = ready.step();
        // before the intent: an effect that is cut short leaves one without an outcome
        TimeLimit.require(ONE_ACT);
        Effect effect = effect(step);
        EffectResult<WriteOutcome> result = step.action() == FileAction.RESTORE
                ? gate.perform(
                        effect, () -> announce(Map.of(step.path(), file(step).sha256())), permit -> {
                            try {
                                return act(permit, ready);
                            } finally {
                                ownWrites.end(incident, node, List.of(step.path()));
                            }
                        })
                : gate.perform(effect, permit -> act(permit, ready));
        if (result instanceof EffectResult.DryRun<WriteOutcome> dry) {
            dryRun = dry.reason();
        } else if (result instanceof EffectResult.NotAllowed<WriteOutcome> refused) {
            forPeople.add(step.path() + ": " + refused.rule() + ", " + refused.reason());
            refusals.add(new RestoreOutcome.Refused(effect.kind(), step.path(), refused.rule(), refused.overridable()));
        } else {
            settle(step, ((EffectResult.Done<WriteOutcome>) result).value());
        }
    }

    private void settle(RestorePlan.Step step, WriteOutcome outcome) {
        if (outcome instanceof WriteOutcome.Changed) {
            lapsed = step.path() + " changed since the plan was made";
        } else if (outcome instanceof WriteOutcome.Refused refused) {
            forPeople.add(step.path() + ": " + refused.reason());
        } else {
            done(step);
        }
    }

    private void done(RestorePlan.Step step) {
        changed.add(step.path());
        if (step.action() == FileAction.QUARANTINE && step.before() != null) {
            quarantine.moved(incident, node, step.path(), step.before());
        }
    }

    /** The detection of what we put in place must be told from that of an attack. */
    private void announce(Map<NodePath, Digest> contents) {
        files.staging().ifPresent(staging -> ownWrites.begin(incident, node, contents, staging));
    }

    private BaselineFile file(RestorePlan.Step step) {
        return Objects.requireNonNull(approved.baseline().files().get(step.path()));
    }

    /** Null when the node does not know the owner. */
    private @Nullable FileWrite write(Ready ready) {
        BaselineFile file = file(ready.step());
        Long uid = DriftFinder.id(file.owner(), approved.scan().users());
        Long gid = DriftFinder.id(file.group(), approved.scan().groups());
        return uid == null || gid == null
                ? null
                : new FileWrite(
                        ready.cover().path(),
                        ready.cover().expected(),
                        file.sha256(),
                        file.size(),
                        file.mode(),
                        uid,
                        gid);
    }

    /** Changes what the evidence covers and nothing else: path and expected content come from there. */
    private WriteOutcome act(Permit permit, Ready ready) {
        if (ready.step().action() == FileAction.QUARANTINE) {
            return files.quarantine(
                    node, permit, ready.cover().path(), ready.cover().content());
        }
        BaselineFile file = file(ready.step());
        FileWrite write = write(ready);
        if (write == null) {
            return new WriteOutcome.Refused("the node has no user " + file.owner() + " or group " + file.group());
        }
        // without its content nothing but owner and mode is set: the node checks that the content is the baseline's
        // first
        try (InputStream content = file.held() == BaselineFile.Held.CONTENT
                ? approved.baseline().open(file)
                : InputStream.nullInputStream()) {
            return files.write(node, permit, write, content);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private Effect effect(RestorePlan.Step step) {
        boolean quarantine = step.action() == FileAction.QUARANTINE;
        String request = quarantine
                ? "if %s is %s: move it to the quarantine of the work directory".formatted(step.path(), there(step))
                : request(step, file(step));
        return new Effect(
                approved.actor(),
                incident,
                node,
                quarantine ? Effect.Kind.QUARANTINE_FILE : Effect.Kind.RESTORE_FILE,
                step.path().toString(),
                request);
    }

    /** What the node is asked to do, as {@code write.sh} and {@code write-together.sh} do it. */
    private String request(RestorePlan.Step step, BaselineFile file) {
        String owner = "chown %s:%s (%s:%s), chmod %04o, fsync"
                .formatted(
                        number(DriftFinder.id(file.owner(), approved.scan().users())),
                        number(DriftFinder.id(file.group(), approved.scan().groups())),
                        file.owner(),
                        file.group(),
                        file.mode());
        return step.action() == FileAction.RESTORE_METADATA
                ? "if %s is %s: %s".formatted(step.path(), there(step), owner)
                : "stage %d bytes of sha256 %s, %s; if %s is %s: rename over it, fsync the directory"
                        .formatted(file.size(), file.sha256().hex(), owner, step.path(), there(step));
    }

    /** As the node is asked whether it still holds it. */
    private String there(RestorePlan.Step step) {
        if (step.before() != null) {
            return "sha256 " + step.before().hex();
        }
        ScannedFile entry = found.get(step.path());
        if (entry == null) {
            return "not there";
        }
        String type = entry.type().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return entry.linkTarget() == null ? "a " + type : "a " + type + " to " + entry.linkTarget();
    }

    /** Without a number on the node nothing is written. */
    private static String number(@Nullable Long id) {
        return id == null ? "unknown" : id.toString();
    }
}
