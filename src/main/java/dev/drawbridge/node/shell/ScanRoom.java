package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeAccessException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What scans may take of the temporary directory, each by itself and all that are open together: that directory is often small, or memory. Several
 * hostile nodes that take all of it have the scans of others refused, and those are tried again; scans that fit into memory need none of it.
 */
final class ScanRoom {
    /** On an average. */
    private static final int BYTES_PER_ENTRY = 512;
    /** Of the largest size at once: two scans that go on, with two each, or the looks that are kept. */
    private static final int FILES = 4;

    private final long each;
    private final AtomicLong left;

    /** @param maxEntries of a scan */
    ScanRoom(int maxEntries) {
        this.each = (long) maxEntries * BYTES_PER_ENTRY;
        this.left = new AtomicLong(FILES * each);
    }

    EntryFile file() {
        return new EntryFile(each, this);
    }

    /** @throws NodeAccessException when there is not so much left */
    void take(long bytes) {
        if (left.addAndGet(-bytes) < 0) {
            left.addAndGet(bytes);
            throw new NodeAccessException("open scans hold all that they may together of the temporary directory");
        }
    }

    void giveBack(long bytes) {
        left.addAndGet(bytes);
    }
}
