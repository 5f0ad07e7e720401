package dev.drawbridge.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;

class SandboxWorldTest {
    @TempDir
    Path temporary;

    @Test
    void theModesOnDiskAreThoseOfKubeadm() throws Exception {
        try (SandboxWorld world = open(null)) {
            Path root = world.tree(NodeName.of("cp-1")).root();
            assertThat(mode(root, "etc/kubernetes")).isEqualTo("rwxr-xr-x");
            assertThat(mode(root, "etc/kubernetes/manifests")).isEqualTo("rwx------");
            assertThat(mode(root, "etc/kubernetes/pki")).isEqualTo("rwxr-xr-x");
            assertThat(mode(root, "etc/kubernetes/pki/etcd")).isEqualTo("rwxr-xr-x");
            assertThat(mode(root, "etc/kubernetes/manifests/etcd.yaml")).isEqualTo("rw-------");
            assertThat(mode(root, "etc/kubernetes/pki/ca.key")).isEqualTo("rw-------");
            assertThat(mode(root, "etc/kubernetes/pki/ca.crt")).isEqualTo("rw-r--r--");
            assertThat(mode(root, "etc/kubernetes/admin.conf")).isEqualTo("rw-------");
        }
    }

    @Test
    void aWorkerHasAnEmptyManifestsDirectory() throws Exception {
        try (SandboxWorld world = open(null);
                Stream<Path> manifests =
                        Files.list(world.tree(NodeName.of("worker-3")).root().resolve("etc/kubernetes/manifests"))) {
            assertThat(manifests).isEmpty();
        }
    }

    @Test
    void theNodesPasswdNamesTheUserThatOwnsItsFiles() throws Exception {
        try (SandboxWorld world = open(null)) {
            Path root = world.tree(NodeName.of("worker-1")).root();
            Object uid = Files.getAttribute(root.resolve("etc/kubernetes/kubelet.conf"), "unix:uid");
            assertThat(Files.readAllLines(root.resolve("etc/passwd")))
                    .anyMatch(line -> line.split(":")[2].equals(uid.toString()));
        }
    }

    @Test
    void onlyTheOwnerMayLookIntoTheDirectoryAndTheCredentials() throws Exception {
        try (SandboxWorld world = open(null)) {
            assertThat(world.credentials().password()).hasSizeGreaterThanOrEqualTo(16);
            assertThat(mode(temporary, "world")).isEqualTo("rwx------");
            assertThat(mode(temporary, "world/credentials")).isEqualTo("rw-------");
        }
    }

    @Test
    void aSecondStartContinuesWithTheSameFilesAndCredentials() throws Exception {
        Map<String, String> before;
        SandboxCredentials credentials;
        try (SandboxWorld world = open(null)) {
            credentials = world.credentials();
            Files.writeString(world.tree(NodeName.of("cp-2")).root().resolve("etc/kubernetes/left.conf"), "kept");
            before = contents();
        }
        try (SandboxWorld world = open(null)) {
            assertThat(world.credentials()).isEqualTo(credentials);
            assertThat(contents()).isEqualTo(before);
        }
    }

    @Test
    void aFirstStartThatWasKilledHalfWayIsMadeAgain() throws Exception {
        open(null).close();
        Files.delete(temporary.resolve("world/world"));
        Path half = temporary.resolve("world/nodes/cp-1/etc/kubernetes/admin.conf");
        Files.writeString(half, "half");
        open(null).close();
        assertThat(half).content().contains("kubernetes-admin@kubernetes");
    }

    @Test
    void aSecondWorldOnTheSameDirectoryIsRefused() {
        try (SandboxWorld first = open(null)) {
            assertThat(first).isNotNull();
            assertThatThrownBy(() -> open(null))
                    .isInstanceOf(SandboxUnavailableException.class)
                    .hasMessageContaining("in use by another");
        }
        open(null).close();
    }

    @Test
    void aFixedPasswordIsThatOfEveryUserAndTheAlertToken() throws Exception {
        try (SandboxWorld world = open("fixed-for-a-test")) {
            assertThat(world.contributed()).containsEntry("drawbridge.access.alert-token", "fixed-for-a-test");
            String hash = world.contributed()
                    .get("drawbridge.access.users.auditor.password-hash")
                    .toString();
            assertThat(hash).startsWith("{bcrypt}");
            assertThat(new BCryptPasswordEncoder().matches("fixed-for-a-test", hash.substring(8)))
                    .isTrue();
            assertThat(temporary.resolve("world/credentials")).doesNotExist();
        }
    }

    @Test
    void everyNodeHasAnSshServerWhoseHostKeySurvivesARestartAndIsPinned() throws Exception {
        String before;
        try (SandboxWorld world = open(null)) {
            before = Files.readString(temporary.resolve("world/ssh/known-hosts"));
            for (SandboxNode node : SandboxNode.CLUSTER) {
                Object port = world.contributed().get("drawbridge.node.endpoints." + node.name() + ".port");
                assertThat(before).contains("[127.0.0.1]:" + port + " ecdsa-sha2-nistp256 ");
            }
            assertThat(mode(temporary, "world/ssh/client-key")).isEqualTo("rw-------");
        }
        try (SandboxWorld world = open(null)) {
            assertThat(world).isNotNull();
            assertThat(keys(Files.readString(temporary.resolve("world/ssh/known-hosts"))))
                    .isEqualTo(keys(before));
        }
    }

