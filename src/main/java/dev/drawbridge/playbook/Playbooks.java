package dev.drawbridge.playbook;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Loads all playbooks once, at start, and refuses to start with one that cannot be used. */
@Component
class Playbooks implements PlaybookCatalogue, SmartInitializingSingleton {
    private static final Logger log = LoggerFactory.getLogger(Playbooks.class);
    private static final String BUNDLED = "classpath*:playbooks/*.yaml";

    private final JdbcClient jdbc;
    private final ObjectProvider<KnownWorkflows> workflows;
    private final PlaybookReader reader = new PlaybookReader();
    private final Map<String, PlaybookReader.Read> loaded;
    private final Map<String, Playbook> versions = new ConcurrentHashMap<>();

    Playbooks(PlaybookProperties properties, JdbcClient jdbc, Clock clock, ObjectProvider<KnownWorkflows> workflows) {
        this.jdbc = jdbc;
        this.workflows = workflows;
        List<PlaybookProblem> problems = new ArrayList<>();
        Map<String, PlaybookReader.Read> byName = new TreeMap<>();
        if (properties.bundled()) {
            byName.putAll(distinct(bundled(), problems));
        }
        if (properties.directory() != null) {
            byName.putAll(distinct(directory(properties.directory(), problems), problems));
        }
        problems.addAll(claimedTwice(byName.values()));
        if (problems.isEmpty() && byName.isEmpty()) {
            problems.add(new PlaybookProblem(
                    String.valueOf(properties.directory()), 0, "", "no playbook: no alert could be answered"));
        }
        stopOn(problems);
        this.loaded = byName;
        byName.values().forEach(read -> keep(read, clock));
    }

    private static void stopOn(List<PlaybookProblem> problems) {
        if (!problems.isEmpty()) {
            throw new InvalidPlaybooksException(problems);
        }
    }

    @Override
    public void afterSingletonsInstantiated() {
        KnownWorkflows known = workflows.getIfAvailable();
        if (known == null) {
            return; // without an engine there is nothing to compare with
        }
        Set<String> ids = known.ids();
        stopOn(loaded.values().stream()
                .filter(read -> !ids.contains(playbook(read).workflow()))
                .map(read -> read.document().problem("/spec/workflow", "no such workflow; there are " + ids))
                .toList());
    }

