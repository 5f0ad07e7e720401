package dev.drawbridge.evidence;

import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** Keeps what was on a node, content-addressed and streamed, and gives receipts for it. */
public interface EvidenceLocker {
    /**
     * Keeps the scan itself and the content of these files.
     *
     * @return the receipt, or empty when a file's content is no longer the one that was scanned
     */
    Optional<EvidenceReceipt> capture(
            Actor actor, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files);

    /** The newest receipt of an incident, as kept in the database. One that is found damaged for the first time is told to the audit trail. */
    ReceiptLookup look(IncidentId incident);

    /**
     * The newest receipt, for who cannot go on with a damaged one.
     *
     * @throws IllegalStateException when it is damaged
     */
    default Optional<EvidenceReceipt> receipt(IncidentId incident) {
        ReceiptLookup found = look(incident);
        if (found instanceof ReceiptLookup.Damaged) {
            throw new IllegalStateException("the receipt of the evidence is damaged");
        }
        return found instanceof ReceiptLookup.Held held ? Optional.of(held.receipt()) : Optional.empty();
    }

    /** Content by digest; the caller closes it. Empty when nothing with that digest was kept. */
    Optional<InputStream> open(Digest content);
}
