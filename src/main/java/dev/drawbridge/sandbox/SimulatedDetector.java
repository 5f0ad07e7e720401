package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;

/**
 * Plays Elastic's part: reports a file of a sandbox node through the real webhook, with the shipped sample as the template, so that
 * everything from the token check on is the product's own way.
 */
final class SimulatedDetector {
    private static final String SAMPLE = "/playbooks/samples/elastic-rogue-static-pod.json";
    // the rule runs every few minutes; what it reports happened a little while ago
    private static final Duration DETECTION_DELAY = Duration.ofSeconds(2);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final ObjectMapper json;
    private final Clock clock;
    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(TIMEOUT)
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    SimulatedDetector(ObjectMapper json, Clock clock) {
        this.json = json;
        this.clock = clock;
    }

    /**
     * Posts the alert and returns the intake's answer.
     *
     * @param intake address of Drawbridge, for example {@code http://127.0.0.1:8080}
     * @param file relative to the node's root
     */
    JsonNode report(URI intake, String token, SandboxNode node, NodeTree tree, String file) {
        try {
            HttpRequest request = HttpRequest.newBuilder(intake.resolve("/api/v1/alerts/elastic"))
                    .timeout(TIMEOUT)
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(
                            json.writeValueAsBytes(alert(node, tree.root().resolve(file), "/" + file))))
                    .build();
            HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() != 202) {
                throw new IllegalStateException("the intake answered " + response.statusCode());
            }
            return json.readTree(response.body());
        } catch (IOException failed) {
            throw new UncheckedIOException("the alert could not be posted", failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while posting the alert", interrupted);
        }
    }

    private ObjectNode alert(SandboxNode node, Path file, String path) throws IOException {
        byte[] content = Files.readAllBytes(file);
        String name = node.name().value();
        String fileName = file.getFileName().toString();
        Instant event = clock.instant().minus(DETECTION_DELAY).truncatedTo(ChronoUnit.MILLIS);
        ObjectNode envelope = (ObjectNode) sample();
        envelope.put("date", event.plus(DETECTION_DELAY).toString());
        ObjectNode alert = (ObjectNode) envelope.withArray("alerts").get(0);
        // as Elastic's: 64 hexadecimal digits, new for every event
        String uuid = random(32);
        alert.put("_id", uuid);
        alert.put("@timestamp", event.plus(DETECTION_DELAY).toString());
        ObjectNode host = alert.withObject("/host");
        host.put("name", name).put("hostname", name);
        host.withArray("ip").removeAll().add("127.0.0.1").add(node.address());
        alert.withObject("/event")
                .put("created", event.toString())
                .put("ingested", event.plusSeconds(1).toString())
                .put("id", random(11));
        ObjectNode described = alert.withObject("/file");
        described.put("path", path).put("name", fileName).put("size", content.length);
        described.withObject("/hash").put("sha256", Digest.ofBytes(content).hex());
        alert.withObject("/process").put("command_line", "cp /tmp/." + fileName + " " + path);
        ObjectNode kibana = alert.withObject("/kibana/alert");
        kibana.put("uuid", uuid).put("original_time", event.toString());
        kibana.put(
                "reason",
                "file event with process cp, file " + fileName + ", by root on " + name
                        + " created medium alert Kubernetes Sensitive Configuration File Activity.");
        kibana.withObject("/original_event")
                .put("ingested", event.plusSeconds(1).toString());
        return envelope;
    }

    private JsonNode sample() throws IOException {
        try (InputStream in = SimulatedDetector.class.getResourceAsStream(SAMPLE)) {
            if (in == null) {
                throw new IllegalStateException("not in the jar: " + SAMPLE);
            }
            return json.readTree(in);
        }
    }

    private static String random(int bytes) {
        byte[] noise = new byte[bytes];
        new SecureRandom().nextBytes(noise);
        return HexFormat.of().formatHex(noise);
    }
}
