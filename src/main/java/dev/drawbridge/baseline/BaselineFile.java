package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;

/**
 * One directory entry as it should be.
 *
 * @param held how much of it the baseline holds, and so what can be done about a difference
 * @param sha256 of the content; of a link's target, and of nothing for a directory
 * @param size of the content in bytes; 0 where it is not held
 * @param owner user name, or decimal user id
 * @param group group name, or decimal group id
 */
public record BaselineFile(NodePath path, Held held, Digest sha256, long size, int mode, String owner, String group) {

    /** How much of an entry the baseline holds. */
    public enum Held {
        /** A file with its content: it can be restored. */
        CONTENT,
        /** A file's digest, owner and mode: a difference is seen, its content cannot be put back from here. */
        DIGEST,
        /** A symbolic link, of which the target is compared. None is ever made or followed. */
        LINK,
        /** A directory that must be there although it is empty. */
        DIRECTORY,
        /** A directory of which the baseline says only that something of another repository lies in it. */
        SUBMODULE
    }
}
