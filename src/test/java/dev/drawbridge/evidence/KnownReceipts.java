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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Receipts that a test wrote, without what they are for. */
public final class KnownReceipts implements EvidenceLocker {
    private final Map<IncidentId, EvidenceReceipt> receipts = new HashMap<>();
    private final Set<IncidentId> spoiled = new HashSet<>();

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

    /** As if somebody had changed it in the database. */
    public void spoil(IncidentId incident) {
        spoiled.add(incident);
    }

    public void clear() {
        spoiled.clear();
        receipts.clear();
    }

    @Override
    public ReceiptLookup look(IncidentId incident) {
        EvidenceReceipt receipt = receipts.get(incident);
        if (receipt != null && spoiled.contains(incident)) {
            return new ReceiptLookup.Damaged(receipt.manifest().hex(), receipt.capturedAt());
        }
        return receipt == null ? new ReceiptLookup.None() : new ReceiptLookup.Held(receipt);
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
