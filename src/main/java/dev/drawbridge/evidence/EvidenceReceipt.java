package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Proof that what is about to be changed was kept. Only {@link EvidenceLocker} makes one, after the content is flushed to
 * its store; a restore cannot be called without it.
 */
public final class EvidenceReceipt {
    private final IncidentId incident;
    private final NodeName node;
    private final List<EvidenceItem> items;
    private final Digest manifest;

    EvidenceReceipt(IncidentId incident, NodeName node, List<EvidenceItem> items, Digest manifest) {
        this.incident = incident;
        this.node = node;
        this.items = List.copyOf(items);
        this.manifest = manifest;
    }

    public IncidentId incident() {
        return incident;
    }

    public NodeName node() {
        return node;
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
                        && (content == null || item.sha256().equals(content)));
    }
}
