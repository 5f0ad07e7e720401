package dev.drawbridge.verification;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether a pod that kubelet has is the one of a manifest. Kubelet adds defaults, so what it has may hold more than the manifest; but nothing
 * of what makes a pod dangerous has a default that is more than nothing.
 */
final class PodDifference {
    /** What kubelet and the cluster themselves write. */
    private static final Pattern OWN_ANNOTATION = Pattern.compile("kubernetes\\.io/config\\..*");

    private static final List<String> CONTAINERS = List.of("containers", "initContainers", "ephemeralContainers");
    private static final List<String> HOST = List.of("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace");
    private static final Pattern QUANTITY =
            Pattern.compile("([+-]?[0-9]{1,30}(?:\\.[0-9]{1,30})?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?");
    private static final List<String> DECIMAL = List.of("n", "u", "m", "", "k", "M", "G", "T", "P", "E");
    private static final List<String> BINARY = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
    private static final int MOST = 5;

    private final List<String> found = new ArrayList<>();

    private PodDifference() {}

    /**
     * Fields that differ, at most five; never their values, which may be secrets. Empty when the pod is the manifest's.
     *
     * @param manifest the pod of the baseline
     * @param kubelet the pod that kubelet has
     */
    static List<String> of(Map<?, ?> manifest, Map<?, ?> kubelet) {
        PodDifference difference = new PodDifference();
        difference.wanted("spec", manifest.get("spec"), kubelet.get("spec"));
        difference.metadata(map(manifest.get("metadata")), map(kubelet.get("metadata")));
        difference.added(map(manifest.get("spec")), map(kubelet.get("spec")));
        List<String> all = new ArrayList<>(new TreeSet<>(difference.found));
        return all.size() <= MOST ? all : all.subList(0, MOST);
    }

    private void metadata(Map<?, ?> manifest, Map<?, ?> kubelet) {
        for (String field : List.of("labels", "annotations")) {
            Map<?, ?> wanted = map(manifest.get(field));
            Map<Object, Object> has = new LinkedHashMap<>(map(kubelet.get(field)));
            has.keySet().removeIf(key -> OWN_ANNOTATION.matcher(key.toString()).matches());
            wanted("metadata." + field, wanted, has);
            if (!text(wanted.keySet()).containsAll(text(has.keySet()))) {
                found.add("metadata." + field);
            }
        }
    }

    /** Everything that the manifest says must be there. */
    private void wanted(String path, @Nullable Object manifest, @Nullable Object kubelet) {
        if (nothing(manifest)) {
            if (manifest instanceof Boolean && !nothing(kubelet)) {
                found.add(path);
            }
            return;
        }
        if (manifest instanceof Map<?, ?> fields) {
            fields.forEach(
                    (key, value) -> wanted(path + "." + key, value, map(kubelet).get(key)));
        } else if (manifest instanceof List<?> items) {
            list(path, items, kubelet instanceof List<?> list ? list : List.of());
        } else if (!equal(manifest, kubelet)) {
            found.add(path);
        }
    }

    private void list(String path, List<?> manifest, List<?> kubelet) {
        boolean objects = manifest.stream().allMatch(Map.class::isInstance);
        if (!objects) {
            if (!manifest.stream()
                    .map(String::valueOf)
                    .toList()
                    .equals(kubelet.stream().map(String::valueOf).toList())) {
                found.add(path);
            }
            return;
        }
        Map<String, Map<?, ?>> named = named(kubelet);
        for (Object item : manifest) {
            Object name = map(item).get("name");
            Map<?, ?> same = name == null ? null : named.get(name.toString());
            if (same != null && !repeats(path)) {
                wanted(path + "[" + name + "]", item, same);
            } else if (kubelet.stream().noneMatch(candidate -> holds(item, candidate))) {
                found.add(path + (name == null ? "" : "[" + name + "]"));
            }
        }
    }

    /** Lists of objects whose names are not keys. */
    private static boolean repeats(String path) {
        return path.endsWith(".volumeMounts");
    }

    private static boolean holds(Object wanted, @Nullable Object candidate) {
        PodDifference difference = new PodDifference();
        difference.wanted("", wanted, candidate);
        return difference.found.isEmpty();
    }

