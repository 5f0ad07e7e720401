package dev.drawbridge.sweep;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.UnaskedFiles;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Nodes whose files are in memory: what a scan over a real transport would have answered, at once. */
public final class SimulatedNodes extends UnaskedFiles {
    private final Clock clock;
    private final List<ScannedFile> healthy = new ArrayList<>();
    private final Map<NodeName, Map<NodePath, ScannedFile>> changed = new ConcurrentHashMap<>();
    private final Set<NodeName> unreachable = ConcurrentHashMap.newKeySet();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    public final AtomicInteger scans = new AtomicInteger();
    private Runnable during = () -> {};

    /** @param root whose files every node has */
    public SimulatedNodes(Path root, Clock clock) throws Exception {
        this.clock = clock;
        try (Stream<Path> walk = Files.walk(root)) {
            for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
                Map<String, Object> facts = Files.readAttributes(file, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
                healthy.add(new ScannedFile(
                        NodePath.of("/" + root.relativize(file)),
                        FileType.FILE,
                        ((Integer) facts.get("mode")) & 07777,
                        ((Integer) facts.get("uid")).longValue(),
                        ((Integer) facts.get("gid")).longValue(),
                        Files.size(file),
                        0,
                        1,
                        Digest.ofBytes(Files.readAllBytes(file)),
                        null));
            }
        }
    }

    /** From now on this node has another content, or a further file, at this path. */
    void put(String node, String path, String content) {
        put(node, file(path, FileType.FILE, Digest.ofText(content)));
    }

    void put(String node, ScannedFile file) {
        changed.computeIfAbsent(NodeName.of(node), name -> new TreeMap<>()).put(file.path(), file);
    }

    static ScannedFile file(String path, FileType type, @Nullable Digest content) {
        return new ScannedFile(NodePath.of(path), type, 0600, 0, 0, 1, 0, 1, content, null);
    }

    void heal(String node) {
        changed.remove(NodeName.of(node));
        unreachable.remove(NodeName.of(node));
    }

    void cutOff(String node) {
        unreachable.add(NodeName.of(node));
    }

    /** What happens while a scan is under way. */
    void during(Runnable what) {
        during = what;
    }

    int most() {
        return most.get();
    }

    @Override
    public NodeScan scan(NodeName node, List<NodePath> roots) {
        scans.incrementAndGet();
        if (NodeUse.current().filter(use -> use.incident() == null).isEmpty()) {
            throw new IllegalStateException("the sweep does not say that it only looks");
        }
        int now = running.incrementAndGet();
        most.accumulateAndGet(now, Math::max);
        try {
            during.run();
            if (unreachable.contains(node)) {
                throw new NodeUnreachableException("no connection to node " + node, new java.io.IOException("refused"));
            }
            Map<NodePath, ScannedFile> found = new TreeMap<>();
            healthy.forEach(file -> found.put(file.path(), file));
            found.putAll(changed.getOrDefault(node, Map.of()));
            return new NodeScan(node, clock.instant(), roots, List.copyOf(found.values()), Map.of(), Map.of());
        } finally {
            running.decrementAndGet();
        }
    }

    @Override
    public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
        throw new AssertionError("a sweep reads no content");
    }

    @Override
    public WriteOutcome write(NodeName node, Permit permit, FileWrite write, InputStream content) {
        throw new AssertionError("a sweep writes nothing");
    }

    @Override
    public WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected) {
        throw new AssertionError("a sweep moves nothing");
    }
}
