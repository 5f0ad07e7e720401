package dev.drawbridge.recovery;

import dev.drawbridge.recovery.FileComparison.Meaning;
import dev.drawbridge.recovery.FileComparison.MeaningStatus;
import dev.drawbridge.shared.KeyMaterial;
import dev.drawbridge.shared.PlainText;
import dev.drawbridge.shared.StaticPodManifest;
import dev.drawbridge.shared.StaticPodManifest.Document;
import dev.drawbridge.shared.StaticPodManifest.Reading;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a change of a manifest means: which pod runs otherwise, in what. One of the two texts is an attacker's. */
final class ManifestMeaning {
    static final List<String> CONTAINERS = List.of("containers", "initContainers");

    private static final int MOST_CHANGES = 40;
    private static final int MOST_WARNINGS = 20;
    private static final int LONGEST_SENTENCE = 400;
    private static final int LONGEST_VALUE = 160;
    private static final int MOST_OTHERS = 15;

    private record HostNamespace(String field, String shared) {}

    private static final List<HostNamespace> HOST_NAMESPACES = List.of(
            new HostNamespace("hostNetwork", "The pod shares the host's network (hostNetwork)"),
            new HostNamespace("hostPID", "The pod shares the host's processes (hostPID)"),
            new HostNamespace("hostIPC", "The pod shares the host's inter-process communication (hostIPC)"));

    private final Map<?, ?> found;
    private final Map<?, ?> approved;
    private final boolean known;
    private final List<String> changes = new ArrayList<>();
    /** Paths of fields that a sentence is about. */
    private final Set<List<String>> said = new HashSet<>();

    private ManifestMeaning(Map<?, ?> found, @Nullable Map<?, ?> approved) {
        this.found = found;
        this.approved = approved == null ? Map.of() : approved;
        this.known = approved != null;
    }

    /** Never throws for what the texts say; null stands for no file. */
    static Meaning compare(byte @Nullable [] onNode, byte @Nullable [] baseline) {
        Document found = onNode == null ? new Document.Other() : StaticPodManifest.document(onNode);
        Document approved = baseline == null ? new Document.Other() : StaticPodManifest.document(baseline);
        if (found instanceof Document.NotReadable not) {
            return Meaning.notComparable("the file on the node: " + not.reason());
        }
        if (approved instanceof Document.NotReadable not) {
            return Meaning.notComparable("the baseline's file: " + not.reason());
        }
        Document.Pod pod = found instanceof Document.Pod one ? one : null;
        Document.Pod right = approved instanceof Document.Pod one ? one : null;
        List<String> changes = new ArrayList<>();
        identity(pod, right, onNode != null, baseline != null).ifPresent(changes::add);
        if (pod != null) {
            ManifestMeaning meaning = new ManifestMeaning(pod.fields(), right == null ? null : right.fields());
            meaning.compare();
            changes.addAll(meaning.changes);
        }
        List<String> warnings =
                PodWarnings.of(pod == null ? null : pod.fields(), right == null ? null : right.fields());
        return new Meaning(
                MeaningStatus.COMPARED,
                changes.isEmpty() ? same(pod) : "",
                bounded(changes, MOST_CHANGES),
                bounded(warnings, MOST_WARNINGS));
    }

    private static String same(Document.@Nullable Pod pod) {
        return pod == null
                ? "Neither side is a pod: kubelet runs nothing from this file."
                : "Both sides are the same pod; only layout, comments or order may differ.";
    }

    private static List<String> bounded(List<String> sentences, int most) {
        List<String> kept = sentences.stream()
                .limit(most)
                .map(sentence -> PlainText.line(sentence, LONGEST_SENTENCE))
                .collect(Collectors.toCollection(ArrayList::new));
        if (sentences.size() > most) {
            kept.add("And " + (sentences.size() - most) + " more.");
        }
        return kept;
    }

