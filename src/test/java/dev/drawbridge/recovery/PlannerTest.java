package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.baseline.TestBaseline;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.sandbox.TestCertificates;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlannerTest {
    private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
    private static final Instant APPROVED = NOW.minus(Duration.ofDays(100));
    private static final Instant RENEWED = NOW.minus(Duration.ofDays(1));
    private static final String MANIFESTS = "/etc/kubernetes/manifests/";
    private static final String APISERVER = MANIFESTS + "kube-apiserver.yaml";
    private static final String ETCD = MANIFESTS + "etcd.yaml";
    private static final String CA = "/etc/kubernetes/pki/ca.crt";
    private static final String CA_KEY = "/etc/kubernetes/pki/ca.key";
    private static final String LEAF = "/etc/kubernetes/pki/apiserver.crt";
    private static final String LEAF_KEY = "/etc/kubernetes/pki/apiserver.key";
    private static final String ADMIN = "/etc/kubernetes/admin.conf";

    private final SortedMap<NodePath, BaselineFile> baseline = new TreeMap<>();
    private final Map<Digest, byte[]> contents = new TreeMap<>(java.util.Comparator.comparing(Digest::hex));
    private final Map<NodePath, ScannedFile> node = new TreeMap<>();
    private FilePolicies policies = FilePolicies.SAFE;

    private void approved(String path, String content) {
        approved(path, content, Held.CONTENT);
    }

    private void approved(String path, String content, Held held) {
        Digest digest = Digest.ofText(content);
        contents.put(digest, content.getBytes(UTF_8));
        baseline.put(
                NodePath.of(path),
                new BaselineFile(NodePath.of(path), held, digest, content.length(), 0600, "root", "root"));
    }

    private void found(String path, String content) {
        found(path, FileType.FILE, content, 1, null);
    }

    private void found(String path, FileType type, @Nullable String content, int links, @Nullable String target) {
        Digest digest = content == null ? null : Digest.ofText(content);
        if (digest != null) {
            contents.put(digest, content.getBytes(UTF_8));
        }
        node.put(NodePath.of(path), new ScannedFile(NodePath.of(path), type, 0600, 0, 0, 1, 1, links, digest, target));
    }

    private List<RestorePlan.Step> steps() {
        Baseline held = new Baseline() {
            @Override
            public BaselineRevision revision() {
                return new BaselineRevision("c".repeat(40), "signer", "refs/tags/t");
            }

            @Override
            public SortedMap<NodePath, BaselineFile> files() {
                return baseline;
            }

            @Override
            public InputStream open(BaselineFile file) {
                assertThat(file.held()).isEqualTo(Held.CONTENT);
                return new ByteArrayInputStream(contents.get(file.sha256()));
            }
        };
        NodeScan scan = new NodeScan(
                NodeName.of("cp-1"), NOW, TestBaseline.WATCHED.roots(), List.copyOf(node.values()), Map.of(), Map.of());
        List<Drift> drifts = DriftFinder.find(baseline, scan, TestBaseline.WATCHED);
        return new Planner(
                        held,
                        new RecoveryPolicy(TestBaseline.WATCHED, policies),
                        drifts,
                        path -> Optional.ofNullable(node.get(path))
                                .map(ScannedFile::sha256)
                                .map(contents::get),
                        NOW)
                .steps();
    }

    private List<String> planned() {
        return steps().stream()
                .map(step -> step.action().code() + " " + step.path())
                .toList();
    }

    private RestorePlan.Step step(String path) {
        return steps().stream()
                .filter(step -> step.path().equals(NodePath.of(path)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatNobodyApprovedGoesFirstThenWhatOthersTrustAndTheApiServerLast() {
        for (String path : List.of(
                APISERVER,
                ETCD,
                MANIFESTS + "kube-scheduler.yaml",
                "/etc/kubernetes/pki/note.txt",
                ADMIN,
                LEAF_KEY,
                CA_KEY,
                "/etc/kubernetes/pki/sa.pub")) {
            approved(path, "approved " + path);
            found(path, "changed");
        }
        TestCertificates authority = new TestCertificates(APPROVED);
        approved(CA, authority.authority());
        approved(LEAF, authority.leaf("kube-apiserver", APPROVED));
        found("/etc/kubernetes/pki/a-rogue.txt", "rogue");
        found(MANIFESTS + "z-rogue.yaml", "rogue");
        approved(MANIFESTS + "unreadable.yaml", "approved");
        found(MANIFESTS + "unreadable.yaml", FileType.FILE, null, 1, null);

        assertThat(planned())
                .containsExactly(
                        "quarantine " + MANIFESTS + "z-rogue.yaml",
                        "quarantine /etc/kubernetes/pki/a-rogue.txt",
                        "restore " + CA,
                        "restore " + CA_KEY,
                        "restore /etc/kubernetes/pki/sa.pub",
                        "restore " + LEAF,
                        "restore " + LEAF_KEY,
                        "restore " + ADMIN,
                        "restore /etc/kubernetes/pki/note.txt",
                        "restore " + ETCD,
                        "restore " + MANIFESTS + "kube-scheduler.yaml",
                        "restore " + APISERVER,
                        "task " + MANIFESTS + "unreadable.yaml");
    }

    @ParameterizedTest
    @ValueSource(strings = {ETCD, "/etc/kubernetes/pki/note.txt", MANIFESTS + "rogue.yaml"})
    void whatCannotBeReadOrKeepsChangingIsLeftForAPerson(String path) {
        if (!path.endsWith("rogue.yaml")) {
            approved(path, "approved");
        }
        found(path, FileType.FILE, null, 1, null);
        assertThat(planned()).containsExactly("task " + path);
        found(path, FileType.UNSTABLE, null, 1, null);
        assertThat(planned()).containsExactly("task " + path);
    }

    @ParameterizedTest
    @EnumSource(FileClass.class)
    void whatThePlaybookLeavesToAPersonIsNotDoneWhateverItsDrift(FileClass each) {
        TestCertificates authority = new TestCertificates(APPROVED);
        Map<FileClass, String> paths = Map.of(
                FileClass.STATIC_POD_MANIFEST, ETCD,
                FileClass.KUBECONFIG, ADMIN,
                FileClass.CA_KEY, CA_KEY,
                FileClass.CA_CERTIFICATE, CA,
                FileClass.LEAF_KEY, LEAF_KEY,
                FileClass.LEAF_CERTIFICATE, LEAF,
                FileClass.OTHER, "/etc/kubernetes/pki/note.txt");
        paths.forEach((fileClass, path) -> {
            approved(path, fileClass == FileClass.LEAF_CERTIFICATE ? authority.leaf("leaf", APPROVED) : "approved");
            found(path, "changed");
        });
        String path = paths.get(each);
        policies = new FilePolicies(Map.of(each, FilePolicy.TASK), Map.of());
        assertThat(steps())
                .as("this class, and no other")
                .allSatisfy(step -> assertThat(step.action())
                        .isEqualTo(step.fileClass() == each ? FileAction.TASK : FileAction.RESTORE));
        assertThat(step(path).why())
                .startsWith("its content is not the baseline's")
                .endsWith("the playbook leaves its class to a person");
        found(path, FileType.SYMLINK, null, 1, "/tmp/x");
        assertThat(step(path).action()).as("a link").isEqualTo(FileAction.TASK);
        node.remove(NodePath.of(path));
        assertThat(step(path).action()).as("missing").isEqualTo(FileAction.TASK);

        found(path, "unexpected");
        baseline.remove(NodePath.of(path));
        assertThat(step(path).action()).as("unexpected is another matter").isEqualTo(FileAction.QUARANTINE);
        policies = new FilePolicies(Map.of(), Map.of(each, FilePolicy.TASK));
        assertThat(step(path).action()).isEqualTo(FileAction.TASK);
        assertThat(step(path).why()).startsWith("not in the baseline");
    }

    @Test
    void aPolicyMakesNothingOfATask() {
        approved(LEAF_KEY, "key");
        found(LEAF_KEY, "theirs");
        policies = new FilePolicies(Map.of(FileClass.LEAF_KEY, FilePolicy.AUTOMATIC), Map.of());
        assertThat(planned()).containsExactly("task " + LEAF_KEY);
        assertThat(step(LEAF_KEY).why()).endsWith("the baseline has no certificate for it");
    }

    @Nested
    class InTheFilesPlace {
        @Test
        void aLinkAFifoASocketOrASecondNameIsReplacedWhereItsRestoreBelongs() {
            approved(ETCD, "etcd");
            approved(APISERVER, "api server");
            approved(MANIFESTS + "kube-scheduler.yaml", "scheduler");
            approved("/etc/kubernetes/pki/note.txt", "note");
            found(ETCD, FileType.FILE, "etcd", 2, null);
            found(APISERVER, FileType.SYMLINK, null, 1, "/tmp/x");
            found(MANIFESTS + "kube-scheduler.yaml", FileType.SOCKET, null, 1, null);
            found("/etc/kubernetes/pki/note.txt", FileType.FIFO, null, 1, null);
            found(MANIFESTS + "rogue.yaml", FileType.SYMLINK, null, 1, "/tmp/x");
            assertThat(planned())
                    .containsExactly(
                            "quarantine " + MANIFESTS + "rogue.yaml",
                            "restore /etc/kubernetes/pki/note.txt",
                            "restore " + ETCD,
                            "restore " + MANIFESTS + "kube-scheduler.yaml",
                            "restore " + APISERVER);
            assertThat(step(ETCD).after()).isEqualTo(Digest.ofText("etcd"));
            assertThat(step(ETCD).effect()).contains("restarts nothing");
            found(ETCD, FileType.FILE, "changed", 2, null);
            assertThat(step(ETCD).why()).contains("another name", "its content is not the baseline's");
            assertThat(step(ETCD).effect()).startsWith("kubelet restarts");
            assertThat(step(APISERVER).why()).isEqualTo("a symlink to /tmp/x stands where the baseline has a file");
        }

        @Test
        void whereALinkLeadsIsSaidInFewCharactersHoweverManyThereAre() {
            approved(APISERVER, "apiserver");
            found(APISERVER, FileType.SYMLINK, null, 1, "/" + "x".repeat(10_000));
            assertThat(planned()).containsExactly("restore " + APISERVER);
            assertThat(step(APISERVER).why()).hasSizeLessThan(400).contains("/xxx", "stands where");
        }

        @ParameterizedTest
        @EnumSource(names = {"DIRECTORY", "CHARACTER_DEVICE", "BLOCK_DEVICE"})
        void whatEvidenceDoesNotHoldInFullIsLeftForAPerson(FileType type) {
            approved(ETCD, "etcd");
            found(ETCD, type, null, 1, null);
            assertThat(planned()).containsExactly("task " + ETCD);
        }

        @Test
        void aLinkInTheCredentialsPlaceIsNoRenewal() {
            TestCertificates authority = new TestCertificates(APPROVED);
            approved(CA, authority.authority());
            found(CA, authority.authority());
            approved(LEAF, authority.leaf("kube-apiserver", APPROVED));
            found(LEAF, FileType.SYMLINK, null, 1, "/tmp/x");
            assertThat(planned()).containsExactly("restore " + LEAF);
        }
    }

    @Nested
    class Credentials {
        private final TestCertificates authority = new TestCertificates(APPROVED);
        private final TestCertificates foreign = new TestCertificates(APPROVED);

        private void trusted(String bundle) {
            approved(CA, bundle);
            found(CA, bundle);
        }

        private String leaf(Instant from) {
            return authority.leaf("kube-apiserver", from);
        }

        private String action(String path) {
            return step(path).action().code();
        }

        @Test
        void oneThatIsValidAndTheNewestIsPutBack() {
            trusted(authority.authority());
            approved(LEAF, leaf(APPROVED));
            found(LEAF, "theirs");
            assertThat(action(LEAF)).isEqualTo("restore");
            found(LEAF, leaf(APPROVED.minus(Duration.ofDays(1))));
            assertThat(action(LEAF)).as("an older one").isEqualTo("restore");
            node.remove(NodePath.of(LEAF));
            assertThat(action(LEAF)).as("missing").isEqualTo("restore");
        }

        @ParameterizedTest
        @CsvSource({
            "-366, the certificate in the baseline has expired",
            "1, the certificate in the baseline is not valid yet"
        })
        void oneThatIsNotValidNowIsLeftForAPersonAndItsKeyToo(int days, String why) {
            trusted(authority.authority());
            approved(LEAF, leaf(NOW.plus(Duration.ofDays(days))));
            approved(LEAF_KEY, "key");
            approved(ADMIN, authority.kubeconfig("kubernetes-admin", NOW.plus(Duration.ofDays(days))));
            for (String path : List.of(LEAF, LEAF_KEY, ADMIN)) {
                found(path, "theirs");
                assertThat(action(path)).as(path).isEqualTo("task");
                assertThat(step(path).why()).contains(why);
                node.remove(NodePath.of(path));
                assertThat(action(path)).as("%s missing", path).isEqualTo("task");
            }
        }

        @Test
        void aRenewalByTheAuthorityOfTheBaselineIsLeftForAPerson() {
            trusted(authority.authority());
            approved(LEAF, leaf(APPROVED));
            found(LEAF, leaf(RENEWED));
            assertThat(action(LEAF)).isEqualTo("task");
            assertThat(step(LEAF).why()).contains("newer valid certificate signed by the cluster's authority");
        }

        @Test
        void whatOnlyLooksLikeARenewalIsOverwritten() {
            trusted(authority.authority());
            approved(LEAF, leaf(APPROVED));
            found(LEAF, foreign.leaf("kube-apiserver", RENEWED));
            assertThat(action(LEAF)).as("signed by somebody else").isEqualTo("restore");
            found(LEAF, authority.leaf("kubernetes-admin", RENEWED));
            assertThat(action(LEAF)).as("another subject").isEqualTo("restore");
            found(LEAF, leaf(NOW.plus(Duration.ofDays(1))));
            assertThat(action(LEAF)).as("not valid yet").isEqualTo("restore");
        }

        @Test
        void anyAuthorityOfABundleMayRenew() {
            TestCertificates second = new TestCertificates(APPROVED);
            trusted("# old and new\n" + authority.authority() + second.authority());
            approved(LEAF, leaf(APPROVED));
            found(LEAF, second.leaf("kube-apiserver", RENEWED));
            assertThat(action(LEAF)).isEqualTo("task");
            trusted(authority.authority());
            assertThat(action(LEAF)).isEqualTo("restore");
        }

        @Test
        void whetherItWasRenewedCannotBeToldWithoutTheAuthority() {
            approved(LEAF, leaf(APPROVED));
            found(LEAF, leaf(RENEWED));
            assertThat(action(LEAF)).as("none at all").isEqualTo("task");
            trusted("no certificate");
            assertThat(action(LEAF)).as("unreadable").isEqualTo("task");
            trusted(foreign.authority() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
            assertThat(action(LEAF)).as("one of a bundle unreadable").isEqualTo("task");
            approved(CA, authority.authority(), Held.DIGEST);
            assertThat(action(LEAF)).as("known by its digest only").isEqualTo("task");
            trusted(foreign.authority());
            approved("/etc/kubernetes/pki/sa.pub", "a public key is no certificate");
            assertThat(action(LEAF)).as("known, and another's").isEqualTo("restore");
        }

        @Test
        void aCertificateOfTheBaselineThatIsNoneOrUnreadableOrNotHeldIsNoReasonToRestore() {
            trusted(authority.authority());
            approved(LEAF_KEY, "key");
            found(LEAF_KEY, "theirs");
            assertThat(action(LEAF_KEY)).as("none beside the key").isEqualTo("task");
            approved(LEAF, "-----BEGIN CERTIFICATE-----");
            found(LEAF, "theirs");
            assertThat(action(LEAF_KEY)).isEqualTo("task");
            assertThat(action(LEAF)).isEqualTo("task");
            assertThat(step(LEAF).why()).contains("its certificate in the baseline cannot be read");
            approved(LEAF, leaf(APPROVED), Held.DIGEST);
            assertThat(action(LEAF_KEY)).isEqualTo("task");
            assertThat(action(LEAF)).isEqualTo("task");
        }

        @Test
        void aKeyFollowsItsCertificate() {
            trusted(authority.authority());
            approved(LEAF, leaf(APPROVED));
            approved(LEAF_KEY, "key");
            found(LEAF, leaf(APPROVED));
            found(LEAF_KEY, "theirs");
            assertThat(action(LEAF_KEY)).isEqualTo("restore");

            found(LEAF, leaf(RENEWED));
            assertThat(action(LEAF_KEY)).as("changed, of a renewed one").isEqualTo("task");
            node.remove(NodePath.of(LEAF_KEY));
            assertThat(action(LEAF_KEY)).as("missing, of a renewed one").isEqualTo("task");
            found(LEAF, FileType.UNSTABLE, null, 1, null);
            assertThat(action(LEAF_KEY)).as("of one that keeps changing").isEqualTo("task");

            found(LEAF, "theirs");
            assertThat(action(LEAF_KEY)).as("both are put back").isEqualTo("restore");
            node.remove(NodePath.of(LEAF));
            assertThat(action(LEAF_KEY)).isEqualTo("restore");
        }

        @Test
        void aKubeconfigCountsByTheCertificatesInsideIt() {
            trusted(authority.authority());
            approved(ADMIN, authority.kubeconfig("kubernetes-admin", APPROVED));
            found(ADMIN, authority.kubeconfig("kubernetes-admin", RENEWED));
            assertThat(action(ADMIN)).isEqualTo("task");
            found(ADMIN, foreign.kubeconfig("kubernetes-admin", RENEWED));
            assertThat(action(ADMIN)).isEqualTo("restore");
            found(
                    ADMIN,
                    foreign.kubeconfig("kubernetes-admin", RENEWED)
                            + authority.kubeconfig("kubernetes-admin", RENEWED));
            assertThat(action(ADMIN)).as("the second of two").isEqualTo("task");
            approved(
                    ADMIN,
                    authority.kubeconfig("kubernetes-admin", APPROVED)
                            + authority.kubeconfig("somebody", NOW.minus(Duration.ofDays(400))));
            found(ADMIN, "theirs");
            assertThat(action(ADMIN)).as("one of two has expired").isEqualTo("task");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "client-certificate-data: \"%s\"",
                    "client-certificate-data: '%s'",
                    "{\"users\": [{\"user\": {\"client-certificate-data\": \"%s\"}}]}",
                    "users: [{user: {client-certificate-data: %s}}]"
                })
        void howeverItIsWritten(String form) {
            trusted(authority.authority());
            approved(ADMIN, authority.kubeconfig("kubernetes-admin", APPROVED));
            String renewed = authority.kubeconfig("kubernetes-admin", RENEWED);
            String data = renewed.replaceAll("(?s).*client-certificate-data: (\\S+).*", "$1");
            found(ADMIN, form.formatted(data));
            assertThat(action(ADMIN)).isEqualTo("task");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "client-certificate-data: bm8gY2VydGlmaWNhdGU=",
                    "client-certificate-data: ====",
                    "client-certificate-data: !!binary |\n  AAAA",
                    "client-certificate-data:"
                })
        void oneThatCannotBeReadInTheBaselineIsLeftForAPerson(String text) {
            trusted(authority.authority());
            approved(ADMIN, text);
            found(ADMIN, "theirs");
            assertThat(action(ADMIN)).isEqualTo("task");
        }

        @Test
        void aKubeconfigWithoutACertificateInsideHasNoneThatCouldBeOlder() {
            trusted(authority.authority());
            approved(ADMIN, "user: {client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem}");
            found(ADMIN, authority.kubeconfig("kubernetes-admin", RENEWED));
            assertThat(action(ADMIN)).isEqualTo("restore");
        }
    }
}
