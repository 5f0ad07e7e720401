package dev.drawbridge.baseline;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The baseline from Git. The checks stand in one order: fetch, resolve, signature present, format, signer, age. Each refusal names
 * its rule, and only a revision that passed all of them is ever read.
 */
@Component
class GitBaselines implements Baselines {
    private static final Logger log = LoggerFactory.getLogger(GitBaselines.class);

    /**
     * The copy shows no way from the revision to the one accepted before, and lacks a part of the history. A way that it does show is one: each
     * commit names its parents by their digests.
     */
    private static final BaselineResult CUT_OFF = new BaselineResult.NotAvailable("a part of the history is missing");

    private static final int MOST_LOADED = 256;

    private final BaselineProperties settings;
    private final JdbcClient jdbc;
    private final AcceptedRevisions accepted;
    private final TransactionTemplate alone;
    private final AuditTrail audit;
    private final Clock clock;
    private final RevisionVerifier verifier;
    private final TreeReader reader;
    private final Map<String, GitBaseline> loaded = new ConcurrentHashMap<>();
    private final Map<String, String> lastAnnounced = new ConcurrentHashMap<>();
    private final Map<String, GitSource> sources = new HashMap<>();

    GitBaselines(
            BaselineProperties settings,
            @Value("${drawbridge.node.work-directory:/etc/kubernetes/.drawbridge}") String workDirectory,
            JdbcClient jdbc,
            PlatformTransactionManager transactions,
            AuditTrail audit,
            Clock clock) {
        this.settings = settings;
        this.jdbc = jdbc;
        this.accepted = new AcceptedRevisions(jdbc);
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.verifier = new RevisionVerifier(settings, clock);
        this.reader = TreeReader.of(settings, NodePath.of(workDirectory));
        this.audit = audit;
        this.clock = clock;
    }

    @Override
    public BaselineResult trusted(NodeInfo node) {
        return recentlyTrusted(node, Duration.ZERO);
    }

    @Override
    public BaselineResult recentlyTrusted(NodeInfo node, Duration age) {
        String url = settings.url(node.name());
        Path cache = settings.cache(node.name());
        if (url == null || settings.allowedSigners() == null || cache == null) {
            return new BaselineResult.NotAvailable(
                    "drawbridge.baseline.url, .allowed-signers and .cache-directory are not all set");
        }
        try {
            GitSource source = source(url, cache);
            return verified(source, node, source.fetch(age));
        } catch (IOException unreadable) {
            log.warn("the baseline cache cannot be read: {}", unreadable.toString());
            return new BaselineResult.NotAvailable("the baseline cache cannot be read");
        }
    }

    private GitSource source(String url, Path directory) throws IOException {
        synchronized (sources) {
            GitSource source = sources.get(url);
            if (source == null) {
                source = GitSource.open(settings, url, directory, verifier, clock);
                sources.put(url, source);
            }
            return source;
        }
    }

    @Override
    public Optional<Baseline> loaded(NodeName node, BaselineRevision revision) {
        return Optional.ofNullable(loaded.get(key(node, revision.commit())));
    }

    private static String key(NodeName node, String commit) {
        return node + " " + commit;
    }

    private BaselineResult verified(GitSource source, NodeInfo node, Optional<String> unasked) throws IOException {
        BaselineResult result = verified(source, node, unasked, source.shallow());
        if (result != CUT_OFF) {
            return result;
        }
        // the copy that was made anew begins after the revision accepted before
        return source.complete()
                ? verified(source, node, unasked, false)
                : new BaselineResult.NotAvailable(
                        "the history that shows whether the revision follows the one accepted before cannot be fetched");
    }

    private BaselineResult verified(GitSource source, NodeInfo node, Optional<String> unasked, boolean shallow)
            throws IOException {
        Repository cache = source.repository();
        String ref = settings.ref(node.name());
        try (RevWalk walk = new RevWalk(cache)) {
            RevisionVerifier.Verified found = verifier.verify(cache, walk, ref);
            if (found instanceof RevisionVerifier.Verified.Missing missing) {
                return new BaselineResult.NotAvailable(
                        missing.reason() + unasked.map(why -> "; " + why).orElse(""));
            }
            if (found instanceof RevisionVerifier.Verified.Bad bad) {
                return refused(ref, bad.rule(), bad.reason());
            }
            RevisionVerifier.Verified.Signed signed = (RevisionVerifier.Verified.Signed) found;
            Optional<BaselineResult> tooOld = accept(
                    walk, AcceptedRevisions.key(settings, node.name()), signed.revision(), signed.commit(), shallow);
            return tooOld.isPresent() ? tooOld.get() : load(cache, signed.commit(), signed.revision(), node, unasked);
        }
    }

