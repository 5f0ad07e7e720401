package dev.drawbridge.sandbox;

import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one directory that the sandbox writes to, held by one process at a time. A killed process leaves no lock behind: the
 * kernel drops it.
 */
final class SandboxDirectory implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path root;
    private final FileChannel channel;
    private final FileLock lock;

    private SandboxDirectory(Path root, FileChannel channel, FileLock lock) {
        this.root = root;
        this.channel = channel;
        this.lock = lock;
    }

    /** @throws SandboxUnavailableException when another process holds the directory, or it cannot be written */
    static SandboxDirectory open(Path directory) {
        Path root = directory.toAbsolutePath().normalize();
        try {
            Files.createDirectories(root);
            // it holds private keys; nobody else on this machine needs them
            Files.setPosixFilePermissions(root, OWNER_ONLY);
            Path real = root.toRealPath();
            FileChannel channel =
                    FileChannel.open(real.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new SandboxUnavailableException(
                        "The sandbox directory " + root + " is in use by another Drawbridge process.",
                        "Stop the other process, or choose another directory with --drawbridge.sandbox.directory=...");
            }
            return new SandboxDirectory(real, channel, lock);
        } catch (IOException | UnsupportedOperationException unusable) {
            throw new SandboxUnavailableException(
                    "The sandbox directory " + root + " cannot be used: " + unusable,
                    "Choose a directory that you may write to, on a POSIX file system, with --drawbridge.sandbox.directory=...");
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        }
    }

    Path root() {
        return root;
    }

    /** The directory that stands for the root of a node's file system. */
    Path node(NodeName node) {
        return root.resolve("nodes").resolve(node.value());
    }

    Path resolve(String name) {
        return root.resolve(name);
    }

    /** Writes a file whole or not at all, readable by the owner only. */
    void writePrivate(String name, String text) {
        Path target = root.resolve(name);
        Path staged = target.resolveSibling("." + target.getFileName() + ".new");
        try {
            Files.deleteIfExists(staged);
            Files.createFile(staged, PosixFilePermissions.asFileAttribute(mode(0600)));
            try (FileChannel out = FileChannel.open(staged, StandardOpenOption.WRITE)) {
                out.write(StandardCharsets.UTF_8.encode(text));
                out.force(true);
            }
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException unexpected) {
            throw new IllegalStateException("two file systems below one directory", unexpected);
        } catch (IOException failed) {
            throw new UncheckedIOException("could not write " + target, failed);
        }
    }

    /** Removes what a killed first start left half made. */
    void delete(String name) {
        Path top = root.resolve(name);
        if (!Files.exists(top, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(top, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failed)
                        throws IOException {
                    if (failed != null) {
                        throw failed;
                    }
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException failed) {
            throw new UncheckedIOException("could not remove " + top, failed);
        }
    }

    static Set<PosixFilePermission> mode(int bits) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            // the enumeration runs from the owner's read bit down to the others' execute bit
            if ((bits & (0400 >> i)) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException failed) {
            throw new UncheckedIOException("could not release the sandbox directory", failed);
        }
    }
}