    private static Optional<String> identity(
            Document.@Nullable Pod pod, Document.@Nullable Pod right, boolean onNode, boolean inBaseline) {
        if (pod == null && right == null) {
            return Optional.empty();
        }
        if (right == null) {
            return Optional.of("The file runs the static pod " + name(pod) + "; the baseline "
                    + (inBaseline ? "has another thing in its place." : "has no such file."));
        }
        if (pod == null) {
            return Optional.of("The static pod " + name(right) + " of the baseline is not run: the file "
                    + (onNode ? "on the node is no pod." : "is missing on the node."));
        }
        return name(pod).equals(name(right))
                ? Optional.empty()
                : Optional.of("The pod is " + name(pod) + " on the node, " + name(right) + " in the baseline.");
    }

    private static String name(Document.@Nullable Pod pod) {
        return StaticPodManifest.identity(Objects.requireNonNull(pod).fields()) instanceof Reading.StaticPod named
                ? named.key()
                : "without a valid name";
    }

    private void compare() {
        if (isNamed(found) && isNamed(approved)) {
            said(List.of("metadata", "name"), List.of("metadata", "namespace"));
        }
        Map<?, ?> metadata = map(found.get("metadata"));
        value("metadata.uid", metadata.get("uid"), map(approved.get("metadata")).get("uid"));
        said(List.of("metadata", "uid"));
        Map<?, ?> spec = map(found.get("spec"));
        Map<?, ?> right = map(approved.get("spec"));
        for (HostNamespace one : HOST_NAMESPACES) {
            truth(one.shared(), List.of("spec", one.field()), spec.get(one.field()), right.get(one.field()));
        }
        // the second is the older name, which Kubernetes still reads
        for (String field : List.of("serviceAccountName", "serviceAccount")) {
            value("The service account (" + field + ")", spec.get(field), right.get(field));
            said(List.of("spec", field));
        }
        hostPaths(spec, right);
        for (String field : CONTAINERS) {
            containers(field, named(spec.get(field)), named(right.get(field)));
        }
        if (known) {
            others();
        }
    }

    private static boolean isNamed(Map<?, ?> fields) {
        return StaticPodManifest.identity(fields) instanceof Reading.StaticPod;
    }

    private void hostPaths(Map<?, ?> spec, Map<?, ?> right) {
        Map<String, Map<?, ?>> volumes = named(spec.get("volumes"));
        Map<String, Map<?, ?>> approvedVolumes = named(right.get("volumes"));
        for (String name : union(volumes, approvedVolumes)) {
            Object now =
                    map(volumes.getOrDefault(name, Map.of()).get("hostPath")).get("path");
            Object was = map(approvedVolumes.getOrDefault(name, Map.of()).get("hostPath"))
                    .get("path");
            if (now != null && was == null) {
                changes.add(only("The host's path " + show(now) + " is given to the pod as volume " + label(name)));
            } else if (now == null && was != null) {
                changes.add("The host's path " + show(was) + " is given to the pod as volume " + label(name)
                        + " in the baseline, not on the node.");
            } else {
                value("Volume " + label(name) + ": the host's path", now, was);
            }
            said(List.of("spec", "volumes", name, "hostPath", "path"));
            if ((now == null) != (was == null)) {
                said(List.of("spec", "volumes", name, "hostPath"), List.of("spec", "volumes", name));
            }
        }
    }

    private void containers(String field, Map<String, Map<?, ?>> now, Map<String, Map<?, ?>> right) {
        for (String name : union(now, right)) {
            String container = (field.equals("initContainers") ? "Init container " : "Container ") + label(name);
            List<String> path = List.of("spec", field, name);
            if (now.get(name) == null) {
                changes.add(container + " is in the baseline, not on the node.");
                said(path);
            } else {
                container(container, path, now.get(name), right.get(name));
            }
        }
    }

    private void container(String container, List<String> path, Map<?, ?> now, @Nullable Map<?, ?> was) {
        if (was == null) {
            changes.add(only(container + " runs image " + show(now.get("image"))));
            said(path);
        } else {
            value(container + ": the image", now.get("image"), was.get("image"));
            said(append(path, "image"));
        }
        Map<?, ?> security = map(now.get("securityContext"));
        Map<?, ?> approvedSecurity = was == null ? Map.of() : map(was.get("securityContext"));
        List<String> securityPath = append(path, "securityContext");
        truth(
                container + " is privileged",
                append(securityPath, "privileged"),
                security.get("privileged"),
                approvedSecurity.get("privileged"));
        value(container + ": the list of added capabilities", capabilities(security), capabilities(approvedSecurity));
        said(append(append(securityPath, "capabilities"), "add"));
        arguments(container, path, now, was);
    }

