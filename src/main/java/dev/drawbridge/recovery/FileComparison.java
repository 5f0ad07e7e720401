package dev.drawbridge.recovery;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a file on the node differs from the baseline's, for people: what the evidence holds against what the baseline holds.
 * Its lines are untrusted text, bounded, free of control and invisible characters.
 *
 * @param text the lines that differ
 * @param meaning what the change means to kubelet; null when the file is none that kubelet runs
 * @param metadata differences of owner, group and mode, one sentence each
 */
public record FileComparison(Text text, @Nullable Meaning meaning, List<String> metadata) {
    public FileComparison {
        metadata = List.copyOf(metadata);
    }

    /** Before the evidence is kept there is nothing to compare; that is never "no difference". */
    static FileComparison notYet() {
        return new FileComparison(
                Text.notAvailable("the file was not compared yet; that is done when its evidence is kept"),
                null,
                List.of());
    }

    public enum TextStatus {
        SHOWN,
        SAME,
        /** Must not be displayed, or cannot be. */
        NOT_SHOWN,
        /** One of the sides could not be read: nobody knows whether they differ. */
        NOT_AVAILABLE;

        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * @param note why it is not shown or not available, or what is left out of the lines; may be empty
     * @param lines unified diff from the node's content to the baseline's, with its two header lines
     */
    public record Text(TextStatus status, String note, List<String> lines) {
        public Text {
            lines = List.copyOf(lines);
        }

        static Text same() {
            return new Text(TextStatus.SAME, "", List.of());
        }

        static Text notShown(String why) {
            return new Text(TextStatus.NOT_SHOWN, why, List.of());
        }

        static Text notAvailable(String why) {
            return new Text(TextStatus.NOT_AVAILABLE, why, List.of());
        }
    }

    public enum MeaningStatus {
        COMPARED,
        /** One of the sides is nothing that can be read as a manifest; kubelet may read it otherwise. */
        NOT_COMPARABLE,
        NOT_AVAILABLE;

        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * @param note why it could not be compared, or what no change means; may be empty
     * @param changes one sentence each
     * @param warnings changes and settings that open the cluster, one sentence each
     */
    public record Meaning(MeaningStatus status, String note, List<String> changes, List<String> warnings) {
        public Meaning {
            changes = List.copyOf(changes);
            warnings = List.copyOf(warnings);
        }

        static Meaning notComparable(String why) {
            return new Meaning(MeaningStatus.NOT_COMPARABLE, why, List.of(), List.of());
        }

        static Meaning notAvailable(String why) {
            return new Meaning(MeaningStatus.NOT_AVAILABLE, why, List.of(), List.of());
        }
    }
}
