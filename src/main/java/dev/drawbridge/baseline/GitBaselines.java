package dev.drawbridge.baseline;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.errors.RevisionSyntaxException;
import org.eclipse.jgit.lib.ConfigConstants;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.SignatureVerifier;
import org.eclipse.jgit.lib.SignatureVerifiers;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.sshd.ServerKeyDatabase;
import org.eclipse.jgit.transport.sshd.SshdSessionFactory;
import org.eclipse.jgit.transport.sshd.SshdSessionFactoryBuilder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The baseline from Git. The checks stand in one order: fetch, resolve, signature present, format, signer, age. Each refusal names
 * its rule, and only a revision that passed all of them is ever read.
 */
@Component
class GitBaselines implements Baselines {
    private static final Logger log = LoggerFactory.getLogger(GitBaselines.class);

    private final BaselineProperties settings;
    private final JdbcClient jdbc;
    private final AuditTrail audit;
    private final Clock clock;
    private final Map<String, GitBaseline> loaded = new HashMap<>();
    private @Nullable Repository repository;
    private String lastAnnounced = "";

    GitBaselines(BaselineProperties settings, JdbcClient jdbc, AuditTrail audit, Clock clock) {
        this.settings = settings;
        this.jdbc = jdbc;
        this.audit = audit;
        this.clock = clock;
    }

