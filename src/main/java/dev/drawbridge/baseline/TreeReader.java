package dev.drawbridge.baseline;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.eclipse.jgit.lib.AnyObjectId;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.jspecify.annotations.Nullable;

/**
 * Reads what one node should hold out of the tree of a verified commit.
 *
 * <p>In the overlay layout the layers are the node's roles in the order of their names, then the node itself. Per path the last
 * layer wins, with the owner and mode of that layer's {@code .etckeeper}; a layer takes away what one below it brings by
 * naming it in {@code .drawbridge/absent}. In the etckeeper layout there is one layer, the whole tree, rooted at {@code /etc}.
 */
final class TreeReader {
    /** In it lies what etckeeper's own file cannot say; nothing in it is a file of the node. */
    static final String OWN = ".drawbridge/";

    static final String DIGESTS = OWN + "digests";
    static final String ABSENT = OWN + "absent";

    private static final NodePath KUBERNETES = NodePath.of("/etc/kubernetes");
    private static final NodePath PKI = NodePath.of("/etc/kubernetes/pki");
    private static final int MAX_LINK = 4096;
    private static final Digest NOTHING = Digest.ofBytes(new byte[0]);

    private final BaselineLayout layout;
    private final int maxFiles;
    private final long maxFileSize;
    private final NodePath work;

    private TreeReader(BaselineLayout layout, int maxFiles, long maxFileSize, NodePath work) {
        this.layout = layout;
        this.maxFiles = maxFiles;
        this.maxFileSize = maxFileSize;
        this.work = work;
    }

    /** @param work directory of our own on the nodes, which no scan sees and etckeeper commits like any other */
    static TreeReader of(BaselineProperties settings, NodePath work) {
        return new TreeReader(
                settings.layout(), settings.maxFiles(), settings.maxFileSize().toBytes(), work);
    }

    /**
     * One directory of the repository.
     *
     * @param directory empty for the tree itself
     * @param root where on the node its files belong
     */
    record Layer(String directory, NodePath root) {}

    /** Of a node, the later one wins. */
    List<Layer> layers(NodeInfo node) {
        if (layout == BaselineLayout.ETCKEEPER) {
            return List.of(new Layer("", NodePath.of("/etc")));
        }
        List<Layer> layers = new ArrayList<>();
        node.roles().stream()
                .sorted()
                .filter(role -> role.matches("[\\w.-]+"))
                .forEach(role -> layers.add(new Layer("roles/" + role, NodePath.of("/"))));
        layers.add(new Layer("nodes/" + node.name(), NodePath.of("/")));
        return layers;
    }

    /** @throws MalformedBaselineException when the tree holds what must not be restored: links, submodules, strange paths */
    GitBaseline read(Repository repository, AnyObjectId tree, BaselineRevision revision, NodeInfo node)
            throws IOException {
        return read(repository, tree, revision, layers(node));
    }

    /** @param layers the later one wins */
    GitBaseline read(Repository repository, AnyObjectId tree, BaselineRevision revision, List<Layer> layers)
            throws IOException {
        Reading reading = new Reading();
        try (ObjectReader reader = repository.newObjectReader()) {
            for (Layer layer : layers) {
                ObjectId subtree = subtree(reader, tree, layer.directory());
                if (subtree != null) {
                    reading.layer(reader, subtree, layer);
                }
            }
        }
        if (layout == BaselineLayout.OVERLAY) {
            reading.requireOneTree();
        }
        return new GitBaseline(repository, revision, layers, reading.files, reading.blobs);
    }

    static @Nullable ObjectId subtree(ObjectReader reader, AnyObjectId tree, String directory) throws IOException {
        if (directory.isEmpty()) {
            return tree.copy();
        }
        try (TreeWalk found = TreeWalk.forPath(reader, directory, tree)) {
            return found != null && found.isSubtree() ? found.getObjectId(0) : null;
        }
    }

    /** The files so far, layer by layer. */
    private final class Reading {
        private final SortedMap<NodePath, BaselineFile> files = new TreeMap<>();
        private final Map<NodePath, ObjectId> blobs = new HashMap<>();