    private static String keys(String knownHosts) {
        return knownHosts.replaceAll("(?m)^\\S+ ", "");
    }

    @Test
    void gitItselfVerifiesCommitAndTagOfTheBaselineByTheAllowedSigners() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/git")) && Files.isExecutable(Path.of("/usr/bin/ssh-keygen")),
                "needs git and ssh-keygen: apt-get install git openssh-client");
        open(null).close();
        assertThat(git("baseline/allowed-signers", "verify-commit", "main")).isZero();
        assertThat(git("baseline/allowed-signers", "verify-tag", "baseline")).isZero();
        Files.writeString(temporary.resolve("world/nobody"), "");
        assertThat(git("nobody", "verify-tag", "baseline")).isNotZero();
    }

    private int git(String allowedSigners, String... command) throws Exception {
        List<String> line = new ArrayList<>(List.of(
                "git",
                "--git-dir=" + temporary.resolve("world/baseline/repository.git"),
                "-c",
                "gpg.ssh.allowedSignersFile=" + temporary.resolve("world").resolve(allowedSigners)));
        line.addAll(List.of(command));
        ProcessBuilder git = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(temporary.resolve("git.log").toFile());
        git.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        git.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        return git.start().waitFor();
    }

    @Test
    void theBaselineIsNotMadeAgainFromAttackedNodes() throws Exception {
        String before;
        try (SandboxWorld world = open(null)) {
            before = head();
            SandboxNode node = SandboxAttack.target(NodeName.of("cp-1"));
            new SandboxAttack(node, world.tree(node.name())).strike();
        }
        open(null).close();
        assertThat(head()).isEqualTo(before);
    }

    private String head() throws IOException {
        return Files.readString(temporary.resolve("world/baseline/repository.git/refs/heads/main"));
    }

    @Test
    void damagedCredentialsAreNamedAndNotReplaced() throws Exception {
        open(null).close();
        Files.writeString(temporary.resolve("world/credentials"), "one line");
        assertThatThrownBy(() -> open(null))
                .isInstanceOf(SandboxUnavailableException.class)
                .hasMessageContaining("credentials");
        assertThat(temporary.resolve("world/credentials")).hasContent("one line");
    }

    @Test
    void anAttackOnAControlPlaneChangesExactlyWhatItSays() throws Exception {
        attackChangesWhatItSays("cp-2", 4);
        Path root = temporary.resolve("world/nodes/cp-2/etc/kubernetes");
        assertThat(root.resolve("manifests/kube-apiserver.yaml"))
                .content()
                .contains("--anonymous-auth=true", "--authorization-mode=AlwaysAllow")
                .doesNotContain("Node,RBAC");
        assertThat(root.resolve("manifests/kube-scheduler.yaml")).doesNotExist();
        assertThat(root.resolve("pki/ca.key")).content().startsWith("-----BEGIN EC PRIVATE KEY-----");
    }

    @Test
    void anAttackOnAWorkerChangesExactlyWhatItSays() throws Exception {
        attackChangesWhatItSays("worker-1", 3);
        assertThat(mode(temporary, "world/nodes/worker-1/etc/kubernetes/pki/ca.crt"))
                .isEqualTo("rw-rw-rw-");
    }

    @Test
    void anAttackCanBeRepeatedOnANodeThatWasNotRestored() {
        try (SandboxWorld world = open(null)) {
            SandboxNode node = SandboxAttack.target(NodeName.of("cp-1"));
            new SandboxAttack(node, world.tree(node.name())).strike();
            assertThat(new SandboxAttack(node, world.tree(node.name())).strike())
                    .hasSize(3);
        }
    }

    private void attackChangesWhatItSays(String name, int count) throws Exception {
        try (SandboxWorld world = open(null)) {
            Map<String, String> before = contents();
            SandboxNode node = SandboxAttack.target(NodeName.of(name));
            var changes = new SandboxAttack(node, world.tree(node.name())).strike();
            Map<String, String> after = contents();
            Map<String, String> different = new TreeMap<>(after);
            different.entrySet().removeAll(before.entrySet());
            before.keySet().stream()
                    .filter(path -> !after.containsKey(path))
                    .forEach(path -> different.put(path, "gone"));
            assertThat(changes).hasSize(count);
            assertThat(different.keySet())
                    .containsExactlyInAnyOrderElementsOf(changes.stream()
                            .map(change -> "nodes/" + name + change.path())
                            .toList());
        }
    }

    private SandboxWorld open(@Nullable String password) {
        return SandboxWorld.open(new SandboxProperties(temporary.resolve("world"), password));
    }

    /** Content and mode of every file by path. */
    private Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        Path world = temporary.resolve("world");
        try (Stream<Path> files = Files.walk(world.resolve("nodes"))) {
            for (Path file : files.filter(one -> Files.isRegularFile(one, LinkOption.NOFOLLOW_LINKS))
                    .toList()) {
                contents.put(
                        world.relativize(file).toString(),
                        Arrays.hashCode(Files.readAllBytes(file)) + " " + mode(file, ""));
            }
        }
        return contents;
    }

    private static String mode(Path root, String path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve(path)));
    }
}