    private List<PlaybookReader.Read> bundled() {
        try {
            List<PlaybookReader.Read> reads = new ArrayList<>();
            for (Resource resource : new PathMatchingResourcePatternResolver().getResources(BUNDLED)) {
                reads.add(reader.read(
                        "playbooks/" + resource.getFilename(), resource.getContentAsString(StandardCharsets.UTF_8)));
            }
            return reads;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private List<PlaybookReader.Read> directory(Path directory, List<PlaybookProblem> problems) {
        if (!Files.isDirectory(directory)) {
            problems.add(new PlaybookProblem(
                    directory.toString(), 0, "", "drawbridge.playbook.directory is not a directory"));
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            List<PlaybookReader.Read> reads = new ArrayList<>();
            for (Path file : files.filter(Playbooks::isYaml).sorted().toList()) {
                reads.add(reader.read(file.toString(), Files.readString(file)));
            }
            return reads;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static boolean isYaml(Path file) {
        String name = file.getFileName().toString();
        return (name.endsWith(".yaml") || name.endsWith(".yml")) && !name.startsWith(".");
    }

    private static Map<String, PlaybookReader.Read> distinct(
            List<PlaybookReader.Read> reads, List<PlaybookProblem> problems) {
        Map<String, PlaybookReader.Read> byName = new LinkedHashMap<>();
        for (PlaybookReader.Read read : reads) {
            problems.addAll(read.problems());
            if (read.playbook() == null) {
                continue;
            }
            PlaybookReader.Read other = byName.putIfAbsent(read.playbook().name(), read);
            if (other != null) {
                problems.add(read.document()
                        .problem("/metadata/name", "a playbook of this name is in " + other.file() + " already"));
            }
        }
        return byName;
    }

    /** One rule, one answer: which of two playbooks is meant must not depend on the order of files. */
    private static List<PlaybookProblem> claimedTwice(Collection<PlaybookReader.Read> reads) {
        List<PlaybookProblem> problems = new ArrayList<>();
        Map<String, String> claimed = new LinkedHashMap<>();
        for (PlaybookReader.Read read : reads) {
            playbook(read).match().rules().forEach((source, rules) -> {
                int i = 0;
                for (String rule : rules) {
                    String other = claimed.putIfAbsent(source + "\n" + rule, read.file());
                    if (other != null) {
                        problems.add(read.document()
                                .problem(
                                        "/spec/match/rules/" + source + "/" + i,
                                        "the rule is answered by " + other + " already"));
                    }
                    i++;
                }
            });
        }
        return problems;
    }

    private void keep(PlaybookReader.Read read, Clock clock) {
        Playbook playbook = playbook(read);
        versions.put(key(playbook.name(), playbook.version()), playbook);
        try {
            jdbc.sql("""
                            insert into playbook_version (name, version, loaded_at, content)
                            values (:name, :version, :at, :content)""")
                    .param("name", playbook.name())
                    .param("version", playbook.version())
                    .param(
                            "at",
                            OffsetDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC))
                    .param("content", read.text())
                    .update();
            log.info("playbook {} {} is new", playbook.name(), playbook.version());
        } catch (DuplicateKeyException loadedBefore) {
            log.debug("playbook {} {} is known", playbook.name(), playbook.version());
        }
    }

    @Override
    public List<Playbook> all() {
        return loaded.values().stream().map(Playbooks::playbook).toList();
    }

    @Override
    public Optional<Playbook> match(Alert alert) {
        return loaded.values().stream()
                .map(Playbooks::playbook)
                .filter(playbook -> playbook.match()
                        .rules()
                        .getOrDefault(alert.source(), Set.of())
                        .contains(alert.ruleId()))
                .findFirst();
    }

    @Override
    public Playbook get(String name, String version) {
        return versions.computeIfAbsent(
                key(name, version),
                key -> reader.readStored(
                        name,
                        jdbc.sql("select content from playbook_version where name = :name and version = :version")
                                .param("name", name)
                                .param("version", version)
                                .query(String.class)
                                .single()));
    }

    @Override
    public Optional<Playbook.Exclusion> exclusionFor(Playbook playbook, Alert alert) {
        return playbook.exclusions().stream()
                .filter(exclusion -> applies(exclusion, alert))
                .findFirst();
    }

    private static boolean applies(Playbook.Exclusion exclusion, Alert alert) {
        Alert.UserFacts user = alert.user();
        return fits(exclusion.executables(), alert.process().executable())
                && fits(exclusion.users(), user.realName() != null ? user.realName() : user.name())
                && fits(
                        exclusion.sha256(),
                        alert.fileDigest() == null ? null : alert.fileDigest().hex())
                && (exclusion.paths().isEmpty() || pathFits(exclusion.paths(), alert))
                && (exclusion.hosts().isEmpty()
                        || exclusion.hosts().stream().anyMatch(host -> hostFits(host, alert.host())))
                && (exclusion.changeWindows().isEmpty()
                        || exclusion.changeWindows().stream()
                                .anyMatch(window -> ChangeWindow.parse(window).contains(alert.eventTime())));
    }

    /** What an alert does not say never fits: an exclusion must be proven, not presumed. */
    private static boolean fits(List<String> allowed, @org.jspecify.annotations.Nullable String claimed) {
        return allowed.isEmpty() || (claimed != null && allowed.contains(claimed));
    }

    private static boolean pathFits(List<String> patterns, Alert alert) {
        Optional<NodePath> path = alert.normalisedPath();
        return path.isPresent() && new WatchedSet(patterns).contains(path.get());
    }

    private static boolean hostFits(String pattern, String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return pattern.endsWith("*")
                ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                : name.equals(pattern);
    }

    private static Playbook playbook(PlaybookReader.Read read) {
        if (read.playbook() == null) {
            throw new IllegalStateException("a playbook with problems was loaded");
        }
        return read.playbook();
    }

    private static String key(String name, String version) {
        return name + "@" + version;
    }
}
