package dev.drawbridge.node;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import org.jspecify.annotations.Nullable;

/**
 * One directory entry as a scan found it. Nothing in it is trusted: it comes from a node that may be compromised.
 *
 * @param path as on the node, without the root prefix
 * @param mode permission bits, including set-id and sticky (octal 07777)
 * @param modifiedAt seconds since the epoch, as the node claims
 * @param links number of hard links
 * @param sha256 of the content; null for anything but a regular file that could be read
 * @param linkTarget of a symbolic link, escaped like {@link NodePath#toString()}
 */
public record ScannedFile(
        NodePath path,
        FileType type,
        int mode,
        long uid,
        long gid,
        long size,
        long modifiedAt,
        int links,
        @Nullable Digest sha256,
        @Nullable String linkTarget) {

    public boolean unreadable() {
        return type == FileType.FILE && sha256 == null;
    }
}
