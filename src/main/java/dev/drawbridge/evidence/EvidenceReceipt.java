package dev.drawbridge.evidence;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
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

    /**
     * Proof about one path, from which a write takes what it may change. Only a receipt gives one.
     *
     * @see #cover
     */
    public static final class Cover {
        private final NodePath path;
        private final @Nullable Digest content;

        private Cover(NodePath path, @Nullable Digest content) {
            this.path = path;
            this.content = content;
        }

        public NodePath path() {
            return path;
        }

        /** What was kept of it and may be changed; null when it has no content, or when there was nothing. */
        public @Nullable Digest content() {
            return content;
        }
    }

    /**
     * Proof that exactly this content of this path was kept, or empty.
     *
     * @param content null for what has no content (a link, a fifo)
     */
    public Optional<Cover> cover(NodePath path, @Nullable Digest content) {
        boolean kept = items.stream()
                .anyMatch(item -> item.origin().equals(path.toString())
                        && item.state() != EvidenceItem.State.NOT_AVAILABLE
                        && Objects.equals(content, item.sha256()));
        return kept ? Optional.of(new Cover(path, content)) : Optional.empty();
    }

    /** For a path at which there was nothing to keep: whoever writes there must still find nothing. */
    public Cover nothingAt(NodePath path) {
        return new Cover(path, null);
    }
}
