package dev.drawbridge.investigation;

import co.elastic.clients.elasticsearch._types.query_dsl.Query;
import dev.drawbridge.shared.PlainText;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who came onto the host as that user, from where: by the system's log of logins, and by the sessions that processes belong to.
 * Either may be missing: the first needs an integration of its own, the second only the sensor.
 */
final class LoginQuestion implements Question {
    private static final List<String> LOGIN_FIELDS = List.of(
            "@timestamp", "event.action", "event.outcome", "user.name", "source.ip", "process.name", "system.auth.ssh");
    private static final List<String> SESSION_FIELDS = List.of(
            "@timestamp",
            "user.name",
            "user.id",
            "process.real_user.name",
            "user.Ext.real.name",
            "process.entry_leader.entity_id",
            "process.entry_leader.entry_meta.type",
            "process.entry_leader.entry_meta.source.ip",
            "process.entry_leader.user.name");

    private final ElasticsearchProperties properties;

    LoginQuestion(ElasticsearchProperties properties) {
        this.properties = properties;
    }

    @Override
    public String title() {
        return "Logins of the user";
    }

    @Override
    public List<Part> ask(EventReader events, Subject subject, Deadline deadline) {
        return List.of(logins(events, subject, deadline), sessions(events, subject, deadline));
    }

    private Part logins(EventReader events, Subject subject, Deadline deadline) {
        String source = String.join(",", properties.loginIndices());
        if (subject.userNames().isEmpty() || subject.onHost().isEmpty()) {
            return Part.notAvailable(source, "the alert names no user that could be looked up");
        }
        Query login = EventQuery.anyOf(List.of(
                EventQuery.terms("event.action", List.of("ssh_login", "logged-on", "logged-in")),
                EventQuery.terms("event.category", List.of("authentication", "session"))));
        List<Query> users = List.of(EventQuery.terms("user.name", subject.userNames()), login);
        Query failed = EventQuery.term("event.outcome", "failure");
        // asked apart: a thousand failed attempts must not push the one that succeeded out of the answer
        Answer in = search(events, subject, with(users, EventQuery.not(failed)), deadline);
        if (in instanceof Answer.NotAvailable missing) {
            return Part.notAvailable(source, missing.reason());
        }
        Answer refused = search(events, subject, with(users, failed), deadline);
        List<String> facts = new ArrayList<>();
        if (in instanceof Answer.Events found) {
            found.events().forEach(event -> facts.add(describe(event)));
            addMore(found, facts);
        }
        if (refused instanceof Answer.Events found) {
            facts.add(attempts(found));
        } else if (refused instanceof Answer.NotAvailable missing) {
            if (facts.isEmpty()) {
                return Part.notAvailable(source, missing.reason());
            }
            facts.add("failed logins not available: " + missing.reason());
        }
        return facts.isEmpty() ? Part.nothing(source) : Part.found(source, facts);
    }

    private Answer search(EventReader events, Subject subject, List<Query> wanted, Deadline deadline) {
        return events.search(
                new EventQuery(
                        properties.loginIndices(),
                        from(subject),
                        subject.last(),
                        subject.onHost(),
                        wanted,
                        LOGIN_FIELDS,
                        properties.maxEvents(),
                        null),
                deadline);
    }

    private Part sessions(EventReader events, Subject subject, Deadline deadline) {
        String source = String.join(",", properties.processIndices());
        if (subject.ownEvents().isEmpty()
                || (subject.userNames().isEmpty() && subject.userIds().isEmpty())) {
            return Part.notAvailable(source, "the alert names no user that could be looked up");
        }
        List<Query> user = new ArrayList<>();
        if (!subject.userIds().isEmpty()) {
            user.add(EventQuery.terms("user.id", subject.userIds()));
            user.add(EventQuery.terms("process.real_user.id", subject.userIds()));
        }
        if (!subject.userNames().isEmpty()) {
            user.add(EventQuery.terms("user.name", subject.userNames()));
        }
        Answer answer = events.search(
                new EventQuery(
                        properties.processIndices(),
                        from(subject),
                        subject.last(),
                        subject.ownEvents(),
                        List.of(
                                EventQuery.anyOf(user),
                                EventQuery.terms(
                                        "process.entry_leader.entry_meta.type", List.of("sshd", "ssm", "terminal"))),
                        SESSION_FIELDS,
                        properties.maxEvents(),
                        "process.entry_leader.entity_id"),
                deadline);
        if (answer instanceof Answer.NotAvailable missing) {
            return Part.notAvailable(source, missing.reason());
        }
        if (answer instanceof Answer.Events found) {
            List<String> facts = new ArrayList<>();
            found.events()
                    .forEach(event -> Facts.entry(event)
                            .ifPresent(entry ->
                                    facts.add(entry + Facts.user(event) + ", last seen " + Facts.time(event))));
            addMore(found, facts);
            return Part.found(source, facts);
        }
        return Part.nothing(source);
    }

    private Instant from(Subject subject) {
        return subject.first().minus(properties.loginWindow());
    }

    private static List<Query> with(List<Query> queries, Query more) {
        List<Query> all = new ArrayList<>(queries);
        all.add(more);
        return all;
    }

    private static void addMore(Answer.Events found, List<String> facts) {
        if (found.more()) {
            facts.add("only the newest " + found.events().size() + " were read");
        }
    }

    private static String describe(EventDocument event) {
        return "login of " + PlainText.line(event.text("user.name").orElse("?"), 48)
                + event.text("source.ip")
                        .map(address -> " from " + PlainText.line(address, 48))
                        .orElse("")
                + event.text("system.auth.ssh.method")
                        .map(method -> " by " + PlainText.line(method, 24))
                        .orElse("")
                + " (" + PlainText.line(event.text("event.action").orElse("?"), 32)
                + event.text("event.outcome")
                        .map(outcome -> ", " + PlainText.line(outcome, 16))
                        .orElse("")
                + "), " + Facts.time(event);
    }

    private static String attempts(Answer.Events failed) {
        Map<String, Integer> byAddress = new LinkedHashMap<>();
        failed.events()
                .forEach(event ->
                        byAddress.merge(PlainText.line(event.text("source.ip").orElse("?"), 48), 1, Integer::sum));
        StringBuilder line = new StringBuilder()
                .append(failed.events().size())
                .append(failed.more() ? " or more" : "")
                .append(" failed logins, the last ")
                .append(Facts.time(failed.events().get(0)))
                .append(", from ");
        byAddress.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .limit(5)
                .forEach(one -> line.append(one.getKey())
                        .append(" (")
                        .append(one.getValue())
                        .append(") "));
        return line.toString().strip();
    }
}
