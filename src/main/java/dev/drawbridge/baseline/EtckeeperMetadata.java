package dev.drawbridge.baseline;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Owner, group and mode of files as {@code .etckeeper} records them. The file looks like a shell script; it is read line by
 * line and never run. Both the form of today ({@code maybe chmod 0640 'x'}) and that of old releases ({@code chmod 600 './x'}) are known; every other line is
 * ignored.
 */
final class EtckeeperMetadata {
    static final String FILE_NAME = ".etckeeper";

    /** As etckeeper quotes: each single quote of the name stands outside, in double quotes. */
    private static final String QUOTED = "('(?:[^']++|'\"'\"')*+')";

    private static final Pattern LINE = Pattern.compile(
            "(maybe )?(chown|chgrp|chmod) (?:'([^']{1,64})'|([\\w.-]{1,64})) " + QUOTED + "(?: .*)?", Pattern.DOTALL);
    private static final Pattern EMPTY_DIRECTORY = Pattern.compile("mkdir -p " + QUOTED);
    private static final Pattern OCTAL = Pattern.compile("[0-7]{3,5}");

    private final Map<String, String> owners = new HashMap<>();
    private final Map<String, String> groups = new HashMap<>();
    private final Map<String, Integer> modes = new HashMap<>();
    private final Set<String> emptyDirectories = new TreeSet<>();
    private boolean old;
    private boolean today;

    static EtckeeperMetadata parse(byte[] content) {
        EtckeeperMetadata metadata = new EtckeeperMetadata();
        // one character per byte, and only the line feed ends a line: file names keep their bytes
        for (String line : new String(content, StandardCharsets.ISO_8859_1).split("\n")) {
            metadata.line(line);
        }
        return metadata;
    }

    private void line(String line) {
        Matcher empty = EMPTY_DIRECTORY.matcher(line);
        if (empty.matches()) {
            emptyDirectories.add(path(empty.group(1)));
            return;
        }
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return;
        }
        if (matcher.group(1) == null) {
            old = true;
        } else {
            today = true;
        }
        String value = matcher.group(3) != null ? matcher.group(3) : matcher.group(4);
        String relative = path(matcher.group(5));
        switch (matcher.group(2)) {
            case "chown" -> owners.put(relative, value);
            case "chgrp" -> groups.put(relative, value);
            default -> {
                if (OCTAL.matcher(value).matches()) {
                    modes.put(relative, Integer.parseInt(value, 8) & 07777);
                }
            }
        }
    }

    /** The path that a line is about, one character per byte; null when it is about none. */
    static @Nullable String pathIn(String line) {
        Matcher empty = EMPTY_DIRECTORY.matcher(line);
        if (empty.matches()) {
            return path(empty.group(1));
        }
        Matcher matcher = LINE.matcher(line);
        return matcher.matches() ? path(matcher.group(5)) : null;
    }

    private static String path(String quoted) {
        String path = quoted.substring(1, quoted.length() - 1).replace("'\"'\"'", "'");
        return path.startsWith("./") ? path.substring(2) : path;
    }

    /** @param relative path below the overlay's root, one character per byte */
    String owner(String relative) {
        return owners.getOrDefault(relative, "root");
    }

    String group(String relative) {
        return groups.getOrDefault(relative, "root");
    }

    @Nullable
    Integer mode(String relative) {
        return modes.get(relative);
    }

    /** Whether a file without a mode has Git's: an old release left out 0644, and 0755 for what is executable. */
    boolean leavesOutUsualModes() {
        return old && !today;
    }

    /** Directories that Git cannot hold because nothing is in them. */
    Set<String> emptyDirectories() {
        return emptyDirectories;
    }

    /** One entry in the form of today. */
    static String entry(String relative, String owner, String group, int mode) {
        String quoted = quote(relative);
        return "maybe chown '%s' %s%nmaybe chgrp '%s' %s%nmaybe chmod %04o %s%n"
                .formatted(owner, quoted, group, quoted, mode, quoted)
                .replace(System.lineSeparator(), "\n");
    }

    static String quote(String relative) {
        return "'" + relative.replace("'", "'\"'\"'") + "'";
    }
}
