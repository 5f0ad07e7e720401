package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.function.Function;

/**
 * Content by SHA-256 on disk. A file exists under its digest only after it was written whole and flushed; the same content is
 * kept once.
 */
final class ContentStore {
    private final Path root;

    ContentStore(Path root) {
        this.root = root;
        try {
            Files.createDirectories(root);
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
        } catch (IOException unusable) {
            throw new UncheckedIOException("drawbridge.evidence.directory cannot be used", unusable);
        }
    }

    boolean has(Digest content) {
        return Files.isRegularFile(place(content));
    }

    /**
     * Streams content into the store.
     *
     * @param source writes the content and answers its digest, or empty when there is nothing
     */
    Optional<Digest> keep(Function<OutputStream, Optional<Digest>> source) {
        try {
            Path staged = Files.createTempFile(
                    root,
                    "incoming",
                    ".part",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                Optional<Digest> digest;
                try (FileChannel channel = FileChannel.open(staged, StandardOpenOption.WRITE);
                        OutputStream out = Channels.newOutputStream(channel)) {
                    digest = source.apply(out);
                    channel.force(true);
                }
                if (digest.isPresent()) {
                    settle(staged, place(digest.get()));
                }
                return digest;
            } finally {
                Files.deleteIfExists(staged);
            }
        } catch (IOException full) {
            throw new UncheckedIOException("the evidence store cannot be written", full);
        }
    }

    Optional<InputStream> open(Digest content) {
        try {
            return has(content) ? Optional.of(Files.newInputStream(place(content))) : Optional.empty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the evidence store cannot be read", unreadable);
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
