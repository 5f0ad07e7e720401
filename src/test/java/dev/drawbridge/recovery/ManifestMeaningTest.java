package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.recovery.FileComparison.Meaning;
import dev.drawbridge.recovery.FileComparison.MeaningStatus;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** Each change of a kubeadm-like manifest, made in exactly one way, and what people are told about it. */
class ManifestMeaningTest {
    private static final String APISERVER = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: kube-apiserver
              namespace: kube-system
            spec:
              containers:
              - name: kube-apiserver
                image: registry.k8s.io/kube-apiserver:v1.32.4
                command:
                - kube-apiserver
                - --anonymous-auth=false
                - --authorization-mode=Node,RBAC
                - --audit-policy-file=/etc/kubernetes/audit.yaml
                - --audit-log-path=/var/log/audit.log
                - --enable-admission-plugins=NodeRestriction,PodSecurity
                - --secure-port=6443
                volumeMounts:
                - {name: pki, mountPath: /etc/kubernetes/pki, readOnly: true}
              hostNetwork: true
              priority: 2000001000
              volumes:
              - name: pki
                hostPath: {path: /etc/kubernetes/pki, type: DirectoryOrCreate}
            """;

    private static Meaning compare(@Nullable String onNode, @Nullable String approved) {
        return ManifestMeaning.compare(
                onNode == null ? null : onNode.getBytes(UTF_8), approved == null ? null : approved.getBytes(UTF_8));
    }

    /** The baseline's manifest with one text replaced, against the baseline's. */
    private static Meaning change(String from, String to) {
        assertThat(APISERVER).contains(from);
        Meaning meaning = compare(APISERVER.replace(from, to), APISERVER);
        assertThat(meaning.status()).isEqualTo(MeaningStatus.COMPARED);
        return meaning;
    }

    private static String sandbox(String name) throws IOException {
        try (InputStream in = ManifestMeaningTest.class.getResourceAsStream("/sandbox/" + name)) {
            return new String(in.readAllBytes(), UTF_8).replace("${address}", "10.0.0.1");
        }
    }

    // ---- changes

    private static Object[][] changes() {
        return new Object[][] {
            {
                "v1.32.4",
                "v1.32.4-evil",
                "Container kube-apiserver: the image is registry.k8s.io/kube-apiserver:v1.32.4-evil on the node, registry.k8s.io/kube-apiserver:v1.32.4 in the baseline."
            },
            {
                "--secure-port=6443",
                "--secure-port=1",
                "Container kube-apiserver: flag --secure-port=1 on the node, --secure-port=6443 in the baseline."
            },
            {
                "    - --secure-port=6443\n",
                "",
                "Container kube-apiserver: flag --secure-port=6443 of the baseline is missing on the node."
            },
            {
                "    - --secure-port=6443\n",
                "    - --secure-port=6443\n    - --profiling\n",
                "Container kube-apiserver: flag --profiling is on the node, not in the baseline."
            },
            {
                "    - kube-apiserver\n",
                "    - /tmp/kube-apiserver\n",
                "Container kube-apiserver is started as \"/tmp/kube-apiserver\" on the node, \"kube-apiserver\" in the baseline."
            },
            {
                "{path: /etc/kubernetes/pki",
                "{path: /",
                "Volume pki: the host's path is / on the node, /etc/kubernetes/pki in the baseline."
            },
            {
                "hostNetwork: true",
                "hostNetwork: false",
                "The pod shares the host's network (hostNetwork) in the baseline, not on the node."
            },
            {
                "hostNetwork: true",
                "hostNetwork: true\n  hostPID: true",
                "The pod shares the host's processes (hostPID) on the node, not in the baseline."
            },
            {
                "hostNetwork: true",
                "hostNetwork: true\n  hostIPC: true",
                "The pod shares the host's inter-process communication (hostIPC) on the node, not in the baseline."
            },
            {
                "hostNetwork: true",
                "hostNetwork: true\n  serviceAccountName: admin",
                "The service account (serviceAccountName) is admin on the node, not in the baseline."
            },
            {
                "hostNetwork: true",
                "hostNetwork: true\n  serviceAccount: admin",
                "The service account (serviceAccount) is admin on the node, not in the baseline."
            },
            {
                "  namespace: kube-system",
                "  namespace: hidden",
                "The pod is hidden/kube-apiserver on the node, kube-system/kube-apiserver in the baseline."
            },
            {
                "  namespace: kube-system",
                "  namespace: kube-system\n  uid: forged",
                "metadata.uid is forged on the node, not in the baseline."
            },
            {
                "    volumeMounts:",
                "    securityContext: {privileged: true}\n    volumeMounts:",
                "Container kube-apiserver is privileged on the node, not in the baseline."
            },
            {
                "    volumeMounts:",
                "    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n    volumeMounts:",
                "Container kube-apiserver: the list of added capabilities is [SYS_ADMIN] on the node, not in the baseline."
            },
            {
                "readOnly: true",
                "readOnly: false",
                "Also different: spec.containers.kube-apiserver.volumeMounts.pki.readOnly."
            },
            {"priority: 2000001000", "priority: 1", "Also different: spec.priority."},
            {"type: DirectoryOrCreate", "type: Directory", "Also different: spec.volumes.pki.hostPath.type."}
        };
    }

    @ParameterizedTest
    @MethodSource("changes")
    void everyChangeIsSaidInPlainWords(String from, String to, String sentence) {
        assertThat(change(from, to).changes()).containsExactly(sentence);
    }

    @Test
    void containersAndHostPathsThatCameOrWentAreNamed() {
        String miner = "  containers:\n  - {name: miner, image: evil/miner, securityContext: {privileged: true},"
                + " command: [miner, --pool=x]}\n";
        assertThat(change("  containers:\n", miner).changes())
                .containsExactly(
                        "Container miner runs image evil/miner on the node, not in the baseline.",
                        "Container miner is privileged on the node, not in the baseline.",
                        "Container miner is started as: miner --pool=x");
        assertThat(compare(APISERVER, APISERVER.replace("  containers:\n", miner))
                        .changes())
                .containsExactly("Container miner is in the baseline, not on the node.");
        assertThat(change("  volumes:\n", "  volumes:\n  - {name: root, hostPath: {path: /}}\n")
                        .changes())
                .containsExactly(
                        "The host's path / is given to the pod as volume root on the node, not in the baseline.");
        assertThat(change("hostPath: {path: /etc/kubernetes/pki, type: DirectoryOrCreate}", "emptyDir: {}")
                        .changes())
                .containsExactly(
                        "The host's path /etc/kubernetes/pki is given to the pod as volume pki in the baseline,"
                                + " not on the node.");
        assertThat(change("  hostNetwork: true\n", "  hostNetwork: true\n  initContainers: [{name: x, image: y}]\n")
                        .changes())
                .containsExactly("Init container x runs image y on the node, not in the baseline.");
    }

    @Test
    void anUnexpectedManifestIsDescribedByWhatItRuns() throws Exception {
        Meaning meaning = compare(sandbox("rogue-static-pod.yaml"), null);
        assertThat(meaning.changes())
                .containsExactly(
                        "The file runs the static pod kube-system/metrics-agent; the baseline has no such file.",
                        "The pod shares the host's network (hostNetwork).",
                        "The pod shares the host's processes (hostPID).",
                        "The host's path / is given to the pod as volume host.",
                        "Container metrics-agent runs image docker.io/library/busybox:1.36.",
                        "Container metrics-agent is privileged.",
                        "Container metrics-agent is started as: sh -c while true; do sleep 30; done");
    }

    @Test
    void aMissingManifestIsAPodThatDoesNotRun() {
        assertThat(compare(null, APISERVER).changes())
                .containsExactly(
                        "The static pod kube-system/kube-apiserver of the baseline is not run: the file is missing"
                                + " on the node.");
        assertThat(compare("just: text", APISERVER).changes())
                .containsExactly(
                        "The static pod kube-system/kube-apiserver of the baseline is not run: the file on the node is no pod.");
        assertThat(compare(APISERVER, "just: text").changes().get(0))
                .isEqualTo(
                        "The file runs the static pod kube-system/kube-apiserver; the baseline has another thing in its"
                                + " place.");
        assertThat(compare("just: text", null))
                .isEqualTo(new Meaning(
                        MeaningStatus.COMPARED,
                        "Neither side is a pod: kubelet runs nothing from this file.",
                        List.of(),
                        List.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "# a comment\n",
                "---\n",
            })
    void layoutAndCommentsChangeNothing(String before) {
        assertThat(compare(before + APISERVER, APISERVER))
                .isEqualTo(new Meaning(
                        MeaningStatus.COMPARED,
                        "Both sides are the same pod; only layout, comments or order may differ.",
                        List.of(),
                        List.of()));
        assertThat(change("hostNetwork: true", "hostNetwork: true\n  hostPID: false\n  serviceAccountName: null")
                        .changes())
                .isEmpty();
    }

    @Test
    void theOrderAndPlaceOfArgumentsIsNotPassedOver() {
        assertThat(change("    - --secure-port=6443\n", "    args:\n    - --secure-port=6443\n")
                        .changes())
                .containsExactly("Container kube-apiserver: its command and arguments have another order or form.");
        assertThat(change("--secure-port=6443", "--secure_port=6443").changes())
                .containsExactly("Container kube-apiserver: its command and arguments have another order or form.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hostNetwork: 1",
                "hostNetwork: true\n  hostPID: 'yes'",
                "hostNetwork: true\n  hostPID: {a: b}",
                "hostNetwork: true\n  activeDeadlineSeconds: 1",
                "hostNetwork: true\n  initContainers: text",
                "hostNetwork: true\n  initContainers: [text]",
                "hostNetwork: true\n  volumes2: [1]",
            })
    void whatNoSentenceIsAboutIsStillADifference(String to) {
        assertThat(change("hostNetwork: true", to).changes()).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "command: [[x]]",
                "command: kube-apiserver",
                "securityContext: text",
                "securityContext: {privileged: [x]}",
                "env: [{name: A, value: b}]",
                "image: [x]",
            })
    void strangeContainersAreDifferencesToo(String field) {
        String container = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, %s}]}\n";
        assertThat(compare(container.formatted(field), container.formatted("x: y"))
                        .changes())
                .isNotEmpty();
        assertThat(compare(container.formatted(field), null).status()).isEqualTo(MeaningStatus.COMPARED);
    }

    /** No field of kubeadm's manifests can be changed or taken away without a word. */
    @ParameterizedTest
    @ValueSource(strings = {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"})
    void noFieldChangesWithoutAWord(String component) throws Exception {
        String approved = sandbox("manifests/" + component + ".yaml");
        List<List<Object>> leaves = new ArrayList<>();
        leaves(new Yaml().load(approved), List.of(), leaves);
        assertThat(leaves).hasSizeGreaterThan(30);
        for (List<Object> leaf : leaves) {
            for (Object value : Arrays.asList("mutated", null)) {
                Object changed = new Yaml().load(approved);
                put(changed, leaf, value);
                Meaning meaning = compare(new Yaml().dump(changed), approved);
                if (meaning.status() == MeaningStatus.COMPARED) {
                    assertThat(meaning.changes()).as("%s to %s", leaf, value).isNotEmpty();
                }
            }
        }
        assertThat(compare(new Yaml().dump(new Yaml().load(approved)), approved).changes())
                .isEmpty();
    }

    private static void leaves(Object value, List<Object> path, List<List<Object>> leaves) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, item) -> leaves(item, with(path, key), leaves));
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                leaves(list.get(i), with(path, i), leaves);
            }
        } else if (value != null) {
            leaves.add(path);
        }
    }

    private static List<Object> with(List<Object> path, Object step) {
        List<Object> longer = new ArrayList<>(path);
        longer.add(step);
        return longer;
    }

    @SuppressWarnings("unchecked")
    private static void put(Object tree, List<Object> path, @Nullable Object value) {
        Object at = tree;
        for (Object step : path.subList(0, path.size() - 1)) {
            at = at instanceof Map<?, ?> map ? map.get(step) : ((List<Object>) at).get((Integer) step);
        }
        Object last = path.get(path.size() - 1);
        if (at instanceof Map<?, ?> map) {
            ((Map<Object, Object>) map).put(last, value);
        } else {
            ((List<Object>) at).set((Integer) last, value);
        }
    }

    @Test
    void twoContainersOfOneNameDoNotHideEachOther() {
        String pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [%s]}\n";
        String right = "{name: a, image: x}";
        for (String both : new String[] {
            "{name: a, image: x}, {name: a, image: evil}",
            "{name: a, image: x}, {image: evil}",
            "{name: 'a#3', image: evil}, {name: a, image: x}, {name: a, image: x}"
        }) {
            assertThat(compare(pod.formatted(both), pod.formatted(right))
                            .changes()
                            .toString())
                    .contains("evil");
        }
    }

    @Test
    void valuesOfOtherFieldsAndOfSecretsAreNotShown() {
        String secret = "-----BEGIN RSA PRIVATE KEY-----";
        assertThat(change("    volumeMounts:", "    env: [{name: A, value: hunter2}]\n    volumeMounts:")
                        .changes())
                .containsExactly("Also different: spec.containers.kube-apiserver.env.A.");
        assertThat(change("--secure-port=6443", "--oidc-client-secret=hunter2")
                        .changes()
                        .toString())
                .contains("--oidc-client-secret=(not shown)")
                .doesNotContain("hunter2");
        assertThat(change("- --secure-port=6443", "- '" + secret + "'")
                        .changes()
                        .toString())
                .contains("(not shown)")
                .doesNotContain("PRIVATE KEY");
        assertThat(compare(
                                "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, image: c, command: [d,"
                                        + " --password=hunter2]}]}",
                                null)
                        .changes()
                        .toString())
                .contains("--password=(not shown)")
                .doesNotContain("hunter2");
    }

    // ---- warnings

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--anonymous-auth=true",
                "--anonymous-auth",
                "--anonymous-auth=1",
                "--anonymous-auth=TRUE",
                "--anonymous_auth=true",
                "--anonymous-auth=yes"
            })
    void anonymousRequestsAreWarnedOfInEverySpelling(String flag) {
        assertThat(change("--anonymous-auth=false", flag).warnings())
                .containsExactly(
                        "Container kube-apiserver: --anonymous-auth=true lets requests in without credentials.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--anonymous-auth=False", "--anonymous-auth=0", "--anonymous_auth=f"})
    void anonymousRequestsThatAreOffInAnotherSpellingAreNotWarnedOf(String flag) {
        assertThat(change("--anonymous-auth=false", flag).warnings()).isEmpty();
    }

    @Test
    void aFlagInsideAShellCommandIsWarnedOf() {
        assertThat(compare(
                                "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, command: [sh, -c, 'exec kube-apiserver"
                                        + " --anonymous-auth=\"true\" --authorization-mode AlwaysAllow; true']}]}",
                                null)
                        .warnings())
                .containsExactly(
                        "Container b: --anonymous-auth=true lets requests in without credentials.",
                        "Container b: --authorization-mode has AlwaysAllow, which allows every request.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"AlwaysAllow", "Node,RBAC,AlwaysAllow", "Node, AlwaysAllow"})
    void alwaysAllowIsWarnedOf(String modes) {
        assertThat(change("Node,RBAC", modes).warnings())
                .containsExactly(
                        "Container kube-apiserver: --authorization-mode has AlwaysAllow, which allows every request.");
    }

    @Test
    void alwaysAllowAsAWordOfItsOwnIsWarnedOf() {
        assertThat(change("--authorization-mode=Node,RBAC", "--authorization-mode\n    - AlwaysAllow")
                        .warnings())
                .containsExactly(
                        "Container kube-apiserver: --authorization-mode has AlwaysAllow, which allows every request.");
    }

    @Test
    void protectionsThatAreGoneAreWarnedOf() {
        assertThat(change("    - --anonymous-auth=false\n", "").warnings())
                .containsExactly(
                        "--anonymous-auth=false of the baseline is gone: without it anonymous requests are let in.");
        assertThat(change("    - --authorization-mode=Node,RBAC\n", "").warnings())
                .containsExactly("--authorization-mode of the baseline is gone: without it every request is allowed"
                        + " (AlwaysAllow).");
        assertThat(change("    - --audit-policy-file=/etc/kubernetes/audit.yaml\n", "")
                        .warnings())
                .containsExactly(
                        "--audit-policy-file of the baseline is gone: requests leave less in the audit log, or nothing.");
        assertThat(change("    - --audit-log-path=/var/log/audit.log\n", "").warnings())
                .containsExactly(
                        "--audit-log-path of the baseline is gone: requests leave less in the audit log, or nothing.");
        assertThat(change("NodeRestriction,PodSecurity", "PodSecurity").warnings())
                .containsExactly("Admission plugins of the baseline are no longer switched on: NodeRestriction.");
        assertThat(change("    - --enable-admission-plugins=NodeRestriction,PodSecurity\n", "")
                        .warnings())
                .containsExactly(
                        "Admission plugins of the baseline are no longer switched on: NodeRestriction, PodSecurity.");
        assertThat(change("--secure-port=6443", "--disable-admission-plugins=PodSecurity,ServiceAccount")
                        .warnings())
                .containsExactly("Admission plugins are switched off: PodSecurity, ServiceAccount.");
        assertThat(compare(
                                APISERVER,
                                APISERVER.replace(
                                        "--secure-port=6443", "--admission-control-config-file=/etc/kubernetes/a.yaml"))
                        .warnings())
                .containsExactly("--admission-control-config-file of the baseline is gone: its admission plugins run"
                        + " without their settings.");
    }

    @Test
    void authorizationByAFileIsNoneThatIsGone() {
        assertThat(change("--authorization-mode=Node,RBAC", "--authorization-config=/etc/kubernetes/authz.yaml")
                        .warnings())
                .isEmpty();
    }

    @Test
    void aUidThatForgesTheMirrorIsWarnedOf() {
        assertThat(change("  namespace: kube-system", "  namespace: kube-system\n  uid: forged")
                        .warnings())
                .containsExactly("metadata.uid is set: what the API server shows of this pod need not be what runs.");
    }

    @Test
    void anArgumentThatComesFromAVariableIsWarnedOf() {
        assertThat(change("--secure-port=6443", "--secure-port=$(PORT)").warnings())
                .containsExactly(
                        "Container kube-apiserver: an argument is filled in from a variable; what it becomes is"
                                + " not compared.");
        assertThat(change("--secure-port=6443", "--secure-port=$$(PORT)").warnings())
                .isEmpty();
    }

    @Test
    void aDangerInTheBaselineIsWarnedOfToo() {
        String open = APISERVER.replace("--anonymous-auth=false", "--anonymous-auth=true");
        assertThat(compare(open.replace("6443", "1"), open).warnings())
                .containsExactly("Container kube-apiserver: --anonymous-auth=true lets requests in without credentials."
                        + " The baseline says the same.");
        assertThat(compare(null, open).warnings())
                .containsExactly(
                        "The baseline itself brings this back: Container kube-apiserver: --anonymous-auth=true lets"
                                + " requests in without credentials.");
    }

    @Test
    void aChangeBackToWhatIsSafeIsNoWarning() {
        assertThat(change("--secure-port=6443", "--secure-port=1").warnings()).isEmpty();
        assertThat(compare(APISERVER, APISERVER.replace("--anonymous-auth=false", "--profiling=false"))
                        .warnings())
                .isEmpty();
    }

    // ---- hostile

    private static Object[][] hostile() {
        return new Object[][] {
            {"kind: Pod\nkind: Pod", "a key comes twice"},
            {"kind: Pod\nspec: {a: 1, a: 2}", "a key comes twice"},
            {"kind: Pod\nspec: !!int x", "a tag that does not fit its value"},
            {"kind: Pod\nspec: !!java.net.URL [x]", "not YAML within the limits"},
            {
                "kind: Pod\nspec: &a [*a]",
                "deeper than 50 levels, or more than 50000 values with those that aliases repeat"
            },
            {"kind: Pod\nspec: {", "not YAML within the limits"},
            {"kind: Pod\nspec: \0", "not YAML within the limits"},
            {"kind: Pod\n? [a]\n: b", "a key that is no text"}
        };
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void whatCannotBeReadSafelyIsNotCompared(String text, String reason) {
        assertThat(compare(text, APISERVER)).isEqualTo(Meaning.notComparable("the file on the node: " + reason));
        assertThat(compare(APISERVER, text)).isEqualTo(Meaning.notComparable("the baseline's file: " + reason));
        assertThat(compare(text, null)).isEqualTo(Meaning.notComparable("the file on the node: " + reason));
    }

    @Test
    void bombsAndDepthsAreNotCompared() {
        StringBuilder laughs = new StringBuilder("kind: Pod\na0: &a0 [" + "x,".repeat(1000) + "]\n");
        for (int i = 1; i <= 9; i++) {
            laughs.append("a%d: &a%d [%s]\n".formatted(i, i, ("*a" + (i - 1) + ",").repeat(10)));
        }
        StringBuilder few = new StringBuilder("kind: Pod\na0: &a0 [" + "x,".repeat(10_000) + "]\n");
        for (int i = 1; i <= 9; i++) {
            few.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }
        for (String hostile : List.of(
                laughs.toString(),
                few.toString(),
                "kind: Pod\na: " + "[".repeat(60) + "]".repeat(60),
                "kind: Pod\na: " + "[".repeat(100_000),
                "kind: Pod\na: " + "{b: ".repeat(10_000),
                "kind: Pod\na: [" + "x,".repeat(60_000) + "]",
                "kind: Pod\n" + "a: &a b\n".repeat(10_000))) {
            assertThat(compare(hostile, APISERVER).status()).isEqualTo(MeaningStatus.NOT_COMPARABLE);
        }
        assertThat(ManifestMeaning.compare(new byte[] {'k', (byte) 0xff}, APISERVER.getBytes(UTF_8)))
                .isEqualTo(Meaning.notComparable("the file on the node: not UTF-8"));
    }

    @Test
    void whatIsSaidIsBoundedAndPlainText() {
        StringBuilder flags = new StringBuilder("--secure-port=6443\n");
        for (int i = 0; i < 500; i++) {
            flags.append("    - \"--f")
                    .append(i)
                    .append("=\\u202e\\e[2J\\n")
                    .append("x".repeat(400))
                    .append("\"\n");
        }
        Meaning many = change("--secure-port=6443\n", flags.toString());
        assertThat(many.changes()).hasSize(41).last().isEqualTo("And 460 more.");
        assertThat(many.changes()).allSatisfy(change -> {
            assertThat(change.length()).isLessThanOrEqualTo(400);
            assertThat(change.codePoints()).noneMatch(point -> point == 0x202e || point < ' ');
        });
        String name = "n".repeat(5000);
        assertThat(compare(
                                "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: " + name
                                        + ", image: evil}]}",
                                null)
                        .changes())
                .last()
                .asString()
                .endsWith("… runs image evil.");
    }

    @Test
    void manyContainersDoNotPushAWarningOut() {
        StringBuilder containers = new StringBuilder("  containers:\n");
        for (int i = 0; i < 100; i++) {
            containers.append(
                    "  - {name: c%d, image: x, command: [x, $(A), --authorization-mode=AlwaysAllow]}\n".formatted(i));
        }
        String onNode = APISERVER
                .replace("  containers:\n", containers.toString())
                .replace("--anonymous-auth=false", "--anonymous-auth");
        assertThat(compare(onNode, APISERVER).warnings())
                .containsExactly(
                        "Container kube-apiserver: --anonymous-auth=true lets requests in without credentials.",
                        "Container c0, c1, c2 and 97 more: --authorization-mode has AlwaysAllow, which allows every request.",
                        "Container c0, c1, c2 and 97 more: an argument is filled in from a variable; what it becomes is not"
                                + " compared.");
    }
}
