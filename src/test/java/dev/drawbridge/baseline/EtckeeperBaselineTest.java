package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plain repository of etckeeper, made by Debian's etckeeper and Git as an administrator would. */
class EtckeeperBaselineTest {
    private static final String TAG = "baseline/cp-1";
    private static final NodePath ETCD = NodePath.of("/etc/kubernetes/manifests/etcd.yaml");

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestBaseline baseline;
    private TestEtckeeper etckeeper;

    @BeforeEach
    void prepare() throws Exception {
        baseline = new TestBaseline(temp.resolve("git"), database);
        etckeeper = new TestEtckeeper(temp.resolve("home"), temp.resolve("cp-1"));
        etckeeper.put("etc/kubernetes/manifests/etcd.yaml", "kind: Pod\n", "rw-r-----");
        etckeeper.put("etc/kubernetes/pki/ca.crt", "the authority\n", "rw-r--r--");
        etckeeper.put("etc/kubernetes/it's \"here\".conf", "kind: Config\n", "rw-------");
        etckeeper.put("etc/ssh/sshd_config", "PermitRootLogin no\n", "rw-r--r--");
        Files.createSymbolicLink(etckeeper.etc().resolve("os-release"), Path.of("../usr/lib/os-release"));
        Path empty = Files.createDirectories(etckeeper.etc().resolve("kubernetes/tmp"));
        Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("rwx------"));
        etckeeper.init();
        etckeeper.tag(baseline.key("signer"), TAG);
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static NodeInfo node(String name) {
        return new NodeInfo(NodeName.of(name), "uid-" + name, Set.of(), Set.of("control-plane"), Map.of());
    }

    private BaselineResult trusted(String name, String url) {
        return baseline.baselines(
                        Clock.systemUTC(),
                        Map.of("layout", "etckeeper", "url", url, "ref", "refs/tags/baseline/{node}"))
                .trusted(node(name));
    }

    private BaselineResult trusted() {
        return trusted("cp-1", temp.resolve("{node}/etc").toString());
    }

    private static Baseline good(BaselineResult result) {
        assertThat(result).isInstanceOf(BaselineResult.Trusted.class);
        return ((BaselineResult.Trusted) result).baseline();
    }

