package dev.drawbridge.verification;

import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.util.List;
import java.util.regex.Pattern;

/** Text of checks. Part of it comes from a node or a server that may be hostile: bounded, and without invisible characters. */
final class CheckText {
    static final int MAX_LENGTH = 2000;
    static final int MAX_LISTED = 50;
    private static final int MAX_REASON = 300;
    private static final Pattern USER_INFO = Pattern.compile("//[^/@\\s]*@");

    private CheckText() {}

    static Check passed(String name, String expected, String found, String proof) {
        return check(name, expected, found, Status.PASSED, proof);
    }

    static Check failed(String name, String expected, String found, String proof) {
        return check(name, expected, found, Status.FAILED, proof);
    }

    static Check notAvailable(String name, String expected, String reason) {
        return check(name, expected, reason, Status.NOT_AVAILABLE, "none");
    }

    static Check outOfReach(String name, String expected, String reason) {
        return check(name, expected, "not available: " + reason, Status.OUT_OF_REACH, "none");
    }

    private static Check check(String name, String expected, String found, Status status, String proof) {
        return new Check(name, bounded(expected), bounded(found), status, bounded(proof));
    }

    /** One to a line; at most {@link #MAX_LISTED}, and only as many as fit whole, then how many more there are. */
    static String list(List<String> items) {
        StringBuilder out = new StringBuilder();
        int listed = 0;
        for (String item : items) {
            String line = cut(visible(item), MAX_LENGTH / 2);
            // room for the line that says how many are left out
            if (listed == MAX_LISTED || out.length() + line.length() + 1 > MAX_LENGTH - 40) {
                break;
            }
            out.append(listed == 0 ? "" : "\n").append(line);
            listed++;
        }
        if (listed < items.size()) {
            out.append("\nand ").append(items.size() - listed).append(" more");
        }
        return out.toString();
    }

    /** Why something could not be found out, without credentials that a URL in a message may carry. */
    static String reason(RuntimeException failure) {
        String message = failure.getMessage() == null ? "no message" : failure.getMessage();
        String clean = USER_INFO.matcher(message).replaceAll("//");
        return cut(
                visible(failure.getClass().getSimpleName() + rootOf(failure) + ": " + clean)
                        .replace('\n', ' '),
                MAX_REASON);
    }

    /** Only its type: messages deep down quote what was read. */
    private static String rootOf(Throwable failure) {
        Throwable root = failure;
        for (int depth = 0; root.getCause() != null && depth < 20; depth++) {
            root = root.getCause();
        }
        return root == failure ? "" : " by " + root.getClass().getSimpleName();
    }

    private static String bounded(String text) {
        return cut(visible(text), MAX_LENGTH);
    }

    private static String cut(String text, int limit) {
        if (text.length() <= limit) {
            return text;
        }
        int end = limit - 1;
        // half a pair is no text that a database can keep
        return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
    }

    /** Line ends are ours (lists); every other invisible character is written out. */
    private static String visible(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            int type = Character.getType(point);
            boolean hidden = point != '\n' && Character.isISOControl(point)
                    || type == Character.FORMAT
                    || type == Character.SURROGATE
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR;
            if (hidden) {
                out.append(String.format("\\u%04x", point));
            } else {
                out.appendCodePoint(point);
            }
        });
        return out.toString();
    }
}
