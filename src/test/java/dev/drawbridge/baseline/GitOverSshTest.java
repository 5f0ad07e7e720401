package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.ssh.OpenSsh;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A baseline behind OpenSSH's real server: whose word is taken for it. */
class GitOverSshTest {
    private static final NodeInfo NODE =
            new NodeInfo(NodeName.of("cp-1"), "uid-1", Set.of(), Set.of("control-plane"), Map.of());

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private OpenSsh server;
    private TestBaseline baseline;
    private Path knownHosts;

    @BeforeEach
    void prepare() throws Exception {
        server = OpenSsh.in(temp.resolve("ssh"));
        baseline = new TestBaseline(temp.resolve("git"), database);
        knownHosts = temp.resolve("known_hosts");
        publish("v1");
    }

    @AfterEach
    void close() throws Exception {
        server.close();
        database.close();
    }

    private String publish(String manifest) throws Exception {
        Path file = temp.resolve("cp-1/etc/kubernetes/manifests/etcd.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, manifest);
        return baseline.publish(Map.of("cp-1", temp.resolve("cp-1")));
    }

    /** As after a start of the application. */
    private BaselineResult trusted() {
        return baseline.baselines(
                        Clock.systemUTC(),
                        Map.of(
                                "url",
                                server.url(baseline.remote()),
                                "known-hosts",
                                knownHosts.toString(),
                                "private-key",
                                server.key().toString()))
                .trusted(NODE);
    }

    private void pin(String line) throws Exception {
        Files.writeString(knownHosts, line + "\n");
    }

    private String fingerprint() throws Exception {
        return KeyUtils.getFingerPrint(PublicKeyEntry.parsePublicKeyEntry(server.hostKey())
                .resolvePublicKey(null, Map.of(), PublicKeyEntryResolver.FAILING));
    }

    private String anotherKey() throws Exception {
        return Files.readString(baseline.key("signer.pub")).strip();
    }

    private void refused(String known) throws Exception {
        String fingerprint = fingerprint();
        String before = Files.exists(knownHosts) ? Files.readString(knownHosts) : null;
        assertThat(trusted())
                .isInstanceOfSatisfying(
                        BaselineResult.NotAvailable.class,
                        missing -> assertThat(missing.reason())
                                .contains(
                                        "the remote shows the host key " + fingerprint,
                                        "drawbridge.baseline.known-hosts has " + known));
        try (Git cache = Git.open(temp.resolve("git/cache.git").toFile())) {
            assertThat(cache.getRepository().getRefDatabase().getRefs())
                    .as("fetched")
                    .allSatisfy(ref -> assertThat(ref.getObjectId()).isNull());
        }
        assertThat(Files.exists(knownHosts) ? Files.readString(knownHosts) : null)
                .as("nothing is learned")
                .isEqualTo(before);
    }

    @Test
    void theServerWhoseKeyIsPinnedIsAsked() throws Exception {
        pin(server.knownAs() + " " + server.hostKey());
        assertThat(trusted())
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        trusted -> assertThat(trusted.fromCache()).isFalse());
    }

    @Test
    void aServerWhoseKeyIsNotKnownIsRefusedAndNothingIsFetched() throws Exception {
        refused("no key for it");
        pin("# empty");
        refused("no key for it");
        pin("git.example " + server.hostKey());
        refused("no key for it");
        pin("127.0.0.1 " + server.hostKey());
        refused("no key for it");
    }

    @Test
    void aServerWhoseKeyIsAnotherOrRevokedIsRefusedAndNothingIsFetched() throws Exception {
        pin(server.knownAs() + " " + anotherKey());
        refused("another key for it");
        pin("@revoked " + server.knownAs() + " " + server.hostKey() + "\n" + server.knownAs() + " " + server.hostKey());
        refused("another key for it, or revokes this one");
    }

    @Test
    void theVerifiedCopyServesWhileTheServersKeyIsAnother() throws Exception {
        pin(server.knownAs() + " " + server.hostKey());
        assertThat(trusted()).isInstanceOf(BaselineResult.Trusted.class);
        String first = commit(trusted());
        String second = publish("v2");
        pin(server.knownAs() + " " + anotherKey());

        assertThat(trusted()).isInstanceOfSatisfying(BaselineResult.Trusted.class, trusted -> {
            assertThat(trusted.fromCache()).isTrue();
            assertThat(trusted.baseline().revision().commit()).isEqualTo(first);
        });
        try (Git cache = Git.open(temp.resolve("git/cache.git").toFile())) {
            assertThat(cache.getRepository().getObjectDatabase().has(ObjectId.fromString(second)))
                    .isFalse();
        }
        String fingerprint = fingerprint();
        assertThat(TestAudit.on(database, Clock.systemUTC()).page(0, 10))
                .last()
                .satisfies(entry -> assertThat(entry.event().reason())
                        .contains("from the cache, the remote shows the host key " + fingerprint));
    }

    private static String commit(BaselineResult result) {
        return ((BaselineResult.Trusted) result).baseline().revision().commit();
    }
}