    private static @Nullable String capabilities(Map<?, ?> security) {
        Object added = map(security.get("capabilities")).get("add");
        return added instanceof List<?> list && list.isEmpty() ? null : added == null ? null : added.toString();
    }

    private void arguments(String container, List<String> path, Map<?, ?> now, @Nullable Map<?, ?> was) {
        Optional<Arguments> found = Arguments.of(now);
        Optional<Arguments> right = Arguments.of(was == null ? Map.of() : was);
        if (found.isEmpty() || right.isEmpty()) {
            return;
        }
        said(append(path, "command"), append(path, "args"));
        if (was == null) {
            if (!found.get().words().isEmpty()) {
                changes.add(container + " is started as: " + line(found.get().words()));
            }
            return;
        }
        int before = changes.size();
        if (!found.get().plain().equals(right.get().plain())) {
            changes.add(container + " is started as \"" + line(found.get().plain()) + "\" on the node, \""
                    + line(right.get().plain()) + "\" in the baseline.");
        }
        for (String flag : union(found.get().flags(), right.get().flags())) {
            flag(
                    container,
                    flag,
                    found.get().flags().get(flag),
                    right.get().flags().get(flag));
        }
        boolean moved = !Objects.equals(now.get("command"), was.get("command"))
                || !Objects.equals(now.get("args"), was.get("args"));
        if (before == changes.size() && moved) {
            changes.add(container + ": its command and arguments have another order or form.");
        }
    }

    private void flag(
            String container, String name, @Nullable List<@Nullable String> now, @Nullable List<@Nullable String> was) {
        if (Objects.equals(now, was)) {
            return;
        }
        String flag = label(name);
        if (was == null) {
            changes.add(container + ": flag " + assigned(flag, Objects.requireNonNull(now))
                    + " is on the node, not in the baseline.");
        } else if (now == null) {
            changes.add(container + ": flag " + assigned(flag, was) + " of the baseline is missing on the node.");
        } else {
            changes.add(container + ": flag " + assigned(flag, now) + " on the node, " + assigned(flag, was)
                    + " in the baseline.");
        }
    }

    private static String assigned(String flag, List<@Nullable String> values) {
        return values.stream()
                .limit(5)
                .map(value ->
                        value == null ? flag : flag + "=" + (KeyMaterial.named(flag) ? "(not shown)" : show(value)))
                .collect(Collectors.joining(" "));
    }

    private static String line(List<String> words) {
        return show(words.stream()
                .map(word -> word.startsWith("-")
                                && word.contains("=")
                                && KeyMaterial.named(word.substring(0, word.indexOf('=')))
                        ? word.substring(0, word.indexOf('=')) + "=(not shown)"
                        : word)
                .collect(Collectors.joining(" ")));
    }

    private void value(String what, @Nullable Object now, @Nullable Object was) {
        if (Objects.equals(now, was)) {
            return;
        }
        if (was == null) {
            changes.add(only(what + " is " + show(now)));
        } else if (now == null) {
            changes.add(what + " is " + show(was) + " in the baseline, not set on the node.");
        } else {
            changes.add(what + " is " + show(now) + " on the node, " + show(was) + " in the baseline.");
        }
    }

    private void truth(String sentence, List<String> path, @Nullable Object now, @Nullable Object was) {
        boolean is = isTrue(now);
        if (is != isTrue(was)) {
            changes.add(is ? only(sentence) : sentence + " in the baseline, not on the node.");
            said(path);
        } else if (isTruth(now) && isTruth(was)) {
            // no value means false
            said(path);
        }
    }

    /** Also as text, which kubelet refuses today: rather once too often. */
    private static boolean isTrue(@Nullable Object value) {
        return Boolean.TRUE.equals(value) || "true".equals(value);
    }

