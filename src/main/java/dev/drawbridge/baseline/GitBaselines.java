package dev.drawbridge.baseline;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jgit.errors.RevisionSyntaxException;
import org.eclipse.jgit.lib.ConfigConstants;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.SignatureVerifiers;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.revwalk.RevWalk;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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

    private static final int MOST_LOADED = 256;

    private final BaselineProperties settings;
    private final JdbcClient jdbc;
    private final TransactionTemplate alone;
    private final AuditTrail audit;
    private final Clock clock;
    private final GitRemote remote;
    private final Signatures signatures;
    private final Map<String, GitBaseline> loaded = new ConcurrentHashMap<>();
    private final AtomicReference<String> lastAnnounced = new AtomicReference<>("");
    private final AtomicReference<@Nullable Fetched> lastFetch = new AtomicReference<>();
    private @Nullable Repository repository;

    GitBaselines(
            BaselineProperties settings,
            JdbcClient jdbc,
            PlatformTransactionManager transactions,
            AuditTrail audit,
            Clock clock) {
        this.settings = settings;
        this.jdbc = jdbc;
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.remote = new GitRemote(settings);
        this.signatures = signatures(settings, clock);
        this.audit = audit;
        this.clock = clock;
    }

    private static Signatures signatures(BaselineProperties settings, Clock clock) {
        Set<String> fingerprints = Set.copyOf(settings.signerFingerprints());
        Path keys = settings.allowedSigners();
        return settings.signatureFormat().equals("openpgp") && keys != null
                ? new OpenPgpSignatures(keys, fingerprints, clock)
                : new SshSignatures(fingerprints, clock);
    }

    @Override
    public BaselineResult trusted(NodeInfo node) {
        return recentlyTrusted(node, Duration.ZERO);
    }

    @Override
    public BaselineResult recentlyTrusted(NodeInfo node, Duration age) {
        if (settings.url() == null || settings.allowedSigners() == null || settings.cacheDirectory() == null) {
            return new BaselineResult.NotAvailable(
                    "drawbridge.baseline.url, .allowed-signers and .cache-directory are not all set");
        }
        try {
            Repository cache = cache();
            return verified(cache, node, !fetched(cache, age));
        } catch (IOException unreadable) {
            log.warn("the baseline cache cannot be read: {}", unreadable.toString());
            return new BaselineResult.NotAvailable("the baseline cache cannot be read");
        }
    }

    private boolean fetched(Repository cache, Duration age) {
        Fetched last = lastFetch.get();
        if (last != null && clock.instant().isBefore(last.at().plus(age))) {
            return last.done();
        }
        boolean done = remote.fetch(cache);
        lastFetch.set(new Fetched(clock.instant(), done));
        return done;
    }

    /** @param done false when the remote could not be asked */
    private record Fetched(Instant at, boolean done) {}

    @Override
    public Optional<Baseline> loaded(NodeName node, BaselineRevision revision) {
        return Optional.ofNullable(loaded.get(key(node, revision.commit())));
    }

    private static String key(NodeName node, String commit) {
        return commit + " " + node;
    }

    private BaselineResult verified(Repository cache, NodeInfo node, boolean fromCache) throws IOException {
        try (RevWalk walk = new RevWalk(cache)) {
            ObjectId id = cache.resolve(settings.ref());
            if (id == null) {
                return new BaselineResult.NotAvailable("the repository has no " + settings.ref());
            }
            RevObject signed = walk.parseAny(id);
            walk.parseBody(signed);
            if (!(walk.peel(signed) instanceof RevCommit commit)) {
                return refused("not-a-commit", settings.ref() + " leads to no commit");
            }
            // an unsigned tag on a signed commit is unsigned: whoever moves the tag chooses the revision
            byte[] signature = signed instanceof RevTag tag ? tag.getRawGpgSignature() : commit.getRawGpgSignature();
            if (signature == null) {
                return refused("signature-missing", settings.ref() + " is not signed");
            }
            // a ref is not signed: whoever holds the remote could let it point to another tag of the same signer
            if (signed instanceof RevTag tag && !settings.ref().equals(Constants.R_TAGS + tag.getTagName())) {
                return refused("tag-name", settings.ref() + " leads to a tag of another name");
            }
            // Git takes the verifier from the armor; we take it from our configuration
            if (SignatureVerifiers.getFormat(signature) != signatures.format()) {
                return refused("signature-format", "the signature is none of the configured format");
            }
            Signatures.Judgement judgement = signatures.judge(cache, signed, signature);
            if (judgement instanceof Signatures.Judgement.Bad bad) {
                return refused(bad.rule(), bad.reason());
            }
            walk.parseBody(commit);
            String signer = ((Signatures.Judgement.Good) judgement).signer();
            BaselineRevision revision = new BaselineRevision(commit.name(), signer, settings.ref());
            Optional<BaselineResult> tooOld = accept(walk, revision, commit);
            return tooOld.isPresent() ? tooOld.get() : load(cache, commit, revision, node, fromCache);
        } catch (RevisionSyntaxException malformed) {
            return new BaselineResult.NotAvailable("the configured ref is malformed");
        }
    }

    private BaselineResult load(
            Repository cache, RevCommit commit, BaselineRevision revision, NodeInfo node, boolean fromCache)
            throws IOException {
        String key = key(node.name(), commit.name());
        GitBaseline baseline = loaded.get(key);
        if (baseline == null) {
            List<String> overlays = new ArrayList<>();
            node.roles().stream()
                    .sorted()
                    .filter(role -> role.matches("[\\w.-]+"))
                    .forEach(role -> overlays.add("roles/" + role));
            overlays.add("nodes/" + node.name());
            GitBaseline.Limits limits = new GitBaseline.Limits(
                    settings.maxFiles(), settings.maxFileSize().toBytes());
            try {
                baseline = GitBaseline.read(cache, commit.getTree(), revision, overlays, limits);
            } catch (MalformedBaselineException malformed) {
                return refused("malformed-tree", Objects.requireNonNull(malformed.getMessage()));
            }
            loaded.keySet().removeIf(old -> !old.startsWith(commit.name()));
            if (loaded.size() >= MOST_LOADED) {
                // a sweep passes by all nodes; what an incident needs again is read again
                loaded.clear();
            }
            loaded.put(key, baseline);
        }
        if (baseline.files().isEmpty()) {
            return new BaselineResult.NotAvailable("the baseline holds nothing for node " + node.name());
        }
        announce("accepted " + revision + (fromCache ? " from the cache, the remote cannot be asked" : ""), revision);
        return new BaselineResult.Trusted(baseline, fromCache);
    }

    /** Pins the revision, unless it is older than the pinned one or of another history. */
    private Optional<BaselineResult> accept(RevWalk walk, BaselineRevision revision, RevCommit commit)
            throws IOException {
        while (true) {
            String pinned = pinned();
            if (pinned != null && pinned.equals(revision.commit())) {
                return Optional.empty();
            }
            if (pinned != null) {
                Optional<BaselineResult> refused = follows(walk, pinned, revision, commit);
                if (refused.isPresent()) {
                    return refused;
                }
            }
            if (pin(revision, pinned)) {
                return Optional.empty();
            }
            // somebody else accepted one in between: it is judged against that
        }
    }

    private Optional<BaselineResult> follows(RevWalk walk, String pinned, BaselineRevision revision, RevCommit commit)
            throws IOException {
        RevCommit old = parse(walk, pinned);
        if (old == null) {
            return Optional.of(
                    refused("history-replaced", "the revision accepted before is no longer in the repository"));
        }
        if (walk.isMergedInto(old, commit)) {
            return Optional.empty();
        }
        return Optional.of(
                walk.isMergedInto(commit, old)
                        ? refused("rollback", revision + " is older than the revision accepted before")
                        : refused("not-fast-forward", revision + " does not follow the revision accepted before"));
    }

    private @Nullable String pinned() {
        return alone.execute(
                status -> jdbc.sql("select commit_id from baseline_accepted where repository = :repository")
                        .param("repository", repositoryId())
                        .query(String.class)
                        .optional()
                        .orElse(null));
    }

    /**
     * In a transaction of its own: what was accepted stays accepted when the caller rolls back, and the row is not locked
     * for as long as the caller's work takes.
     *
     * @param old what was pinned when the revision was judged
     * @return false when something else is pinned now
     */
    private boolean pin(BaselineRevision revision, @Nullable String old) {
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
                        .param("repository", repositoryId())
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

    private String repositoryId() {
        return Digest.ofText(settings.url() + " " + settings.ref()).hex();
    }

    private OffsetDateTime now() {
        return OffsetDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }

    private static @Nullable RevCommit parse(RevWalk walk, String commit) throws IOException {
        try {
            return walk.parseCommit(ObjectId.fromString(commit));
        } catch (org.eclipse.jgit.errors.MissingObjectException gone) {
            return null;
        }
    }

    private BaselineResult.Untrusted refused(String rule, String reason) {
        announce("refused, " + rule + ": " + reason, null);
        return new BaselineResult.Untrusted(rule, reason);
    }

    /** Once per change of mind, not once per look. */
    private void announce(String what, @Nullable BaselineRevision revision) {
        if (!what.equals(lastAnnounced.getAndSet(what))) {
            AuditEvent event = AuditEvent.fact(Actor.SYSTEM, "baseline.verify", settings.ref(), what);
            audit.recordNow(
                    revision == null
                            ? event
                            : event.with("commit", revision.commit()).with("signer", revision.signer()));
            log.info("baseline {}", what);
        }
    }

    private synchronized Repository cache() throws IOException {
        if (repository != null) {
            return repository;
        }
        Path directory = Objects.requireNonNull(settings.cacheDirectory());
        boolean fresh = !Files.exists(directory.resolve("HEAD"));
        Files.createDirectories(directory);
        Repository opened = org.eclipse.jgit.storage.file.FileRepositoryBuilder.create(directory.toFile());
        if (fresh) {
            opened.create(true);
        }
        StoredConfig config = opened.getConfig();
        config.setString(
                "gpg",
                "ssh",
                "allowedSignersFile",
                Objects.requireNonNull(settings.allowedSigners())
                        .toAbsolutePath()
                        .toString());
        if (settings.revokedSigners() == null) {
            config.unset("gpg", "ssh", "revocationFile");
        } else {
            config.setString(
                    "gpg",
                    "ssh",
                    "revocationFile",
                    settings.revokedSigners().toAbsolutePath().toString());
        }
        config.setString(
                ConfigConstants.CONFIG_GPG_SECTION,
                null,
                ConfigConstants.CONFIG_KEY_FORMAT,
                signatures.format().toConfigValue());
        config.save();
        repository = opened;
        return opened;
    }

    @PreDestroy
    synchronized void close() {
        remote.close();
        if (repository != null) {
            repository.close();
            repository = null;
        }
    }
}
