package dev.drawbridge.node.shell;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ScannedFiles;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Puts entries into the order of their paths, and holds as many in memory as most nodes have. Of more than that, sorted runs lie in a temporary file,
 * and whoever goes through them has the first of each run in memory (a merge sort). A path that comes twice, and so may be of two minds, is unstable.
 */
final class SortedFiles implements ScannedFiles {
    static final int IN_MEMORY = 1_024;

    private static final Comparator<ScannedFile> BY_PATH = Comparator.comparing(ScannedFile::path);
    private static final int BUFFERS = 128 * 1024;
    private static final int LEAST_BUFFER = 256;
    private static final int LARGEST_BUFFER = 8 * 1024;

    private final NodePath leftOut;
    private final ScanRoom room;
    private final List<Long> runs = new ArrayList<>();
    private final List<ScannedFile> rest = new ArrayList<>();
    private @Nullable EntryFile file;

    /**
     * @param leftOut directory that is left out with all in it
     * @param room for what does not lie in memory
     */
    SortedFiles(NodePath leftOut, ScanRoom room) {
        this.leftOut = leftOut;
        this.room = room;
    }

    /** In any order; none after the first look. */
    void add(ScannedFile entry) {
        if (entry.path().isWithin(leftOut)) {
            return;
        }
        if (rest.size() == IN_MEMORY) {
            if (file == null) {
                file = room.file();
            }
            rest.sort(BY_PATH);
            runs.add(file.end());
            rest.forEach(file::add);
            rest.clear();
        }
        rest.add(entry);
    }

    static ScannedFile unstable(NodePath path) {
        return new ScannedFile(path, FileType.UNSTABLE, 0, 0, 0, 0, 0, 1, null, null);
    }

    @Override
    public Iterator<ScannedFile> iterator() {
        rest.sort(BY_PATH);
        Merge merge = new Merge();
        merge.put(rest.iterator());
        if (file != null) {
            file.end();
            int buffer = Math.max(LEAST_BUFFER, Math.min(LARGEST_BUFFER, BUFFERS / runs.size()));
            for (long from : runs) {
                merge.put(run(file.from(from, buffer)));
            }
        }
        return merge;
    }

    private static Iterator<ScannedFile> run(EntryFile.Reader reader) {
        return new Iterator<>() {
            private int left = IN_MEMORY;

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public ScannedFile next() {
                left--;
                return reader.file();
            }
        };
    }

    private static final class Merge implements Iterator<ScannedFile> {
        /** The first of what is left of each part. */
        private record Head(ScannedFile file, Iterator<ScannedFile> others) {}

        private final PriorityQueue<Head> heads = new PriorityQueue<>(Comparator.comparing(Head::file, BY_PATH));

        void put(Iterator<ScannedFile> part) {
            if (part.hasNext()) {
                heads.add(new Head(part.next(), part));
            }
        }

        @Override
        public boolean hasNext() {
            return !heads.isEmpty();
        }

        @Override
        public ScannedFile next() {
            ScannedFile next = take();
            boolean once = true;
            while (!heads.isEmpty() && heads.element().file().path().equals(next.path())) {
                take();
                once = false;
            }
            return once ? next : unstable(next.path());
        }

        private ScannedFile take() {
            Head head = heads.poll();
            if (head == null) {
                throw new NoSuchElementException();
            }
            put(head.others());
            return head.file();
        }
    }

    @Override
    public void close() {
        if (file != null) {
            file.close();
        }
    }
}
