package dev.drawbridge.investigation;

import co.elastic.clients.elasticsearch._types.query_dsl.Query;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.Digest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the alerts of one host claim, put together so that a storm of alerts costs no more searches than one. Every text is
 * untrusted; values that no index could hold are left out.
 *
 * @param processes entity ids of the processes that touched files, and of their ancestors, the closest first
 * @param actors those of {@code processes} that touched files themselves
 * @param now when it is asked
 * @param truncated some processes or paths were left out
 */
record Subject(
        @Nullable String agentId,
        @Nullable String hostId,
        String host,
        Instant first,
        Instant last,
        Instant now,
        Set<String> processes,
        Set<String> actors,
        Set<String> userNames,
        Set<String> userIds,
        Set<String> paths,
        Set<Digest> digests,
        boolean truncated) {
    private static final int MOST_PROCESSES = 64;
    private static final int MOST_USERS = 16;
    private static final int MOST_PATHS = 32;
    private static final int MOST_DIGESTS = 32;

    /** A claimed time further back than this would make every search a search over everything. */
    private static final Duration OLDEST_EVENT = Duration.ofDays(365);

    /** One subject per host that the alerts name, in the order of the alerts. */
    static List<Subject> of(List<Alert> alerts, Instant now) {
        Map<List<@Nullable String>, List<Alert>> byHost = new LinkedHashMap<>();
        for (Alert alert : alerts) {
            List<@Nullable String> host = new ArrayList<>();
            host.add(alert.agentId());
            host.add(alert.hostId());
            host.add(alert.host());
            byHost.computeIfAbsent(host, unused -> new ArrayList<>()).add(alert);
        }
        return byHost.values().stream().map(same -> ofOneHost(same, now)).toList();
    }

    private static Subject ofOneHost(List<Alert> alerts, Instant now) {
        Alert one = alerts.get(0);
        Set<String> actors =
                searchable(alerts.stream().map(alert -> alert.process().entityId()));
        Set<String> processes = new LinkedHashSet<>(actors);
        processes.addAll(searchable(alerts.stream().flatMap(alert -> alert.process().ancestry().stream())));
        Set<String> paths = searchable(alerts.stream().flatMap(alert -> Stream.of(alert.path(), alert.originalPath())));
        Set<Digest> digests = new LinkedHashSet<>();
        alerts.stream().map(Alert::fileDigest).filter(Objects::nonNull).forEach(digests::add);
        List<Instant> times = alerts.stream()
                .map(alert -> clamped(alert.eventTime(), now))
                .sorted()
                .toList();
        return new Subject(
                searchable(one.agentId()),
                searchable(one.hostId()),
                one.host(),
                times.get(0),
                times.get(times.size() - 1),
                now,
                first(MOST_PROCESSES, processes),
                first(MOST_PROCESSES, actors),
                first(
                        MOST_USERS,
                        searchable(alerts.stream()
                                .flatMap(alert -> Stream.of(
                                        alert.user().realName(), alert.user().name())))),
                first(
                        MOST_USERS,
                        searchable(alerts.stream()
                                .flatMap(alert -> Stream.of(
                                        alert.user().realId(), alert.user().id())))),
                first(MOST_PATHS, paths),
                first(MOST_DIGESTS, digests),
                processes.size() > MOST_PROCESSES
                        || paths.size() > MOST_PATHS
                        || digests.size() > MOST_DIGESTS
                        || alerts.stream().anyMatch(Subject::holdsUnsearchable));
    }

    /** Filters for the events that this host's own sensor wrote; empty when the alerts name no host. */
    List<Query> ownEvents() {
        if (agentId != null) {
            return List.of(EventQuery.term("agent.id", agentId));
        }
        return onHost();
    }

    /** Filters for all events of this host, whichever integration wrote them. */
    List<Query> onHost() {
        List<Query> either = new ArrayList<>();
        if (hostId != null) {
            either.add(EventQuery.term("host.id", hostId));
        }
        if (searchable(host) != null) {
            either.add(EventQuery.term("host.name", host));
        }
        return either.isEmpty() ? List.of() : List.of(EventQuery.anyOf(either));
    }

    private static boolean holdsUnsearchable(Alert alert) {
        return alert.path().length() > EventQuery.LONGEST_TERM
                || alert.process().ancestry().stream().anyMatch(id -> id.length() > EventQuery.LONGEST_TERM);
    }

    private static Instant clamped(Instant claimed, Instant now) {
        Instant oldest = now.minus(OLDEST_EVENT);
        return claimed.isAfter(now) ? now : claimed.isBefore(oldest) ? oldest : claimed;
    }

    private static Set<String> searchable(Stream<@Nullable String> values) {
        Set<String> kept = new LinkedHashSet<>();
        values.map(Subject::searchable).filter(Objects::nonNull).forEach(kept::add);
        return kept;
    }

    private static @Nullable String searchable(@Nullable String value) {
        return value == null || value.isEmpty() || value.length() > EventQuery.LONGEST_TERM ? null : value;
    }

    private static <T> Set<T> first(int most, Set<T> values) {
        Set<T> kept = new LinkedHashSet<>();
        values.stream().limit(most).forEach(kept::add);
        return kept;
    }
}
