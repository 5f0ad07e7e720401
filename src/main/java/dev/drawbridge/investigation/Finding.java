package dev.drawbridge.investigation;

import java.util.List;

/**
 * The answer to one question of an investigation.
 *
 * @param question for example {@code Process and its ancestry}
 * @param facts bounded lines for people, each from a document that matched; untrusted text
 * @param source the index pattern that was asked, or why none could be
 */
public record Finding(String question, Status status, List<String> facts, String source) {
    public Finding {
        facts = List.copyOf(facts);
    }

    public enum Status {
        FOUND,
        /** The data was there to be asked and held nothing. */
        NOTHING_FOUND,
        /** Elasticsearch is not configured, not reachable, or has no such data: nothing may be concluded. */
        NOT_AVAILABLE
    }
}
