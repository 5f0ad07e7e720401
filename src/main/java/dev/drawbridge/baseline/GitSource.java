package dev.drawbridge.baseline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.jspecify.annotations.Nullable;

/** One remote repository and the bare copy of it that serves while the remote is down. */
final class GitSource implements AutoCloseable {
    private final Repository repository;
    private final GitRemote remote;
    private final Clock clock;
    private final AtomicReference<@Nullable Fetched> last = new AtomicReference<>();

    private GitSource(Repository repository, GitRemote remote, Clock clock) {
        this.repository = repository;
        this.remote = remote;
        this.clock = clock;
    }

    /** @param directory of the copy, made when it does not exist */
    static GitSource open(
            BaselineProperties settings, String url, Path directory, RevisionVerifier verifier, Clock clock)
            throws IOException {
        boolean fresh = !Files.exists(directory.resolve("HEAD"));
        Files.createDirectories(directory);
        Repository opened = FileRepositoryBuilder.create(directory.toFile());
        if (fresh) {
            opened.create(true);
        }
        StoredConfig config = opened.getConfig();
        verifier.configure(config);
        config.save();
        return new GitSource(opened, new GitRemote(settings, url), clock);
    }

    Repository repository() {
        return repository;
    }

    /**
     * Asks the remote, unless it was asked, or did not answer, less than this long ago.
     *
     * @return false when it could not be asked
     */
    boolean fetched(Duration age) {
        Fetched before = last.get();
        if (before != null && clock.instant().isBefore(before.at().plus(age))) {
            return before.done();
        }
        boolean done = remote.fetch(repository);
        last.set(new Fetched(clock.instant(), done));
        return done;
    }

    private record Fetched(Instant at, boolean done) {}

    @Override
    public void close() {
        remote.close();
        repository.close();
    }
}