    private static boolean isTruth(@Nullable Object value) {
        return value == null || value instanceof Boolean;
    }

    private String only(String sentence) {
        return sentence + (known ? " on the node, not in the baseline." : ".");
    }

    /** Fields that differ and that no sentence is about, by name only: their values may be anything, secrets too. */
    private void others() {
        List<String> others = new ArrayList<>();
        others(List.of(), found, approved, others);
        if (!others.isEmpty()) {
            changes.add("Also different: " + others.stream().limit(MOST_OTHERS).collect(Collectors.joining(", "))
                    + (others.size() > MOST_OTHERS ? " and " + (others.size() - MOST_OTHERS) + " more." : "."));
        }
    }

    private void others(List<String> path, @Nullable Object now, @Nullable Object was, List<String> others) {
        if (said.contains(path) || Objects.equals(now, was)) {
            return;
        }
        if (isMap(now, was) || isMap(was, now)) {
            for (String key : union(map(now), map(was))) {
                others(append(path, key), map(now).get(key), map(was).get(key), others);
            }
        } else if (isNamed(now, was) || isNamed(was, now)) {
            Map<String, Map<?, ?>> items = named(now);
            Map<String, Map<?, ?>> otherItems = named(was);
            for (String key : union(items, otherItems)) {
                boolean both = items.containsKey(key) && otherItems.containsKey(key);
                others(
                        append(path, key),
                        both ? items.get(key) : items.containsKey(key),
                        both ? otherItems.get(key) : otherItems.containsKey(key),
                        others);
            }
        } else {
            others.add(show(String.join(".", path)));
        }
    }

    /** A structure with fields against another, or against nothing: then its fields are what differs. */
    private static boolean isMap(@Nullable Object one, @Nullable Object other) {
        return one instanceof Map<?, ?> map && (other instanceof Map<?, ?> || (other == null && !map.isEmpty()));
    }

    private static boolean isNamed(@Nullable Object one, @Nullable Object other) {
        return one instanceof List<?> list
                && hasNames(list)
                && (other instanceof List<?> all ? hasNames(all) : other == null && !list.isEmpty());
    }

    private static boolean hasNames(List<?> list) {
        return list.stream().allMatch(item -> item instanceof Map<?, ?> map && map.get("name") instanceof String);
    }

    /** Items by their name, or by their place where a name is missing or taken; nothing of what is no list of maps. */
    static Map<String, Map<?, ?>> named(@Nullable Object list) {
        Map<String, Map<?, ?>> items = new LinkedHashMap<>();
        if (list instanceof List<?> all) {
            for (int i = 0; i < all.size(); i++) {
                if (all.get(i) instanceof Map<?, ?> item) {
                    String name = item.get("name") instanceof String text ? text : "";
                    while (name.isEmpty() || items.containsKey(name)) {
                        name += "#" + (i + 1);
                    }
                    items.put(name, item);
                }
            }
        }
        return items;
    }

    private static Set<String> union(Map<?, ?> one, Map<?, ?> other) {
        Set<String> keys = new LinkedHashSet<>();
        one.keySet().forEach(key -> keys.add((String) key));
        other.keySet().forEach(key -> keys.add((String) key));
        return keys;
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    /** Kubernetes' names have 63 characters at most; a longer one must not push the rest of its sentence out. */
    private static String label(String name) {
        return KeyMaterial.in(name) ? "(not shown)" : PlainText.line(name, 64);
    }

    private static List<String> append(List<String> path, String field) {
        List<String> longer = new ArrayList<>(path);
        longer.add(field);
        return longer;
    }

    @SafeVarargs
    private void said(List<String>... paths) {
        said.addAll(List.of(paths));
    }

    private static String show(@Nullable Object value) {
        if (value instanceof Map<?, ?> || value instanceof List<?>) {
            return "(a structure)";
        }
        String text = String.valueOf(value);
        return KeyMaterial.in(text) ? "(not shown)" : PlainText.line(text, LONGEST_VALUE);
    }
}
