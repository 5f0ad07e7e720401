package dev.drawbridge.investigation;

import dev.drawbridge.shared.PlainText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which process changed the file, and what started it. File events carry only the ids of the ancestors: what they were is in
 * the process events.
 */
final class ProcessQuestion implements Question {
    /** Clocks of sensor and process events may differ by rounding; an exec after the write is another program. */
    private static final Duration SLACK = Duration.ofSeconds(1);

    private static final List<String> FIELDS = List.of(
            "@timestamp",
            "host.name",
            "process.entity_id",
            "process.name",
            "process.executable",
            "process.pid",
            "process.args",
            "process.command_line",
            "process.hash.sha256",
            "process.entry_leader.entry_meta.type",
            "process.entry_leader.entry_meta.source.ip",
            "process.entry_leader.executable",
            "process.entry_leader.user.name",
            "container.id",
            "container.image.name",
            "orchestrator.resource.name",
            "orchestrator.namespace",
            "user.name",
            "user.id",
            "process.real_user.name",
            "process.real_user.id",
            "user.Ext.real.name");

    private final ElasticsearchProperties properties;

    ProcessQuestion(ElasticsearchProperties properties) {
        this.properties = properties;
    }

    @Override
    public String title() {
        return "Process and its ancestry";
    }

    @Override
    public List<Part> ask(EventReader events, Subject subject, Deadline deadline) {
        String source = String.join(",", properties.processIndices());
        if (subject.processes().isEmpty() || subject.ownEvents().isEmpty()) {
            return List.of(Part.notAvailable(source, "the alert names no process that could be looked up"));
        }
        // one event per process, the newest before the write: a process that execs a thousand times floods nothing
        Answer answer = events.search(
                new EventQuery(
                        properties.processIndices(),
                        subject.first().minus(properties.processWindow()),
                        subject.last().plus(SLACK),
                        subject.ownEvents(),
                        List.of(
                                EventQuery.terms("process.entity_id", subject.processes()),
                                EventQuery.terms("event.action", List.of("exec", "fork", "start", "already_running"))),
                        FIELDS,
                        properties.maxEvents(),
                        "process.entity_id"),
                deadline);
        if (answer instanceof Answer.NotAvailable missing) {
            return List.of(Part.notAvailable(source, missing.reason()));
        }
        if (answer instanceof Answer.Events found) {
            return List.of(Part.found(source, facts(subject, found.events())));
        }
        return List.of(Part.nothing(source));
    }

    private static List<String> facts(Subject subject, List<EventDocument> events) {
        Map<String, EventDocument> byId = new HashMap<>();
        events.forEach(event -> event.text("process.entity_id").ifPresent(id -> byId.putIfAbsent(id, event)));
        List<String> facts = new ArrayList<>();
        List<String> unseen = new ArrayList<>();
        for (String id : subject.processes()) {
            EventDocument event = byId.get(id);
            if (event == null) {
                unseen.add(id);
            } else {
                facts.add((subject.actors().contains(id) ? "process " : "started by ") + describe(event));
            }
        }
        facts.addAll(entries(subject.processes(), byId));
        if (!unseen.isEmpty()) {
            facts.add("no start seen of " + unseen.size() + " of them: "
                    + unseen.stream().limit(5).map(id -> PlainText.line(id, 64)).collect(Collectors.joining(", ")));
        }
        return facts;
    }

    private static String describe(EventDocument event) {
        StringBuilder line = new StringBuilder(PlainText.line(
                        event.text("process.executable")
                                .or(() -> event.text("process.name"))
                                .orElse("of unknown name"),
                        120))
                .append(" (pid ")
                .append(PlainText.line(event.text("process.pid").orElse("?"), 12))
                .append(')');
        List<String> arguments = event.texts("process.args");
        String asTyped =
                arguments.isEmpty() ? event.text("process.command_line").orElse("") : String.join(" ", arguments);
        if (!asTyped.isEmpty()) {
            line.append(": ").append(PlainText.line(asTyped, 160));
        }
        line.append(Facts.user(event));
        event.text("process.hash.sha256")
                .ifPresent(digest -> line.append(", sha256 ").append(PlainText.line(digest, 64)));
        event.text("container.id")
                .ifPresent(id -> line.append(", in container ")
                        .append(PlainText.line(
                                event.text("container.image.name").orElse(id), 80)));
        return line.append(", ").append(Facts.time(event)).toString();
    }

    /** How somebody came onto the host: the leader of the session, and from where. */
    private static List<String> entries(Set<String> order, Map<String, EventDocument> byId) {
        return order.stream()
                .filter(byId::containsKey)
                .map(byId::get)
                .flatMap(event -> Facts.entry(event).stream())
                .distinct()
                .limit(5)
                .toList();
    }
}
