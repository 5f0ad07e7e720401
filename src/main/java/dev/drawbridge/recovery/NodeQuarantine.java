package dev.drawbridge.recovery;

import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeFiles.WriteOutcome;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** The way back out of the quarantine of a node: evidence, verdict, and a write that replaces nothing. */
@Service
class NodeQuarantine implements Quarantine {
    private static final Logger log = LoggerFactory.getLogger(NodeQuarantine.class);

    private final NodeFiles files;
    private final EvidenceLocker evidence;
    private final EffectGate gate;
    private final PlanStore plans;
    private final QuarantineStore store;

    NodeQuarantine(NodeFiles files, EvidenceLocker evidence, EffectGate gate, PlanStore plans, QuarantineStore store) {
        this.files = files;
        this.evidence = evidence;
        this.gate = gate;
        this.plans = plans;
        this.store = store;
    }

    @Override
    public List<QuarantinedFile> of(IncidentId incident) {
        return store.of(incident);
    }

    @Override
    public Optional<QuarantinedFile> find(IncidentId incident, String id) {
        return store.find(incident, id);
    }

    @Override
    public Optional<Quarantined> look(QuarantinedFile file) {
        return files.quarantined(file.node(), file.incident(), file.path(), file.content());
    }

    @Override
    public ReturnOutcome putBack(Actor actor, QuarantinedFile file, Quarantined agreed, WatchedSet watched) {
        if (!agreed.content().equals(file.content())) {
            return new ReturnOutcome.Lapsed("what was agreed to is not this file");
        }
        if (!watched.contains(file.path())) {
            return new ReturnOutcome.Refused(file.path() + " is outside the watched set of the playbook");
        }
        Optional<EvidenceReceipt> receipt = capture(actor, file, agreed, watched);
        if (receipt.isEmpty()) {
            return new ReturnOutcome.Refused("the node changes faster than evidence of it is kept");
        }
        // nothing is replaced, so nothing at the path needs a cover: what is there makes the write end
        EvidenceReceipt.Cover cover = receipt.get().nothingAt(file.path());
        EffectResult<WriteOutcome> result =
                gate.perform(effect(actor, file, agreed), permit -> act(permit, cover, file, agreed));
        if (result instanceof EffectResult.DryRun<WriteOutcome> dry) {
            return new ReturnOutcome.DryRun(dry.reason());
        }
        if (result instanceof EffectResult.NotAllowed<WriteOutcome> refused) {
            return new ReturnOutcome.Refused(refused.rule() + ", " + refused.reason());
        }
        WriteOutcome outcome = ((EffectResult.Done<WriteOutcome>) result).value();
        if (outcome instanceof WriteOutcome.Changed changed) {
            return new ReturnOutcome.Lapsed(
                    "something is at the path, or the quarantine no longer holds it: " + changed.found());
        }
        if (outcome instanceof WriteOutcome.Refused refused) {
            return new ReturnOutcome.Refused(refused.reason());
        }
        store.returned(file);
        log.info("incident={} node={} put back from quarantine: {}", file.incident(), file.node(), file.path());
        return new ReturnOutcome.Returned();
    }

    private WriteOutcome act(Permit permit, EvidenceReceipt.Cover cover, QuarantinedFile file, Quarantined agreed) {
        return files.putBack(file.node(), permit, cover.path(), agreed);
    }

    /**
     * What lies in quarantine, what is at the path, and all that the incident's newest plan would still change: the receipt becomes the
     * incident's newest, and a plan that waits for its approval must find its files covered by it.
     */
    private Optional<EvidenceReceipt> capture(
            Actor actor, QuarantinedFile file, Quarantined agreed, WatchedSet watched) {
        try (NodeScan scan = files.scan(file.node(), watched.roots())) {
            return capture(actor, file, agreed, scan);
        }
    }

    private Optional<EvidenceReceipt> capture(Actor actor, QuarantinedFile file, Quarantined agreed, NodeScan scan) {
        List<RestorePlan.Step> planned = plans.newest(file.incident()).stream()
                .flatMap(kept -> kept.plan().steps().stream())
                .filter(step -> !step.path().equals(file.path()))
                .toList();
        Map<NodePath, ScannedFile> found = scan.files()
                .at(Stream.concat(Stream.of(file.path()), planned.stream().map(RestorePlan.Step::path))
                        .toList());
        List<ScannedFile> wanted = new ArrayList<>();
        // a run that was cut off may have emptied the quarantine; then the file itself is what is at the path
        if (look(file).isPresent()) {
            files.place(agreed).map(place -> inQuarantine(place, agreed)).ifPresent(wanted::add);
        }
        ScannedFile there = found.get(file.path());
        if (there != null && there.type() != FileType.DIRECTORY) {
            wanted.add(there);
        }
        planned.stream()
                .filter(step -> found.containsKey(step.path())
                        && Objects.equals(found.get(step.path()).sha256(), step.before()))
                .map(step -> found.get(step.path()))
                .forEach(wanted::add);
        return evidence.capture(actor, file.incident(), file.node(), scan, wanted);
    }

    private static ScannedFile inQuarantine(NodePath place, Quarantined file) {
        return new ScannedFile(
                place,
                FileType.FILE,
                file.mode(),
                file.uid(),
                file.gid(),
                file.size(),
                file.modifiedAt(),
                1,
                file.content(),
                null);
    }

    private static Effect effect(Actor actor, QuarantinedFile file, Quarantined agreed) {
        return new Effect(
                actor,
                file.incident(),
                file.node(),
                Effect.Kind.RETURN_FILE,
                file.path().toString(),
                "if quarantine/%s holds sha256 %s of %s (%d:%d %04o, %d bytes, changed %d): copy it, fsync; if nothing is at %s: link it there, fsync the directory, empty the place"
                        .formatted(
                                agreed.place(),
                                agreed.content().hex(),
                                file.path(),
                                agreed.uid(),
                                agreed.gid(),
                                agreed.mode(),
                                agreed.size(),
                                agreed.modifiedAt(),
                                file.path()));
    }
}
