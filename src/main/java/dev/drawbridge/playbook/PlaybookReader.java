package dev.drawbridge.playbook;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/** From the text of a playbook to the playbook, or to everything that is wrong with it. */
class PlaybookReader {
    private static final String SCHEMA = "/playbooks/schema/playbook.v1.schema.json";

    /** The field of playbooks before they had policies. */
    private static final String ASK_FIRST = "askFirst";

    private final Schema schema = schema();

    /**
     * What reading a file gave.
     *
     * @param playbook null when there are problems
     */
    record Read(
            String file,
            String text,
            @Nullable Playbook playbook,
            PlaybookDocument document,
            List<PlaybookProblem> problems) {}

    private static Schema schema() {
        try (InputStream in = PlaybookReader.class.getResourceAsStream(SCHEMA)) {
            if (in == null) {
                throw new IllegalStateException("the schema of playbooks is missing: " + SCHEMA);
            }
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    Read read(String file, String text) {
        PlaybookDocument document = PlaybookDocument.read(file, text);
        List<PlaybookProblem> problems = new ArrayList<>(document.problems());
        JsonNode root = document.root();
        if (root != null && problems.isEmpty()) {
            for (Error error : schema.validate(root)) {
                problems.add(problem(document, error));
            }
        }
        if (root == null || !problems.isEmpty()) {
            return new Read(file, text, null, document, problems);
        }
        problems.addAll(meaningless(document, root));
        Playbook playbook = problems.isEmpty() ? playbook(root, text) : null;
        return new Read(file, text, playbook, document, problems);
    }

    /** A version that was valid when it was stored: no newer rule may take an open incident its playbook. */
    Playbook readStored(String name, String text) {
        JsonNode root = PlaybookDocument.read(name, text).root();
        if (root == null) {
            throw new IllegalStateException("the stored text of playbook " + name + " cannot be read");
        }
        return playbook(root, text);
    }

    private static PlaybookProblem problem(PlaybookDocument document, Error error) {
        String pointer = pointer(error);
        String property = error.getProperty();
        if (property != null && error.getKeyword().equals("additionalProperties")) {
            return document.problem(
                    pointer + "/" + property,
                    property.equals(ASK_FIRST)
                            ? "no such field any more: say ask for the class, in changed and in unexpected"
                            : "no such field");
        }
        if (pointer.matches("/spec/baseline/(changed|unexpected)/ca-key")) {
            return document.problem(
                    pointer,
                    "a key that mints identities is never put back or moved away without a person: ask or task");
        }
        if (property != null && error.getKeyword().equals("required")) {
            return document.problem(pointer, "the field " + property + " is missing");
        }
        if (pointer.matches("/spec/exclusions/[0-9]+") && error.getKeyword().equals("minProperties")) {
            return document.problem(
                    pointer, "an exclusion needs two fields at least beside the reason, and all of them must fit");
        }
        return document.problem(pointer, String.valueOf(error.getMessage()));
    }

    private static String pointer(Error error) {
        StringBuilder pointer = new StringBuilder();
        for (int i = 0; i < error.getInstanceLocation().getNameCount(); i++) {
            Object element = error.getInstanceLocation().getElement(i);
            pointer.append('/')
                    .append(String.valueOf(element).replace("~", "~0").replace("/", "~1"));
        }
        return pointer.toString();
    }

    /** What the schema cannot express: values of the right shape that mean nothing. */
    private static List<PlaybookProblem> meaningless(PlaybookDocument document, JsonNode root) {
        List<PlaybookProblem> problems = new ArrayList<>();
        List<String> patterns = new ArrayList<>(List.of("/spec/watched", "/spec/match/paths"));
        JsonNode exclusions = root.at("/spec/exclusions");
        for (int i = 0; i < exclusions.size(); i++) {
            patterns.add("/spec/exclusions/" + i + "/paths");
            each(root, "/spec/exclusions/" + i + "/changeWindows", (pointer, text) -> {
                complain(document, problems, pointer, () -> ChangeWindow.parse(text));
            });
        }
        for (String list : patterns) {
            each(root, list, (pointer, text) -> {
                complain(document, problems, pointer, () -> new WatchedSet(List.of(text)));
            });
        }
        for (String field : List.of(
                "/spec/verification/soak",
                "/spec/deadlines/containmentDecision",
                "/spec/deadlines/planApproval",
                "/spec/deadlines/returnToService",
                "/spec/deadlines/escalation",
                "/spec/deadlines/followUp")) {
            complain(document, problems, field, () -> duration(root, field));
        }
        List<Playbook.RungStep> ladder = ladder(root);
        List<String> rungs = ladder.stream().map(Playbook.RungStep::rung).toList();
        for (int i = 0; i < ladder.size(); i++) {
            String at = "/spec/containment/rungs/" + i;
            Playbook.RungStep step = ladder.get(i);
            if (rungs.indexOf(step.rung()) < i) {
                problems.add(document.problem(at, "the rung " + step.rung() + " stands here for the second time"));
            }
            if (step.rung().equals("node-credentials") && root.at(at).isObject()) {
                problems.add(document.problem(at, "a person does node-credentials: there is nothing to verify"));
            }
            if (step.verify().equals("pods-gone") && !step.rung().equals("taint")) {
                problems.add(document.problem(
                        at,
                        "pods-gone is for taint"
                                + (step.rung().equals("drain")
                                        ? ": a drain waits for its pods itself, take complete"
                                        : "")));
            }
        }
        int drain = rungs.indexOf("drain");
        if (drain >= 0 && !rungs.subList(0, drain).contains("cordon")) {
            problems.add(document.problem(
                    "/spec/containment/rungs/" + drain,
                    "drain needs cordon before it: what is evicted would come back"));
        }
        if (problems.isEmpty()) {
            WatchedSet watched = new WatchedSet(texts(root, "/spec/watched"));
            each(root, "/spec/match/paths", (pointer, text) -> {
                if (!covers(watched, text)) {
                    problems.add(
                            document.problem(pointer, "it is not watched: alerts about it could never be answered"));
                }
            });
        }
        return problems;
    }

    /** True when every path that fits the pattern is watched. */
    private static boolean covers(WatchedSet watched, String pattern) {
        return watched.patterns().contains(pattern)
                || watched.patterns().stream()
                        .filter(tree -> tree.endsWith("/**"))
                        .anyMatch(tree -> pattern.startsWith(tree.substring(0, tree.length() - 2)));
    }

    private interface ListElement {
        void accept(String pointer, String text);
    }

    private static void each(JsonNode root, String list, ListElement action) {
        JsonNode elements = root.at(list);
        for (int i = 0; i < elements.size(); i++) {
            action.accept(list + "/" + i, elements.get(i).asText());
        }
    }

    private static void complain(
            PlaybookDocument document, List<PlaybookProblem> problems, String pointer, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException wrong) {
            problems.add(document.problem(pointer, String.valueOf(wrong.getMessage())));
        }
    }

    private static Playbook playbook(JsonNode root, String text) {
        Map<String, Set<String>> rules = new LinkedHashMap<>();
        root.at("/spec/match/rules")
                .fieldNames()
                .forEachRemaining(
                        source -> rules.put(source, new LinkedHashSet<>(texts(root, "/spec/match/rules/" + source))));
        List<Playbook.Exclusion> exclusions = new ArrayList<>();
        for (JsonNode exclusion : root.at("/spec/exclusions")) {
            exclusions.add(new Playbook.Exclusion(
                    exclusion.path("reason").asText(),
                    texts(exclusion, "/executables"),
                    texts(exclusion, "/users"),
                    texts(exclusion, "/sha256"),
                    texts(exclusion, "/paths"),
                    texts(exclusion, "/hosts"),
                    texts(exclusion, "/changeWindows")));
        }
        return new Playbook(
                root.at("/metadata/name").asText(),
                root.at("/metadata/version").asText() + "+"
                        + Digest.ofText(text).abbreviated(),
                root.at("/metadata/title").asText(),
                new Playbook.Match(rules, texts(root, "/spec/match/paths")),
                List.copyOf(exclusions),
                root.at("/spec/workflow").asText(),
                ladder(root),
                new WatchedSet(texts(root, "/spec/watched")),
                files(root.at("/spec/baseline")),
                new Playbook.VerificationPolicy(
                        duration(root, "/spec/verification/soak"),
                        root.at("/spec/verification/attempts").asInt(),
                        root.at("/spec/verification/nodeReady").asBoolean(),
                        root.at("/spec/verification/apiServer").asBoolean(),
                        root.at("/spec/verification/staticPods").asBoolean(),
                        // younger than the format: what a playbook of before verified is verified in full
                        root.at("/spec/verification/kubelet").asBoolean(true),
                        root.at("/spec/verification/processes").asBoolean(true)),
                new Playbook.Approvals(
                        texts(root, "/spec/approvals/containment"),
                        texts(root, "/spec/approvals/plan"),
                        texts(root, "/spec/approvals/returnToService"),
                        texts(root, "/spec/approvals/skip"),
                        // younger than the format: who may let a failed step go may let a refused one through
                        texts(
                                root,
                                root.at("/spec/approvals").has("override")
                                        ? "/spec/approvals/override"
                                        : "/spec/approvals/skip"),
                        root.at("/spec/approvals/fourEyes").asBoolean()),
                new Playbook.Deadlines(
                        duration(root, "/spec/deadlines/containmentDecision"),
                        root.at("/spec/deadlines/containOnDeadline").asBoolean(),
                        duration(root, "/spec/deadlines/planApproval"),
                        duration(root, "/spec/deadlines/returnToService"),
                        duration(root, "/spec/deadlines/escalation"),
                        duration(root, "/spec/deadlines/followUp")),
                new Playbook.Triage(Set.copyOf(texts(root, "/spec/triage/trustedExecutables"))),
                root.at("/spec/dryRun").asBoolean(false));
    }

    private static FilePolicies files(JsonNode baseline) {
        if (baseline.has(ASK_FIRST)) {
            // of a version that was stored before there were policies
            return FilePolicies.asking(texts(baseline, "/" + ASK_FIRST).stream()
                    .map(FileClass::ofCode)
                    .collect(Collectors.toSet()));
        }
        return new FilePolicies(policies(baseline.path("changed")), policies(baseline.path("unexpected")));
    }

    private static Map<FileClass, FilePolicy> policies(JsonNode byClass) {
        Map<FileClass, FilePolicy> policies = new EnumMap<>(FileClass.class);
        byClass.fields().forEachRemaining(each -> {
            FilePolicy policy = switch (each.getValue().asText()) {
                case "ask" -> FilePolicy.ASK;
                case "task" -> FilePolicy.TASK;
                case "restore", "quarantine" -> FilePolicy.AUTOMATIC;
                default -> throw new IllegalStateException("no policy for files: " + each.getValue());
            };
            policies.put(FileClass.ofCode(each.getKey()), policy);
        });
        return policies;
    }

    /** A rung alone is read back, and that is all that is wanted of it. */
    private static List<Playbook.RungStep> ladder(JsonNode root) {
        List<Playbook.RungStep> ladder = new ArrayList<>();
        for (JsonNode rung : root.at("/spec/containment/rungs")) {
            ladder.add(
                    rung.isObject()
                            ? new Playbook.RungStep(
                                    rung.path("rung").asText(),
                                    rung.path("verify").asText())
                            : new Playbook.RungStep(rung.asText(), "read-back"));
        }
        return List.copyOf(ladder);
    }

    private static List<String> texts(JsonNode root, String pointer) {
        List<String> texts = new ArrayList<>();
        root.at(pointer).forEach(element -> texts.add(element.asText()));
        return List.copyOf(texts);
    }

    private static Duration duration(JsonNode root, String pointer) {
        Duration duration;
        try {
            duration = DurationStyle.detectAndParse(root.at(pointer).asText());
        } catch (IllegalArgumentException notADuration) {
            throw new IllegalArgumentException(
                    "not a duration like 90s, 15m, 4h, 7d or PT1H30M: "
                            + root.at(pointer).asText(),
                    notADuration);
        }
        if (duration.isNegative() || duration.isZero() || duration.compareTo(Duration.ofDays(3660)) > 0) {
            throw new IllegalArgumentException("a duration must be longer than nothing and shorter than ten years");
        }
        return duration;
    }
}