    private static void refused(BaselineResult result, String rule) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        BaselineResult.Untrusted.class,
                        untrusted -> assertThat(untrusted.rule()).isEqualTo(rule));
    }

    @Test
    void aSignedTagOnWhatEtckeeperCommittedIsTheNodesBaseline() throws Exception {
        Baseline found = good(trusted());
        assertThat(found.revision().ref()).isEqualTo("refs/tags/" + TAG);
        BaselineFile etcd = found.files().get(ETCD);
        assertThat(etcd.mode()).isEqualTo(0640);
        assertThat(etcd.sha256()).isEqualTo(Digest.ofText("kind: Pod\n"));
        try (var content = found.open(etcd)) {
            assertThat(new String(content.readAllBytes(), UTF_8)).isEqualTo("kind: Pod\n");
        }
        assertThat(found.files().get(NodePath.of("/etc/kubernetes/pki/ca.crt")).mode())
                .isEqualTo(0644);
        assertThat(found.files()
                        .get(NodePath.of("/etc/kubernetes/it's \"here\".conf"))
                        .mode())
                .isEqualTo(0600);
        assertThat(found.files().get(NodePath.of("/etc/kubernetes/tmp")))
                .as("an empty directory, which Git cannot hold")
                .satisfies(directory -> {
                    assertThat(directory.held()).isEqualTo(Held.DIRECTORY);
                    assertThat(directory.mode()).isEqualTo(0700);
                });
        assertThat(found.files().get(NodePath.of("/etc/os-release")).held()).isEqualTo(Held.LINK);
    }

    @Test
    void ownersAreThoseThatEtckeeperNoted() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                System.getProperty("user.name").equals("root"), "skipped: only root gives files away");
        Path file = etckeeper.etc().resolve("kubernetes/manifests/etcd.yaml");
        Files.setAttribute(file, "unix:uid", 1);
        Files.setAttribute(file, "unix:gid", 54321);
        etckeeper.commit("given away");
        etckeeper.tag(baseline.key("signer"), TAG);

        BaselineFile etcd = good(trusted()).files().get(ETCD);

        assertThat(etcd.owner()).isEqualTo("daemon");
        assertThat(etcd.group()).as("a number that has no name").isEqualTo("54321");
    }

    @Test
    void whatEtckeeperCommitsByItselfIsNeverABaseline() throws Exception {
        String approved = good(trusted()).revision().commit();
        etckeeper.put("etc/kubernetes/manifests/etcd.yaml", "kind: Pod\nprivileged: true\n", "rw-r-----");
        etckeeper.commit("daily autocommit");

        assertThat(good(trusted()).revision().commit()).isEqualTo(approved);

        // not even where the machine's own key signs each commit, and the tag is moved there
        etckeeper.git("-c", "user.signingkey=" + baseline.key("signer"), "commit", "-q", "--amend", "--no-edit", "-S");
        etckeeper.git("tag", "-f", TAG, "HEAD");
        refused(trusted(), "tag-name");
        etckeeper.git("tag", "-f", "-a", "-m", "unsigned", TAG, "HEAD");
        refused(trusted(), "signature-missing");
        etckeeper.tag(baseline.key("signer"), TAG);
        assertThat(good(trusted()).revision().commit()).isNotEqualTo(approved);
        etckeeper.git(
                "-c", "user.signingkey=" + baseline.key("signer"), "tag", "-f", "-s", "-m", "back", TAG, approved);
        refused(trusted(), "rollback");
    }

    @Test
    void theRepositoryOfAnotherNodeCannotStandInForIt() throws Exception {
        Path remote = Files.createDirectories(temp.resolve("cp-2"));
        Files.move(temp.resolve("cp-1/etc"), remote.resolve("etc"));
        String each = temp.resolve("{node}/etc").toString();
        assertThat(trusted("cp-2", each)).isInstanceOf(BaselineResult.NotAvailable.class);
        Path tags = remote.resolve("etc/.git/refs/tags/baseline");
        Files.move(tags.resolve("cp-1"), tags.resolve("cp-2"));
        refused(trusted("cp-2", each), "tag-name");
    }

    @Test
    void oneRepositoryMayHoldABranchPerNode() throws Exception {
        TestEtckeeper other = new TestEtckeeper(temp.resolve("home"), temp.resolve("cp-2"));
        other.put("etc/kubernetes/manifests/etcd.yaml", "kind: Pod\nname: two\n", "rw-------");
        other.init();
        other.tag(baseline.key("signer"), "baseline/cp-2");
        Path all = temp.resolve("all.git");
        org.eclipse.jgit.api.Git.init()
                .setBare(true)
                .setDirectory(all.toFile())
                .call()
                .close();
        etckeeper.git("push", "-q", all.toString(), "HEAD:refs/heads/cp-1", TAG);
        other.git("push", "-q", all.toString(), "HEAD:refs/heads/cp-2", "baseline/cp-2");

        assertThat(good(trusted("cp-1", all.toString())).files().get(ETCD).sha256())
                .isEqualTo(Digest.ofText("kind: Pod\n"));
        assertThat(good(trusted("cp-2", all.toString())).files().get(ETCD).sha256())
                .isEqualTo(Digest.ofText("kind: Pod\nname: two\n"));
        assertThat(trusted("cp-3", all.toString())).isInstanceOf(BaselineResult.NotAvailable.class);
        assertThat(database.jdbc()
                        .sql("select ref from baseline_accepted order by ref")
                        .query(String.class)
                        .list())
                .as("each is pinned by itself")
                .containsExactly("refs/tags/baseline/cp-1", "refs/tags/baseline/cp-2");
    }

    @Test
    void aLinkAmongKubernetesFilesIsRefusedOthersAreNot() throws Exception {
        Files.createSymbolicLink(etckeeper.etc().resolve("kubernetes/manifests/more.yaml"), Path.of("/srv/more.yaml"));
        etckeeper.commit("a link");
        etckeeper.tag(baseline.key("signer"), TAG);
        refused(trusted(), "malformed-tree");
    }

    @Test
    void ourOwnDirectoryOnTheNodeIsNoPartOfItAlthoughEtckeeperCommitsIt() throws Exception {
        etckeeper.put("etc/kubernetes/.drawbridge/quarantine/0123", "theirs", "rw-------");
        etckeeper.commit("after an incident");
        etckeeper.tag(baseline.key("signer"), TAG);
        assertThat(good(trusted()).files().keySet())
                .contains(ETCD)
                .noneMatch(path -> path.toString().contains(".drawbridge"));
    }

    @Test
    void anOldEtckeeperLeftUsualModesOut() {
        EtckeeperMetadata old = EtckeeperMetadata.parse("""
                # Generated by etckeeper. Do not edit.
                mkdir -p './kubernetes/it'"'"'s empty'
                chown root './kubernetes/x'
                chmod 600 './kubernetes/x'
                """.getBytes(UTF_8));
        assertThat(old.leavesOutUsualModes()).isTrue();
        assertThat(old.emptyDirectories()).containsExactly("kubernetes/it's empty");
        assertThat(EtckeeperMetadata.parse("maybe chmod 0600 'x'\n".getBytes(UTF_8))
                        .leavesOutUsualModes())
                .isFalse();
        assertThat(EtckeeperMetadata.parse(new byte[0]).leavesOutUsualModes()).isFalse();
    }
}