        void layer(ObjectReader reader, ObjectId tree, Layer layer) throws IOException {
            EtckeeperMetadata metadata = EtckeeperMetadata.parse(own(reader, tree, EtckeeperMetadata.FILE_NAME));
            Map<NodePath, BaselineFile> brought = new TreeMap<>();
            Map<NodePath, ObjectId> contents = new HashMap<>();
            try (TreeWalk walk = new TreeWalk(reader)) {
                walk.addTree(tree);
                walk.setRecursive(true);
                while (walk.next()) {
                    String relative = new String(walk.getRawPath(), StandardCharsets.ISO_8859_1);
                    boolean ours = relative.startsWith(OWN)
                            || layout == BaselineLayout.OVERLAY && relative.equals(EtckeeperMetadata.FILE_NAME);
                    NodePath path = path(layer, relative);
                    if (ours || path.isWithin(work)) {
                        continue;
                    }
                    bound(brought.size());
                    brought.put(path, entry(reader, walk, path, relative, metadata));
                    contents.put(path, walk.getObjectId(0).copy());
                }
            }
            digests(reader, tree, layer, metadata, brought);
            for (String relative : metadata.emptyDirectories()) {
                NodePath path = path(layer, relative);
                if (!path.isWithin(work) && !relative.equals(".")) {
                    bound(brought.size());
                    brought.putIfAbsent(
                            path, file(path, Held.DIRECTORY, NOTHING, 0, relative, metadata, FileMode.TREE));
                }
            }
            takeAway(reader, tree, brought);
            files.putAll(brought);
            blobs.keySet().removeAll(brought.keySet());
            blobs.putAll(contents);
            bound(files.size() - 1);
        }

        private void digests(
                ObjectReader reader,
                ObjectId tree,
                Layer layer,
                EtckeeperMetadata metadata,
                Map<NodePath, BaselineFile> brought)
                throws IOException {
            for (Map.Entry<String, Digest> entry :
                    DigestList.parse(own(reader, tree, DIGESTS)).entrySet()) {
                NodePath path = path(layer, entry.getKey());
                bound(brought.size());
                BaselineFile only =
                        file(path, Held.DIGEST, entry.getValue(), 0, entry.getKey(), metadata, FileMode.REGULAR_FILE);
                if (brought.put(path, only) != null) {
                    throw new MalformedBaselineException(path + " has its content and an entry in " + DIGESTS);
                }
            }
        }

        private void takeAway(ObjectReader reader, ObjectId tree, Map<NodePath, BaselineFile> brought)
                throws IOException {
            for (NodePath path : absent(own(reader, tree, ABSENT))) {
                // what names nothing is a mistake, and a mistake here leaves a file on nodes that should not have it
                if (brought.containsKey(path) || files.remove(path) == null) {
                    throw new MalformedBaselineException(
                            path + " is in " + ABSENT + ", but no layer below brings it, or this one does");
                }
                blobs.remove(path);
            }
        }

        /** No layer has a file where another has a directory with files. */
        void requireOneTree() {
            for (NodePath path : files.keySet()) {
                for (NodePath above = path.parent(); !above.parent().equals(above); above = above.parent()) {
                    BaselineFile there = files.get(above);
                    if (there != null && there.held() != Held.DIRECTORY) {
                        throw new MalformedBaselineException(above + " is a file and a directory");
                    }
                }
            }
        }

        private void bound(int before) {
            if (before >= maxFiles) {
                throw new MalformedBaselineException("more than " + maxFiles + " files");
            }
        }
    }

    /** The paths that a list of what is taken away names, one a line, as {@link NodePath} shows them but for the first slash. */
    static List<NodePath> absent(byte[] list) {
        try {
            return new String(list, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> NodePath.parse("/" + line))
                    .toList();
        } catch (IllegalArgumentException strange) {
            throw new MalformedBaselineException("a line of " + ABSENT + " is no path");
        }
    }

