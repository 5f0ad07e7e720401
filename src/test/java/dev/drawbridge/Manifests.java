package dev.drawbridge;

import dev.drawbridge.containment.Right;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The manifests in {@code docker/kubernetes}, put together as kustomize would, as far as ours use it: resources and components. */
public final class Manifests {
    public static final Path ROOT = Path.of("docker/kubernetes");

    /** What every authenticated client may do in any cluster, by the role {@code system:basic-user}: granted by no manifest. */
    public static final Set<Right> EVERYBODY =
            Set.of(new Right("create", "authorization.k8s.io", "selfsubjectaccessreviews"));

    private Manifests() {}

    /** Every document of a file. */
    public static List<Map<String, Object>> read(Path file) {
        try {
            LoaderOptions strict = new LoaderOptions();
            strict.setAllowDuplicateKeys(false);
            List<Map<String, Object>> documents = new ArrayList<>();
            for (Object document : new Yaml(new SafeConstructor(strict)).loadAll(Files.readString(file))) {
                documents.add(map(document));
            }
            return documents;
        } catch (IOException missing) {
            throw new UncheckedIOException(missing);
        }
    }

    /** Every object that a kustomization in this directory brings, those of its components included. */
    public static List<Map<String, Object>> build(Path directory) {
        return files(directory).stream().flatMap(file -> read(file).stream()).toList();
    }

    /** The files of those objects. */
    static List<Path> files(Path directory) {
        Map<String, Object> kustomization =
                read(directory.resolve("kustomization.yaml")).get(0);
        return Stream.of("resources", "components")
                .flatMap(part -> strings(kustomization.get(part)).stream())
                .map(entry -> directory.resolve(entry).normalize())
                .flatMap(path -> Files.isDirectory(path) ? files(path).stream() : Stream.of(path))
                .distinct()
                .toList();
    }

    /** What the roles among these objects grant. */
    public static Set<Right> granted(List<Map<String, Object>> objects) {
        Set<Right> granted = new TreeSet<>();
        for (Map<String, Object> role : objects) {
            if ("ClusterRole".equals(role.get("kind"))) {
                list(role.get("rules")).forEach(rule -> granted.addAll(rights(map(rule))));
            }
        }
        return granted;
    }

    /** What the roles of one namespace among these objects grant there. */
    public static Set<Right> grantedIn(List<Map<String, Object>> objects, String namespace) {
        Set<Right> granted = new TreeSet<>();
        for (Map<String, Object> role : objects) {
            if ("Role".equals(role.get("kind"))
                    && namespace.equals(map(role.get("metadata")).get("namespace"))) {
                list(role.get("rules")).forEach(rule -> granted.addAll(rights(map(rule))));
            }
        }
        return granted;
    }

    private static List<Right> rights(Map<String, Object> rule) {
        List<Right> rights = new ArrayList<>();
        for (String verb : strings(rule.get("verbs"))) {
            strings(rule.get("nonResourceURLs")).forEach(path -> rights.add(Right.core(verb, path)));
            for (String group : strings(rule.get("apiGroups"))) {
                strings(rule.get("resources")).forEach(resource -> rights.add(new Right(verb, group, resource)));
            }
        }
        return rights;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }

    static List<Object> list(Object value) {
        return value == null
                ? List.of()
                : StreamSupport.stream(((Iterable<?>) value).spliterator(), false)
                        .map(Object.class::cast)
                        .toList();
    }

    static List<String> strings(Object value) {
        return list(value).stream().map(String.class::cast).toList();
    }
}
