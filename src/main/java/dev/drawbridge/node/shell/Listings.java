package dev.drawbridge.node.shell;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Two listings of the same trees, one before and one after the digests were made. An entry counts only as it is in both; the order of both is the
 * same where nothing changed, so they are gone through side by side, and what is in memory is what changed, the files that wait for their digests,
 * and the first entries. The others of the first listing lie in a temporary file until the second one comes.
 */
final class Listings implements AutoCloseable {
    private static final int IN_MEMORY = 1_024;
    private static final int BUFFER = 64 * 1024;
    /** Bytes of what waits in memory: no command takes as many arguments, and no tree at work changes so much meanwhile. */
    private static final long MOST_WAITING = 64 * 1024 * 1024;
    /** Bytes of an entry that waits, without its texts: objects, their headers and the places in which they are found, and some more than that. */
    private static final long ENTRY = 1_024;

    /**
     * What shows every change of an inode.
     *
     * @param inode device and number
     * @param state time of the last change, which nobody sets, and size
     */
    record Version(String inode, String state) {
        /** Bytes, and as many characters: a text out of a scan has one for each. */
        long size() {
            return inode.length() + state.length();
        }
    }

    private record Listed(ScannedFile file, Version version) {
        /** Bytes that it takes in memory, at the most. */
        long size() {
            String link = file.linkTarget();
            return ENTRY + file.path().length() + version.size() + (link == null ? 0 : link.length());
        }
    }

    private final ScanRoom room;
    /** Regular files without digest so far, by path as it was printed. */
    private final Map<String, Listed> undigested = new LinkedHashMap<>();

    private final Deque<Listed> first = new ArrayDeque<>();
    private @Nullable EntryFile more;
    private EntryFile.@Nullable Reader reader;
    private int inFile;
    /** Bytes of what is in the three maps. */
    private long waiting;

    /** Of the first listing, and not yet found in the second. */
    private final Map<Version, Deque<Listed>> unconfirmed = new LinkedHashMap<>();
    /** Of the second listing, and not yet found in the first: paths, empty for what is old. */
    private final Map<Version, Deque<String>> unexplained = new LinkedHashMap<>();

    /** @param room for what does not lie in memory */
    Listings(ScanRoom room) {
        this.room = room;
    }

    /** The next entry of the first listing. */
    void listed(String raw, ScannedFile file, Version version) {
        Listed listed = new Listed(file, version);
        if (file.type() == FileType.FILE) {
            hold(undigested(raw, listed));
            Listed twice = undigested.put(raw, listed);
            if (twice != null) {
                waiting -= undigested(raw, twice);
                keep(twice);
            }
        } else {
            keep(listed);
        }
    }

    private static long undigested(String raw, Listed listed) {
        return listed.size() + raw.length();
    }

    /** Its path is read only in the end, and is there twice then. */
    private static long unexplained(Version version, String raw) {
        return ENTRY + version.size() + 2L * raw.length();
    }

    private void hold(long bytes) {
        waiting += bytes;
        if (waiting > MOST_WAITING) {
            throw new NodeAccessException("the scan is in no order, or the trees change too much");
        }
    }

    /** Digests come in the order of the files, so one that was passed over will get none: it cannot be read. */
    void digested(String raw, Digest digest) {
        if (!undigested.containsKey(raw)) {
            return;
        }
        var all = undigested.entrySet().iterator();
        boolean passed = false;
        while (!passed) {
            Map.Entry<String, Listed> next = all.next();
            all.remove();
            waiting -= undigested(next.getKey(), next.getValue());
            passed = next.getKey().equals(raw);
            keep(passed ? with(next.getValue(), digest) : next.getValue());
        }
    }

    private static Listed with(Listed listed, Digest digest) {
        ScannedFile file = listed.file();
        return new Listed(
                new ScannedFile(
                        file.path(),
                        file.type(),
                        file.mode(),
                        file.uid(),
                        file.gid(),
                        file.size(),
                        file.modifiedAt(),
                        file.links(),
                        digest,
                        null),
                listed.version());
    }

    private void keep(Listed listed) {
        if (first.size() < IN_MEMORY) {
            first.add(listed);
            return;
        }
        if (more == null) {
            more = room.file();
        }
        more.add(listed.version().inode());
        more.add(listed.version().state());
        more.add(listed.file());
        inFile++;
    }

    /** The first listing is complete. */
    void turn() {
        undigested.values().forEach(this::keep);
        undigested.clear();
        waiting = 0;
        if (more != null) {
            more.end();
            reader = more.from(0, BUFFER);
        }
    }

    private @Nullable Listed next() {
        Listed listed = first.poll();
        if (listed == null && inFile > 0 && reader != null) {
            inFile--;
            Version version = new Version(reader.text(), reader.text());
            listed = new Listed(reader.file(), version);
        }
        return listed;
    }

    /**
     * The next entry of the second listing.
     *
     * @param raw its path, for what changed lately; else empty
     */
    void listedAgain(Version version, String raw, SortedFiles into) {
        Listed before = next();
        if (before != null && before.version().equals(version)) {
            into.add(before.file());
            return;
        }
        if (before != null) {
            compare(before, into);
        }
        Listed earlier = take(unconfirmed, version);
        if (earlier != null) {
            waiting -= earlier.size();
            into.add(earlier.file());
        } else {
            hold(unexplained(version, raw));
            unexplained.computeIfAbsent(version, none -> new ArrayDeque<>()).add(raw);
        }
    }

    private void compare(Listed before, SortedFiles into) {
        String later = take(unexplained, before.version());
        if (later != null) {
            waiting -= unexplained(before.version(), later);
            into.add(before.file());
        } else {
            hold(before.size());
            unconfirmed
                    .computeIfAbsent(before.version(), none -> new ArrayDeque<>())
                    .add(before);
        }
    }

    private static <T> @Nullable T take(Map<Version, Deque<T>> from, Version version) {
        Deque<T> some = from.get(version);
        if (some == null) {
            return null;
        }
        T one = some.remove();
        if (some.isEmpty()) {
            from.remove(version);
        }
        return one;
    }

    /**
     * Both listings are complete: adds what changed between them, or appeared, as unstable.
     *
     * @param path of what was printed; null when it is not below a root
     * @return whether there are entries that neither listing explains: a whole directory was moved in, and what is in it is old, so that its names did
     *     not come again
     */
    boolean finish(Function<String, @Nullable NodePath> path, SortedFiles into) {
        for (Listed before = next(); before != null; before = next()) {
            compare(before, into);
        }
        Set<String> changed = new HashSet<>();
        Set<NodePath> unstable = new HashSet<>();
        unconfirmed.forEach((version, some) -> {
            changed.add(version.inode());
            some.forEach(listed -> unstable.add(listed.file().path()));
        });
        List<String> old = new ArrayList<>();
        unexplained.forEach((version, some) -> some.forEach(raw -> {
            NodePath appeared = raw.isEmpty() ? null : path.apply(raw);
            if (appeared != null) {
                unstable.add(appeared);
            }
            if (raw.isEmpty()) {
                old.add(version.inode());
            } else {
                changed.add(version.inode());
            }
        }));
        unstable.forEach(one -> into.add(SortedFiles.unstable(one)));
        return !changed.containsAll(old);
    }

    @Override
    public void close() {
        if (more != null) {
            more.close();
        }
    }
}
