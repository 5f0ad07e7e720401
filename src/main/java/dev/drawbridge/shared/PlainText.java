package dev.drawbridge.shared;

/** Makes one line for people out of untrusted text: nothing invisible, nothing that breaks or reorders lines, bounded. */
public final class PlainText {
    private PlainText() {}

    /** @param limit characters of the result at most; what is cut is marked */
    public static String line(String text, int limit) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int point = text.codePointAt(at);
            at += Character.charCount(point);
            String shown = isPlain(point) ? Character.toString(point) : String.format("\\u{%x}", point);
            if (out.length() + shown.length() > limit - 1
                    && (at < text.length() || out.length() + shown.length() > limit)) {
                return out.append('…').toString();
            }
            out.append(shown);
        }
        return out.toString();
    }

    private static boolean isPlain(int point) {
        int type = Character.getType(point);
        return point == ' '
                || !(Character.isISOControl(point)
                        || Character.isSpaceChar(point)
                        || type == Character.FORMAT
                        || type == Character.SURROGATE
                        || type == Character.PRIVATE_USE
                        || type == Character.UNASSIGNED);
    }
}
