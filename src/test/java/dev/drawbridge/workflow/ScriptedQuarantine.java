package dev.drawbridge.workflow;

import dev.drawbridge.node.Quarantined;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.recovery.ReturnOutcome;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.WatchedSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A quarantine in which the rogue manifest lies and out of which it can be put back, or whatever a test wants it to be. */
final class ScriptedQuarantine implements Quarantine {
    /** Empty: it is not there any more. */
    final Script<Optional<Quarantined>> look = new Script<>();

    final Script<ReturnOutcome> putBack = new Script<>();
    /** What each return was called with. */
    final List<Quarantined> carriedOut = new CopyOnWriteArrayList<>();

    private final List<QuarantinedFile> files = new ArrayList<>();

    void clear() {
        look.clear();
        putBack.clear();
        carriedOut.clear();
        files.clear();
    }

    QuarantinedFile hold(IncidentId incident, NodeName node) {
        Digest content = Digest.ofText("rogue");
        QuarantinedFile file = new QuarantinedFile(
                Quarantined.id(incident, ScriptedRecovery.ROGUE, content),
                incident,
                node,
                ScriptedRecovery.ROGUE,
                content,
                Instant.parse("2026-01-15T09:20:00Z"),
                null);
        files.add(file);
        return file;
    }

    void returned(QuarantinedFile file) {
        files.remove(file);
        files.add(new QuarantinedFile(
                file.id(),
                file.incident(),
                file.node(),
                file.path(),
                file.content(),
                file.movedAt(),
                Instant.parse("2026-01-15T10:20:00Z")));
    }

    @Override
    public List<QuarantinedFile> of(IncidentId incident) {
        return files.stream().filter(file -> file.incident().equals(incident)).toList();
    }

    @Override
    public Optional<QuarantinedFile> find(IncidentId incident, String id) {
        return of(incident).stream().filter(file -> file.id().equals(id)).findFirst();
    }

    @Override
    public Optional<Quarantined> look(QuarantinedFile file) {
        if (dev.drawbridge.node.NodeUse.current().isEmpty()) {
            throw new IllegalStateException("the step does not say in whose name it reaches the node");
        }
        return look.take(() -> Optional.of(new Quarantined(file.id(), file.content(), 0644, 0, 7, 5, 1768468570)));
    }

    @Override
    public ReturnOutcome putBack(Actor actor, QuarantinedFile file, Quarantined agreed, WatchedSet watched) {
        NodeUses.require(actor, file.incident());
        carriedOut.add(agreed);
        return putBack.take(() -> {
            returned(file);
            return new ReturnOutcome.Returned();
        });
    }
}
