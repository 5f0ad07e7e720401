package dev.drawbridge.evidence;

import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One artefact, or that it could not be had.
 *
 * @param origin where it was: a path on the node, or what it is ({@code scan of /etc/kubernetes}), which never begins with a slash
 * @param sha256 of the content; null when there is none
 * @param size bytes of the content
 * @param description owner, mode, times, as found; or why it is not available
 */
public record EvidenceItem(
        Kind kind,
        String origin,
        State state,
        @Nullable Digest sha256,
        long size,
        Instant capturedAt,
        String description) {

    /** What it is; the code is part of the HTTP contract and of exported bags. */
    public enum Kind {
        /** A file, link or whatever else lay at a path. */
        FILE,
        /** Every entry below the watched directories, with its metadata and digest. */
        SCAN,
        /** What ran, and who had something open in the watched directories. */
        PROCESSES,
        /** The node object of the API. */
        NODE,
        /** A mirror pod as the API shows it. */
        STATIC_POD,
        /** What the cluster noted about the node and its static pods. */
        EVENTS;

        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** What became of it; the code is part of the HTTP contract and of exported bags. */
    public enum State {
        /** The content was kept. */
        KEPT,
        /** It has none (a link, a fifo, an empty list): the description is all there is. */
        NO_CONTENT,
        /** It could not be had; the description says why. */
        NOT_AVAILABLE;

        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public EvidenceItem {
        // receipts that were given before there were kinds and states hold files and scans only, with a digest each
        kind = kind == null ? Kind.FILE : kind;
        state = state == null ? State.KEPT : state;
        if ((state == State.KEPT) != (sha256 != null)) {
            throw new IllegalArgumentException("what was kept has a digest, and nothing else has one");
        }
    }

    public static EvidenceItem kept(
            Kind kind, String origin, Digest sha256, long size, Instant capturedAt, String description) {
        return new EvidenceItem(kind, origin, State.KEPT, sha256, size, capturedAt, description);
    }

    public static EvidenceItem noContent(Kind kind, String origin, Instant capturedAt, String description) {
        return new EvidenceItem(kind, origin, State.NO_CONTENT, null, 0, capturedAt, description);
    }

    public static EvidenceItem notAvailable(Kind kind, String origin, Instant capturedAt, String reason) {
        return new EvidenceItem(kind, origin, State.NOT_AVAILABLE, null, 0, capturedAt, "not available: " + reason);
    }

    /** What a scan says of a directory entry but its path: the whole evidence of one without content. */
    static String describe(ScannedFile file) {
        // put together by hand: there is one for each file of a node, and a format takes ten times as long
        String mode = Integer.toOctalString(file.mode());
        return "type=" + file.type()
                + " mode=" + "0".repeat(Math.max(0, 4 - mode.length())) + mode
                + " uid=" + file.uid()
                + " gid=" + file.gid()
                + " size=" + file.size()
                + " mtime=" + file.modifiedAt()
                + " links=" + file.links()
                + " sha256=" + Objects.requireNonNullElse(file.sha256(), "-")
                + " target=" + Objects.requireNonNullElse(file.linkTarget(), "-");
    }
}
