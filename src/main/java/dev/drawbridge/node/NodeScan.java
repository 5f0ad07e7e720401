package dev.drawbridge.node;

import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One complete scan of some trees of a node; an incomplete one is an exception, never a short list. Whoever asked for it closes it.
 *
 * @param roots what was scanned; a root that does not exist has simply no entries. One that could not be entered is an entry
 *     itself: {@link FileType#SYMLINK} when it or a directory on the way is a link, else {@link FileType#UNSTABLE}
 * @param users names to user ids, from the node's own passwd file
 * @param groups names to group ids, from the node's own group file
 */
public record NodeScan(
        NodeName node,
        Instant at,
        List<NodePath> roots,
        ScannedFiles files,
        Map<String, Long> users,
        Map<String, Long> groups)
        implements AutoCloseable {
    public NodeScan {
        roots = List.copyOf(roots);
        users = Map.copyOf(users);
        groups = Map.copyOf(groups);
    }

    /** One of few entries. */
    public NodeScan(
            NodeName node,
            Instant at,
            List<NodePath> roots,
            List<ScannedFile> files,
            Map<String, Long> users,
            Map<String, Long> groups) {
        this(node, at, roots, ScannedFiles.of(files), users, groups);
    }

    @Override
    public void close() {
        files.close();
    }
}
