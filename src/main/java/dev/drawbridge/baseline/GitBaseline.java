package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevTree;
import org.eclipse.jgit.treewalk.TreeWalk;

/** The files of one node in the tree of a verified commit: role overlays first, the node's own over them. */
final class GitBaseline implements Baseline {
    private final Repository repository;
    private final BaselineRevision revision;
    private final Map<NodePath, BaselineFile> files;
    private final Map<NodePath, ObjectId> blobs;

    private GitBaseline(
            Repository repository,
            BaselineRevision revision,
            Map<NodePath, BaselineFile> files,
            Map<NodePath, ObjectId> blobs) {
        this.repository = repository;
        this.revision = revision;
        this.files = java.util.Collections.unmodifiableMap(files);
        this.blobs = blobs;
    }

    /**
     * @param overlays directories of the tree, the later one wins
     * @throws MalformedBaselineException when the tree holds what must not be restored: links, submodules, strange paths
     */
    static GitBaseline read(
            Repository repository, RevTree tree, BaselineRevision revision, List<String> overlays, Limits limits)
            throws IOException {
        Map<NodePath, BaselineFile> files = new TreeMap<>();
        Map<NodePath, ObjectId> blobs = new LinkedHashMap<>();
        try (ObjectReader reader = repository.newObjectReader()) {
            for (String overlay : overlays) {
                readOverlay(reader, tree, overlay, limits, files, blobs);
            }
        }
        return new GitBaseline(repository, revision, files, blobs);
    }

    record Limits(int files, long fileSize) {}

    private static void readOverlay(
            ObjectReader reader,
            RevTree tree,
            String overlay,
            Limits limits,
            Map<NodePath, BaselineFile> files,
            Map<NodePath, ObjectId> blobs)
            throws IOException {
        EtckeeperMetadata metadata = metadata(reader, tree, overlay, limits);
        try (TreeWalk subtree = TreeWalk.forPath(reader, overlay, tree)) {
            if (subtree == null || !subtree.isSubtree()) {
                return;
            }
            try (TreeWalk walk = new TreeWalk(reader)) {
                walk.addTree(subtree.getObjectId(0));
                walk.setRecursive(true);
                while (walk.next()) {
                    String relative = new String(walk.getRawPath(), StandardCharsets.ISO_8859_1);
                    if (relative.equals(EtckeeperMetadata.FILE_NAME)) {
                        continue;
                    }
                    if (files.size() >= limits.files()) {
                        throw new MalformedBaselineException("more than " + limits.files() + " files");
                    }
                    BaselineFile file = file(reader, walk, relative, metadata, limits);
                    files.put(file.path(), file);
                    blobs.put(file.path(), walk.getObjectId(0).copy());
                }
            }
        }
    }

    private static BaselineFile file(
            ObjectReader reader, TreeWalk walk, String relative, EtckeeperMetadata metadata, Limits limits)
            throws IOException {
        int type = walk.getRawMode(0);
        if (type != FileMode.TYPE_FILE && (type & FileMode.TYPE_MASK) != FileMode.TYPE_FILE) {
            throw new MalformedBaselineException("a link or submodule: " + NodePath.ofBytes(slash(relative)));
        }
        NodePath path;
        try {
            path = NodePath.ofBytes(slash(relative));
        } catch (IllegalArgumentException strange) {
            throw new MalformedBaselineException("a path that no node can have");
        }
        long size = reader.getObjectSize(walk.getObjectId(0), org.eclipse.jgit.lib.Constants.OBJ_BLOB);
        if (size > limits.fileSize()) {
            throw new MalformedBaselineException(path + " is larger than " + limits.fileSize() + " bytes");
        }
        byte[] content = reader.open(walk.getObjectId(0)).getBytes((int) limits.fileSize() + 1);
        Integer mode = metadata.mode(relative);
        return new BaselineFile(
                path,
                Digest.ofBytes(content),
                size,
                mode == null ? defaultMode(FileClass.of(path)) : mode,
                metadata.owner(relative),
                metadata.group(relative));
    }

    /** What kubeadm sets and the CIS Kubernetes Benchmark allows (1.1.x, 4.1.x), for trees without metadata. */
    private static int defaultMode(FileClass fileClass) {
        return switch (fileClass) {
            case LEAF_CERTIFICATE, CA_CERTIFICATE -> 0644;
            default -> 0600;
        };
    }

    private static EtckeeperMetadata metadata(ObjectReader reader, RevTree tree, String overlay, Limits limits)
            throws IOException {
        try (TreeWalk found = TreeWalk.forPath(reader, overlay + "/" + EtckeeperMetadata.FILE_NAME, tree)) {
            boolean there = found != null && FileMode.REGULAR_FILE.equals(found.getRawMode(0));
            return EtckeeperMetadata.parse(
                    there ? reader.open(found.getObjectId(0)).getBytes((int) limits.fileSize() + 1) : new byte[0]);
        }
    }

    private static byte[] slash(String relative) {
        return ("/" + relative).getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public BaselineRevision revision() {
        return revision;
    }

    @Override
    public Map<NodePath, BaselineFile> files() {
        return files;
    }

    @Override
    public InputStream open(BaselineFile file) {
        ObjectId blob = blobs.get(file.path());
        if (blob == null) {
            throw new IllegalArgumentException(file.path() + " is not in the baseline");
        }
        try (ObjectReader reader = repository.newObjectReader()) {
            return new ByteArrayInputStream(reader.open(blob).getBytes(Integer.MAX_VALUE - 8));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
