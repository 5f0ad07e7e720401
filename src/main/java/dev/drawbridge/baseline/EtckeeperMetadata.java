package dev.drawbridge.baseline;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
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

    private static final Pattern LINE = Pattern.compile(
            "(?:maybe )?(chown|chgrp|chmod) (?:'([^']{1,64})'|([\\w.-]{1,64})) ('(?:[^']|'\"'\"')*')(?: .*)?",
            Pattern.DOTALL);
    private static final Pattern OCTAL = Pattern.compile("[0-7]{3,5}");

    private final Map<String, String> owners = new HashMap<>();
    private final Map<String, String> groups = new HashMap<>();
    private final Map<String, Integer> modes = new HashMap<>();

    static EtckeeperMetadata parse(byte[] content) {
        EtckeeperMetadata metadata = new EtckeeperMetadata();
        // one character per byte: file names keep their bytes
        new String(content, StandardCharsets.ISO_8859_1).lines().forEach(metadata::line);
        return metadata;
    }

    private void line(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return;
        }
        String value = matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
        String quoted = matcher.group(4);
        String path = quoted.substring(1, quoted.length() - 1).replace("'\"'\"'", "'");
        String relative = path.startsWith("./") ? path.substring(2) : path;
        switch (matcher.group(1)) {
            case "chown" -> owners.put(relative, value);
            case "chgrp" -> groups.put(relative, value);
            default -> {
                if (OCTAL.matcher(value).matches()) {
                    modes.put(relative, Integer.parseInt(value, 8) & 07777);
                }
            }
        }
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

    /** One entry in the form of today. */
    static String entry(String relative, String owner, String group, int mode) {
        String quoted = "'" + relative.replace("'", "'\"'\"'") + "'";
        return "maybe chown '%s' %s%nmaybe chgrp '%s' %s%nmaybe chmod %04o %s%n"
                .formatted(owner, quoted, group, quoted, mode, quoted)
                .replace(System.lineSeparator(), "\n");
    }
}
