package dev.drawbridge.investigation;

import dev.drawbridge.shared.PlainText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The answer to a part of a question: from one kind of events, for one host.
 *
 * @param source the index patterns, with the reason when they could not be asked
 */
record Part(Finding.Status status, List<String> facts, String source) {
    private static final int MOST_FACTS = 60;
    private static final int LONGEST_FACT = 500;
    private static final int LONGEST_SOURCE = 1000;

    static Part notAvailable(String source, String reason) {
        return new Part(Finding.Status.NOT_AVAILABLE, List.of(), source + ": " + reason);
    }

    static Part nothing(String source) {
        return new Part(Finding.Status.NOTHING_FOUND, List.of(), source);
    }

    static Part found(String source, List<String> facts) {
        return new Part(Finding.Status.FOUND, facts, source);
    }

    /**
     * Something found anywhere is found, and says what could not be asked. Nothing was found only where every part could be
     * asked.
     */
    static Finding combine(String question, List<Part> parts) {
        boolean found = parts.stream().anyMatch(part -> part.status == Finding.Status.FOUND);
        boolean gap = parts.isEmpty() || parts.stream().anyMatch(part -> part.status == Finding.Status.NOT_AVAILABLE);
        List<String> facts = new ArrayList<>();
        parts.forEach(part -> facts.addAll(part.facts));
        if (found) {
            parts.stream()
                    .filter(part -> part.status == Finding.Status.NOT_AVAILABLE)
                    .forEach(part -> facts.add(0, "not available: " + part.source));
        }
        Finding.Status status =
                found ? Finding.Status.FOUND : gap ? Finding.Status.NOT_AVAILABLE : Finding.Status.NOTHING_FOUND;
        String source = parts.stream().map(Part::source).distinct().collect(Collectors.joining("; "));
        return new Finding(question, status, bounded(facts), PlainText.line(source, LONGEST_SOURCE));
    }

    private static List<String> bounded(List<String> facts) {
        List<String> lines = new ArrayList<>();
        facts.stream().limit(MOST_FACTS).forEach(fact -> lines.add(PlainText.line(fact, LONGEST_FACT)));
        if (facts.size() > MOST_FACTS) {
            lines.add((facts.size() - MOST_FACTS) + " more lines are not shown");
        }
        return lines;
    }
}
