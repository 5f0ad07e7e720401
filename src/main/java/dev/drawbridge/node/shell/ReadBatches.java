package dev.drawbridge.node.shell;

import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which files one command reads: small ones of one directory. Their contents come without anything between, and are told apart by what a scan said. */
final class ReadBatches {
    private static final int MOST_FILES = 128;
    private static final long MOST_BYTES = 4 * 1024 * 1024;

    private ReadBatches() {}

    static List<List<ScannedFile>> of(List<ScannedFile> files) {
        List<List<ScannedFile>> batches = new ArrayList<>();
        Map<NodePath, List<ScannedFile>> open = new LinkedHashMap<>();
        for (ScannedFile file : files) {
            if (file.sha256() == null || !WriteBatch.suits(file.path(), file.size())) {
                continue;
            }
            NodePath directory = file.path().parent();
            List<ScannedFile> batch = open.computeIfAbsent(directory, none -> new ArrayList<>());
            long bytes = batch.stream().mapToLong(ScannedFile::size).sum();
            if (batch.size() >= MOST_FILES || bytes + file.size() > MOST_BYTES) {
                batches.add(batch);
                batch = new ArrayList<>();
                open.put(directory, batch);
            }
            batch.add(file);
        }
        batches.addAll(open.values());
        return batches;
    }

    /** Those that still have the digest that the scan found: a node may send anything, and of any length. */
    static Map<NodePath, byte[]> split(List<ScannedFile> files, byte[] together) {
        Map<NodePath, byte[]> contents = new HashMap<>();
        int from = 0;
        for (ScannedFile file : files) {
            int to = (int) Math.min(together.length, from + file.size());
            byte[] content = Arrays.copyOfRange(together, from, to);
            if (Digest.ofBytes(content).equals(file.sha256())) {
                contents.put(file.path(), content);
            }
            from = to;
        }
        return contents;
    }
}
