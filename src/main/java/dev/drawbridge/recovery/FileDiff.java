package dev.drawbridge.recovery;

import java.util.List;

/**
 * What a step would change, for people.
 *
 * @param shown false where the content must not be displayed or cannot be; {@code note} says why
 * @param lines unified diff from the node's content to the baseline's; untrusted text, bounded
 */
public record FileDiff(boolean shown, String note, List<String> lines) {
    public FileDiff {
        lines = List.copyOf(lines);
    }
}
