package dev.drawbridge.node;

import dev.drawbridge.shared.Digest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What stands at a path and may be replaced; whatever somebody put there meanwhile may not. */
public sealed interface Expected {
    /** There is nothing, not even a link that leads nowhere. */
    record Nothing() implements Expected {}

    /** A regular file with this content, under however many names. */
    record Content(Digest sha256) implements Expected {}

    /**
     * Neither file nor directory.
     *
     * @param type one of those of which a {@link ScannedFile} says all that there is to know: it is gone when it is replaced, and of a
     *     device the numbers would be lost
     * @param linkTarget of a symbolic link, escaped as in {@link ScannedFile}; null for anything else
     */
    record Entry(FileType type, @Nullable String linkTarget) implements Expected {
        private static final Set<FileType> KNOWN_IN_FULL = Set.of(FileType.SYMLINK, FileType.FIFO, FileType.SOCKET);

        public Entry {
            if (!KNOWN_IN_FULL.contains(type) || (type == FileType.SYMLINK) == (linkTarget == null)) {
                throw new IllegalArgumentException("nothing that a scan says all of: " + type);
            }
        }
    }

    /** @param sha256 null when there is nothing */
    static Expected content(@Nullable Digest sha256) {
        return sha256 == null ? new Nothing() : new Content(sha256);
    }

    /** Whether a scan says all that there is to know of this, so that it may be replaced once evidence of it is kept. */
    static boolean replaceable(ScannedFile file) {
        return file.sha256() != null
                || Entry.KNOWN_IN_FULL.contains(file.type())
                        && (file.type() == FileType.SYMLINK) == (file.linkTarget() != null);
    }

    /** @throws IllegalArgumentException when it is not {@link #replaceable} */
    static Expected of(ScannedFile file) {
        return file.sha256() != null ? new Content(file.sha256()) : new Entry(file.type(), file.linkTarget());
    }
}
