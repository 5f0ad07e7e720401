package dev.drawbridge.evidence;

import dev.drawbridge.node.Expected;
import dev.drawbridge.node.ScannedFile;
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
        private final @Nullable ScannedFile found;

        private Cover(NodePath path, @Nullable ScannedFile found) {
            this.path = path;
            this.found = found;
        }

        public NodePath path() {
            return path;
        }

        /** What was kept of it and may be changed; null when it has no content, or when there was nothing. */
        public @Nullable Digest content() {
            return found == null ? null : found.sha256();
        }

        /**
         * What may be replaced.
         *
         * @throws IllegalArgumentException for what the evidence does not hold in full, which may only be moved
         */
        public Expected expected() {
            return found == null ? new Expected.Nothing() : Expected.of(found);
        }
    }

    /**
     * Proof that exactly this was kept, or empty: of a file its content, of what has none (a link, a fifo) all that a scan says of it.
     *
     * @param found by the newest scan
     */
    public Optional<Cover> cover(ScannedFile found) {
        boolean kept = items.stream()
                .anyMatch(item -> item.origin().equals(found.path().toString())
                        && item.state() != EvidenceItem.State.NOT_AVAILABLE
                        && Objects.equals(found.sha256(), item.sha256())
                        && (item.sha256() != null || item.description().equals(EvidenceItem.describe(found))));
        return kept ? Optional.of(new Cover(found.path(), found)) : Optional.empty();
    }

    /** For a path at which there was nothing to keep: whoever writes there must still find nothing. */
    public Cover nothingAt(NodePath path) {
        return new Cover(path, null);
    }
}
