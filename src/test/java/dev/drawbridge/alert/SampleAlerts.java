package dev.drawbridge.alert;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

/** The sample alerts that ship, and the time at which they are fresh. */
public final class SampleAlerts {
    /** Two minutes after the file events of all samples. */
    public static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-15T09:16:10Z"), ZoneOffset.UTC);

    private SampleAlerts() {}

    public static String read(String name) {
        try {
            return Files.readString(Path.of("playbooks/samples", name));
        } catch (IOException missing) {
            throw new UncheckedIOException(missing);
        }
    }
}
