package dev.drawbridge.shared;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An absolute, normalised path on a node, as the bytes that the kernel knows (every byte but NUL and, inside a name, the
 * slash). It has no empty, {@code .} or {@code ..} component, so it cannot climb out of a prefix it is appended to.
 *
 * <p>Kept as one character per byte (ISO 8859-1), which makes equality and order those of the bytes. People and JSON see
 * {@link #toString()}: UTF-8 where it is UTF-8, and {@code \xNN} for control characters, invalid bytes and the backslash
 * itself, which {@link #parse(String)} reads back.
 */
public final class NodePath implements Comparable<NodePath> {
    /** PATH_MAX of Linux, less the final NUL. */
    public static final int MAX_BYTES = 4095;

    private static final int NAME_MAX = 255;

    private final String bytes;

    private NodePath(String bytes) {
        this.bytes = bytes;
    }

    /** @throws IllegalArgumentException when the bytes are not an absolute, normalised path within the limits */
    public static NodePath ofBytes(byte[] raw) {
        String latin = new String(raw, StandardCharsets.ISO_8859_1);
        return checked(latin).orElseThrow(() -> new IllegalArgumentException("not a normalised absolute path"));
    }

    /** The path that a trusted text (configuration, code) names. */
    public static NodePath of(String text) {
        return ofBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The path that an untrusted text names after lexical normalisation: repeated slashes and {@code .} fall away,
     * {@code ..} removes the component before it and never climbs above the root. Empty when it is not absolute or too long.
     * Links are not followed here: whoever touches the node refuses them there.
     */
    public static Optional<NodePath> normalise(String text) {
        if (!text.startsWith("/") || text.length() > MAX_BYTES) {
            return Optional.empty();
        }
        List<String> kept = new ArrayList<>();
        for (String name : text.split("/")) {
            if (name.equals("..")) {
                if (!kept.isEmpty()) {
                    kept.remove(kept.size() - 1);
                }
            } else if (!name.isEmpty() && !name.equals(".")) {
                kept.add(name);
            }
        }
        byte[] utf8 = ("/" + String.join("/", kept)).getBytes(StandardCharsets.UTF_8);
        return checked(new String(utf8, StandardCharsets.ISO_8859_1));
    }

    /** Reads back what {@link #toString()} wrote. */
    public static NodePath parse(String display) {
        return ofBytes(bytesOf(display));
    }

    /** The bytes that a text escaped like {@link #toString()} stands for, be it a path or not: the target of a link, for one. */
    public static byte[] bytesOf(String display) {
        byte[] utf8 = display.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(utf8.length);
        for (int i = 0; i < utf8.length; i++) {
            if (utf8[i] == '\\') {
                if (i + 3 >= utf8.length || utf8[i + 1] != 'x') {
                    throw new IllegalArgumentException("not an escaped path");
                }
                out.put((byte) Integer.parseInt(display(utf8, i + 2), 16));
                i += 3;
            } else {
                out.put(utf8[i]);
            }
        }
        byte[] raw = new byte[out.position()];
        out.flip().get(raw);
        return raw;
    }

    private static String display(byte[] utf8, int at) {
        return new String(utf8, at, 2, StandardCharsets.ISO_8859_1);
    }

    private static Optional<NodePath> checked(String latin) {
        if (latin.equals("/")) {
            return Optional.of(new NodePath(latin));
        }
        if (!latin.startsWith("/") || latin.length() > MAX_BYTES || latin.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        int from = 1;
        while (from <= latin.length()) {
            int slash = latin.indexOf('/', from);
            int to = slash < 0 ? latin.length() : slash;
            if (!nameable(latin, from, to - from)) {
                return Optional.empty();
            }
            from = to + 1;
        }
        return Optional.of(new NodePath(latin));
    }

    private static boolean nameable(String latin, int from, int length) {
        boolean here = length == 1 && latin.charAt(from) == '.';
        boolean above = length == 2 && latin.startsWith("..", from);
        return length > 0 && length <= NAME_MAX && !here && !above;
    }

    /** The bytes as the kernel knows them. */
    public byte[] toBytes() {
        return bytes.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** How many bytes it has. */
    public int length() {
        return bytes.length();
    }

    /** True for the path itself and everything below it. */
    public boolean isWithin(NodePath directory) {
        int length = directory.bytes.length();
        return length == 1
                || bytes.startsWith(directory.bytes) && (bytes.length() == length || bytes.charAt(length) == '/');
    }

    /** The last component, escaped like {@link #toString()}; empty for the root. */
    public String name() {
        return escape(bytes.substring(bytes.lastIndexOf('/') + 1));
    }

    /** The directory that holds it; the root is its own parent. */
    public NodePath parent() {
        int slash = bytes.lastIndexOf('/');
        return new NodePath(slash <= 0 ? "/" : bytes.substring(0, slash));
    }

    /** A file or directory below this one; {@code relative} is trusted text without leading slash. */
    public NodePath resolve(String relative) {
        String prefix = bytes.equals("/") ? "" : bytes;
        String tail = new String(relative.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return checked(prefix + "/" + tail)
                .orElseThrow(() -> new IllegalArgumentException("not a normalised relative path"));
    }

    private static String escape(String latin) {
        return plain(latin) ? latin : escapeEach(latin);
    }

    /** As nearly all paths are, of which a scan has as many as it likes. */
    private static boolean plain(String latin) {
        for (int i = 0; i < latin.length(); i++) {
            char c = latin.charAt(i);
            if (c < ' ' || c > '~' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private static String escapeEach(String latin) {
        StringBuilder out = new StringBuilder();
        byte[] raw = latin.getBytes(StandardCharsets.ISO_8859_1);
        int i = 0;
        while (i < raw.length) {
            int length = utf8Length(raw, i);
            if (length == 0) {
                out.append(String.format("\\x%02x", raw[i] & 0xff));
                i++;
            } else {
                out.append(new String(raw, i, length, StandardCharsets.UTF_8));
                i += length;
            }
        }
        return out.toString();
    }

    /** Length of the printable UTF-8 character at {@code at}, or 0 when the byte there must be escaped. */
    private static int utf8Length(byte[] raw, int at) {
        int first = raw[at] & 0xff;
        int length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
        if (length == 0 || at + length > raw.length) {
            return 0;
        }
        try {
            String one = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(raw, at, length))
                    .toString();
            int point = one.codePointAt(0);
            int type = Character.getType(point);
            boolean hidden = Character.isISOControl(point)
                    || type == Character.FORMAT
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR
                    || type == Character.UNASSIGNED
                    || point == '\\'
                    || one.codePointCount(0, one.length()) != 1;
            return hidden ? 0 : length;
        } catch (CharacterCodingException invalid) {
            return 0;
        }
    }

    @Override
    public int compareTo(NodePath other) {
        return bytes.compareTo(other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodePath path && path.bytes.equals(bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }

    /** For people, JSON and the audit trail; reversible, and free of control and invisible characters. */
    @Override
    public String toString() {
        return escape(bytes);
    }
}
