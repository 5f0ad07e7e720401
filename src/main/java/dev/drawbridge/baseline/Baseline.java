package dev.drawbridge.baseline;

import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.util.SortedMap;

/** The files of one node at a verified revision. */
public interface Baseline {
    BaselineRevision revision();

    /** In the order of their paths; a file that is not in it should not be on the node. */
    SortedMap<NodePath, BaselineFile> files();

    /**
     * Content of one of {@link #files()} that the baseline holds with its content, read from the verified revision; the caller
     * closes it.
     *
     * @throws IllegalArgumentException when the content is not held
     */
    InputStream open(BaselineFile file);
}
