package dev.drawbridge.node.shell;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A constant shell script from the class path and its arguments. Bytes of paths travel as octal escapes, so that neither the
 * layers' character sets nor any shell's parser ever meets them.
 *
 * @param text without comments and indentation: where it travels in an address, proxies bound its length
 */
public record Script(String name, String text) {
    static Script load(String name) {
        return new Script(name, terse(resource("prelude.sh") + resource(name + ".sh")));
    }

    private static String terse(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    /** The words of the command that runs it; arguments must come from {@link #octal} or be plain words. */
    public List<String> words(List<String> arguments) {
        List<String> words = new ArrayList<>(List.of("sh", "-c", text, name));
        words.addAll(arguments);
        return words;
    }

    /** The same as one line for a shell; as plain as it can be, for whoever filters by forced commands or rules for sudo. */
    public String line(List<String> arguments) {
        return Stream.concat(
                        Stream.of("sh", "-c", quote(text), name),
                        arguments.stream().map(Script::quote))
                .collect(Collectors.joining(" "));
    }

    /** {@code \057\145...}: every byte as three octal digits, for {@code printf}. */
    static String octal(byte[] bytes) {
        StringBuilder out = new StringBuilder(bytes.length * 4);
        for (byte b : bytes) {
            int value = b & 0xff;
            out.append('\\')
                    .append((char) ('0' + (value >> 6)))
                    .append((char) ('0' + ((value >> 3) & 7)))
                    .append((char) ('0' + (value & 7)));
        }
        return out.toString();
    }

    private static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private static String resource(String file) {
        try (InputStream in = Script.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is not in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
