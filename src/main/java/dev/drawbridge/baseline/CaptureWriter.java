package dev.drawbridge.baseline;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.dircache.InvalidPathException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.jspecify.annotations.Nullable;

/**
 * Makes the tree in which a captured node is its newest state: all that was captured takes the place of what the node's own layer held
 * within the captured paths; the rest of the tree stays. No working tree is written here, so no link in one is followed.
 */
final class CaptureWriter {
    private final Repository git;
    private final TreeReader reader;
    private final List<TreeReader.Layer> layers;
    private final TreeReader.Layer own;
    private final WatchedSet watched;
    private final NodePath work;

    CaptureWriter(Repository git, TreeReader reader, NodeInfo node, WatchedSet watched, NodePath work) {
        this.git = git;
        this.reader = reader;
        this.layers = reader.layers(node);
        this.own = layers.get(layers.size() - 1);
        this.watched = watched;
        this.work = work;
    }

    /**
     * @param before the tree that the capture follows; null when there is none
     * @return the new tree; not flushed
     */
    ObjectId tree(ObjectInserter inserter, @Nullable ObjectId before, CapturedNode captured) throws IOException {
        Old old = Old.of(git, reader, before, own);
        DirCache index = DirCache.newInCore();
        DirCacheBuilder builder = index.builder();
        boolean sameMetadata = says(EtckeeperMetadata.parse(old.metadata()), captured);
        keep(builder, before, sameMetadata);
        for (ScannedFile file : captured.entries()) {
            byte[] content = captured.contents().get(file.path());
            if (content != null) {
                // as Git itself takes it
                FileMode mode = (file.mode() & 0100) == 0 ? FileMode.REGULAR_FILE : FileMode.EXECUTABLE_FILE;
                add(builder, inserter, relative(file.path()), mode, content);
            }
        }
        if (!sameMetadata) {
            byte[] metadata = bytes(metadata(old, captured));
            add(builder, inserter, EtckeeperMetadata.FILE_NAME, FileMode.REGULAR_FILE, metadata);
        }
        addUnlessEmpty(builder, inserter, TreeReader.DIGESTS, bytes(digests(old, captured)));
        addUnlessEmpty(
                builder,
                inserter,
                TreeReader.ABSENT,
                absent(old, before, captured).getBytes(StandardCharsets.UTF_8));
        builder.finish();
        return index.writeTree(inserter);
    }

    /** What the node's layer said beside its files. */
    private record Old(byte[] metadata, byte[] digests, byte[] absent) {
        static Old of(Repository git, TreeReader reader, @Nullable ObjectId tree, TreeReader.Layer layer)
                throws IOException {
            try (ObjectReader objects = git.newObjectReader()) {
                ObjectId subtree = tree == null ? null : TreeReader.subtree(objects, tree, layer.directory());
                return subtree == null
                        ? new Old(new byte[0], new byte[0], new byte[0])
                        : new Old(
                                reader.own(objects, subtree, EtckeeperMetadata.FILE_NAME),
                                reader.own(objects, subtree, TreeReader.DIGESTS),
                                reader.own(objects, subtree, TreeReader.ABSENT));
            }
        }
    }

    private String prefix() {
        return own.directory().isEmpty() ? "" : own.directory() + "/";
    }

    private String relative(NodePath path) {
        String latin = new String(path.toBytes(), StandardCharsets.ISO_8859_1);
        String root = new String(own.root().toBytes(), StandardCharsets.ISO_8859_1);
        if (!path.isWithin(own.root())) {
            throw new CaptureRefusedException(
                    path + " lies outside of " + own.root() + ", which is all that this layout holds");
        }
        return latin.substring(root.equals("/") ? 1 : root.length() + 1);
    }

    private boolean captures(String relative) {
        NodePath path = TreeReader.path(own, relative);
        return watched.contains(path) || path.isWithin(work);
    }

    /** @param withMetadata whether the layer's old metadata stays */
    private void keep(DirCacheBuilder builder, @Nullable ObjectId before, boolean withMetadata) throws IOException {
        if (before == null) {
            return;
        }
        byte[] prefix = bytes(prefix());
        try (TreeWalk walk = new TreeWalk(git)) {
            walk.addTree(before);
            walk.setRecursive(true);
            while (walk.next()) {
                byte[] path = walk.getRawPath();
                boolean inLayer =
                        path.length > prefix.length && Arrays.equals(path, 0, prefix.length, prefix, 0, prefix.length);
                String relative = inLayer
                        ? new String(path, prefix.length, path.length - prefix.length, StandardCharsets.ISO_8859_1)
                        : "";
                boolean replaced = inLayer
                        && (relative.equals(EtckeeperMetadata.FILE_NAME) && !withMetadata
                                || relative.equals(TreeReader.DIGESTS)
                                || relative.equals(TreeReader.ABSENT)
                                || captures(relative));
                if (!replaced) {
                    DirCacheEntry entry = new DirCacheEntry(path);
                    entry.setFileMode(walk.getFileMode(0));
                    entry.setObjectId(walk.getObjectId(0));
                    builder.add(entry);
                }
            }
        }
    }

    private void addUnlessEmpty(DirCacheBuilder builder, ObjectInserter inserter, String name, byte[] content)
            throws IOException {
        if (content.length > 0) {
            add(builder, inserter, name, FileMode.REGULAR_FILE, content);
        }
    }