    private BaselineResult load(
            Repository cache, RevCommit commit, BaselineRevision revision, NodeInfo node, Optional<String> unasked)
            throws IOException {
        String key = key(node.name(), commit.name());
        GitBaseline baseline = loaded.get(key);
        // the node may have got another role since
        if (baseline == null || !baseline.layers().equals(reader.layers(node))) {
            try {
                baseline = reader.read(cache, commit.getTree(), revision, node);
            } catch (MalformedBaselineException malformed) {
                return refused(revision.ref(), "malformed-tree", Objects.requireNonNull(malformed.getMessage()));
            }
            String prefix = key(node.name(), "");
            loaded.keySet().removeIf(old -> old.startsWith(prefix));
            if (loaded.size() >= MOST_LOADED) {
                // a sweep passes by all nodes; what an incident needs again is read again
                loaded.clear();
            }
            loaded.put(key, baseline);
        }
        if (baseline.files().isEmpty()) {
            return new BaselineResult.NotAvailable("the baseline holds nothing for node " + node.name());
        }
        announce(
                revision.ref(),
                "accepted " + revision
                        + unasked.map(why -> " from the cache, " + why).orElse(""),
                revision);
        return new BaselineResult.Trusted(baseline, unasked.isPresent());
    }

    /** Pins the revision, unless it is older than the pinned one or of another history. */
    private Optional<BaselineResult> accept(
            RevWalk walk, String repository, BaselineRevision revision, RevCommit commit, boolean shallow)
            throws IOException {
        while (true) {
            String pinned = pinned(repository).orElse(null);
            if (pinned != null && pinned.equals(revision.commit())) {
                return Optional.empty();
            }
            if (pinned != null) {
                Optional<RevisionVerifier.Verified.Bad> objection =
                        AcceptedRevisions.objection(walk, pinned, revision, commit);
                if (objection.isPresent() && shallow) {
                    return Optional.of(CUT_OFF);
                }
                if (objection.isPresent()) {
                    return Optional.of(refused(
                            revision.ref(),
                            objection.get().rule(),
                            objection.get().reason()));
                }
            }
            if (pin(repository, revision, pinned)) {
                return Optional.empty();
            }
            // somebody else accepted one in between: it is judged against that
        }
    }

    private Optional<String> pinned(String repository) {
        return alone.execute(status -> accepted.last(repository));
    }

    /**
     * In a transaction of its own: what was accepted stays accepted when the caller rolls back, and the row is not locked
     * for as long as the caller's work takes.
     *
     * @param repository id of the repository and the ref in it
     * @param old what was pinned when the revision was judged
     * @return false when something else is pinned now
     */
    private boolean pin(String repository, BaselineRevision revision, @Nullable String old) {
        String sql = old == null
                ? """
                insert into baseline_accepted (repository, ref, commit_id, signer, accepted_at)
                values (:repository, :ref, :commit, :signer, :at)"""
                // in one statement: a second instance must not move it back
                : """
                update baseline_accepted set commit_id = :commit, ref = :ref, signer = :signer, accepted_at = :at
                where repository = :repository and commit_id = :old""";
        try {
            Integer changed = alone.execute(status -> {
                JdbcClient.StatementSpec statement = jdbc.sql(sql)
                        .param("repository", repository)
                        .param("ref", revision.ref())
                        .param("commit", revision.commit())
                        .param("signer", revision.signer())
                        .param("at", now());
                return (old == null ? statement : statement.param("old", old)).update();
            });
            return Integer.valueOf(1).equals(changed);
        } catch (DuplicateKeyException pinnedMeanwhile) {
            return false;
        }
    }

    private OffsetDateTime now() {
        return OffsetDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }

    private BaselineResult.Untrusted refused(String ref, String rule, String reason) {
        announce(ref, "refused, " + rule + ": " + reason, null);
        return new BaselineResult.Untrusted(rule, reason);
    }

    /** Once per change of mind, not once per look. */
    private void announce(String ref, String what, @Nullable BaselineRevision revision) {
        if (!what.equals(lastAnnounced.put(ref, what))) {
            AuditEvent event = AuditEvent.fact(Actor.SYSTEM, "baseline.verify", ref, what);
            audit.recordNow(
                    revision == null
                            ? event
                            : event.with("commit", revision.commit()).with("signer", revision.signer()));
            log.info("baseline {}", what);
        }
    }

    @PreDestroy
    void close() {
        synchronized (sources) {
            sources.values().forEach(GitSource::close);
            sources.clear();
        }
    }
}
