package dev.drawbridge.baseline;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.KeyMaterial;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a node holds, read to become its baseline: one scan, then each file. A node that holds what no baseline can hold is not
 * captured, nor one that changes meanwhile.
 *
 * @param scan for owners and names; its entries are gone
 * @param entries files and directories in the order of their paths
 * @param emptyDirectories in which nothing lies: Git holds none of them
 * @param contents of the files that are taken with their content
 * @param withheld files of which the digest only is taken
 */
record CapturedNode(
        NodeScan scan,
        List<ScannedFile> entries,
        List<NodePath> emptyDirectories,
        Map<NodePath, byte[]> contents,
        Map<NodePath, Digest> withheld) {
    // ca.key~ and ca.key.bak are keys as well
    private static final Pattern KEY_FILE = Pattern.compile("(?i).*\\.(?:key|p12|pfx|jks|keystore|kdbx)(?:[.~_-].*)?");

    /**
     * @param withKeys whether private keys and other secrets are taken with their content
     * @param limit bytes of one file
     */
    static CapturedNode read(NodeFiles files, NodeName node, WatchedSet watched, boolean withKeys, long limit) {
        try (NodeScan scan = files.scan(node, watched.roots())) {
            return read(files, scan, watched, withKeys, limit);
        }
    }

    private static CapturedNode read(NodeFiles files, NodeScan scan, WatchedSet watched, boolean withKeys, long limit) {
        NodeName node = scan.node();
        List<ScannedFile> entries = scan.files().stream()
                .filter(file -> watched.contains(file.path()) || watched.hasFilesBelow(file.path()))
                .toList();
        List<String> problems = new ArrayList<>();
        entries.forEach(file -> problem(file).ifPresent(problem -> problems.add(file.path() + ": " + problem)));
        if (!problems.isEmpty()) {
            throw CaptureRefusedException.because("node " + node + " holds what a baseline cannot hold", problems);
        }
        if (entries.stream().noneMatch(file -> file.type() == FileType.FILE)) {
            throw new CaptureRefusedException("node " + node + " has no file there: nothing to capture");
        }
        Map<NodePath, byte[]> contents = new TreeMap<>();
        Map<NodePath, Digest> withheld = new TreeMap<>();
        for (ScannedFile file : entries) {
            if (file.type() == FileType.FILE) {
                byte[] content = content(files, node, file, limit);
                if (!withKeys && secret(file.path(), content)) {
                    withheld.put(file.path(), Digest.ofBytes(content));
                } else {
                    contents.put(file.path(), content);
                }
            }
        }
        return new CapturedNode(scan, entries, emptyDirectories(scan, entries), contents, withheld);
    }

    private static Optional<String> problem(ScannedFile file) {
        return switch (file.type()) {
            case FILE ->
                file.unreadable()
                        ? Optional.of("cannot be read")
                        : file.links() > 1
                                ? Optional.of("has a second name elsewhere, by which it could be changed")
                                : Optional.empty();
            case DIRECTORY -> Optional.empty();
            case SYMLINK -> Optional.of("a symbolic link");
            case UNSTABLE -> Optional.of("kept changing, or cannot be entered");
            case FIFO, SOCKET, CHARACTER_DEVICE, BLOCK_DEVICE -> Optional.of("no regular file");
        };
    }

    private static byte[] content(NodeFiles files, NodeName node, ScannedFile file, long limit) {
        if (file.size() > limit) {
            throw new CaptureRefusedException(file.path() + " is larger than " + limit + " bytes");
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        Optional<Digest> digest;
        try {
            digest = files.read(node, file.path(), content, limit);
        } catch (NodeAccessException failed) {
            throw new CaptureRefusedException(String.valueOf(failed.getMessage()));
        }
        if (digest.isEmpty() || !digest.get().equals(file.sha256())) {
            throw new CaptureRefusedException(file.path() + " changed after the scan: capture a node at rest");
        }
        return content.toByteArray();
    }

    private static boolean secret(NodePath path, byte[] content) {
        FileClass fileClass = FileClass.of(path);
        return fileClass == FileClass.CA_KEY
                || fileClass == FileClass.LEAF_KEY
                || KEY_FILE.matcher(path.name()).matches()
                || KeyMaterial.secretIn(new String(content, StandardCharsets.ISO_8859_1));
    }

    private static List<NodePath> emptyDirectories(NodeScan scan, List<ScannedFile> entries) {
        Map<NodePath, Boolean> empty = new HashMap<>();
        scan.files().stream()
                .filter(file -> file.type() == FileType.DIRECTORY)
                .forEach(file -> empty.put(file.path(), true));
        scan.files().forEach(file -> empty.computeIfPresent(file.path().parent(), (path, yes) -> false));
        return entries.stream()
                .map(ScannedFile::path)
                .filter(path -> empty.getOrDefault(path, false))
                .toList();
    }
}
