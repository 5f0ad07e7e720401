package dev.drawbridge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The shipped samples with the current time in the place of their fixed one, as README's command does it. */
final class Samples {
    private Samples() {}

    static String current(String name) throws IOException {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        return Files.readString(Path.of("playbooks", "samples", name))
                .replaceAll("20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z", now);
    }
}
