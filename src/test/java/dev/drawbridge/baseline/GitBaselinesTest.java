package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void theCacheServesWhileTheRemoteIsDown() throws Exception {
        publish();
        baseline.baselines().trusted(NODE);
        Files.move(baseline.remote(), temp.resolve("gone"));
        assertThat(baseline.baselines().trusted(NODE))
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        trusted -> assertThat(trusted.fromCache()).isTrue());
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
}
