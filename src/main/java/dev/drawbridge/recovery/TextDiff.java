package dev.drawbridge.recovery;

import dev.drawbridge.recovery.FileComparison.Text;
import dev.drawbridge.recovery.FileComparison.TextStatus;
import dev.drawbridge.shared.KeyMaterial;
import dev.drawbridge.shared.PlainText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.eclipse.jgit.diff.DiffFormatter;
import org.eclipse.jgit.diff.EditList;
import org.eclipse.jgit.diff.HistogramDiff;
import org.eclipse.jgit.diff.RawText;
import org.eclipse.jgit.diff.RawTextComparator;

/** The unified diff of two small texts, of which one is an attacker's. */
final class TextDiff {
    /** Of one side; the time that a diff takes grows with the square of it at worst. */
    static final int MAX_LINES = 5000;

    static final int MAX_SHOWN = 400;
    static final int MAX_LINE = 500;

    private static final int CONTEXT = 3;
    /** Fewer lines show no change. */
    private static final int LEAST_SHOWN = 10;

    private TextDiff() {}

    /** @param room lines that may be shown at most */
    static Text of(byte[] onNode, byte[] approved, int room) {
        if (Arrays.equals(onNode, approved)) {
            return Text.same();
        }
        Optional<String> found = text(onNode);
        Optional<String> right = text(approved);
        if (found.isEmpty() || right.isEmpty()) {
            return Text.notShown((found.isEmpty() ? "the content on the node" : "the baseline's content")
                    + " is no UTF-8 text; compare the digests");
        }
        if (KeyMaterial.in(found.get()) || KeyMaterial.in(right.get())) {
            return Text.notShown("it holds what looks like a key, a token or a password; compare the digests");
        }
        RawText old = new RawText(onNode);
        RawText now = new RawText(approved);
        if (old.size() > MAX_LINES || now.size() > MAX_LINES) {
            return Text.notShown("more than " + MAX_LINES + " lines; compare the digests");
        }
        return shown(unified(old, now), Math.min(room, MAX_SHOWN));
    }

    private static Text shown(List<String> all, int most) {
        if (all.size() <= most) {
            return new Text(TextStatus.SHOWN, "", all);
        }
        return most < LEAST_SHOWN
                ? Text.notShown("the differences of this plan are longer than what is kept for display")
                : new Text(
                        TextStatus.SHOWN,
                        "only the first " + most + " of " + all.size() + " lines; the evidence holds the whole file",
                        all.subList(0, most));
    }

    private static Optional<String> text(byte[] content) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            return text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
        } catch (CharacterCodingException binary) {
            return Optional.empty();
        }
    }

    private static List<String> unified(RawText old, RawText now) {
        HistogramDiff histogram = new HistogramDiff();
        // without it the time for what repeats is bounded: such a region is shown as replaced
        histogram.setFallbackAlgorithm(null);
        EditList edits = histogram.diff(RawTextComparator.DEFAULT, old, now);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DiffFormatter formatter = new DiffFormatter(out)) {
            formatter.setContext(CONTEXT);
            formatter.format(edits, old, now);
            formatter.flush();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        List<String> lines = new ArrayList<>(List.of("--- on the node", "+++ baseline"));
        String text = out.toString(StandardCharsets.UTF_8);
        // by line feeds alone: a carriage return is a difference to be seen
        for (String line : text.substring(0, Math.max(0, text.length() - 1)).split("\n", -1)) {
            lines.add(PlainText.line(line, MAX_LINE));
        }
        return lines;
    }
}
