package dev.drawbridge.node;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands on the files of nodes. Two real ways exist for it: SSH, and a helper pod with {@code exec}. No component of a path
 * may be a symbolic link; that is refused on the node, at the moment of the act.
 *
 * <p>All methods throw {@link NodeUnreachableException} when there is no connection or it breaks, and
 * {@link NodeAccessException} for everything else that is a fault. Each has a time limit.
 */
public interface NodeFiles {

    /**
     * Scans the trees in one round trip, in constant memory, without following links or crossing file systems. A
     * root behind a link is not scanned but reported, see {@link NodeScan#roots()}.
     *
     * @return closed by the caller
     */
    NodeScan scan(NodeName node, List<NodePath> roots);

    /**
     * Streams the content of a regular file.
     *
     * @param limit bytes at most; a longer file is a {@link NodeAccessException}
     * @return digest of what was streamed; empty when there is no regular file at that path
     */
    Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit);

    /**
     * Contents of small files in few round trips.
     *
     * @param files as a scan found them
     * @return those whose content still is what the scan found; for every other one {@link #read} tells what came of it
     */
    Map<NodePath, byte[]> readTogether(NodeName node, List<ScannedFile> files);

    /**
     * Puts a file in place atomically: staged on the same file system outside any watched directory, flushed, owner and mode set, renamed over,
     * directory flushed, read back. A rename replaces the name: a link there is never followed, and a file that has other names keeps them, without
     * this one. Content that is right already is left where it is, and only owner and mode are set, unless the file has another name: then it gets
     * an inode of its own.
     */
    WriteOutcome write(NodeName node, Permit permit, FileWrite write, InputStream content);

    /**
     * Puts the files of a batch in place in one round trip, each atomically and as by {@link #write}. Begins only when the node holds everything
     * exactly as expected.
     *
     * @return false when it did not, or not all came to be as wanted: {@link #write} tells of each file what came of it, also of those that are
     *     in place
     */
    boolean writeTogether(NodeName node, List<Permit> permits, WriteBatch batch);

    /**
     * Directory on a node, without any root prefix, out of which {@link #write} renames files into place; empty when it has no fixed
     * one, and then no detection of a write can be told from that of an attack.
     */
    Optional<NodePath> staging();

    /**
     * Moves a file out of the way into a directory that only root may read, outside kubelet's and all watched paths.
     *
     * @param expected digest that it must still have; null for anything but a readable regular file
     */
    WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected);

    /**
     * What lies in quarantine of a regular file that {@link #quarantine} moved there for an incident.
     *
     * @return empty when it is not there any more, or no longer what it was
     */
    Optional<Quarantined> quarantined(NodeName node, IncidentId incident, NodePath path, Digest content);

    /**
     * Puts a file from quarantine back where it was: a new copy with its content, owner, mode and time of change, flushed, linked into
     * place over nothing, read back; then the one in quarantine is removed. {@link WriteOutcome.Changed} when something is at the path,
     * or when the one in quarantine is no longer this one.
     */
    WriteOutcome putBack(NodeName node, Permit permit, NodePath path, Quarantined file);

    /** Where it lies, without any root prefix; empty when there is no fixed place. */
    Optional<NodePath> place(Quarantined file);

    /**
     * @param expected what is replaced: what somebody changed meanwhile is not overwritten
     * @param mode permission bits (octal 07777)
     */
    record FileWrite(NodePath path, Expected expected, Digest content, long size, int mode, long uid, long gid) {}

    /** What came of a change to a file. */
    sealed interface WriteOutcome {
        /** @param where final path: the file itself, or the place in quarantine */
        record Written(NodePath where) implements WriteOutcome {}

        /** It was already as wanted: a rerun after a crash. */
        record AlreadyDone() implements WriteOutcome {}

        /** The node no longer holds what the plan was made for. */
        record Changed(String found) implements WriteOutcome {}

        /** A link on the way, a directory in the place, another file system: a person must look. */
        record Refused(String reason) implements WriteOutcome {}
    }
}
