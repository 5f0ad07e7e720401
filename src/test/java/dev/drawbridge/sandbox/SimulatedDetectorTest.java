package dev.drawbridge.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulatedDetectorTest {
    private static final Instant NOW = Instant.parse("2027-03-01T12:00:00Z");
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FILE = "etc/kubernetes/manifests/metrics-agent.yaml";

    @TempDir
    Path root;

    private final List<JsonNode> posted = new ArrayList<>();
    private final List<String> authorisations = new ArrayList<>();
    private volatile int status = 202;
    private HttpServer intake;

    @BeforeEach
    void start() throws Exception {
        intake = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        intake.createContext("/api/v1/alerts/elastic", exchange -> {
            posted.add(JSON.readTree(exchange.getRequestBody()));
            authorisations.add(exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] answer = "{\"alerts\":[{\"disposition\":\"opened\"}]}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        intake.start();
        Files.createDirectories(root.resolve(FILE).getParent());
        Files.writeString(root.resolve(FILE), "kind: Pod\n");
    }

    @AfterEach
    void stop() {
        intake.stop(0);
    }

    @Test
    void theAlertNamesTheNodeTheFileAndItsDigestAtTheCurrentTime() {
        JsonNode answer = report("cp-3");

        assertThat(answer.at("/alerts/0/disposition").asText()).isEqualTo("opened");
        assertThat(authorisations).containsExactly("Bearer the-token");
        JsonNode alert = posted.get(0).path("alerts").get(0);
        assertThat(alert.at("/host/name").asText()).isEqualTo("cp-3");
        assertThat(alert.at("/host/ip").toString()).isEqualTo("[\"127.0.0.1\",\"10.20.0.13\"]");
        assertThat(alert.at("/file/path").asText()).isEqualTo("/" + FILE);
        assertThat(alert.at("/file/hash/sha256").asText())
                .isEqualTo(Digest.ofText("kind: Pod\n").hex());
        assertThat(alert.at("/kibana/alert/uuid").asText())
                .matches("[0-9a-f]{64}")
                .isEqualTo(alert.path("_id").asText());
        assertThat(Instant.parse(alert.at("/kibana/alert/original_time").asText()))
                .isBetween(NOW.minusSeconds(60), NOW);
        assertThat(posted.get(0).toString()).doesNotContain("2026-11-24", "worker-1", "10.20.0.21");
    }

    @Test
    void everyReportIsAnAlertOfItsOwn() {
        report("cp-3");
        report("cp-3");
        assertThat(posted.get(0).at("/alerts/0/_id")).isNotEqualTo(posted.get(1).at("/alerts/0/_id"));
    }

    @Test
    void aRefusalOfTheIntakeIsNotTakenForAnAnswer() {
        status = 401;
        assertThatThrownBy(() -> report("cp-3")).hasMessageContaining("401").hasMessageNotContaining("the-token");
    }

    private JsonNode report(String node) {
        return new SimulatedDetector(JSON, Clock.fixed(NOW, ZoneOffset.UTC))
                .report(
                        URI.create("http://127.0.0.1:" + intake.getAddress().getPort()),
                        "the-token",
                        SandboxAttack.target(NodeName.of(node)),
                        new NodeTree(root),
                        FILE);
    }
}
