package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
import java.util.Optional;

/** Content in a directory, which several instances may share. A file exists under its digest only after it was written whole and flushed. */
final class DiskContentStore implements ContentStore {
    private static final String STAGED = "incoming";
    /** Nobody writes one content for longer: what is older was left by a process that died. */
    private static final Duration ABANDONED = Duration.ofDays(1);

    private final Path root;

    DiskContentStore(Path root, Clock clock) {
        this.root = root;
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
    public Optional<Kept> keep(Source source) {
        try {
            Path staged = Files.createTempFile(
                    root,
                    STAGED,
                    ".part",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                Optional<Kept> kept = write(staged, source);
                if (kept.isPresent()) {
                    settle(staged, place(kept.get().sha256()));
                }
                return kept;
            } finally {
                Files.deleteIfExists(staged);
            }
        } catch (IOException full) {
            throw new UncheckedIOException("the evidence store cannot be written", full);
        }
    }

    private static Optional<Kept> write(Path staged, Source source) throws IOException {
        try (FileChannel channel = FileChannel.open(staged, StandardOpenOption.WRITE);
                OutputStream file = Channels.newOutputStream(channel);
                DigestOutputStream out = new DigestOutputStream(file, Digest.sha256())) {
            if (!source.writeTo(out)) {
                return Optional.empty();
            }
            channel.force(true);
            return Optional.of(new Kept(Digest.of(out.getMessageDigest()), channel.size()));
        }
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

    private void settle(Path staged, Path place) throws IOException {
        Files.createDirectories(place.getParent());
        Files.move(staged, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // the name must survive a power cut as well as the content
        try (FileChannel directory = FileChannel.open(place.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private Path place(Digest content) {
        return root.resolve(content.hex().substring(0, 2)).resolve(content.hex());
    }
}
