package dev.drawbridge.node;

import dev.drawbridge.shared.NodePath;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The entries of a scan in the order of their paths, each path once. Whoever goes through them, as often as need be, has one of them in hand and
 * not all: a node has as many as it likes.
 */
public interface ScannedFiles extends Iterable<ScannedFile>, AutoCloseable {

    /** Entries that are in memory anyway. */
    static ScannedFiles of(Collection<ScannedFile> files) {
        List<ScannedFile> sorted =
                files.stream().sorted(Comparator.comparing(ScannedFile::path)).toList();
        return new ScannedFiles() {
            @Override
            public Iterator<ScannedFile> iterator() {
                return sorted.iterator();
            }

            @Override
            public void close() {
                // nothing but memory
            }
        };
    }

    default Stream<ScannedFile> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    /** Those of these paths at which there is something. */
    default Map<NodePath, ScannedFile> at(Collection<NodePath> paths) {
        Set<NodePath> wanted = new HashSet<>(paths);
        Map<NodePath, ScannedFile> found = new HashMap<>();
        if (wanted.isEmpty()) {
            return found;
        }
        forEach(file -> {
            if (wanted.contains(file.path())) {
                found.put(file.path(), file);
            }
        });
        return found;
    }

    /** After that nobody goes through them any more. */
    @Override
    void close();
}
