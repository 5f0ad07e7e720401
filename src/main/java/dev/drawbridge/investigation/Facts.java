package dev.drawbridge.investigation;

import dev.drawbridge.shared.PlainText;
import java.util.Optional;

/** Phrases that several questions use. Each is bounded by itself, so that one long value cannot push the others out. */
final class Facts {
    private Facts() {}

    static String time(EventDocument event) {
        return PlainText.line(event.text("@timestamp").orElse("at an unknown time"), 40);
    }

    /** {@code , user root (really deploy)}; nothing when no user is given. */
    static String user(EventDocument event) {
        Optional<String> effective = event.text("user.name").or(() -> event.text("user.id"));
        Optional<String> real = event.text("process.real_user.name")
                .or(() -> event.text("user.Ext.real.name"))
                .or(() -> event.text("process.real_user.id"))
                .or(() -> event.text("user.Ext.real.id"))
                .filter(name -> !Optional.of(name).equals(effective));
        if (effective.isEmpty() && real.isEmpty()) {
            return "";
        }
        return ", user " + PlainText.line(effective.orElse("?"), 48)
                + real.map(name -> " (really " + PlainText.line(name, 48) + ")").orElse("");
    }

    /** How the session began that the process belongs to. */
    static Optional<String> entry(EventDocument event) {
        Optional<String> type = event.text("process.entry_leader.entry_meta.type");
        Optional<String> address = event.text("process.entry_leader.entry_meta.source.ip");
        if (type.isEmpty() && address.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("session entered by " + PlainText.line(type.orElse("?"), 32)
                + address.map(from -> " from " + PlainText.line(from, 48)).orElse("")
                + event.text("process.entry_leader.user.name")
                        .map(name -> " as " + PlainText.line(name, 48))
                        .orElse(""));
    }
}
