package dev.drawbridge.baseline;

import dev.drawbridge.shared.TimeLimit;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.eclipse.jgit.api.FetchCommand;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.api.errors.JGitInternalException;
import org.eclipse.jgit.errors.PackProtocolException;
import org.eclipse.jgit.lib.EmptyProgressMonitor;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.transport.HttpTransport;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the remote's refs into the cache. One fetch runs at a time, on a thread of its own, and whoever asks meanwhile gets its
 * result: a remote that is slow costs everybody its time limit once, and nobody waits in a row.
 */
final class GitRemote implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GitRemote.class);

    private final BaselineProperties settings;
    private final String url;
    private final ThreadPoolExecutor worker;
    private @Nullable Future<Optional<String>> running;
    private Extent runningFor = Extent.NEW;

    /** How much of the history a fetch brings. */
    enum Extent {
        /** The commits that refs lead to, without those before them. */
        TIP,
        /** What is new since the last fetch. */
        NEW,
        /** Everything that an earlier fetch left out. */
        WHOLE
    }

    /** @param url without place holders */
    GitRemote(BaselineProperties settings, String url) {
        this.settings = settings;
        this.url = url;
        worker = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "baseline-fetch");
            thread.setDaemon(true);
            return thread;
        });
        // there may be a repository per node
        worker.allowCoreThreadTimeOut(true);
    }

    /** Empty when the refs are there; else why the remote could not be asked: then the cache is what there is. */
    Optional<String> fetch(Repository cache, Extent extent) {
        Duration patience = TimeLimit.atMost(settings.fetchTimeout());
        try {
            return flight(cache, extent).get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException slow) {
            log.warn("the baseline's remote did not answer within {}", patience);
            return Optional.of("the remote did not answer in time");
        } catch (ExecutionException failed) {
            throw new IllegalStateException("the baseline could not be fetched", failed.getCause());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the baseline was fetched", stopping);
        }
    }

    private synchronized Future<Optional<String>> flight(Repository cache, Extent extent) {
        Future<Optional<String>> flight = running;
        if (flight == null || flight.isDone() || runningFor != extent) {
            flight = worker.submit(() -> ask(cache, extent));
            running = flight;
            runningFor = extent;
        }
        return flight;
    }

    private Optional<String> ask(Repository cache, Extent extent) {
        AtomicReference<@Nullable String> refused = new AtomicReference<>();
        long end = System.nanoTime() + settings.fetchTimeout().toNanos();
        try (Git git = Git.wrap(cache)) {
            FetchCommand fetch = git.fetch()
                    .setRemote(url)
                    .setRefSpecs("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                    .setTransportConfigCallback(transport -> configure(transport, refused::set))
                    // of one read or write; a remote that sends a byte now and then is ended by the monitor
                    .setTimeout((int) Math.max(1, settings.fetchTimeout().toSeconds()))
                    .setProgressMonitor(new EmptyProgressMonitor() {
                        @Override
                        public boolean isCancelled() {
                            return System.nanoTime() - end > 0;
                        }
                    });
            if (extent == Extent.TIP) {
                fetch.setDepth(1);
            } else if (extent == Extent.WHOLE) {
                fetch.setUnshallow(true);
            }
            fetch.call();
            return Optional.empty();
        } catch (GitAPIException | JGitInternalException remoteDown) {
            if (extent == Extent.TIP && refused(remoteDown)) {
                // a server that knows nothing of shallow copies
                return ask(cache, Extent.NEW);
            }
            String why = refused.get();
            log.warn(
                    "the baseline's remote cannot be asked: {}",
                    why == null ? remoteDown.getClass().getSimpleName() : why);
            return Optional.of(why == null ? "the remote cannot be asked" : why);
        }
    }

    private static boolean refused(Throwable failure) {
        return failure instanceof PackProtocolException || failure.getCause() != null && refused(failure.getCause());
    }

    /** Pins host keys and gives the client's key or password, for whatever goes to the remote. */
    void configure(Transport transport) {
        configure(transport, refused -> log.warn("{}", refused));
    }

    private void configure(Transport transport, Consumer<String> refused) {
        String username = settings.username();
        if (transport instanceof HttpTransport && username != null) {
            transport.setCredentialsProvider(
                    new HttpsCredentials(transport.getURI(), username, () -> HttpsCredentials.password(settings)));
        }
        if (transport instanceof SshTransport ssh) {
            ssh.setSshSessionFactory(sshSessions(refused));
        }
    }

    private PinnedHosts sshSessions(Consumer<String> refused) {
        return new PinnedHosts(
                Objects.requireNonNull(settings.cacheDirectory()),
                Objects.requireNonNull(settings.knownHosts(), "drawbridge.baseline.known-hosts is not set"),
                Objects.requireNonNull(settings.privateKey(), "drawbridge.baseline.private-key is not set"),
                refused);
    }

    @Override
    public void close() {
        worker.shutdownNow();
    }
}
