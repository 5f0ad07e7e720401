package dev.drawbridge.alert;

/** Makes text that somebody else wrote fit for a page, a log and a database column. */
final class UntrustedText {
    private static final char REPLACEMENT = '\uFFFD';

    private UntrustedText() {}

    /**
     * Replaces control characters, characters that change the direction or visibility of others, and halves of surrogate
     * pairs, and cuts to {@code limit} characters.
     */
    static String clean(String text, int limit) {
        StringBuilder out = new StringBuilder(Math.min(text.length(), limit));
        int i = 0;
        while (i < text.length()) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            int shown = visible(point) ? point : REPLACEMENT;
            if (out.length() + Character.charCount(shown) > limit) {
                break;
            }
            out.appendCodePoint(shown);
        }
        return out.toString();
    }

    /** False for a NUL or half a surrogate pair: no path on a node holds them, and PostgreSQL cannot store them. */
    static boolean storable(String text) {
        return text.codePoints()
                .noneMatch(
                        point -> point == 0 || (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE));
    }

    private static boolean visible(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
