package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.GpgSignature;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.Signers;
import org.eclipse.jgit.lib.TagBuilder;
import org.eclipse.jgit.revwalk.RevCommit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

class GitBaselinesTest {
    private static final NodeInfo NODE =
            new NodeInfo(NodeName.of("cp-1"), "uid-1", Set.of(), Set.of("control-plane"), Map.of());
    private static final NodePath MANIFEST = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestBaseline baseline;
    private Path root;

    @BeforeEach
    void prepare() throws Exception {
        baseline = new TestBaseline(temp.resolve("git"), database);
        root = temp.resolve("cp-1");
        write("v1");
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private void write(String manifest) throws Exception {
        Path file = root.resolve("etc/kubernetes/manifests/etcd.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, manifest);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Files.writeString(root.resolve("etc/kubernetes/it's here.conf"), "x");
        Files.writeString(root.resolve("etc/shadow"), "not watched");
    }

    private String publish() throws Exception {
        return baseline.publish(Map.of("cp-1", root));
    }

    private static void refused(BaselineResult result, String rule) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        BaselineResult.Untrusted.class,
                        untrusted -> assertThat(untrusted.rule()).isEqualTo(rule));
    }

    @Test
    void aSignedRevisionIsTrustedWithOwnersAndModes() throws Exception {
        String commit = publish();
        BaselineResult result = baseline.baselines().trusted(NODE);
        assertThat(result).isInstanceOfSatisfying(BaselineResult.Trusted.class, trusted -> {
            Baseline found = trusted.baseline();
            assertThat(found.revision().commit()).isEqualTo(commit);
            assertThat(found.revision().signer()).startsWith("SHA256:");
            assertThat(found.files().keySet()).containsExactly(NodePath.of("/etc/kubernetes/it's here.conf"), MANIFEST);
            BaselineFile manifest = found.files().get(MANIFEST);
            assertThat(manifest.mode()).isEqualTo(0640);
            assertThat(manifest.owner()).matches("\\d+");
            try (var content = found.open(manifest)) {
                assertThat(new String(content.readAllBytes(), UTF_8)).isEqualTo("v1");
            } catch (java.io.IOException failed) {
                throw new AssertionError(failed);
            }
        });
    }

    @Test
    void gitItselfAgreesWithTheSignature() throws Exception {
        publish();
        Process git = new ProcessBuilder(
                        "git",
                        "-c",
                        "gpg.ssh.allowedSignersFile=" + baseline.allowedSigners(),
                        "-C",
                        baseline.remote().toString(),
                        "verify-tag",
                        "baseline")
                .redirectErrorStream(true)
                .start();
        String said = new String(git.getInputStream().readAllBytes(), UTF_8);
        assertThat(git.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(git.exitValue()).as(said).isZero();
    }

    @Test
    void anotherKeysSignatureIsRefused() throws Exception {
        baseline.writeKey("attacker");
        baseline.publish(Map.of("cp-1", root), "attacker");
        refused(baseline.baselines().trusted(NODE), "signer-not-allowed");
    }

    @Test
    void aRevokedKeyIsRefused() throws Exception {
        publish();
        Map<String, String> revoked =
                Map.of("revoked-signers", baseline.key("signer.pub").toString());
        refused(baseline.baselines(Clock.systemUTC(), revoked).trusted(NODE), "signer-not-allowed");
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
    }

    @Test
    void aKeyInARevocationListIsRefused() throws Exception {
        publish();
        baseline.writeKey("stolen");
        Map<String, String> another =
                Map.of("revoked-signers", revocationList("stolen").toString());
        assertThat(baseline.baselines(Clock.systemUTC(), another).trusted(NODE))
                .as("which has another key")
                .isInstanceOf(BaselineResult.Trusted.class);
        Map<String, String> revoked =
                Map.of("revoked-signers", revocationList("signer").toString());
        refused(baseline.baselines(Clock.systemUTC(), revoked).trusted(NODE), "signer-not-allowed");
    }

    /** As OpenSSH writes it: binary. */
    private Path revocationList(String key) throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/ssh-keygen")),
                "skipped: needs ssh-keygen (apt-get install openssh-client)");
        Path list = temp.resolve(key + ".krl");
        Process keygen = new ProcessBuilder(
                        "/usr/bin/ssh-keygen",
                        "-k",
                        "-f",
                        list.toString(),
                        baseline.key(key + ".pub").toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(keygen.getInputStream().readAllBytes(), UTF_8);
        assertThat(keygen.waitFor()).as(said).isZero();
        assertThat(Files.readAllBytes(list)).startsWith("SSHKRL\n".getBytes(UTF_8));
        return list;
    }

