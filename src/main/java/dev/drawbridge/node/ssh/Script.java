package dev.drawbridge.node.ssh;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A constant shell script from the class path and its arguments. Bytes of paths travel as octal escapes, so that neither the
 * SSH layers' character sets nor any shell's parser ever meets them.
 */
record Script(String name, String text) {
    static Script load(String name) {
        return new Script(name, resource("prelude.sh") + resource(name + ".sh"));
    }

    /** The command line that runs it; arguments must come from {@link #octal} or be plain words. */
    String command(boolean sudo, List<String> arguments) {
        List<String> words = new ArrayList<>();
        if (sudo) {
            words.addAll(List.of("sudo", "-n"));
        }
        words.addAll(List.of("sh", "-c", quote(text), name));
        arguments.forEach(argument -> words.add(quote(argument)));
        return String.join(" ", words);
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
