package dev.drawbridge.playbook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drawbridge.access.Group;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungProof;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.TestDatabase;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlaybooksTest {
    private static final Path SHIPPED = Path.of("playbooks/kubernetes-config-tampering.yaml");
    private static final String EXCLUSION = """
            exclusions:
                - reason: agreed
                  executables: [/usr/bin/python3]
                  users: [deploy]
                  sha256: [%s]
                  paths: [/etc/kubernetes/*.conf]
                  hosts: ["worker-*", cp-1]
                  changeWindows: ["Sat 23:00-01:00", "2026-01-15T09:00Z/2026-01-15T10:00Z"]
            """.formatted("a".repeat(64));

    @TempDir
    Path directory;

    private final TestDatabase database = TestDatabase.h2();

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    /** The shipped playbook with one change, in the directory. */
    private void write(String file, String from, String to) throws Exception {
        String shipped = Files.readString(SHIPPED);
        String changed = shipped.replace(from, to);
        assertThat(changed).isNotEqualTo(shipped);
        Files.writeString(directory.resolve(file), changed);
    }

    private static int lineOf(String text) throws Exception {
        List<String> lines = Files.readAllLines(SHIPPED);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).strip().startsWith(text)) {
                return i + 1;
            }
        }
        throw new AssertionError("not in the playbook: " + text);
    }

    private List<PlaybookProblem> problems() {
        List<PlaybookProblem> found = new ArrayList<>();
        assertThatThrownBy(() -> TestPlaybooks.load(database, false, directory))
                .isInstanceOfSatisfying(InvalidPlaybooksException.class, invalid -> found.addAll(invalid.problems()));
        return found;
    }

    @Test
    void theShippedPlaybookSaysWhatItMeans() throws Exception {
        Playbook playbook = TestPlaybooks.bundled(database).all().get(0);

        assertThat(playbook.name()).isEqualTo("kubernetes-config-tampering");
        assertThat(playbook.version())
                .isEqualTo("1.0.0+"
                        + Digest.ofBytes(Files.readAllBytes(SHIPPED)).hex().substring(0, 12));
        assertThat(playbook.workflow()).isEqualTo("kubernetes-config-tampering");
        assertThat(playbook.rungs()).containsExactly("cordon", "taint", "label");
        assertThat(playbook.ladder()).extracting(Playbook.RungStep::verify).containsOnly("read-back");
        assertThat(playbook.match().rules().get("elastic")).hasSize(2);
        assertThat(playbook.watched().patterns()).hasSize(3);
        assertThat(playbook.verification().soak()).isGreaterThan(Duration.ofSeconds(20));
        assertThat(playbook.approvals().fourEyes()).isTrue();
        assertThat(playbook.approvals().returnToService()).containsExactly("approvers");
        assertThat(playbook.deadlines().returnToService()).isEqualTo(Duration.ofHours(4));
        assertThat(playbook.deadlines().followUp()).isEqualTo(Duration.ofDays(7));
        assertThat(playbook.exclusions()).isEmpty();
        assertThat(playbook.dryRun()).isFalse();
        assertThat(playbook.approvals().override()).containsExactly("approvers");
        assertThat(playbook.files()).as("it spells out the defaults").isEqualTo(FilePolicies.SAFE);
    }

    private static String withBaseline(String section) throws Exception {
        String shipped = Files.readString(SHIPPED);
        String changed = shipped.replaceFirst("(?s)  baseline:\\n.*?(?=  verification:)", section);
        assertThat(changed).isNotEqualTo(shipped);
        return changed;
    }

    @Test
    void whatIsNotSaidOfAClassOfFilesIsDoneAsIsSafe() throws Exception {
        Path own = directory.resolve("own.yaml");
        Files.writeString(own, withBaseline(""));
        assertThat(TestPlaybooks.load(database, false, directory).all().get(0).files())
                .isEqualTo(FilePolicies.SAFE);

        Files.writeString(
                own,
                withBaseline("  baseline:\n    changed: {ca-key: task, other: ask}\n    unexpected: {other: task}\n"));
        FilePolicies files =
                TestPlaybooks.load(database, false, directory).all().get(0).files();
        assertThat(files.of(FileClass.CA_KEY, true)).isEqualTo(FilePolicy.TASK);
        assertThat(files.of(FileClass.OTHER, true)).isEqualTo(FilePolicy.ASK);
        assertThat(files.of(FileClass.LEAF_KEY, true)).isEqualTo(FilePolicy.AUTOMATIC);
        assertThat(files.of(FileClass.CA_KEY, false)).isEqualTo(FilePolicy.ASK);
        assertThat(files.of(FileClass.OTHER, false)).isEqualTo(FilePolicy.TASK);
    }

    @Test
    void anOpenIncidentOfBeforeThereWerePoliciesIsAskedAsItsPlaybookSaid() throws Exception {
        database.jdbc()
                .sql("insert into playbook_version (name, version, loaded_at, content)"
                        + " values ('old', '0.9.0', current_timestamp, :content)")
                .param("content", withBaseline("  baseline:\n    askFirst: [static-pod-manifest]\n"))
                .update();
        FilePolicies files = TestPlaybooks.bundled(database).get("old", "0.9.0").files();
        assertThat(files.of(FileClass.STATIC_POD_MANIFEST, true)).isEqualTo(FilePolicy.ASK);
        assertThat(files.of(FileClass.STATIC_POD_MANIFEST, false)).isEqualTo(FilePolicy.ASK);
        assertThat(files.of(FileClass.OTHER, true)).isEqualTo(FilePolicy.AUTOMATIC);
        assertThat(files.of(FileClass.CA_KEY, true)).as("never less").isEqualTo(FilePolicy.ASK);
    }

    @Test
    void aPlaybookMayBeTriedFirstAndSayNothingOfOverrides() throws Exception {
        write("own.yaml", "  workflow: kube", "  dryRun: true\n  workflow: kube");
        Playbook playbook = TestPlaybooks.load(database, false, directory).all().get(0);
        assertThat(playbook.dryRun()).isTrue();

        write("own.yaml", "    override: [approvers]\n", "");
        assertThat(TestPlaybooks.load(database, false, directory)
                        .all()
                        .get(0)
                        .approvals()
                        .override())
                .as("who may let a failed step go")
                .containsExactly("approvers");
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake(
                        "apiVersion: drawbridge.dev/v1",
                        "apiVersion: drawbridge.dev/v2",
                        "apiVersion",
                        "drawbridge.dev/v1"),
                mistake("kind: Playbook", "kind: Rule", "kind", "Playbook"),
                mistake("name: kubernetes-config-tampering", "name: Kubernetes Config", "metadata.name", "pattern"),
                mistake("version: \"1.0.0\"", "version: 1.0", "metadata.version", "string"),
                mistake("  workflow: kubernetes", "  workflows: kubernetes", "spec.workflows", "no such field"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [cordon, drawbridge]",
                        "spec.containment.rungs[1]",
                        "cordon"),
                mistake("rungs: [cordon, taint, label]", "rungs: []", "spec.containment.rungs", "1"),
                mistake("rungs: [cordon, taint, label]", "rungs: [taint, taint]", "spec.containment.rungs", "unique"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [cordon, {rung: taint, verify: faith}]",
                        "spec.containment.rungs[1].verify",
                        "read-back"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [{rung: drawbridge, verify: complete}]",
                        "spec.containment.rungs[0].rung",
                        "cordon"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [{rung: cordon}]",
                        "spec.containment.rungs[0]",
                        "verify is missing"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [{rung: cordon, verify: complete, wait: 5s}]",
                        "spec.containment.rungs[0].wait",
                        "no such field"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [taint, {rung: taint, verify: complete}]",
                        "spec.containment.rungs[1]",
                        "second time"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [{rung: cordon, verify: pods-gone}]",
                        "spec.containment.rungs[0]",
                        "pods-gone is for taint"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [cordon, {rung: drain, verify: pods-gone}]",
                        "spec.containment.rungs[1]",
                        "take complete"),
                mistake(
                        "rungs: [cordon, taint, label]",
                        "rungs: [cordon, {rung: node-credentials, verify: complete}]",
                        "spec.containment.rungs[1]",
                        "nothing to verify"),
                mistake("soak: 30s", "soak: 30 parsecs", "spec.verification.soak", "pattern"),
                mistake("soak: 30s", "soak: 0s", "spec.verification.soak", "longer than nothing"),
                mistake("soak: 30s", "soak: PT", "spec.verification.soak", "not a duration"),
                mistake("attempts: 3", "attempts: three", "spec.verification.attempts", "integer"),
                mistake("attempts: 3", "attempts: 0", "spec.verification.attempts", "1"),
                mistake("nodeReady: true", "nodeReady: maybe", "spec.verification.nodeReady", "boolean"),
                mistake("skip: [approvers]", "skip: [everybody]", "spec.approvals.skip[0]", "approvers"),
                mistake(
                        "      ca-key: ask # no less than that",
                        "      ca-key: restore",
                        "spec.baseline.changed.ca-key",
                        "never put back or moved away without a person: ask or task"),
                mistake(
                        "      ca-key: ask # nor here",
                        "      ca-key: quarantine",
                        "spec.baseline.unexpected.ca-key",
                        "never put back or moved away without a person: ask or task"),
                mistake("      other: restore", "      other: delete", "spec.baseline.changed.other", "restore"),
                mistake(
                        "      static-pod-manifest: quarantine",
                        "      static-pod-manifest: restore",
                        "spec.baseline.unexpected.static-pod-manifest",
                        "quarantine"),
                mistake(
                        "      kubeconfig: quarantine",
                        "      secrets: task",
                        "spec.baseline.unexpected.secrets",
                        "no such field"),
                mistake(
                        "    changed: # missing, changed, or no file any more",
                        "    askFirst: [ca-key]\n    changed:",
                        "spec.baseline.askFirst",
                        "no such field any more: say ask for the class"),
                mistake("- /usr/bin/dpkg", "- dpkg", "spec.triage.trustedExecutables[4]", "pattern"),
                mistake(
                        "exclusions: []",
                        "exclusions: [{reason: r, executables: [/usr/bin/x]}]",
                        "spec.exclusions[0]",
                        "two fields"),
                mistake(
                        "exclusions: []",
                        "exclusions: [{reason: r, process: x, users: [x]}]",
                        "spec.exclusions[0].process",
                        "no such field"),
                mistake(
                        "exclusions: []",
                        "exclusions: [{reason: r, executables: [kubelet], users: [x]}]",
                        "spec.exclusions[0].executables[0]",
                        "pattern"),
                mistake(
                        "exclusions: []",
                        "exclusions: [{reason: r, users: [x], changeWindows: [\"Son 01:00-04:00\"]}]",
                        "spec.exclusions[0].changeWindows[0]",
                        "neither"),
                mistake(
                        "exclusions: []",
                        "exclusions: [{reason: r, users: [x], changeWindows: [\"2026-01-02T00:00Z/2026-01-01T00:00Z\"]}]",
                        "spec.exclusions[0].changeWindows[0]",
                        "ends before"),
                mistake("kind: Playbook", "kind: !!omap [a: b]", "kind", "tags"),
                mistake("kind: Playbook", "kind: !!binary aGVsbG8=", "kind", "tags"));
    }

    private static Arguments mistake(String from, String to, String field, String message) {
        return Arguments.of(from, to, field, message);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void everyMistakeIsNamedWithFileAndLine(String from, String to, String field, String message) throws Exception {
        write("own.yaml", from, to);
        assertThat(problems()).anySatisfy(problem -> {
            assertThat(problem.toString())
                    .startsWith(directory.resolve("own.yaml") + ":" + lineOf(from.strip()) + ": " + field + ": ");
            assertThat(problem.message()).contains(message);
        });
    }

    @Test
    void aTagThatNamesAClassIsRefusedWithItsLine() throws Exception {
        write("own.yaml", "kind: Playbook", "kind: !!java.net.URL [\"http://127.0.0.1/\"]");
        assertThat(problems()).singleElement().satisfies(problem -> {
            assertThat(problem.line()).isEqualTo(lineOf("kind: Playbook"));
            assertThat(problem.message()).contains("tag is not allowed");
        });
    }

    @Test
    void aMissingFieldIsNamedAtWhatShouldHoldIt() throws Exception {
        write("own.yaml", "    attempts: 3\n", "");
        assertThat(problems()).singleElement().satisfies(problem -> {
            assertThat(problem.line()).isEqualTo(lineOf("verification:"));
            assertThat(problem.message()).isEqualTo("the field attempts is missing");
        });
    }

    @ParameterizedTest
    @CsvSource({
        "'  watched:\n    - /etc/kubernetes/manifests/**', '  watched:\n    - /etc/kube*/manifests/**', spec.watched[0]",
        "'  watched:\n    - /etc/kubernetes/manifests/**', '  watched:\n    - /etc/kubernetes/../**', spec.watched[0]",
        "'  watched:\n    - /etc/kubernetes/manifests/**', '  watched:\n    - /**', spec.watched[0]",
        "'  watched:\n    - /etc/kubernetes/manifests/**', '  watched:\n    - /opt/**', spec.match.paths[0]",
    })
    void aPatternThatMeansNothingIsRefused(String from, String to, String field) throws Exception {
        write("own.yaml", from, to);
        assertThat(problems()).extracting(PlaybookProblem::field).contains(field);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "# only a comment",
                "just text",
                "[1, 2]",
                "{",
                "a: b: c",
                "a: 1\na: 2",
                "a: &x [1]\nb: *x",
                "? [a]\n: b",
                "a: !!python/object:os.system x",
                "---\na: 1\n---\nb: 2",
                "a: \u0000",
                "%YAML 9.9\n---\na: 1"
            })
    void whatIsNoPlaybookIsAProblemAndNoFault(String text) throws Exception {
        Files.writeString(directory.resolve("own.yaml"), text);
        assertThat(problems())
                .isNotEmpty()
                .allSatisfy(problem -> assertThat(problem.toString()).contains("own.yaml"));
    }

    @Test
    void aDeepOrLargeFileIsRefusedEarly() throws Exception {
        Files.writeString(directory.resolve("deep.yaml"), "[".repeat(10_000));
        Files.writeString(directory.resolve("large.yaml"), "a: " + "x".repeat(300_000));
        assertThat(problems()).hasSize(2);
    }

    @Test
    void aliasesThatWouldMultiplyAreRefused() throws Exception {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++) {
            bomb.append("a").append(i).append(": &a").append(i).append(" [");
            bomb.append(String.join(", ", java.util.Collections.nCopies(9, "*a" + (i - 1))))
                    .append("]\n");
        }
        Files.writeString(directory.resolve("bomb.yaml"), bomb);
        assertThat(problems())
                .anySatisfy(problem -> assertThat(problem.message()).contains("aliases"));
    }

    @Test
    void allProblemsOfAllFilesAreToldAtOnce() throws Exception {
        write("one.yaml", "attempts: 3", "attempts: 0");
        write("two.yaml", "soak: 30s", "soak: soon");
        assertThat(problems())
                .extracting(PlaybookProblem::file)
                .containsExactly(
                        directory.resolve("one.yaml").toString(),
                        directory.resolve("two.yaml").toString());
    }

    @Test
    void twoPlaybooksOfOneNameAreRefused() throws Exception {
        Files.copy(SHIPPED, directory.resolve("one.yaml"));
        Files.copy(SHIPPED, directory.resolve("two.yaml"));
        assertThat(problems()).anySatisfy(problem -> {
            assertThat(problem.field()).isEqualTo("metadata.name");
            assertThat(problem.message()).contains("one.yaml");
        });
    }

    @Test
    void twoPlaybooksForOneRuleAreRefused() throws Exception {
        Files.copy(SHIPPED, directory.resolve("one.yaml"));
        write("two.yaml", "name: kubernetes-config-tampering", "name: another");
        assertThat(problems()).anySatisfy(problem -> {
            assertThat(problem.line()).isEqualTo(lineOf("- 0fe2290a"));
            assertThat(problem.message()).contains("two.yaml");
        });
    }

    @Test
    void aPlaybookOfTheDirectoryTakesThePlaceOfTheShippedOne() throws Exception {
        write("own.yaml", "version: \"1.0.0\"", "version: \"2.0.0\"");
        assertThat(TestPlaybooks.load(database, true, directory).all())
                .singleElement()
                .satisfies(playbook -> assertThat(playbook.version()).startsWith("2.0.0+"));
    }

    @Test
    void noPlaybookAtAllStopsTheStart() {
        assertThat(problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.message()).contains("no playbook"));
    }

    @Test
    void aDirectoryThatIsNotThereStopsTheStart() {
        assertThatThrownBy(() -> TestPlaybooks.load(database, true, directory.resolve("none")))
                .isInstanceOf(InvalidPlaybooksException.class)
                .hasMessageContaining("drawbridge.playbook.directory");
    }

    @Test
    void aWorkflowThatNobodyKnowsStopsTheStart() throws Exception {
        assertThat(TestPlaybooks.load(database, true, null, "kubernetes-config-tampering", "other")
                        .all())
                .hasSize(1);
        assertThatThrownBy(() -> TestPlaybooks.load(database, true, null, "other"))
                .isInstanceOf(InvalidPlaybooksException.class)
                .hasMessageContaining(
                        SHIPPED.toString() + ":" + lineOf("workflow:") + ": spec.workflow: no such workflow");
    }

    @Test
    void aDrainWithoutACordonBeforeItIsAMistake() throws Exception {
        write("own.yaml", "rungs: [cordon, taint, label]", "rungs: [taint, drain, cordon]");
        assertThatThrownBy(() -> TestPlaybooks.from(database, directory))
                .isInstanceOf(InvalidPlaybooksException.class)
                .hasMessageContaining("spec.containment.rungs[1]: drain needs cordon before it");
        write("own.yaml", "rungs: [cordon, taint, label]", "rungs: [cordon, drain]");
        assertThat(TestPlaybooks.from(database, directory).all().get(0).rungs()).containsExactly("cordon", "drain");
        write(
                "own.yaml",
                "rungs: [cordon, taint, label]",
                "rungs: [cordon, {rung: taint, verify: pods-gone}, {rung: drain, verify: complete}]");
        assertThat(TestPlaybooks.from(database, directory).all().get(0).ladder())
                .containsExactly(
                        new Playbook.RungStep("cordon", "read-back"),
                        new Playbook.RungStep("taint", "pods-gone"),
                        new Playbook.RungStep("drain", "complete"));
    }

    @Test
    void anOpenIncidentKeepsItsVersionWhenTheFileIsReplaced() throws Exception {
        write("own.yaml", "soak: 30s", "soak: 45s");
        Playbook before = TestPlaybooks.from(database, directory).all().get(0);
        write("own.yaml", "soak: 30s", "soak: 90s");
        PlaybookCatalogue after = TestPlaybooks.from(database, directory);

        assertThat(after.all().get(0).verification().soak()).isEqualTo(Duration.ofSeconds(90));
        assertThat(after.get(before.name(), before.version())).isEqualTo(before);
        assertThat(before.verification().soak()).isEqualTo(Duration.ofSeconds(45));
    }

    @Test
    void theSchemaNamesTheRungsGroupsAndFileClassesThatExist() throws Exception {
        JsonNode schema = new ObjectMapper().readTree(new File("playbooks/schema/playbook.v1.schema.json"));
        JsonNode spec = schema.at("/properties/spec/properties");
        assertThat(texts(schema.at("/$defs/rung/enum"))).isEqualTo(codes(Rung.values(), Rung::code));
        assertThat(texts(spec.at("/containment/properties/rungs/items/else/properties/verify/enum")))
                .isEqualTo(codes(RungProof.values(), RungProof::code));
        assertThat(texts(schema.at("/$defs/groups/items/enum"))).isEqualTo(codes(Group.values(), Group::code));
        for (String drift : List.of("changed", "unexpected")) {
            List<String> classes = new ArrayList<>();
            spec.at("/baseline/properties/" + drift + "/properties")
                    .fieldNames()
                    .forEachRemaining(classes::add);
            assertThat(classes).as(drift).isEqualTo(codes(FileClass.values(), FileClass::code));
        }
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.asText()));
        return texts;
    }

    private static <T> List<String> codes(T[] values, Function<T, String> code) {
        return Arrays.stream(values).map(code).toList();
    }

    private static Alert alert(
            String host,
            String path,
            @Nullable String executable,
            @Nullable String user,
            @Nullable String real,
            @Nullable String sha,
            String at) {
        return new Alert(
                AlertId.of("a"),
                "elastic",
                Instant.EPOCH,
                Instant.parse(at),
                "0fe2290a-2664-4c9c-8263-b88904f12f0d",
                "",
                "medium",
                host,
                List.of(),
                null,
                null,
                true,
                false,
                "creation",
                path,
                null,
                sha == null ? null : Digest.of(sha),
                new Alert.ProcessFacts("python3", executable, null, null, null, List.of()),
                new Alert.UserFacts(null, user, null, real));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "worker-7, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T09:30:00Z, true",
                "WORKER-7, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T09:30:00Z, true",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, deploy, -, a, 2026-01-15T09:30:00Z, true",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-17T23:00:00Z, true",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-18T00:59:59Z, true",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-18T01:00:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T10:00:00Z, false",
                "cp-2, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T09:30:00Z, false",
                "cp-11, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/pki/../pki/x.conf, /usr/bin/python3, root, deploy, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /tmp/python3, root, deploy, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, -, root, deploy, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, deploy, mallory, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, -, -, a, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, b, 2026-01-15T09:30:00Z, false",
                "cp-1, /etc/kubernetes/kubelet.conf, /usr/bin/python3, root, deploy, -, 2026-01-15T09:30:00Z, false",
            })
    void anExclusionAppliesOnlyWhenEveryFieldFits(
            String host,
            String path,
            String executable,
            String user,
            String real,
            String sha,
            String at,
            boolean applies)
            throws Exception {
        write("own.yaml", "exclusions: []\n", EXCLUSION);
        PlaybookCatalogue playbooks = TestPlaybooks.from(database, directory);
        Alert alert = alert(host, path, executable, user, real, sha == null ? null : sha.repeat(64), at);
        assertThat(playbooks.exclusionFor(playbooks.all().get(0), alert).isPresent())
                .isEqualTo(applies);
    }

    @Test
    void aRuleIsMatchedByItsIdWithinItsSourceOnly() {
        PlaybookCatalogue playbooks = TestPlaybooks.bundled(database);
        Alert alert = alert("cp-1", "/x", null, null, null, null, "2026-01-15T09:30:00Z");
        assertThat(playbooks.match(alert)).isPresent();
        Set<String> falco = playbooks.all().get(0).match().rules().get("falco");
        assertThat(falco).doesNotContain(alert.ruleId());
    }
}
