package dev.drawbridge.evidence;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.shared.Actor;
import java.io.IOException;
import java.io.OutputStream;

/** Hands out evidence. It holds private keys and whatever an attacker wrote: who may have it is for the caller to decide. */
public interface EvidenceExport {
    /** Name of the bag, and of its file without the ending. */
    static String name(Incident incident) {
        return "drawbridge-evidence-" + incident.id();
    }

    /**
     * Writes everything that was captured for an incident as a ZIP with one bag (RFC 8493), as it is read from the store, and leaves
     * audit entries before and after that say who took it. The stream is not closed. When something fails in the middle, what was
     * written is no complete ZIP, so that nobody takes it for one.
     *
     * @throws IOException when the receiver went away
     */
    void write(Actor actor, Incident incident, OutputStream out) throws IOException;
}
