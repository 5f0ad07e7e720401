package dev.drawbridge.evidence;

import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.io.InputStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Receipts that a test wrote, without what they are for. */
public final class KnownReceipts implements EvidenceLocker {
    private final Map<IncidentId, EvidenceReceipt> receipts = new HashMap<>();

    public void put(IncidentId incident, NodeName node, EvidenceItem... items) {
        receipts.put(
                incident,
                new EvidenceReceipt(
                        incident,
                        node,
                        Actor.playbook("test"),
                        Instant.parse("2026-11-24T00:00:00Z"),
                        List.of(items),
                        Digest.ofText(List.of(items).toString())));
    }

    public void clear() {
        receipts.clear();
    }

    @Override
    public Optional<EvidenceReceipt> receipt(IncidentId incident) {
        return Optional.ofNullable(receipts.get(incident));
    }

    @Override
    public Optional<InputStream> open(Digest content) {
        return Optional.empty();
    }

    @Override
    public Optional<EvidenceReceipt> capture(
            Actor actor, IncidentId incident, NodeName node, NodeScan scan, List<ScannedFile> files) {
        throw new UnsupportedOperationException("pages and API capture nothing");
    }
}
