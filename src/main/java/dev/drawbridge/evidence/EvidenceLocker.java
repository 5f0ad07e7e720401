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

    /** The newest receipt of an incident, as kept in the database. */
    Optional<EvidenceReceipt> receipt(IncidentId incident);

    /** Content by digest; the caller closes it. Empty when nothing with that digest was kept. */
    Optional<InputStream> open(Digest content);
}