    /** Of a layer's own files; empty when it has none of that name. */
    byte[] own(ObjectReader reader, ObjectId tree, String name) throws IOException {
        try (TreeWalk found = TreeWalk.forPath(reader, name, tree)) {
            // etckeeper's is not executable, but Git holds nothing against it
            boolean file = found != null && (found.getRawMode(0) & FileMode.TYPE_MASK) == FileMode.TYPE_FILE;
            return file ? content(reader, found.getObjectId(0), name) : new byte[0];
        }
    }

    private byte[] content(ObjectReader reader, ObjectId blob, Object whose) throws IOException {
        long size = reader.getObjectSize(blob, Constants.OBJ_BLOB);
        if (size > maxFileSize) {
            throw new MalformedBaselineException(whose + " is larger than " + maxFileSize + " bytes");
        }
        return reader.open(blob).getBytes((int) maxFileSize + 1);
    }

    static NodePath path(Layer layer, String relative) {
        String root = layer.root().equals(NodePath.of("/")) ? "/" : layer.root() + "/";
        try {
            return NodePath.ofBytes((root + relative).getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException strange) {
            throw new MalformedBaselineException("a path that no node can have");
        }
    }

    private BaselineFile entry(
            ObjectReader reader, TreeWalk walk, NodePath path, String relative, EtckeeperMetadata metadata)
            throws IOException {
        FileMode mode = walk.getFileMode(0);
        boolean link = FileMode.SYMLINK.equals(mode);
        boolean submodule = FileMode.GITLINK.equals(mode);
        if (link || submodule) {
            // beside kubelet's files a node's /etc is full of links; there, what one leads to would be read and is not
            // compared
            if (layout == BaselineLayout.OVERLAY || path.isWithin(KUBERNETES) || KUBERNETES.isWithin(path)) {
                throw new MalformedBaselineException("a link or submodule: " + path);
            }
            if (submodule) {
                return file(path, Held.SUBMODULE, NOTHING, 0, relative, metadata, FileMode.TREE);
            }
            byte[] target = content(reader, walk.getObjectId(0), path);
            if (target.length > MAX_LINK) {
                throw new MalformedBaselineException(path + " leads to no path");
            }
            return file(path, Held.LINK, Digest.ofBytes(target), 0, relative, metadata, mode);
        }
        if (layout == BaselineLayout.ETCKEEPER && !path.isWithin(KUBERNETES)) {
            // whatever else lies in /etc may be large; what is watched there is still compared
            ObjectLoader large = reader.open(walk.getObjectId(0));
            if (large.getSize() > maxFileSize) {
                return file(path, Held.DIGEST, digest(large), 0, relative, metadata, mode);
            }
        }
        byte[] content = content(reader, walk.getObjectId(0), path);
        return file(path, Held.CONTENT, Digest.ofBytes(content), content.length, relative, metadata, mode);
    }

    private static Digest digest(ObjectLoader blob) throws IOException {
        MessageDigest digest = Digest.sha256();
        try (InputStream in = blob.openStream();
                DigestOutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
            in.transferTo(out);
        }
        return Digest.of(digest);
    }

    private static BaselineFile file(
            NodePath path,
            Held held,
            Digest sha256,
            long size,
            String relative,
            EtckeeperMetadata metadata,
            FileMode git) {
        Integer mode = metadata.mode(relative);
        return new BaselineFile(
                path,
                held,
                sha256,
                size,
                mode == null ? defaultMode(path, metadata, git) : mode,
                metadata.owner(relative),
                metadata.group(relative));
    }

    /**
     * What kubeadm sets below {@code /etc/kubernetes} and the CIS Kubernetes Benchmark allows (1.1.x, 4.1.x), for trees without
     * metadata: kubeadm writes certificates for all to read, and everything else, {@code sa.pub} too, as it writes keys. Elsewhere too:
     * restoring must not open what was closed.
     */
    private static int defaultMode(NodePath path, EtckeeperMetadata metadata, FileMode git) {
        if (FileMode.TREE.equals(git)) {
            return 0755;
        }
        if (metadata.leavesOutUsualModes()) {
            return FileMode.EXECUTABLE_FILE.equals(git) ? 0755 : 0644;
        }
        return path.isWithin(PKI) && path.name().endsWith(".crt") ? 0644 : 0600;
    }
}
