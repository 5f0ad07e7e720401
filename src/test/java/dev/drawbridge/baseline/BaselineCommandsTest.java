package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.ssh.TestNode;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands as the jar runs them, with a node behind a real SSH connection and a Git remote. */
class BaselineCommandsTest {
    private static final String ETCD = "/etc/kubernetes/manifests/etcd.yaml";
    private static final String CA_KEY = "/etc/kubernetes/pki/ca.key";
    private static final String KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Map<String, String> settings = new TreeMap<>();
    private TestNode node;
    private TestBaseline baseline;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.in(temp.resolve("node"));
        node.put(ETCD, "kind: Pod\nname: etcd\n".getBytes(UTF_8));
        node.put(CA_KEY, KEY.getBytes(UTF_8));
        node.put("/etc/kubernetes/pki/ca.crt", "the authority\n".getBytes(UTF_8));
        node.put("/etc/kubernetes/kubelet.conf", "kind: Config\nclient-key: /var/lib/kubelet/x.pem\n".getBytes(UTF_8));
        node.put("/etc/kubernetes/admin.conf", "kind: Config\nclient-key-data: QUFBQQ==\n".getBytes(UTF_8));
        node.put("/etc/kubernetes/it's here.conf", "x\n".getBytes(UTF_8));
        Files.setPosixFilePermissions(node.path(ETCD), PosixFilePermissions.fromString("rw-r-----"));
        Path empty = Files.createDirectories(node.path("/etc/kubernetes/tmp"));
        Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("rwx------"));
        baseline = new TestBaseline(temp.resolve("git"), database);
        Git.init()
                .setBare(true)
                .setInitialBranch("main")
                .setDirectory(baseline.remote().toFile())
                .call()
                .close();
        settings.put("node.endpoints.worker-1.host", "127.0.0.1");
        settings.put("node.endpoints.worker-1.port", Integer.toString(node.serverPort()));
        settings.put("node.endpoints.worker-1.root-prefix", node.root().toString());
        settings.put("node.ssh.private-key", temp.resolve("node/client.key").toString());
        settings.put("node.ssh.known-hosts", temp.resolve("node/known_hosts").toString());
        settings.put("baseline.url", baseline.remote().toUri().toString());
        settings.put("baseline.allowed-signers", baseline.allowedSigners().toString());
        settings.put("baseline.cache-directory", temp.resolve("cache").toString());
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        database.close();
    }

    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        List<String> all = new ArrayList<>(List.of(arguments));
        settings.forEach((name, value) -> all.add("--drawbridge." + name + "=" + value));
        CommandLine line = new CommandLine(new BaselineCommands.Group())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true));
        return BaselineCommands.execute(line, Clock.systemUTC(), all.toArray(String[]::new));
    }

    private int capture(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "capture",
                "worker-1",
                "--clone",
                temp.resolve("clone").toString(),
                "--signing-key",
                baseline.key("signer").toString(),
                "--signer",
                "Baseline <baseline@drawbridge.example>"));
        all.addAll(List.of(more));
        return run(all.toArray(String[]::new));
    }

    private void captured(String... more) {
        assertThat(capture(more)).as("%s%s", out, err).isZero();
    }

    private Baseline trusted(Set<String> roles) {
        NodeInfo info = new NodeInfo(TestNode.NAME, "uid", Set.of(), roles, Map.of());
        BaselineResult result = baseline.baselines().trusted(info);
        assertThat(result).isInstanceOf(BaselineResult.Trusted.class);
        return ((BaselineResult.Trusted) result).baseline();
    }

    private List<Drift> drift(Set<String> roles) {
        var scan = node.files().scan(TestNode.NAME, List.of(NodePath.of("/etc/kubernetes")));
        return DriftFinder.find(
                trusted(roles).files(), scan, new dev.drawbridge.shared.WatchedSet(List.of("/etc/kubernetes/**")));
    }

    /** Everything that a write would change on the node. */
    private Map<String, String> onNode() throws Exception {
        Map<String, String> state = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(node.root())) {
            for (Path path : walk.toList()) {
                state.put(
                        path.toString(),
                        Files.readAttributes(path, "unix:mode,uid,gid,size,ctime,ino")
                                .toString());
            }
        }
        return state;
    }

    private ObjectId ref(Path repository, String name) throws Exception {
        try (Git git = Git.open(repository.toFile())) {
            return git.getRepository().resolve(name);
        }
    }

    @Test
    void aCapturedNodeIsInSyncWithWhatWasPushedAndWasOnlyRead() throws Exception {
        Map<String, String> before = onNode();
        captured("--push");

        assertThat(onNode()).isEqualTo(before);
        assertThat(out.toString())
                .contains("first capture:", "+name: etcd", "by digest only", "/etc/kubernetes/admin.conf", "pushed")
                .contains(CA_KEY)
                .doesNotContain("AAAA", "QUFB");
        Baseline found = trusted(Set.of());
        assertThat(found.files().get(NodePath.of(CA_KEY))).satisfies(key -> {
            assertThat(key.held()).isEqualTo(Held.DIGEST);
            assertThat(key.sha256()).isEqualTo(Digest.ofText(KEY));
        });
        assertThat(found.files().get(NodePath.of("/etc/kubernetes/admin.conf")).held())
                .isEqualTo(Held.DIGEST);
        assertThat(found.files()
                        .get(NodePath.of("/etc/kubernetes/kubelet.conf"))
                        .held())
                .as("it names its key's file and holds none")
                .isEqualTo(Held.CONTENT);
        assertThat(found.files().get(NodePath.of(ETCD)).mode()).isEqualTo(0640);
        assertThat(found.files().get(NodePath.of("/etc/kubernetes/tmp")).held()).isEqualTo(Held.DIRECTORY);
        assertThat(drift(Set.of())).isEmpty();

        assertThat(run("verify")).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains(found.revision().commit(), found.revision().signer())
                .contains("worker-1: refs/tags/baseline is", "4 files, 2 by digest only, 1 empty directories");
    }

    @Test
    void privateKeysGoInWithTheirContentOnlyWhenToldTo() throws Exception {
        captured("--include-private-keys", "--push");
        assertThat(out.toString()).contains(CA_KEY.substring(1) + ": not shown").doesNotContain("AAAA");
        try (var content = trusted(Set.of()).open(trusted(Set.of()).files().get(NodePath.of(CA_KEY)))) {
            assertThat(new String(content.readAllBytes(), UTF_8)).isEqualTo(KEY);
        }
        // and out of the tree again, when not told any more
        captured("--push");
        assertThat(trusted(Set.of()).files().get(NodePath.of(CA_KEY)).held()).isEqualTo(Held.DIGEST);
        assertThat(drift(Set.of())).isEmpty();
    }

    @Test
    void theNextCaptureShowsWhatChangedAndLeavesTheRemoteAlone() throws Exception {
        captured("--push");
        ObjectId pushed = ref(baseline.remote(), "refs/tags/baseline^{commit}");
        node.put(ETCD, "kind: Pod\nname: etcd\nimage: \u001b[31mred\n".getBytes(UTF_8));
        Files.delete(node.path("/etc/kubernetes/it's here.conf"));
        node.put(CA_KEY, KEY.replace("AAAA", "BBBB").getBytes(UTF_8));

        captured("--preview");
        assertThat(out.toString()).contains("preview: nothing was committed");
        assertThat(ref(temp.resolve("clone"), "HEAD")).isEqualTo(pushed);
        captured();

        assertThat(out.toString())
                .contains("changed since the last capture:", " name: etcd", "+image: ", "deleted file mode")
                .contains("-" + Digest.ofText(KEY), "not pushed; when you have looked at it: git push origin")
                .doesNotContain("\u001b", "BBBB");
        assertThat(ref(baseline.remote(), "refs/tags/baseline^{commit}")).isEqualTo(pushed);
        assertThat(ref(temp.resolve("clone"), "refs/tags/baseline^{commit}"))
                .isEqualTo(ref(temp.resolve("clone"), "HEAD"))
                .isNotEqualTo(pushed);
        assertThat(temp.resolve("clone/nodes/worker-1" + ETCD)).content().contains("image");

        captured("--push");
        assertThat(out.toString()).contains("nothing\n", "holds it already", "pushed");
        assertThat(drift(Set.of())).isEmpty();
    }

    @Test
    void whatSomebodyElsePutOnTheBranchSinceIsShownBeforeItIsVouchedFor() throws Exception {
        captured("--push");
        Path theirs = temp.resolve("clone/nodes/cp-1/etc/kubernetes/manifests/agent.yaml");
        Files.createDirectories(theirs.getParent());
        Files.writeString(theirs, "privileged: true\n");
        try (Git clone = Git.open(temp.resolve("clone").toFile())) {
            clone.add().addFilepattern("nodes").call();
            clone.commit()
                    .setMessage("unsigned")
                    .setSign(false)
                    .setAuthor("them", "them@example.org")
                    .setCommitter("them", "them@example.org")
                    .call();
        }
        captured("--preview");
        assertThat(out.toString()).contains("changed since the last capture:", "+privileged: true");
        // the clone is set back to before what was captured last
        captured();
        try (Git clone = Git.open(temp.resolve("clone").toFile())) {
            clone.reset()
                    .setMode(org.eclipse.jgit.api.ResetCommand.ResetType.HARD)
                    .setRef("HEAD~1")
                    .call();
        }
        assertThat(capture()).isEqualTo(1);
        assertThat(err.toString()).contains("would be refused as a rollback");
    }

    @Test
    void whatTheRolesBringAndTheNodeHasNotIsNamedAsAbsent() throws Exception {
        baseline.publishTree(Map.of(
                "roles/gpu/etc/kubernetes/manifests/driver.yaml", "kind: Pod\n",
                "nodes/cp-1/etc/kubernetes/kubelet.conf", "another node's\n",
                "nodes/worker-1/etc/ssh/sshd_config", "not captured\n"));
        captured("--role", "gpu", "--push");
        assertThat(temp.resolve("clone/nodes/worker-1/.drawbridge/absent"))
                .hasContent("etc/kubernetes/manifests/driver.yaml\n");
        assertThat(temp.resolve("clone/nodes/cp-1/etc/kubernetes/kubelet.conf")).hasContent("another node's\n");
        assertThat(trusted(Set.of("gpu")).files()).containsKey(NodePath.of("/etc/ssh/sshd_config"));
        assertThat(drift(Set.of("gpu"))).isEmpty();
        assertThat(run("verify", "worker-1", "--role", "gpu")).isZero();
        assertThat(out.toString()).contains("(with roles/gpu)");
    }

    @Test
    void aNodeThatHoldsWhatNoBaselineCanHoldIsNotCaptured() throws Exception {
        Files.createSymbolicLink(node.path("/etc/kubernetes/manifests/link"), Path.of("/etc/shadow"));
        Files.createLink(node.path("/srv"), node.path(ETCD));
        assertThat(capture()).isEqualTo(1);
        assertThat(err.toString())
                .contains("/etc/kubernetes/manifests/link: a symbolic link", ETCD + ": has a second name elsewhere");
        assertThat(ref(temp.resolve("clone"), "HEAD")).isNull();

        // nor one that is reached by pods: a command has nobody to judge or record that one is started
        assertThat(capture("--drawbridge.node.access=pod")).isEqualTo(1);
        assertThat(err.toString())
                .contains("worker-1 is reached by helper pods", "--drawbridge.node.access-by-node.worker-1=ssh");
        assertThat(capture("--drawbridge.node.access=pod", "--drawbridge.node.access-by-node.worker-1=ssh"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("/etc/kubernetes/manifests/link: a symbolic link");
        assertThat(ref(temp.resolve("clone"), "HEAD")).isNull();
    }

    @Test
    void aSignatureThatWouldNotBeAcceptedMovesNothing() throws Exception {
        captured("--push");
        ObjectId before = ref(temp.resolve("clone"), "HEAD");
        node.put(ETCD, "changed\n".getBytes(UTF_8));
        baseline.writeKey("other");
        assertThat(run(
                        "capture",
                        "worker-1",
                        "--clone",
                        temp.resolve("clone").toString(),
                        "--signing-key",
                        baseline.key("other").toString(),
                        "--signer",
                        "Baseline <baseline@drawbridge.example>"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("this signature would not be accepted: signer-not-allowed");
        assertThat(ref(temp.resolve("clone"), "HEAD")).isEqualTo(before);
        assertThat(ref(temp.resolve("clone"), "refs/tags/baseline^{commit}")).isEqualTo(before);

        Files.writeString(temp.resolve("clone/nodes/worker-1/.etckeeper"), "by hand");
        assertThat(capture()).isEqualTo(1);
        assertThat(err.toString()).contains("changes that are not committed");
    }

    @Test
    void openPgpSignsWhereThatIsTheConfiguredForm() throws Exception {
        BcOpenPGPApi pgp = new BcOpenPGPApi();
        OpenPGPKey key = pgp.generateKey()
                .signOnlyKey()
                .addUserId("Baseline <baseline@drawbridge.example>")
                .build("correct horse".toCharArray());
        Path secret = Files.writeString(temp.resolve("secret.asc"), key.toAsciiArmoredString());
        Path keys =
                Files.writeString(temp.resolve("keys.asc"), key.toCertificate().toAsciiArmoredString());
        String fingerprint = HexFormat.of().formatHex(key.getFingerprint()).toUpperCase(Locale.ROOT);
        settings.put("baseline.signature-format", "openpgp");
        settings.put("baseline.allowed-signers", keys.toString());
        settings.put("baseline.signer-fingerprints", fingerprint);
        Path passphrase = Files.writeString(temp.resolve("passphrase"), "correct horse\n");
        String[] capture = {
            "capture",
            "worker-1",
            "--clone",
            temp.resolve("clone").toString(),
            "--signing-key",
            secret.toString(),
            "--signer",
            "Baseline <baseline@drawbridge.example>",
            "--push",
            "--passphrase-file",
            passphrase.toString()
        };
        assertThat(run(capture)).as("%s%s", out, err).isZero();
        assertThat(out.toString()).contains("signed by " + fingerprint);
        assertThat(run("verify")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("signed by " + fingerprint);
        Files.writeString(passphrase, "wrong");
        node.put(ETCD, "changed\n".getBytes(UTF_8));
        assertThat(run(capture)).isEqualTo(1);
        assertThat(err.toString()).contains("the signing key could not be used").doesNotContain("wrong");
    }

    private String[] captureSignedBy(Path key, Path passphrase) {
        return new String[] {
            "capture",
            "worker-1",
            "--clone",
            temp.resolve("clone").toString(),
            "--signing-key",
            key.toString(),
            "--signer",
            "Baseline <baseline@drawbridge.example>",
            "--passphrase-file",
            passphrase.toString()
        };
    }

    private String program(Path home, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("GNUPGHOME", home.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    @Test
    void aKeyThatGnuPgExportedWithItsPassphraseSigns() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gpg")), "skipped: needs gpg (apt-get install gnupg)");
        Path home = Files.createDirectory(
                temp.resolve("g"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path passphrase = Files.writeString(temp.resolve("passphrase"), "correct horse\n");
        try {
            program(
                    home,
                    "gpg",
                    "--batch",
                    "--passphrase",
                    "correct horse",
                    "--quick-gen-key",
                    "Baseline <baseline@drawbridge.example>",
                    "ed25519",
                    "sign",
                    "2d");
            String fingerprint = program(home, "gpg", "--with-colons", "--list-keys")
                    .lines()
                    .filter(line -> line.startsWith("fpr:"))
                    .findFirst()
                    .orElseThrow()
                    .replaceAll("[fpr:]", "");
            // the newer of two keys that may sign
            program(
                    home,
                    "gpg",
                    "--batch",
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "correct horse",
                    "--quick-add-key",
                    fingerprint,
                    "ed25519",
                    "sign",
                    "2d");
            Path secret = temp.resolve("secret.asc");
            program(
                    home,
                    "gpg",
                    "--batch",
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "correct horse",
                    "--output",
                    secret.toString(),
                    "--armor",
                    "--export-secret-keys");
            Path keys = temp.resolve("keys.asc");
            program(home, "gpg", "--output", keys.toString(), "--armor", "--export");
            settings.put("baseline.signature-format", "openpgp");
            settings.put("baseline.allowed-signers", keys.toString());
            settings.put("baseline.signer-fingerprints", fingerprint);
            assertThat(run(captureSignedBy(secret, passphrase)))
                    .as("%s%s", out, err)
                    .isZero();
            assertThat(out.toString()).contains("signed by " + fingerprint);
        } finally {
            program(home, "gpgconf", "--kill", "gpg-agent");
        }
    }

    @Test
    void anSshKeyWithAPassphraseSigns() throws Exception {
        Path key = temp.resolve("locked");
        program(temp, "ssh-keygen", "-q", "-t", "ed25519", "-N", "correct horse", "-f", key.toString());
        Path allowed = Files.writeString(
                temp.resolve("allowed"),
                "baseline@drawbridge.example namespaces=\"git\" " + Files.readString(temp.resolve("locked.pub")));
        settings.put("baseline.allowed-signers", allowed.toString());
        Path passphrase = Files.writeString(temp.resolve("passphrase"), "wrong");
        assertThat(run(captureSignedBy(key, passphrase))).isEqualTo(1);
        assertThat(err.toString()).contains("the signing key could not be used").doesNotContain("wrong");
        Files.writeString(passphrase, "correct horse\n");
        assertThat(run(captureSignedBy(key, passphrase))).as("%s%s", out, err).isZero();
    }

    @Test
    void everyOptionThatTheReadmeNamesExists() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        String section = readme.substring(readme.indexOf("\n## Baselines\n"), readme.indexOf("\n## Sweeps\n"));
        assertThat(run("capture", "--help")).isZero();
        String help = out.toString();
        assertThat(run("verify", "--help")).isZero();
        String all = help + out;
        assertThat(Pattern.compile("--[a-z]+(?:-[a-z]+)*")
                        .matcher(section.replaceAll("(?s)```sh.*?```", "").replaceAll("`gpg [^`]*`|--drawbridge", ""))
                        .results()
                        .map(java.util.regex.MatchResult::group))
                .hasSizeGreaterThan(6)
                .allSatisfy(option -> assertThat(all).contains(option));
    }

    @Test
    void whatEtckeeperCommittedIsTaggedWhenTheNodeHoldsJustThat() throws Exception {
        TestEtckeeper etckeeper = new TestEtckeeper(temp.resolve("home"), node.root());
        Files.createSymbolicLink(etckeeper.etc().resolve("os-release"), Path.of("../usr/lib/os-release"));
        etckeeper.init();
        String committed = etckeeper.git("rev-parse", "HEAD").strip();
        etckeeper.git("push", "-q", baseline.remote().toString(), "HEAD:refs/heads/master");
        settings.put("baseline.layout", "etckeeper");
        settings.put("baseline.ref", "refs/tags/baseline/{node}");
        try (Git bare = Git.open(baseline.remote().toFile())) {
            bare.getRepository().updateRef("HEAD").link("refs/heads/master");
        }

        captured("--include-private-keys", "--push");

        NodeInfo info = new NodeInfo(TestNode.NAME, "uid", Set.of(), Set.of(), Map.of());
        BaselineResult result = baseline.baselines(
                        Clock.systemUTC(), Map.of("layout", "etckeeper", "ref", "refs/tags/baseline/{node}"))
                .trusted(info);
        assertThat(result).isInstanceOf(BaselineResult.Trusted.class);
        var scan = node.files().scan(TestNode.NAME, List.of(NodePath.of("/etc/kubernetes")));
        assertThat(DriftFinder.find(
                        ((BaselineResult.Trusted) result).baseline().files(),
                        scan,
                        new dev.drawbridge.shared.WatchedSet(List.of("/etc/kubernetes/**"))))
                .isEmpty();
        assertThat(ref(baseline.remote(), "refs/tags/baseline/worker-1^{commit}")
                        .name())
                .as("nothing of it changed, so there is no commit but etckeeper's")
                .isEqualTo(committed);
        assertThat(run("verify")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("worker-1: refs/tags/baseline/worker-1 is", "1 links");
    }

    @Test
    void verifyJudgesByTheDatabaseWhetherARevisionFollowsAndSaysWhereItCannot() throws Exception {
        captured("--push");
        assertThat(run("verify")).isZero();
        assertThat(out.toString())
                .contains(
                        "not judged: whether it follows the revision accepted last (spring.datasource.url is not set)");
        String url;
        try (var connection = database.dataSource().getConnection()) {
            url = connection.getMetaData().getURL();
        }
        String[] judged = {"verify", "--spring.datasource.url=" + url, "--spring.datasource.username=sa"};
        assertThat(run(judged)).as(err.toString()).isZero();
        assertThat(out.toString()).contains("no revision was accepted before").doesNotContain("not judged");
        String accepted = trusted(Set.of()).revision().commit();
        assertThat(run(judged)).isZero();
        assertThat(out.toString()).contains("it is the revision accepted last");

        ObjectId first = ref(baseline.remote(), "refs/tags/baseline");
        node.put(ETCD, "changed\n".getBytes(UTF_8));
        captured("--push");
        assertThat(run(judged)).as(err.toString()).isZero();
        assertThat(out.toString()).contains("it follows " + accepted + ", accepted last");

        trusted(Set.of());
        try (Git git = Git.open(baseline.remote().toFile())) {
            var back = git.getRepository().updateRef("refs/tags/baseline");
            back.setNewObjectId(first);
            back.forceUpdate();
        }
        assertThat(run(judged)).isEqualTo(1);
        assertThat(err.toString()).contains("refs/tags/baseline is not trusted: rollback");
        assertThat(run("verify", "--spring.datasource.url=jdbc:h2:mem:nowhere", "--spring.datasource.username=sa"))
                .as("a database that is named and cannot be read is no reason to pass")
                .isEqualTo(1);
        assertThat(err.toString()).contains("cannot be judged: the database of accepted revisions cannot be read");
    }

    @Test
    void aDatabaseThatDrawbridgeNeverStartedWithJudgesNothingAndSaysSo() throws Exception {
        captured("--push");
        try (var empty = java.sql.DriverManager.getConnection("jdbc:h2:mem:never-started", "sa", "")) {
            assertThat(empty.isValid(1)).isTrue();
            assertThat(run(
                            "verify",
                            "--spring.datasource.url=jdbc:h2:mem:never-started",
                            "--spring.datasource.username=sa"))
                    .as(err.toString())
                    .isZero();
        }
        assertThat(out.toString())
                .contains(
                        "not judged: whether it follows the revision accepted last (Drawbridge never started with this database)");
    }

    @Test
    void verifySaysWhyNotAndEndsWithACodeOfItsOwn() throws Exception {
        assertThat(run("verify")).isEqualTo(1);
        assertThat(err.toString()).contains("the repository has no refs/tags/baseline");
        captured("--push");
        assertThat(run("verify", "cp-9")).isEqualTo(1);
        assertThat(err.toString()).contains("holds nothing for node cp-9");
        try (Git git = Git.open(baseline.remote().toFile())) {
            var commit = git.getRepository().parseCommit(git.getRepository().resolve("refs/tags/baseline"));
            git.tagDelete().setTags("baseline").call();
            git.tag()
                    .setName("baseline")
                    .setMessage("moved")
                    .setSigned(false)
                    .setObjectId(commit)
                    .call();
        }
        assertThat(run("verify")).isEqualTo(1);
        assertThat(err.toString()).contains("refs/tags/baseline is not trusted: signature-missing");
        settings.put("baseline.url", temp.resolve("gone").toString());
        assertThat(run("verify")).isEqualTo(1);
        assertThat(err.toString()).contains("cannot be asked");
        assertThat(run("verify", "--everything")).isEqualTo(2);
        assertThat(run()).isEqualTo(2);
        settings.remove("baseline.allowed-signers");
        assertThat(run("verify")).isEqualTo(1);
        assertThat(err.toString())
                .contains("drawbridge.baseline.url, .allowed-signers")
                .doesNotContain("\tat ");
    }
}
