package dev.drawbridge.node.shell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The operations of the scripts that change a node, counted: each of them is a program that a shell starts. Their directory is the whole
 * {@code PATH} of an act that is to be disturbed, so that none can be forgotten here: it would not be found.
 */
public final class Operations {
    private static final List<String> PROGRAMS = List.of(
            "stat",
            "sha256sum",
            "head",
            "mktemp",
            "chown",
            "chmod",
            "sync",
            "mv",
            "mkdir",
            "dd",
            "tar",
            "find",
            "cp",
            "ln",
            "rm");
    private static final int NEVER = 1_000_000;

    private final Path bin;
    private final Path plan;
    private final Path counts;
    private int acts;

    /**
     * @param script what is run instead of each: for the program {@code $program}, with the number of the operation {@code $n} from
     *     {@code counted}, and the number of the one that is to be disturbed {@code $at}
     */
    public Operations(Path directory, String script) throws IOException {
        bin = Files.createDirectories(directory.resolve("bin"));
        plan = directory.resolve("plan");
        counts = directory.resolve("counts");
        Files.createSymbolicLink(bin.resolve("sh"), Path.of("/bin/sh"));
        for (String program : PROGRAMS) {
            // two of one pipeline may be counted at once: a number is taken by who can make its file
            Path instead = Files.writeString(
                    bin.resolve(program),
                    "#!/bin/sh\nPATH=/usr/bin:/bin program=" + program + "\nread -r at counts <'" + plan + "'\n"
                            + "counted() { set -C; n=1; until true >\"$counts/$n\"; do n=$((n+1)); done 2>/dev/null; set +C; }\n"
                            + script + "\n");
            Files.setPosixFilePermissions(instead, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        leaveAlone();
    }

    /** The only directory in which an act that is to be disturbed looks for programs. */
    public Path directory() {
        return bin;
    }

    /** From now on it is this operation of an act, from one on; acts come one after the other. */
    public void disturb(int operation) throws IOException {
        acts++;
        Path count = Files.createDirectories(counts.resolve(Integer.toString(acts)));
        Files.writeString(plan, operation + " " + count + "\n");
    }

    public void leaveAlone() throws IOException {
        disturb(NEVER);
    }
}
