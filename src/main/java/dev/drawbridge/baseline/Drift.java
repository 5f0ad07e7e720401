package dev.drawbridge.baseline;

import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import org.jspecify.annotations.Nullable;

/**
 * One difference between node and baseline.
 *
 * @param expected what the baseline holds; null when unexpected
 * @param found what the scan found; null when missing
 */
public record Drift(
        NodePath path,
        Kind kind,
        FileClass fileClass,
        @Nullable BaselineFile expected,
        @Nullable ScannedFile found) {

    public enum Kind {
        /** Other content. */
        MODIFIED,
        /** Same content, other owner, group or mode. */
        METADATA_ONLY,
        MISSING,
        /** Not in the baseline. */
        UNEXPECTED,
        /** A link, directory, fifo, device or socket where the baseline has a file; or the file has another name too, elsewhere. */
        WRONG_TYPE,
        /** There, but its content could not be read or kept changing. */
        UNREADABLE,
        /**
         * The path of a watched directory, or of one above it, is a link, no directory, or cannot be entered: nobody looked at what
         * lies below, and no difference of a file there is reported.
         */
        BLOCKED;

        public String code() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }
}
