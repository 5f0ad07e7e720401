package dev.drawbridge.baseline;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;

/** The files of one node in the tree of a verified commit. */
final class GitBaseline implements Baseline {
    private final Repository repository;
    private final BaselineRevision revision;
    private final List<TreeReader.Layer> layers;
    private final SortedMap<NodePath, BaselineFile> files;
    private final Map<NodePath, ObjectId> blobs;

    /** @param layers that it was put together from, which depend on the node's roles */
    GitBaseline(
            Repository repository,
            BaselineRevision revision,
            List<TreeReader.Layer> layers,
            SortedMap<NodePath, BaselineFile> files,
            Map<NodePath, ObjectId> blobs) {
        this.repository = repository;
        this.revision = revision;
        this.layers = List.copyOf(layers);
        this.files = Collections.unmodifiableSortedMap(files);
        this.blobs = Map.copyOf(blobs);
    }

    List<TreeReader.Layer> layers() {
        return layers;
    }

    @Override
    public BaselineRevision revision() {
        return revision;
    }

    @Override
    public SortedMap<NodePath, BaselineFile> files() {
        return files;
    }

    @Override
    public InputStream open(BaselineFile file) {
        ObjectId blob = blobs.get(file.path());
        if (blob == null || file.held() != Held.CONTENT) {
            throw new IllegalArgumentException("the baseline holds no content of " + file.path());
        }
        try (ObjectReader reader = repository.newObjectReader()) {
            return new ByteArrayInputStream(reader.open(blob).getBytes(Integer.MAX_VALUE - 8));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
