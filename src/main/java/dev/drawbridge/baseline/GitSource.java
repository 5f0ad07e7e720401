package dev.drawbridge.baseline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jgit.lib.Constants;
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
     * @return empty when it was asked, else why it could not be
     */
    Optional<String> fetch(Duration age) {
        Fetched before = last.get();
        if (before != null && clock.instant().isBefore(before.at().plus(age))) {
            return before.problem();
        }
        Optional<String> problem = remote.fetch(repository, empty() ? GitRemote.Extent.TIP : GitRemote.Extent.NEW);
        last.set(new Fetched(clock.instant(), problem));
        return problem;
    }

    private boolean empty() {
        try {
            return repository.getRefDatabase().getRefsByPrefix(Constants.R_REFS).isEmpty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** Whether the copy lacks a part of the history: then what it does not show may be true all the same. */
    boolean shallow() throws IOException {
        return !repository.getObjectDatabase().getShallowCommits().isEmpty();
    }

    /** Fetches what it lacks. False when the remote could not be asked. Walks that were begun before do not see it. */
    boolean complete() {
        return remote.fetch(repository, GitRemote.Extent.WHOLE).isEmpty();
    }

    private record Fetched(Instant at, Optional<String> problem) {}

    @Override
    public void close() {
        remote.close();
        repository.close();
    }
}
