package dev.drawbridge.benchmark;

import dev.drawbridge.alert.SampleAlerts;
import dev.drawbridge.shared.Digest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A shipped sample with the current time, another host and an id of its own. */
final class AlertTemplate {
    private static final String ID = "13d35c6c431cdd78623404dfaed65d9e949671ea36b2d8f15a54bda359dc13da";

    private final String sample = SampleAlerts.read("elastic-rogue-static-pod.json");
    private final AtomicLong count = new AtomicLong();

    String alert(BenchmarkNode node) {
        return sample.replaceAll("\"20\\d\\d-[\\d-]*T[\\d:.]*Z\"", "\"" + now() + "\"")
                .replace(
                        ID,
                        Digest.ofText(node.name() + " " + count.incrementAndGet())
                                .hex())
                .replace("\"worker-1\"", "\"" + node.name() + "\"")
                .replace("10.20.0.21", node.address());
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
