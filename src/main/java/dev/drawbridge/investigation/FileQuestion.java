package dev.drawbridge.investigation;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.PlainText;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What happened to the file before, by whom, and whether the same content turned up on other hosts. */
final class FileQuestion implements Question {
    private static final List<String> FIELDS = List.of(
            "@timestamp",
            "event.action",
            "file.path",
            "file.Ext.original.path",
            "file.hash.sha256",
            "process.name",
            "process.executable",
            "user.name",
            "user.id",
            "user.Ext.real.name",
            "user.Ext.real.id",
            "host.name",
            "host.id");

    private final ElasticsearchProperties properties;

    FileQuestion(ElasticsearchProperties properties) {
        this.properties = properties;
    }

    @Override
    public String title() {
        return "History of the file";
    }

    @Override
    public List<Part> ask(EventReader events, Subject subject, Deadline deadline) {
        return List.of(history(events, subject, deadline), spread(events, subject, deadline));
    }

    private Part history(EventReader events, Subject subject, Deadline deadline) {
        if (subject.paths().isEmpty() || subject.onHost().isEmpty()) {
            return Part.notAvailable(source(), "the alert names no path that could be looked up");
        }
        Answer answer = events.search(
                new EventQuery(
                        properties.fileIndices(),
                        from(subject),
                        subject.now(),
                        subject.onHost(),
                        List.of(EventQuery.anyOf(List.of(
                                EventQuery.terms("file.path", subject.paths()),
                                EventQuery.terms("file.Ext.original.path", subject.paths())))),
                        FIELDS,
                        properties.maxEvents(),
                        null),
                deadline);
        return part(answer, "");
    }

    private Part spread(EventReader events, Subject subject, Deadline deadline) {
        if (subject.digests().isEmpty() || subject.onHost().isEmpty()) {
            return Part.notAvailable(source(), "the alert names no content that could be looked for on other hosts");
        }
        Answer answer = events.search(
                new EventQuery(
                        properties.fileIndices(),
                        from(subject),
                        subject.now(),
                        List.of(EventQuery.not(subject.onHost().get(0))),
                        List.of(EventQuery.terms(
                                "file.hash.sha256",
                                subject.digests().stream().map(Digest::hex).toList())),
                        FIELDS,
                        properties.maxEvents(),
                        "host.id"),
                deadline);
        return part(answer, "the same content on another host: ");
    }

    private Part part(Answer answer, String prefix) {
        if (answer instanceof Answer.NotAvailable missing) {
            return Part.notAvailable(source(), prefix + missing.reason());
        }
        if (answer instanceof Answer.Events found) {
            List<String> facts = new ArrayList<>();
            found.events().forEach(event -> facts.add(prefix + describe(event, !prefix.isEmpty())));
            if (found.more()) {
                facts.add("only the newest " + found.events().size() + " were read");
            }
            return Part.found(source(), facts);
        }
        return Part.nothing(source());
    }

    private static String describe(EventDocument event, boolean withHost) {
        String host = withHost
                ? PlainText.line(
                                event.text("host.name")
                                        .or(() -> event.text("host.id"))
                                        .orElse("?"),
                                64) + ", "
                : "";
        return host + Facts.time(event)
                + " " + PlainText.line(event.text("event.action").orElse("?"), 24)
                + " of " + PlainText.line(event.text("file.path").orElse("?"), 160)
                + event.text("file.Ext.original.path")
                        .map(before -> " (was " + PlainText.line(before, 100) + ")")
                        .orElse("")
                + event.text("process.executable")
                        .or(() -> event.text("process.name"))
                        .map(program -> " by " + PlainText.line(program, 80))
                        .orElse("")
                + Facts.user(event)
                + event.text("file.hash.sha256")
                        .map(digest -> ", sha256 " + PlainText.line(digest, 64))
                        .orElse("");
    }

    private Instant from(Subject subject) {
        return subject.first().minus(properties.fileWindow());
    }

    private String source() {
        return String.join(",", properties.fileIndices());
    }
}
