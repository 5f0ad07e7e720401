package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files that are known by their digest alone, in the form of {@code sha256sum}: 64 hexadecimal digits, two blanks, the path below the
 * root of the layer. A path with a line feed, carriage return or backslash is escaped as {@code sha256sum} does it, and a backslash begins its line.
 * {@code sha256sum -c} on the node agrees or not.
 */
final class DigestList {
    private static final Pattern LINE = Pattern.compile("(\\\\?)([0-9a-f]{64}) [ *]([^/].*)", Pattern.DOTALL);

    private DigestList() {}

    /** By path, one character per byte. */
    static Map<String, Digest> parse(byte[] content) {
        Map<String, Digest> digests = new TreeMap<>();
        for (String line : new String(content, StandardCharsets.ISO_8859_1).split("\n")) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            // a line that is not understood would leave a file without a baseline, and it would be moved away
            if (!matcher.matches()) {
                throw new MalformedBaselineException(
                        "a line of " + TreeReader.DIGESTS + " is not in the form of sha256sum");
            }
            String path = matcher.group(1).isEmpty() ? matcher.group(3) : unescape(matcher.group(3));
            if (digests.put(path.startsWith("./") ? path.substring(2) : path, Digest.of(matcher.group(2))) != null) {
                throw new MalformedBaselineException("a path is twice in " + TreeReader.DIGESTS);
            }
        }
        return digests;
    }

    static String format(Map<String, Digest> digests) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(digests).forEach((path, digest) -> {
            String escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
            text.append(escaped.equals(path) ? "" : "\\")
                    .append(digest.hex())
                    .append("  ")
                    .append(escaped)
                    .append('\n');
        });
        return text.toString();
    }

    private static String unescape(String escaped) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < escaped.length(); i++) {
            char c = escaped.charAt(i);
            if (c != '\\') {
                path.append(c);
                continue;
            }
            i++;
            char code = i < escaped.length() ? escaped.charAt(i) : ' ';
            switch (code) {
                case 'n' -> path.append('\n');
                case 'r' -> path.append('\r');
                case '\\' -> path.append('\\');
                default -> throw new MalformedBaselineException("an escape in " + TreeReader.DIGESTS + " is not known");
            }
        }
        return path.toString();
    }
}
