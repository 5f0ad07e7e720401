package dev.drawbridge.workflow;

import dev.drawbridge.node.Quarantined;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.shared.Digest;
import java.util.Map;
import java.util.Optional;
import org.camunda.bpm.engine.delegate.VariableScope;
import org.jspecify.annotations.Nullable;

/**
 * Who asks for which quarantined file, kept in process variables until it is over.
 *
 * @param file id of the file
 * @param held how it lay in quarantine when the node was looked at for the task; null before that
 */
record ReturnRequest(
        String file,
        String askedBy,
        String reason,
        @Nullable Held held) {
    private static final String FILE = "quarantinedFile";
    private static final String ASKED_BY = "askedBy";
    private static final String REASON = "askedWhy";
    private static final String HELD = "held";

    /** Place and metadata; the content is the file's own. */
    record Held(String place, int mode, long uid, long gid, long size, long modifiedAt) {
        private static final int PARTS = 6;

        static Held of(Quarantined found) {
            return new Held(found.place(), found.mode(), found.uid(), found.gid(), found.size(), found.modifiedAt());
        }

        private String text() {
            return "%s %04o %d %d %d %d".formatted(place, mode, uid, gid, size, modifiedAt);
        }

        private static Held parse(String text) {
            String[] parts = text.split(" ", PARTS);
            return new Held(
                    parts[0],
                    Integer.parseInt(parts[1], 8),
                    Long.parseLong(parts[2]),
                    Long.parseLong(parts[3]),
                    Long.parseLong(parts[4]),
                    Long.parseLong(parts[5]));
        }

        Quarantined of(QuarantinedFile file) {
            return new Quarantined(place, file.content(), mode, uid, gid, size, modifiedAt);
        }
    }

    Map<String, Object> variables() {
        return Map.of(FILE, file, ASKED_BY, askedBy, REASON, reason);
    }

    static Map.Entry<String, String> variableOf(String file) {
        return Map.entry(FILE, file);
    }

    static Optional<ReturnRequest> of(VariableScope scope) {
        String file = (String) scope.getVariable(FILE);
        if (file == null) {
            return Optional.empty();
        }
        String held = (String) scope.getVariable(HELD);
        return Optional.of(new ReturnRequest(
                file,
                (String) scope.getVariable(ASKED_BY),
                (String) scope.getVariable(REASON),
                held == null ? null : Held.parse(held)));
    }

    static void found(VariableScope scope, Quarantined found) {
        scope.setVariable(HELD, Held.of(found).text());
    }

    /** What a person agrees to: this content, from this place with this owner, mode and time, at this path of this node, and nothing else. */
    Digest hash(QuarantinedFile file) {
        return Digest.ofText(String.join(
                "\n",
                "return",
                file.incident().value(),
                file.node().value(),
                file.path().toString(),
                file.content().hex(),
                held == null ? "" : held.text()));
    }
}