    /** What kubelet must not have besides. */
    private void added(Map<?, ?> manifest, Map<?, ?> kubelet) {
        for (String field : HOST) {
            if (isTrue(kubelet.get(field)) && !isTrue(manifest.get(field))) {
                found.add("spec." + field);
            }
        }
        onlyNamed("spec.volumes", manifest.get("volumes"), kubelet.get("volumes"));
        for (String field : CONTAINERS) {
            Map<String, Map<?, ?>> wanted = named(manifest.get(field));
            onlyNamed("spec." + field, manifest.get(field), kubelet.get(field));
            named(kubelet.get(field)).forEach((name, container) -> {
                Map<?, ?> same = wanted.getOrDefault(name, Map.of());
                addedToContainer("spec." + field + "[" + name + "]", same, container);
            });
        }
    }

    private void addedToContainer(String path, Map<?, ?> manifest, Map<?, ?> kubelet) {
        for (String field : List.of("command", "args")) {
            if (nothing(manifest.get(field)) && !nothing(kubelet.get(field))) {
                found.add(path + "." + field);
            }
        }
        onlyNamed(path + ".env", manifest.get("env"), kubelet.get("env"));
        if (!nothing(kubelet.get("envFrom")) && nothing(manifest.get("envFrom"))) {
            found.add(path + ".envFrom");
        }
        if (!mounts(manifest).containsAll(mounts(kubelet))) {
            found.add(path + ".volumeMounts");
        }
        Map<?, ?> wanted = map(manifest.get("securityContext"));
        Map<?, ?> has = map(kubelet.get("securityContext"));
        if (isTrue(has.get("privileged")) && !isTrue(wanted.get("privileged"))) {
            found.add(path + ".securityContext.privileged");
        }
        if (!capabilities(wanted).containsAll(capabilities(has))) {
            found.add(path + ".securityContext.capabilities");
        }
    }

    private void onlyNamed(String path, @Nullable Object manifest, @Nullable Object kubelet) {
        if (!named(manifest).keySet().containsAll(named(kubelet).keySet())) {
            found.add(path);
        }
    }

    private static Set<String> mounts(Map<?, ?> container) {
        Set<String> mounts = new TreeSet<>();
        if (container.get("volumeMounts") instanceof List<?> list) {
            list.forEach(mount ->
                    mounts.add(map(mount).get("name") + " " + map(mount).get("mountPath")));
        }
        return mounts;
    }

    private static Set<String> capabilities(Map<?, ?> security) {
        return map(security.get("capabilities")).get("add") instanceof List<?> added ? text(added) : Set.of();
    }

    private static Set<String> text(Iterable<?> values) {
        Set<String> text = new TreeSet<>();
        values.forEach(value -> text.add(String.valueOf(value)));
        return text;
    }

    private static Map<String, Map<?, ?>> named(@Nullable Object list) {
        Map<String, Map<?, ?>> named = new TreeMap<>();
        if (list instanceof List<?> items) {
            for (Object item : items) {
                named.put(String.valueOf(map(item).get("name")), map(item));
            }
        }
        return named;
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    /** What JSON leaves out: kubelet's answer has no field for it. */
    private static boolean nothing(@Nullable Object value) {
        return value == null
                || value.equals("")
                || Boolean.FALSE.equals(value)
                || value instanceof Map<?, ?> map && map.isEmpty()
                || value instanceof List<?> list && list.isEmpty();
    }

    private static boolean isTrue(@Nullable Object value) {
        return Boolean.TRUE.equals(value) || "true".equals(value);
    }

    /** Kubelet writes numbers as it likes: 0.1 as 100m. */
    private static boolean equal(Object manifest, @Nullable Object kubelet) {
        if (String.valueOf(manifest).equals(String.valueOf(kubelet))) {
            return true;
        }
        if (kubelet == null) {
            return manifest instanceof Number number && number.doubleValue() == 0;
        }
        BigDecimal wanted = quantity(manifest.toString());
        return wanted != null && Objects.equals(wanted, quantity(kubelet.toString()));
    }

    private static @Nullable BigDecimal quantity(String text) {
        Matcher matcher = QUANTITY.matcher(text);
        if (!matcher.matches()) {
            return null;
        }
        String unit = Objects.requireNonNullElse(matcher.group(2), "");
        BigDecimal value = new BigDecimal(matcher.group(1));
        BigDecimal scaled = DECIMAL.contains(unit)
                ? value.scaleByPowerOfTen(3 * (DECIMAL.indexOf(unit) - DECIMAL.indexOf("")))
                : value.multiply(BigDecimal.valueOf(1024).pow(BINARY.indexOf(unit)));
        return scaled.stripTrailingZeros();
    }
}
