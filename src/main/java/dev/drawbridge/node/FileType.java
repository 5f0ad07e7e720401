package dev.drawbridge.node;

/** Type of a directory entry, from the file mode (inode(7)). */
public enum FileType {
    FILE,
    DIRECTORY,
    SYMLINK,
    FIFO,
    SOCKET,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    /** Vanished or kept changing while it was read; or a scanned directory that could not be entered. */
    UNSTABLE
}
