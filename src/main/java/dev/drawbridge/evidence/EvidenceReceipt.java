package dev.drawbridge.evidence;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Proof that what is about to be changed was kept. Only {@link EvidenceLocker} makes one, after the content is flushed to
 * its store; a restore cannot be called without it.
 */
public final class EvidenceReceipt {
    private final IncidentId incident;
    private final NodeName node;
    private final @Nullable Actor capturedBy;
    private final Instant capturedAt;
    private final List<EvidenceItem> items;
    private final Digest manifest;

    EvidenceReceipt(
            IncidentId incident,
            NodeName node,
            @Nullable Actor capturedBy,
            Instant capturedAt,
            List<EvidenceItem> items,
            Digest manifest) {
        this.incident = incident;
        this.node = node;
        this.capturedBy = capturedBy;
        this.capturedAt = capturedAt;
        this.items = List.copyOf(items);
        this.manifest = manifest;
    }

    public IncidentId incident() {
        return incident;
    }

    public NodeName node() {
        return node;
    }

    /** Null for receipts that were given before this was written down; their audit entries say it. */
    public @Nullable Actor capturedBy() {
        return capturedBy;
    }

    /** When the receipt was given; each item has its own time. */
    public Instant capturedAt() {
        return capturedAt;
    }

    public List<EvidenceItem> items() {
        return items;
    }

    /** Digest of the list of items; what audit entries refer to. */
    public Digest manifest() {
        return manifest;
    }

    /** True when exactly this content of this path was kept; {@code content} null for what has no content (a link, a fifo). */
    public boolean covers(NodePath path, @Nullable Digest content) {
        return items.stream()
                .anyMatch(item -> item.origin().equals(path.toString())
                        && item.state() != EvidenceItem.State.NOT_AVAILABLE
                        && (content == null || content.equals(item.sha256())));
    }
}
