package dev.drawbridge.recovery;

import dev.drawbridge.shared.PlainText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a static pod that open the cluster, and protections that the baseline's has and this one has not
 * (kubernetes.io: kube-apiserver reference; CIS Kubernetes Benchmark 1.2). A flag that is gone counts by its default:
 * without them the API server takes anonymous requests, allows everything, and writes no audit log.
 */
final class PodWarnings {
    private static final String ANONYMOUS = "--anonymous-auth";
    private static final String AUTHORIZATION = "--authorization-mode";
    private static final String AUTHORIZATION_FILE = "--authorization-config";
    private static final String ENABLED = "--enable-admission-plugins";
    private static final String DISABLED = "--disable-admission-plugins";
    private static final List<String> AUDIT =
            List.of("--audit-policy-file", "--audit-log-path", "--audit-webhook-config-file");
    private static final String ADMISSION_FILE = "--admission-control-config-file";

    private static final Set<String> FALSE = Set.of("0", "f", "F", "false", "False", "FALSE");

    private PodWarnings() {}

    /**
     * @param found fields of the pod on the node; null when no pod is there
     * @param approved fields of the baseline's pod; null when it has none
     */
    static List<String> of(@Nullable Map<?, ?> found, @Nullable Map<?, ?> approved) {
        List<String> warnings = new ArrayList<>();
        Set<String> now = found == null ? Set.of() : dangers(found);
        Set<String> right = approved == null ? Set.of() : dangers(approved);
        for (String danger : now) {
            warnings.add(danger + (right.contains(danger) ? " The baseline says the same." : ""));
        }
        for (String danger : right) {
            if (!now.contains(danger)) {
                warnings.add("The baseline itself brings this back: " + danger);
            }
        }
        if (found != null && approved != null) {
            removed(warnings, flags(found), flags(approved));
        }
        return warnings;
    }

    private static Set<String> dangers(Map<?, ?> pod) {
        Map<String, Arguments> containers = arguments(pod);
        Set<String> dangers = new LinkedHashSet<>();
        // a truth value needs the =: a word that stands apart is none of this flag's
        where(
                        containers,
                        one -> one.asAShellWouldReadThem().flags().getOrDefault(ANONYMOUS, List.of()).stream()
                                .anyMatch(value -> !isFalse(value)))
                .ifPresent(
                        names -> dangers.add(names + ": " + ANONYMOUS + "=true lets requests in without credentials."));
        where(
                        containers,
                        one -> Stream.of(one, one.asAShellWouldReadThem())
                                .anyMatch(read -> items(read, AUTHORIZATION).contains("AlwaysAllow")))
                .ifPresent(names ->
                        dangers.add(names + ": " + AUTHORIZATION + " has AlwaysAllow, which allows every request."));
        if (pod.get("metadata") instanceof Map<?, ?> metadata && metadata.get("uid") != null) {
            dangers.add("metadata.uid is set: what the API server shows of this pod need not be what runs.");
        }
        where(
                        containers,
                        one -> one.words().stream()
                                .anyMatch(word -> word.replace("$$", "").contains("$(")))
                .ifPresent(names -> dangers.add(
                        names + ": an argument is filled in from a variable; what it becomes is not compared."));
        return dangers;
    }

    /** One sentence however many containers there are: warnings must not be lost among warnings. */
    private static Optional<String> where(Map<String, Arguments> containers, Predicate<Arguments> danger) {
        List<String> names = containers.entrySet().stream()
                .filter(one -> danger.test(one.getValue()))
                .map(one -> PlainText.line(one.getKey(), 64))
                .toList();
        return names.isEmpty()
                ? Optional.empty()
                : Optional.of("Container " + String.join(", ", names.subList(0, Math.min(3, names.size())))
                        + (names.size() > 3 ? " and " + (names.size() - 3) + " more" : ""));
    }

    private static void removed(List<String> warnings, Arguments now, Arguments right) {
        boolean anonymousOff = right.flags().containsKey(ANONYMOUS)
                && right.flags().get(ANONYMOUS).stream().allMatch(PodWarnings::isFalse);
        if (anonymousOff && !now.flags().containsKey(ANONYMOUS)) {
            warnings.add(ANONYMOUS + "=false of the baseline is gone: without it anonymous requests are let in.");
        }
        if (hasAny(right, AUTHORIZATION, AUTHORIZATION_FILE) && !hasAny(now, AUTHORIZATION, AUTHORIZATION_FILE)) {
            warnings.add(
                    AUTHORIZATION + " of the baseline is gone: without it every request is allowed (AlwaysAllow).");
        }
        for (String audit : AUDIT) {
            if (hasAny(right, audit) && !hasAny(now, audit)) {
                warnings.add(audit + " of the baseline is gone: requests leave less in the audit log, or nothing.");
            }
        }
        Set<String> gone = new TreeSet<>(items(right, ENABLED));
        gone.removeAll(items(now, ENABLED));
        if (!gone.isEmpty()) {
            warnings.add(
                    "Admission plugins of the baseline are no longer switched on: " + String.join(", ", gone) + ".");
        }
        Set<String> off = new TreeSet<>(items(now, DISABLED));
        off.removeAll(items(right, DISABLED));
        if (!off.isEmpty()) {
            warnings.add("Admission plugins are switched off: " + String.join(", ", off) + ".");
        }
        if (hasAny(right, ADMISSION_FILE) && !hasAny(now, ADMISSION_FILE)) {
            warnings.add(
                    ADMISSION_FILE + " of the baseline is gone: its admission plugins run without their settings.");
        }
    }

    private static boolean hasAny(Arguments arguments, String... flags) {
        return Arrays.stream(flags).anyMatch(arguments.flags()::containsKey);
    }

    private static Set<String> items(Arguments arguments, String flag) {
        Set<String> items = new LinkedHashSet<>();
        for (String value : arguments.values(flag)) {
            for (String item : value.split(",")) {
                if (!item.isBlank()) {
                    items.add(item.strip());
                }
            }
        }
        return items;
    }

    /** As Go's {@code strconv.ParseBool}; anything else is not false to whoever warns. */
    private static boolean isFalse(@Nullable String value) {
        return value != null && FALSE.contains(value);
    }

    /** The flags of all containers: one that only moved to another container is not gone. */
    private static Arguments flags(Map<?, ?> pod) {
        List<String> words = new ArrayList<>();
        arguments(pod)
                .values()
                .forEach(one -> words.addAll(one.asAShellWouldReadThem().words()));
        return Arguments.of(Map.of("command", words)).orElseThrow();
    }

    private static Map<String, Arguments> arguments(Map<?, ?> pod) {
        Map<String, Arguments> arguments = new LinkedHashMap<>();
        if (pod.get("spec") instanceof Map<?, ?> spec) {
            for (String field : ManifestMeaning.CONTAINERS) {
                ManifestMeaning.named(spec.get(field))
                        .forEach((name, container) -> Arguments.of(container)
                                .ifPresent(read -> arguments.merge(
                                        name,
                                        read,
                                        (one, other) -> Arguments.of(
                                                        Map.of("command", one.words(), "args", other.words()))
                                                .orElseThrow())));
            }
        }
        return arguments;
    }
}
