package dev.drawbridge.node;

import dev.drawbridge.node.NodeFiles.FileWrite;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Files that one command can put in place: small ones of one directory, with one owner and mode, whose names no shell can take for
 * anything else. Bounded, so that its contents may lie in memory.
 */
public final class WriteBatch {
    /** One file of a batch is at most this long, in bytes. */
    public static final long SMALL = 256 * 1024;

    private static final int MOST_FILES = 128;
    private static final long MOST_BYTES = 4 * 1024 * 1024;
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._@+=-]{1,100}");

    private final List<FileWrite> writes = new ArrayList<>();
    private final List<byte[]> contents = new ArrayList<>();
    private long bytes;

    /** Whether a file with this name and of this many bytes can be handled together with others at all. */
    public static boolean suits(NodePath path, long size) {
        return size <= SMALL && PLAIN.matcher(path.name()).matches();
    }

    /** Whether this one can still go with those that are there. */
    public boolean takes(FileWrite next) {
        if (!suits(next.path(), next.size()) || writes.size() >= MOST_FILES || bytes + next.size() > MOST_BYTES) {
            return false;
        }
        return writes.isEmpty() || alike(writes.get(0), next);
    }

    private static boolean alike(FileWrite one, FileWrite other) {
        return one.path().parent().equals(other.path().parent())
                && one.mode() == other.mode()
                && one.uid() == other.uid()
                && one.gid() == other.gid();
    }

    /** @throws IllegalArgumentException when it does not go with those that are there, or its content is not as long as it says */
    public void add(FileWrite write, byte[] content) {
        if (!takes(write) || content.length != write.size()) {
            throw new IllegalArgumentException(write.path() + " does not go with the others");
        }
        writes.add(write);
        contents.add(content);
        bytes += content.length;
    }

    public List<FileWrite> writes() {
        return List.copyOf(writes);
    }

    /** In the order of {@link #writes}. */
    public List<byte[]> contents() {
        return List.copyOf(contents);
    }
}
