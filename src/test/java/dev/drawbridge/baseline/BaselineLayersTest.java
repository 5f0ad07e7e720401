package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How {@code nodes/} lies over {@code roles/}. */
class BaselineLayersTest {
    private static final NodePath PROXY = NodePath.of("/etc/kubernetes/manifests/proxy.yaml");
    private static final NodePath CONF = NodePath.of("/etc/kubernetes/kubelet.conf");
    private static final String IN_ROLE = "roles/control-plane/etc/kubernetes/manifests/proxy.yaml";
    private static final String IN_NODE = "nodes/cp-1/etc/kubernetes/manifests/proxy.yaml";

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private final Map<String, String> tree = new TreeMap<>();
    private TestBaseline baseline;

    @BeforeEach
    void prepare() throws Exception {
        baseline = new TestBaseline(temp, database);
        tree.put("nodes/cp-1/etc/kubernetes/kubelet.conf", "of the node\n");
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private BaselineResult read(String... roles) throws Exception {
        baseline.publishTree(tree);
        return baseline.baselines()
                .trusted(new NodeInfo(NodeName.of("cp-1"), "uid", Set.of(), Set.of(roles), Map.of()));
    }

    private Map<NodePath, BaselineFile> files(String... roles) throws Exception {
        BaselineResult result = read(roles);
        assertThat(result).isInstanceOf(BaselineResult.Trusted.class);
        return ((BaselineResult.Trusted) result).baseline().files();
    }

    private void malformed(String because) throws Exception {
        assertThat(read("control-plane")).isInstanceOfSatisfying(BaselineResult.Untrusted.class, untrusted -> {
            assertThat(untrusted.rule()).isEqualTo("malformed-tree");
            assertThat(untrusted.reason()).contains(because);
        });
    }

    @Test
    void theNodesFileWinsOverItsRolesAndComesWithTheNodesOwnerAndMode() throws Exception {
        tree.put(IN_ROLE, "of the role\n");
        tree.put("roles/control-plane/.etckeeper", "maybe chmod 0644 'etc/kubernetes/manifests/proxy.yaml'\n");
        assertThat(files("control-plane").get(PROXY)).satisfies(file -> {
            assertThat(file.sha256()).isEqualTo(Digest.ofText("of the role\n"));
            assertThat(file.mode()).isEqualTo(0644);
        });
        assertThat(files().keySet()).as("another node has not that role").containsExactly(CONF);

        tree.put(IN_NODE, "of the node\n");
        tree.put(
                "nodes/cp-1/.etckeeper",
                "maybe chown 'kube' 'etc/kubernetes/manifests/proxy.yaml'\n"
                        + "maybe chmod 0600 'etc/kubernetes/manifests/proxy.yaml'\n");
        assertThat(files("control-plane").get(PROXY)).satisfies(file -> {
            assertThat(file.sha256()).isEqualTo(Digest.ofText("of the node\n"));
            assertThat(file.mode()).isEqualTo(0600);
            assertThat(file.owner()).isEqualTo("kube");
        });
    }

    /** As kubeadm leaves them: owner and mode of everything in Git without metadata. */
    @ParameterizedTest
    @CsvSource({
        "STATIC_POD_MANIFEST, etc/kubernetes/manifests/etcd.yaml, 0600",
        "KUBECONFIG, etc/kubernetes/admin.conf, 0600",
        "KUBECONFIG, etc/kubernetes/super-admin.conf, 0600",
        "KUBECONFIG, etc/kubernetes/scheduler.conf, 0600",
        "KUBECONFIG, etc/kubernetes/kubelet.conf, 0600",
        "CA_KEY, etc/kubernetes/pki/ca.key, 0600",
        "CA_KEY, etc/kubernetes/pki/etcd/ca.key, 0600",
        "CA_KEY, etc/kubernetes/pki/sa.key, 0600",
        "CA_CERTIFICATE, etc/kubernetes/pki/ca.crt, 0644",
        "CA_CERTIFICATE, etc/kubernetes/pki/etcd/ca.crt, 0644",
        "CA_CERTIFICATE, etc/kubernetes/pki/front-proxy-ca.crt, 0644",
        "CA_CERTIFICATE, etc/kubernetes/pki/sa.pub, 0600",
        "LEAF_KEY, etc/kubernetes/pki/apiserver.key, 0600",
        "LEAF_KEY, etc/kubernetes/pki/etcd/peer.key, 0600",
        "LEAF_CERTIFICATE, etc/kubernetes/pki/apiserver.crt, 0644",
        "LEAF_CERTIFICATE, etc/kubernetes/pki/etcd/healthcheck-client.crt, 0644",
        "LEAF_CERTIFICATE, etc/kubernetes/pki/with-its-key.pem, 0600",
        "OTHER, etc/kubernetes/encryption.yaml, 0600",
        "OTHER, etc/elsewhere/some.crt, 0600",
        "OTHER, var/lib/kubelet/config.yaml, 0600"
    })
    void withoutMetadataAFileIsRootsAndHasTheModeOfItsClass(FileClass fileClass, String file, String mode)
            throws Exception {
        tree.put("nodes/cp-1/" + file, "content\n");
        NodePath path = NodePath.of("/" + file);
        assertThat(FileClass.of(path)).isEqualTo(fileClass);
        assertThat(files().get(path)).satisfies(found -> {
            assertThat(found.mode()).as(file).isEqualTo(Integer.parseInt(mode, 8));
            assertThat(found.owner()).isEqualTo("root");
            assertThat(found.group()).isEqualTo("root");
        });
    }

    @Test
    void aNodeWithSeveralRolesHasTheFilesOfAllAndTheLastByNameWins() throws Exception {
        tree.put(IN_ROLE, "of the control plane\n");
        tree.put("roles/control-plane/etc/kubernetes/a.conf", "a\n");
        tree.put("roles/gpu/etc/kubernetes/manifests/proxy.yaml", "of the role gpu\n");
        tree.put("roles/gpu/etc/kubernetes/b.conf", "b\n");
        tree.put("roles/storage/etc/kubernetes/c.conf", "c\n");

        Map<NodePath, BaselineFile> files = files("gpu", "control-plane");

        assertThat(files.keySet())
                .containsExactly(
                        NodePath.of("/etc/kubernetes/a.conf"), NodePath.of("/etc/kubernetes/b.conf"), CONF, PROXY);
        assertThat(files.get(PROXY).sha256()).isEqualTo(Digest.ofText("of the role gpu\n"));
    }

    @Test
    void aLayerTakesAwayWhatOneBelowItBrings() throws Exception {
        tree.put(IN_ROLE, "of the role\n");
        tree.put(
                "nodes/cp-1/.drawbridge/absent",
                "# not behind the load balancer\netc/kubernetes/manifests/proxy.yaml\n");
        assertThat(files("control-plane").keySet()).containsExactly(CONF);
    }

    @Test
    void whatIsTakenAwayMustBeThere() throws Exception {
        tree.put("nodes/cp-1/.drawbridge/absent", "etc/kubernetes/manifests/poxy.yaml\n");
        malformed("no layer below brings it");
    }

    @Test
    void aFileThatIsADirectoryInAnotherLayerIsRefused() throws Exception {
        tree.put("roles/control-plane/etc/kubernetes/kubelet.conf/x.yaml", "below\n");
        malformed("/etc/kubernetes/kubelet.conf is a file and a directory");
    }

    @Test
    void aFileMayBeKnownByItsDigestAlone() throws Exception {
        Digest key = Digest.ofText("the key\n");
        tree.put(IN_ROLE, "of the role\n");
        tree.put("nodes/cp-1/.drawbridge/digests", """
                # private keys
                %s  etc/kubernetes/pki/sa.key
                \\%s  etc/kubernetes/back\\\\slash.conf
                %s  etc/kubernetes/manifests/proxy.yaml
                """.formatted(key, key, key));
        tree.put("nodes/cp-1/.etckeeper", "maybe chmod 0640 'etc/kubernetes/pki/sa.key'\n");

        Map<NodePath, BaselineFile> files = files("control-plane");

        assertThat(files.get(NodePath.of("/etc/kubernetes/pki/sa.key"))).satisfies(file -> {
            assertThat(file.held()).isEqualTo(Held.DIGEST);
            assertThat(file.sha256()).isEqualTo(key);
            assertThat(file.mode()).isEqualTo(0640);
        });
        assertThat(files.get(NodePath.of("/etc/kubernetes/back\\slash.conf")).held())
                .isEqualTo(Held.DIGEST);
        assertThat(files.get(PROXY).held()).as("over the role's content").isEqualTo(Held.DIGEST);
    }

    @Test
    void aListOfDigestsThatIsNotUnderstoodIsRefused() throws Exception {
        tree.put("nodes/cp-1/.drawbridge/digests", "d41d8cd98f00b204e9800998ecf8427e  etc/kubernetes/pki/sa.key\n");
        malformed("not in the form of sha256sum");
        tree.put("nodes/cp-1/.drawbridge/digests", Digest.ofText("x") + "  etc/kubernetes/../../shadow\n");
        malformed("a path that no node can have");
        tree.put("nodes/cp-1/.drawbridge/digests", Digest.ofText("x") + "  etc/kubernetes/kubelet.conf\n");
        malformed("has its content and an entry");
    }

    @Test
    void listsOfDigestsAreThoseThatSha256sumReads() throws Exception {
        java.nio.file.Files.createDirectories(temp.resolve("sums"));
        Map<String, Digest> digests = new TreeMap<>();
        for (String name : java.util.List.of("plain", "two words", "line\nfeed", "back\\slash")) {
            java.nio.file.Files.writeString(temp.resolve("sums").resolve(name), name);
            digests.put(name, Digest.ofText(name));
        }
        java.nio.file.Files.writeString(temp.resolve("list"), DigestList.format(digests));
        Process check = new ProcessBuilder("sha256sum", "-c", "--strict", "../list")
                .directory(temp.resolve("sums").toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(check.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(check.waitFor()).as(said).isZero();
        assertThat(DigestList.parse(DigestList.format(digests).getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isEqualTo(digests);
    }
}
