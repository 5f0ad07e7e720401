package dev.drawbridge.recovery;

import dev.drawbridge.node.Quarantined;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.WatchedSet;
import java.util.List;
import java.util.Optional;

/** What restores moved out of the way, and the way back. What is no regular file, or could not be read, has no way back. */
public interface Quarantine {
    /** Files of an incident, in the order in which they were moved, also those that are back. */
    List<QuarantinedFile> of(IncidentId incident);

    /** @param id from {@link QuarantinedFile#id}; anything else finds nothing */
    Optional<QuarantinedFile> find(IncidentId incident, String id);

    /**
     * Asks the node.
     *
     * @return empty when it is not in quarantine any more, or no longer what was moved there
     */
    Optional<Quarantined> look(QuarantinedFile file);

    /**
     * Puts a file back where it was, after evidence was kept of it and of what is at that path. Never over anything. Can be repeated.
     *
     * @param agreed what people read and agreed to; anything else is {@link ReturnOutcome.Lapsed}
     * @param watched of the playbook: nothing is put elsewhere
     */
    ReturnOutcome putBack(Actor actor, QuarantinedFile file, Quarantined agreed, WatchedSet watched);
}