    @Test
    void aRevocationListThatIsDamagedOrGoneTrustsNobody() throws Exception {
        publish();
        baseline.writeKey("stolen");
        Path list = revocationList("stolen");
        Map<String, String> revoked = Map.of("revoked-signers", list.toString());
        byte[] whole = Files.readAllBytes(list);
        Files.write(list, java.util.Arrays.copyOf(whole, whole.length - 10));
        assertThat(baseline.baselines(Clock.systemUTC(), revoked).trusted(NODE))
                .isNotInstanceOf(BaselineResult.Trusted.class);
        Files.delete(list);
        refused(baseline.baselines(Clock.systemUTC(), revoked).trusted(NODE), "signer-not-allowed");
    }

    @Test
    void aSignedCommitAtTheHeadOfABranchCountsAndAnythingElseThereDoesNot() throws Exception {
        String published = publish();
        Baselines branch = baseline.baselines("refs/heads/main");
        assertThat(branch.trusted(NODE)).isInstanceOfSatisfying(BaselineResult.Trusted.class, trusted -> {
            assertThat(trusted.baseline().revision().commit()).isEqualTo(published);
            assertThat(trusted.baseline().revision().ref()).isEqualTo("refs/heads/main");
            assertThat(trusted.baseline().revision().signer()).startsWith("SHA256:");
        });

        commit("signer", "As somebody wants it\n");
        refused(branch.trusted(NODE), "signer-not-allowed");
        baseline.writeKey("stranger");
        commit("stranger", null);
        refused(branch.trusted(NODE), "signer-not-allowed");
        commit(null, null);
        refused(branch.trusted(NODE), "signature-missing");

        String next = commit("signer", null);
        assertThat(branch.trusted(NODE))
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        trusted -> assertThat(trusted.baseline().revision().commit())
                                .isEqualTo(next));
    }

    /**
     * Follows the published commit with one of the same tree, at the head of the branch.
     *
     * @param key that signs it; null for none
     * @param message that takes the place of the signed one; null for none
     */
    private String commit(String key, String message) throws Exception {
        try (Git opened = Git.open(baseline.remote().toFile());
                ObjectInserter inserter = opened.getRepository().newObjectInserter()) {
            Repository git = opened.getRepository();
            RevCommit parent = git.parseCommit(git.resolve("refs/tags/baseline^{commit}"));
            PersonIdent author = new PersonIdent("Baseline", "baseline@drawbridge.example");
            CommitBuilder commit = new CommitBuilder();
            commit.setTreeId(parent.getTree());
            commit.setParentId(parent);
            commit.setAuthor(author);
            commit.setCommitter(author);
            commit.setMessage("As it should be\n");
            if (key != null) {
                new SshObjectSigner(baseline.key(key), null).sign(git, commit, author);
            }
            if (message != null) {
                commit.setMessage(message);
            }
            ObjectId id = inserter.insert(commit);
            inserter.flush();
            RefUpdate update = git.updateRef("refs/heads/main");
            update.setNewObjectId(id);
            update.forceUpdate();
            return id.name();
        }
    }

    @Test
    void aKeyThatHasExpiredIsRefusedAlthoughItWasValidAtTheTimeThatTheTagClaims() throws Exception {
        publish();
        String allowed = Files.readString(baseline.allowedSigners());
        Files.writeString(baseline.allowedSigners(), allowed.replaceFirst(" ", " valid-before=\"20261201Z\" "));
        Clock before = Clock.fixed(Instant.parse("2026-11-30T00:00:00Z"), ZoneOffset.UTC);
        assertThat(baseline.baselines(before, Map.of()).trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        Clock after = Clock.fixed(Instant.parse("2026-12-02T00:00:00Z"), ZoneOffset.UTC);
        refused(baseline.baselines(after, Map.of()).trusted(NODE), "signer-expired");
    }

    @Test
    void aKeyThatIsNotNamedIsRefusedAlthoughTheFileHoldsIt() throws Exception {
        publish();
        Map<String, String> another = Map.of("signer-fingerprints", "SHA256:" + "A".repeat(43));
        refused(baseline.baselines(Clock.systemUTC(), another).trusted(NODE), "signer-not-allowed");
    }

    @Test
    void aTagWithoutSignatureIsRefusedEvenOnASignedCommit() throws Exception {
        String commit = publish();
        try (Git git = Git.open(baseline.remote().toFile())) {
            git.tagDelete().setTags("baseline").call();
            git.tag()
                    .setName("baseline")
                    .setMessage("moved")
                    .setSigned(false)
                    .setObjectId(git.getRepository().parseCommit(ObjectId.fromString(commit)))
                    .call();
        }
        refused(baseline.baselines().trusted(NODE), "signature-missing");
    }

    @Test
    void anOlderRevisionIsRefusedAlsoAfterARestart() throws Exception {
        publish();
        byte[] oldTag = Files.readAllBytes(baseline.remote().resolve("refs/tags/baseline"));
        write("v2");
        publish();
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        Files.write(baseline.remote().resolve("refs/tags/baseline"), oldTag);
        refused(baseline.baselines().trusted(NODE), "rollback");
    }

    @Test
    void anotherHistoryIsRefused() throws Exception {
        publish();
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        Files.delete(baseline.remote().resolve("refs/heads/main"));
        write("v2");
        publish();
        refused(baseline.baselines().trusted(NODE), "not-fast-forward");
    }

    private int copied() throws Exception {
        try (Git cache = Git.open(temp.resolve("git/cache.git").toFile())) {
            int commits = 0;
            for (var commit : cache.log().all().call()) {
                assertThat(commit).isNotNull();
                commits++;
            }
            return commits;
        }
    }

    private void published(int revisions) throws Exception {
        for (int i = 0; i < revisions; i++) {
            write("of revision " + i + " of " + revisions);
            publish();
        }
    }

    @Test
    void theCopyBeginsAtTheRevisionAndNotAtTheBeginningOfTheHistory() throws Exception {
        published(5);
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        assertThat(copied()).isEqualTo(1);
        published(3);
        assertThat(baseline.baselines().trusted(NODE))
                .as("what is new brings the way from the one accepted before")
                .isInstanceOf(BaselineResult.Trusted.class);
        assertThat(copied()).isEqualTo(4);
    }

    @Test
    void aCopyThatWasLostIsMadeAnewAndCompletedToShowThatARevisionFollows() throws Exception {
        published(3);
        baseline.baselines().trusted(NODE);
        published(4);
        FileSystemUtils.deleteRecursively(temp.resolve("git/cache.git"));
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        assertThat(copied()).isEqualTo(7);
    }

    @Test
    void aCopyThatWasLostLetsNeitherAnOlderRevisionNorAnotherHistoryIn() throws Exception {
        published(2);
        ObjectId old = tag();
        published(2);
        baseline.baselines().trusted(NODE);
        FileSystemUtils.deleteRecursively(temp.resolve("git/cache.git"));
        try (Git remote = Git.open(baseline.remote().toFile())) {
            var back = remote.getRepository().updateRef("refs/tags/baseline");
            back.setNewObjectId(old);
            back.forceUpdate();
        }
        refused(baseline.baselines().trusted(NODE), "rollback");

        FileSystemUtils.deleteRecursively(temp.resolve("git/cache.git"));
        FileSystemUtils.deleteRecursively(baseline.remote());
        published(3);
        refused(baseline.baselines().trusted(NODE), "history-replaced");
    }

    private ObjectId tag() throws Exception {
        try (Git remote = Git.open(baseline.remote().toFile())) {
            return remote.getRepository().resolve("refs/tags/baseline");
        }
    }

    @Test
    void aRevisionThatCannotBeShownToFollowIsNotAvailableRatherThanRefusedOrTrusted() throws Exception {
        published(1);
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        published(3);
        FileSystemUtils.deleteRecursively(temp.resolve("git/cache.git"));
        // as after a fetch that brought the tip, just before the remote went down
        try (Git cache = Git.init()
                .setBare(true)
                .setDirectory(temp.resolve("git/cache.git").toFile())
                .call()) {
            cache.fetch()
                    .setRemote(baseline.remote().toUri().toString())
                    .setRefSpecs("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                    .setDepth(1)
                    .call();
        }
        // made before: the address of a directory that is there ends with a slash
        Baselines baselines = baseline.baselines();
        Path away = Files.move(baseline.remote(), temp.resolve("away.git"));
        assertThat(baselines.trusted(NODE))
                .isInstanceOfSatisfying(
                        BaselineResult.NotAvailable.class,
                        missing -> assertThat(missing.reason()).contains("cannot be fetched"));
        Files.move(away, baseline.remote());
        assertThat(baselines.trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
    }

    @Test
    void theCacheServesWhileTheRemoteIsDown() throws Exception {
        publish();
        baseline.baselines().trusted(NODE);
        Files.move(baseline.remote(), temp.resolve("gone"));
        BaselineResult cached = baseline.baselines().trusted(NODE);
        assertThat(cached)
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        trusted -> assertThat(trusted.fromCache()).isTrue());
        BaselineRevision revision = ((BaselineResult.Trusted) cached).baseline().revision();
        assertThat(verified())
                .containsExactly(
                        "refs/tags/baseline: accepted " + revision,
                        "refs/tags/baseline: accepted " + revision + " from the cache, the remote cannot be asked");
    }

    /** What the audit trail has of verifications, oldest first. */
    private List<String> verified() {
        return TestAudit.on(database, Clock.systemUTC()).page(0, 100).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().equals("baseline.verify"))
                .map(event -> event.subject() + ": " + event.reason())
                .toList();
    }

    @Test
    void theTrailSaysOnceThatTheRemoteIsDownAndOnceThatItIsBack() throws Exception {
        publish();
        // one that lives through it all; its memory is what keeps the trail short. Its address is that of a directory
        Baselines baselines = baseline.baselines();
        for (int look = 0; look < 2; look++) {
            baselines.trusted(NODE);
        }
        Files.move(baseline.remote(), temp.resolve("gone"));
        for (int look = 0; look < 2; look++) {
            baselines.trusted(NODE);
        }
        Files.move(temp.resolve("gone"), baseline.remote());
        baselines.trusted(NODE);
        assertThat(verified()).hasSize(3);
        assertThat(verified().get(1)).endsWith(" from the cache, the remote cannot be asked");
        assertThat(verified().get(2)).isEqualTo(verified().get(0));
    }

    @Test
    void whatIsNeitherThereNorInTheCopySaysThatTheRemoteIsDown() throws Exception {
        publish();
        Files.move(baseline.remote(), temp.resolve("gone"));
        assertThat(baseline.baselines().trusted(NODE))
                .isEqualTo(new BaselineResult.NotAvailable(
                        "the repository has no refs/tags/baseline; the remote cannot be asked"));
    }

    @Test
    void nothingForANodeIsNotAvailableRatherThanInSync() throws Exception {
        publish();
        NodeInfo other = new NodeInfo(NodeName.of("cp-9"), "uid", Set.of(), Set.of(), Map.of());
        assertThat(baseline.baselines().trusted(other)).isInstanceOf(BaselineResult.NotAvailable.class);
    }

    @Test
    void metadataIsParsedAndNeverRun() {
        EtckeeperMetadata metadata = EtckeeperMetadata.parse("""
                # Generated by etckeeper. Do not edit.
                mkdir -p './x'
                maybe chown 'kube' 'kubernetes/a b'
                maybe chmod 0640 'kubernetes/a b'
                chmod 600 './old'
                chown root './old'
                maybe chmod 0777 'it'"'"'s'
                maybe chmod 0644 'x'; touch /tmp/pwned
                $(touch /tmp/pwned)
                maybe chmod 99 'bad'
                """.getBytes(UTF_8));
        assertThat(metadata.owner("kubernetes/a b")).isEqualTo("kube");
        assertThat(metadata.mode("kubernetes/a b")).isEqualTo(0640);
        assertThat(metadata.mode("old")).isEqualTo(0600);
        assertThat(metadata.mode("it's")).isEqualTo(0777);
        assertThat(metadata.mode("x")).isNull();
        assertThat(metadata.mode("bad")).isNull();
        assertThat(metadata.owner("unknown")).isEqualTo("root");
    }

    @Test
    void anotherTagOfTheSameSignerDoesNotPassForTheConfiguredOne() throws Exception {
        publish();
        try (Git git = Git.open(baseline.remote().toFile())) {
            RefUpdate update = git.getRepository().updateRef("refs/tags/release");
            update.setNewObjectId(git.getRepository().resolve("refs/tags/baseline"));
            update.update();
        }
        refused(baseline.baselines("refs/tags/release").trusted(NODE), "tag-name");
    }

    @Test
    void aSignatureOfAnotherFormatIsRefusedWhateverItSays() throws Exception {
        publish();
        tagTree(
                tree -> tree,
                (git, tag) -> tag.setGpgSignature(new GpgSignature(
                        "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n".getBytes(UTF_8))));
        refused(baseline.baselines().trusted(NODE), "signature-format");
    }

    @Test
    void aLinkInASignedTreeIsRefused() throws Exception {
        publish();
        tagTree(tree -> FileMode.SYMLINK, this::sign);
        refused(baseline.baselines().trusted(NODE), "malformed-tree");
    }

    @Test
    void aSubmoduleInASignedTreeIsRefused() throws Exception {
        publish();
        tagTree(tree -> FileMode.GITLINK, this::sign);
        refused(baseline.baselines().trusted(NODE), "malformed-tree");
    }

    @Test
    void theNewestAcceptedRevisionStaysPinnedOnPostgres() throws Exception {
        try (TestDatabase postgres = TestDatabase.postgres()) {
            TestBaseline kept = new TestBaseline(temp.resolve("postgres"), postgres);
            kept.publish(Map.of("cp-1", root));
            ObjectId first;
            try (Git git = Git.open(kept.remote().toFile())) {
                first = git.getRepository().resolve("refs/tags/baseline");
            }
            assertThat(kept.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
            write("v2");
            String second = kept.publish(Map.of("cp-1", root));
            assertThat(kept.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
            assertThat(postgres.jdbc()
                            .sql("select commit_id from baseline_accepted")
                            .query(String.class)
                            .list())
                    .containsExactly(second);
            try (Git git = Git.open(kept.remote().toFile())) {
                RefUpdate update = git.getRepository().updateRef("refs/tags/baseline");
                update.setNewObjectId(first);
                update.forceUpdate();
            }
            refused(kept.baselines().trusted(NODE), "rollback");
        }
    }

    private interface Signing {
        void sign(Repository git, TagBuilder tag) throws Exception;
    }

    private void sign(Repository git, TagBuilder tag) throws Exception {
        Signers.get(GpgConfig.GpgFormat.SSH)
                .signObject(
                        git,
                        new GpgConfig(git.getConfig()),
                        tag,
                        tag.getTagger(),
                        baseline.key("signer").toString(),
                        null);
    }

    /** Follows the published commit with one whose only entry for the node has this mode, and tags it. */
    private void tagTree(UnaryOperator<FileMode> mode, Signing signing) throws Exception {
        try (Git opened = Git.open(baseline.remote().toFile());
                ObjectInserter inserter = opened.getRepository().newObjectInserter()) {
            Repository git = opened.getRepository();
            DirCache index = DirCache.newInCore();
            DirCacheBuilder builder = index.builder();
            DirCacheEntry entry = new DirCacheEntry("nodes/cp-1/etc/kubernetes/manifests/etcd.yaml");
            entry.setFileMode(mode.apply(FileMode.REGULAR_FILE));
            ObjectId blob = inserter.insert(org.eclipse.jgit.lib.Constants.OBJ_BLOB, "/etc/shadow".getBytes(UTF_8));
            ObjectId parent = git.resolve("refs/heads/main");
            entry.setObjectId(entry.getFileMode() == FileMode.GITLINK ? parent : blob);
            builder.add(entry);
            builder.finish();
            PersonIdent author = new PersonIdent("Baseline", "baseline@drawbridge.example");
            CommitBuilder commit = new CommitBuilder();
            commit.setTreeId(index.writeTree(inserter));
            commit.setParentId(parent);
            commit.setAuthor(author);
            commit.setCommitter(author);
            commit.setMessage("Strange");
            TagBuilder tag = new TagBuilder();
            tag.setTag("baseline");
            tag.setTagger(author);
            tag.setMessage("Strange\n");
            tag.setObjectId(inserter.insert(commit), org.eclipse.jgit.lib.Constants.OBJ_COMMIT);
            signing.sign(git, tag);
            ObjectId id = inserter.insert(tag);
            inserter.flush();
            RefUpdate update = git.updateRef("refs/tags/baseline");
            update.setNewObjectId(id);
            update.forceUpdate();
        }
    }

    @Test
    void whatWasAcceptedStaysAcceptedWhenTheCallerRollsBack() throws Exception {
        publish();
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        write("v2");
        String second = publish();
        database.transaction().executeWithoutResult(status -> {
            assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
            status.setRollbackOnly();
        });

        assertThat(database.jdbc()
                        .sql("select commit_id from baseline_accepted")
                        .query(String.class)
                        .list())
                .containsExactly(second);
    }

    @Test
    void acceptingLocksNothingForAsLongAsTheCallersTransactionTakes() throws Exception {
        publish();
        Baselines shared = baseline.baselines();
        assertThat(shared.trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        write("v2");
        publish();
        database.transaction().executeWithoutResult(status -> {
            assertThat(shared.trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
            try {
                write("v3");
                publish();
            } catch (Exception failed) {
                throw new AssertionError(failed);
            }
            // another step, on another thread, while this one is still at its slow work
            assertThat(CompletableFuture.supplyAsync(() -> shared.trusted(NODE)))
                    .succeedsWithin(Duration.ofSeconds(8))
                    .isInstanceOf(BaselineResult.Trusted.class);
        });
    }

    @Test
    void aRemoteThatNeverAnswersCostsEverybodyItsTimeLimitOnceAndTheCacheServes() throws Exception {
        publish();
        assertThat(baseline.baselines().trusted(NODE)).isInstanceOf(BaselineResult.Trusted.class);
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Baselines slow = baseline.baselines(
                    "refs/tags/baseline",
                    "git://127.0.0.1:" + silent.getLocalPort() + "/baseline.git",
                    Duration.ofSeconds(2));
            long begun = System.nanoTime();
            List<CompletableFuture<BaselineResult>> asked = new ArrayList<>();
            ExecutorService askers = Executors.newFixedThreadPool(6);
            try {
                for (int i = 0; i < 6; i++) {
                    asked.add(CompletableFuture.supplyAsync(() -> slow.trusted(NODE), askers));
                }
                for (CompletableFuture<BaselineResult> answer : asked) {
                    assertThat(answer)
                            .succeedsWithin(Duration.ofSeconds(10))
                            .isInstanceOfSatisfying(
                                    BaselineResult.Trusted.class,
                                    trusted -> assertThat(trusted.fromCache()).isTrue());
                }
            } finally {
                askers.shutdownNow();
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("side by side, not one after the other")
                    .isLessThan(Duration.ofSeconds(8));
        }
    }

    @Test
    void manyWhoAcceptTheFirstRevisionAtOnceAllGetIt() throws Exception {
        publish();
        Baselines shared = baseline.baselines();
        ExecutorService askers = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<BaselineResult>> asked = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                asked.add(CompletableFuture.supplyAsync(() -> shared.trusted(NODE), askers));
            }
            for (CompletableFuture<BaselineResult> answer : asked) {
                assertThat(answer).succeedsWithin(Duration.ofSeconds(30)).isInstanceOf(BaselineResult.Trusted.class);
            }
        } finally {
            askers.shutdownNow();
        }
    }
}
