package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Content in a directory, which several instances may share. A file exists under its digest only after it was written whole and flushed. */
final class DiskContentStore implements ContentStore {
    private static final String STAGED = "incoming";
    /** Nobody writes one content for longer: what is older was left by a process that died. */
    private static final Duration ABANDONED = Duration.ofDays(1);

    /** Flushes at once: more of them share no more, and each may wait for the disk with a thread of its own. */
    private static final int FLUSHERS = 8;

    private static final int MOST_OPEN = 64;

    private final Path root;
    private final Disk disk;
    private final ExecutorService flusher = flushers();

    /** What makes a file or the names in a directory durable. */
    interface Disk {
        void flush(Path path, FileChannel channel) throws IOException;
    }

    DiskContentStore(Path root, Clock clock) {
        this(root, clock, (path, channel) -> channel.force(true));
    }

    DiskContentStore(Path root, Clock clock, Disk disk) {
        this.root = root;
        this.disk = disk;
        try {
            Files.createDirectories(root);
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
            removeAbandoned(clock.instant().minus(ABANDONED));
        } catch (IOException unusable) {
            throw new UncheckedIOException("drawbridge.evidence.directory cannot be used", unusable);
        }
    }

    private void removeAbandoned(Instant before) throws IOException {
        try (DirectoryStream<Path> staged = Files.newDirectoryStream(root, STAGED + "*.part")) {
            for (Path file : staged) {
                try {
                    if (Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
                        Files.deleteIfExists(file);
                    }
                } catch (NoSuchFileException anotherInstanceDidIt) {
                    continue;
                }
            }
        }
    }

    @Override
    public boolean has(Digest content) {
        return Files.isRegularFile(place(content));
    }

    @Override
    public Batch begin() {
        return new Staged();
    }

    /**
     * Each content in a file of its own, which others flush while the next one comes: a disk makes many files durable with one act when it is asked for
     * them at once. Names come when all contents are durable, and their directories are flushed once for all.
     */
    private final class Staged implements Batch {
        private final Map<Path, Kept> contents = new LinkedHashMap<>();
        private final List<Future<?>> flushes = new ArrayList<>();

        @Override
        public Optional<Kept> add(Source source) {
            try {
                Path file = Files.createTempFile(
                        root,
                        STAGED,
                        ".part",
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                @Nullable FileChannel channel = null;
                try {
                    channel = FileChannel.open(file, StandardOpenOption.WRITE);
                    Optional<Kept> kept = write(channel, source);
                    if (kept.isPresent()) {
                        contents.put(file, kept.get());
                        flushes.add(flusher.submit(flush(file, channel)));
                        channel = null;
                        bound();
                    }
                    return kept;
                } finally {
                    if (!contents.containsKey(file)) {
                        Files.deleteIfExists(file);
                    }
                    if (channel != null) {
                        channel.close();
                    }
                }
            } catch (IOException full) {
                throw unwritable(full);
            }
        }

        /** Each that waits is an open file. */
        private void bound() throws IOException {
            if (flushes.size() == MOST_OPEN) {
                flushed();
            }
        }

        private void flushed() throws IOException {
            try {
                await(flushes);
                flushes.clear();
            } catch (IOException failed) {
                close();
                throw failed;
            }
        }

        @Override
        public void settle() {
            try {
                flushed();
                // the names must survive a power cut as well as the contents, and so must those of new directories
                Set<Path> touched = new TreeSet<>();
                for (Map.Entry<Path, Kept> content : contents.entrySet()) {
                    Path place = place(content.getValue().sha256());
                    Files.createDirectories(place.getParent());
                    Files.move(
                            content.getKey(),
                            place,
                            StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                    touched.add(place.getParent());
                    touched.add(root);
                }
                contents.clear();
                await(touched.stream()
                        .map(directory -> flusher.submit(
                                () -> flush(directory, FileChannel.open(directory, StandardOpenOption.READ))
                                        .call()))
                        .toList());
            } catch (IOException full) {
                throw unwritable(full);
            }
        }

        @Override
        public void close() {
            flushes.clear();
            try {
                for (Path file : contents.keySet()) {
                    Files.deleteIfExists(file);
                }
                contents.clear();
            } catch (IOException left) {
                throw unwritable(left);
            }
        }
    }

    private static Optional<Kept> write(FileChannel channel, Source source) throws IOException {
        DigestOutputStream out = new DigestOutputStream(Channels.newOutputStream(channel), Digest.sha256());
        return source.writeTo(out)
                ? Optional.of(new Kept(Digest.of(out.getMessageDigest()), channel.size()))
                : Optional.empty();
    }

    /** By the descriptor that wrote it: another one may not be told that the disk failed meanwhile. */
    private Callable<Void> flush(Path path, FileChannel written) {
        return () -> {
            try (written) {
                disk.flush(path, written);
            }
            return null;
        };
    }

    /** All of them, so that nobody works on them any more; then the first failure. */
    private static void await(List<? extends Future<?>> flushes) throws IOException {
        @Nullable IOException first = null;
        for (Future<?> flush : flushes) {
            try {
                flush.get();
            } catch (ExecutionException failed) {
                first = first != null
                        ? first
                        : new IOException("what was written cannot be flushed", failed.getCause());
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("stopped before all was flushed");
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private static ExecutorService flushers() {
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(FLUSHERS, FLUSHERS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "evidence-flush");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    private static UncheckedIOException unwritable(IOException full) {
        return new UncheckedIOException("the evidence store cannot be written", full);
    }

    @Override
    public Optional<InputStream> open(Digest content) {
        try {
            return Optional.of(Files.newInputStream(place(content)));
        } catch (NoSuchFileException nothing) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the evidence store cannot be read", unreadable);
        }
    }

    @Override
    public void remove(Digest content) {
        try {
            Files.deleteIfExists(place(content));
        } catch (IOException refused) {
            throw new UncheckedIOException("the evidence store cannot be changed", refused);
        }
    }

    private Path place(Digest content) {
        return root.resolve(content.hex().substring(0, 2)).resolve(content.hex());
    }
}
