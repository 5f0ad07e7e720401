package dev.drawbridge.recovery;

import dev.drawbridge.node.Quarantined;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.WatchedSet;
import dev.drawbridge.workflow.QuarantineReturns;
import dev.drawbridge.workflow.TaskInbox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;

/** Quarantined files that a test wrote, and requests for them; touches no node. */
public final class KnownQuarantine implements Quarantine, QuarantineReturns {
    private final List<QuarantinedFile> files = new ArrayList<>();
    private final Queue<Asked> script = new ArrayDeque<>();
    private final List<String> asked = new ArrayList<>();

    public void put(QuarantinedFile... added) {
        files.addAll(List.of(added));
    }

    /** What the next request comes to. */
    public void answerNext(Asked answer) {
        script.add(answer);
    }

    /** File, person and reason of every request. */
    public List<String> asked() {
        return List.copyOf(asked);
    }

    public void clear() {
        files.clear();
        script.clear();
        asked.clear();
    }

    @Override
    public Asked ask(IncidentId incident, String file, TaskInbox.Person person, String reason) {
        if (find(incident, file).isEmpty()) {
            return new Asked.NotFound();
        }
        asked.add(file + " " + person.name() + " " + reason);
        Asked scripted = script.poll();
        return scripted == null ? new Asked.Accepted() : scripted;
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
        throw new UnsupportedOperationException("pages and API look at no node");
    }

    @Override
    public ReturnOutcome putBack(Actor actor, QuarantinedFile file, Quarantined agreed, WatchedSet watched) {
        throw new UnsupportedOperationException("pages and API put nothing back");
    }
}
