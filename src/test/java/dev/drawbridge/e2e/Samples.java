package dev.drawbridge.e2e;

import dev.drawbridge.shared.Digest;
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

    /** A rogue static pod on another node, as an alert of its own. */
    static String about(String node, String address) throws IOException {
        return current("elastic-rogue-static-pod.json")
                .replace("worker-1", node)
                .replace("10.20.0.21", address)
                .replace(
                        "13d35c6c431cdd78623404dfaed65d9e949671ea36b2d8f15a54bda359dc13da",
                        Digest.ofText(node).hex());
    }
}