    private void add(DirCacheBuilder builder, ObjectInserter inserter, String relative, FileMode mode, byte[] content)
            throws IOException {
        try {
            DirCacheEntry entry = new DirCacheEntry(bytes(prefix() + relative));
            entry.setFileMode(mode);
            entry.setObjectId(inserter.insert(Constants.OBJ_BLOB, content));
            builder.add(entry);
        } catch (InvalidPathException strange) {
            throw new CaptureRefusedException(TreeReader.path(own, relative) + " has a name that Git cannot hold");
        }
    }

    /** Whether the metadata says of all that was captured what was found: then etckeeper's file stays as etckeeper wrote it. */
    private boolean says(EtckeeperMetadata metadata, CapturedNode captured) {
        TreeSet<String> empty = new TreeSet<>();
        captured.emptyDirectories().forEach(path -> empty.add(relative(path)));
        TreeSet<String> noted = new TreeSet<>(metadata.emptyDirectories());
        noted.removeIf(path -> !within(path));
        return noted.equals(empty)
                && captured.entries().stream().allMatch(file -> says(metadata, relative(file.path()), file, captured));
    }

    private static boolean says(EtckeeperMetadata metadata, String path, ScannedFile file, CapturedNode captured) {
        return Integer.valueOf(file.mode()).equals(metadata.mode(path))
                && name(file.uid(), captured.scan().users()).equals(metadata.owner(path))
                && name(file.gid(), captured.scan().groups()).equals(metadata.group(path));
    }

    /** Lines about what is as they say stay where they are, so that a person sees what changed. */
    private String metadata(Old old, CapturedNode captured) {
        EtckeeperMetadata known = EtckeeperMetadata.parse(old.metadata());
        Map<String, ScannedFile> entries = new TreeMap<>();
        captured.entries().forEach(file -> entries.put(relative(file.path()), file));
        TreeSet<String> empty = new TreeSet<>();
        captured.emptyDirectories().forEach(path -> empty.add(relative(path)));
        StringBuilder text = new StringBuilder();
        // only the line feed ends a line: file names keep their bytes
        for (String line : new String(old.metadata(), StandardCharsets.ISO_8859_1).split("\n")) {
            String path = EtckeeperMetadata.pathIn(line);
            boolean stays = path == null
                    ? line.isBlank() || line.startsWith("#")
                    : !within(path)
                            || (line.startsWith("mkdir ")
                                    ? empty.contains(path)
                                    : entries.containsKey(path) && says(known, path, entries.get(path), captured));
            if (stays && old.metadata().length > 0) {
                text.append(line).append('\n');
            }
        }
        if (text.length() == 0) {
            text.append("# Generated by drawbridge. Do not edit.\n");
        }
        empty.removeAll(known.emptyDirectories());
        empty.forEach(path ->
                text.append("mkdir -p ").append(EtckeeperMetadata.quote(path)).append('\n'));
        entries.forEach((path, file) -> {
            if (path.indexOf('\n') >= 0) {
                throw new CaptureRefusedException(file.path() + " has a line feed in its name, which "
                        + EtckeeperMetadata.FILE_NAME + " cannot hold");
            }
            if (!says(known, path, file, captured)) {
                text.append(EtckeeperMetadata.entry(
                        path,
                        name(file.uid(), captured.scan().users()),
                        name(file.gid(), captured.scan().groups()),
                        file.mode()));
            }
        });
        return text.toString();
    }

    private boolean within(String relative) {
        try {
            NodePath path = TreeReader.path(own, relative);
            return captures(relative) || watched.hasFilesBelow(path);
        } catch (MalformedBaselineException strange) {
            // etckeeper notes its own root as .
            return false;
        }
    }

    /** The name that the node gives the number; the number itself where it has none that can be written down. */
    private static String name(long id, Map<String, Long> names) {
        return id == 0
                ? "root"
                : names.entrySet().stream()
                        .filter(entry -> entry.getValue() == id)
                        .map(Map.Entry::getKey)
                        .filter(name -> name.matches("[A-Za-z_][\\w.-]{0,31}") && !name.equals("root"))
                        .sorted()
                        .findFirst()
                        .orElse(Long.toString(id));
    }

    private String digests(Old old, CapturedNode captured) {
        Map<String, Digest> digests = new TreeMap<>(DigestList.parse(old.digests()));
        digests.keySet().removeIf(this::captures);
        captured.withheld().forEach((path, digest) -> digests.put(relative(path), digest));
        return DigestList.format(digests);
    }

    /** Files that the node's roles would bring and that it does not have. */
    private String absent(Old old, @Nullable ObjectId before, CapturedNode captured) throws IOException {
        TreeSet<NodePath> absent = new TreeSet<>(TreeReader.absent(old.absent()));
        absent.removeIf(watched::contains);
        if (before != null && layers.size() > 1) {
            BaselineRevision nobodys = new BaselineRevision(before.name(), "", "");
            TreeSet<NodePath> held = new TreeSet<>();
            captured.entries().stream()
                    .filter(file -> file.type() == FileType.FILE)
                    .forEach(file -> held.add(file.path()));
            reader.read(git, before, nobodys, layers.subList(0, layers.size() - 1)).files().values().stream()
                    .filter(file -> file.held() != BaselineFile.Held.DIRECTORY)
                    .map(BaselineFile::path)
                    .filter(path -> watched.contains(path) && !held.contains(path))
                    .forEach(absent::add);
        }
        List<String> lines = new ArrayList<>();
        absent.forEach(path -> lines.add(path.toString().substring(1) + "\n"));
        return String.join("", lines);
    }

    private static byte[] bytes(String latin) {
        return latin.getBytes(StandardCharsets.ISO_8859_1);
    }
}