    @Override
    public synchronized BaselineResult trusted(NodeInfo node) {
        if (settings.url() == null || settings.allowedSigners() == null || settings.cacheDirectory() == null) {
            return new BaselineResult.NotAvailable(
                    "drawbridge.baseline.url, .allowed-signers and .cache-directory are not all set");
        }
        try {
            Repository cache = cache();
            boolean fetched = fetch(cache);
            return verified(cache, node, !fetched);
        } catch (IOException unreadable) {
            log.warn("the baseline cache cannot be read: {}", unreadable.toString());
            return new BaselineResult.NotAvailable("the baseline cache cannot be read");
        }
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
            if (SignatureVerifiers.getFormat(signature) != GpgConfig.GpgFormat.SSH) {
                return refused("signature-format", "the signature is none of the configured format");
            }
            SignatureVerifier.SignatureVerification verification =
                    SignatureVerifiers.verify(cache, new GpgConfig(cache.getConfig()), signed);
            if (verification == null || !verification.verified() || verification.expired()) {
                return refused("signer-not-allowed", "no allowed key made this signature, or it is not valid now");
            }
            walk.parseBody(commit);
            BaselineRevision revision =
                    new BaselineRevision(commit.name(), verification.keyFingerprint(), settings.ref());
            Optional<BaselineResult> tooOld = accept(walk, revision, commit);
            return tooOld.isPresent() ? tooOld.get() : load(cache, commit, revision, node, fromCache);
        } catch (RevisionSyntaxException malformed) {
            return new BaselineResult.NotAvailable("the configured ref is malformed");
        }
    }

    private BaselineResult load(
            Repository cache, RevCommit commit, BaselineRevision revision, NodeInfo node, boolean fromCache)
            throws IOException {
        String key = commit.name() + " " + node.name();
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
        String repositoryId =
                Digest.ofText(settings.url() + " " + settings.ref()).hex();
        Optional<String> pinned = jdbc.sql("select commit_id from baseline_accepted where repository = :repository")
                .param("repository", repositoryId)
                .query(String.class)
                .optional();
        if (pinned.isPresent() && pinned.get().equals(revision.commit())) {
            return Optional.empty();
        }
        if (pinned.isPresent()) {
            RevCommit old = parse(walk, pinned.get());
            if (old == null) {
                return Optional.of(
                        refused("history-replaced", "the revision accepted before is no longer in the repository"));
            }
            if (!walk.isMergedInto(old, commit)) {
                boolean rollback = walk.isMergedInto(commit, old);
                return Optional.of(
                        rollback
                                ? refused("rollback", revision + " is older than the revision accepted before")
                                : refused(
                                        "not-fast-forward",
                                        revision + " does not follow the revision accepted before"));
            }
            // in one statement: a crash must not forget the pin, nor a second instance move it back
            int moved = jdbc.sql("""
                            update baseline_accepted set commit_id = :commit, signer = :signer, accepted_at = :at
                            where repository = :repository and commit_id = :old""")
                    .param("commit", revision.commit())
                    .param("signer", revision.signer())
                    .param("at", now())
                    .param("repository", repositoryId)
                    .param("old", pinned.get())
                    .update();
            return moved == 1 ? Optional.empty() : accept(walk, revision, commit);
        }
        jdbc.sql("""
                        insert into baseline_accepted (repository, ref, commit_id, signer, accepted_at)
                        values (:repository, :ref, :commit, :signer, :at)""")
                .param("repository", repositoryId)
                .param("ref", revision.ref())
                .param("commit", revision.commit())
                .param("signer", revision.signer())
                .param("at", now())
                .update();
        return Optional.empty();
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
        if (!what.equals(lastAnnounced)) {
            lastAnnounced = what;
            AuditEvent event = AuditEvent.fact(Actor.SYSTEM, "baseline.verify", settings.ref(), what);
            audit.recordNow(
                    revision == null
                            ? event
                            : event.with("commit", revision.commit()).with("signer", revision.signer()));
            log.info("baseline {}", what);
        }
    }

    private boolean fetch(Repository cache) {
        try (Git git = Git.wrap(cache)) {
            git.fetch()
                    .setRemote(Objects.requireNonNull(settings.url()))
                    .setRefSpecs("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                    .setTransportConfigCallback(transport -> {
                        if (transport instanceof SshTransport ssh) {
                            ssh.setSshSessionFactory(sshSessions());
                        }
                    })
                    .setTimeout(30)
                    .call();
            return true;
        } catch (GitAPIException remoteDown) {
            log.warn(
                    "the baseline's remote cannot be asked: {}",
                    remoteDown.getClass().getSimpleName());
            return false;
        }
    }

    private SshdSessionFactory sshSessions() {
        Path home = Objects.requireNonNull(settings.cacheDirectory());
        Path knownHosts = Objects.requireNonNull(settings.knownHosts(), "drawbridge.baseline.known-hosts is not set");
        Path key = Objects.requireNonNull(settings.privateKey(), "drawbridge.baseline.private-key is not set");
        return new SshdSessionFactoryBuilder()
                .setPreferredAuthentications("publickey")
                .setHomeDirectory(home.toFile())
                .setSshDirectory(home.toFile())
                .setConfigStoreFactory((homeDir, config, user) -> null)
                .setDefaultIdentities(ssh -> List.of(key))
                .setDefaultKnownHostsFiles(ssh -> List.of(knownHosts))
                .setServerKeyDatabase((homeDir, ssh) -> strict(homeDir, knownHosts))
                .build(null);
    }

    private static ServerKeyDatabase strict(java.io.File home, Path knownHosts) {
        return new org.eclipse.jgit.internal.transport.sshd.OpenSshServerKeyDatabase(false, List.of(knownHosts)) {
            @Override
            public boolean accept(
                    String connectAddress,
                    java.net.InetSocketAddress remoteAddress,
                    java.security.PublicKey serverKey,
                    Configuration config,
                    org.eclipse.jgit.transport.CredentialsProvider provider) {
                // without a provider nobody can be asked, so an unknown or changed key is refused
                return super.accept(connectAddress, remoteAddress, serverKey, config, null);
            }
        };
    }

    private Repository cache() throws IOException {
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
        config.setString(ConfigConstants.CONFIG_GPG_SECTION, null, ConfigConstants.CONFIG_KEY_FORMAT, "ssh");
        config.save();
        repository = opened;
        return opened;
    }

    @PreDestroy
    synchronized void close() {
        if (repository != null) {
            repository.close();
            repository = null;
        }
    }
}
