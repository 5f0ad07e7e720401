package dev.drawbridge.alert;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The script that posts samples, against a real HTTP server. */
class SendSampleTest {
    private static final Path SAMPLES = Path.of("playbooks/samples");

    private final List<byte[]> bodies = new ArrayList<>();
    private final List<String> requests = new ArrayList<>();
    private final AlertReader reader = new AlertReader(TestIntake.limits());
    private final Freshness freshness = new Freshness(TestIntake.limits());
    private HttpServer server;

    @BeforeEach
    void listen() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is missing: apt-get install curl");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Authorization") + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type"));
            bodies.add(exchange.getRequestBody().readAllBytes());
            byte[] answer = "{}".getBytes();
            exchange.sendResponseHeaders(202, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.stop(0);
        }
    }

    private int send(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("sh", SAMPLES.resolve("send").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder script = new ProcessBuilder(command).redirectErrorStream(true);
        script.environment().put("TOKEN", "s3cret");
        Process process = script.start();
        process.getInputStream().readAllBytes();
        return process.waitFor();
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    static Stream<String> samples() throws IOException {
        try (Stream<Path> files = Files.list(SAMPLES)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everySampleArrivesFreshAndNeverTwice(String sample) throws Exception {
        assertThat(send(sample, url())).isZero();
        assertThat(send(sample, url())).isZero();

        boolean falco = sample.startsWith("falco");
        assertThat(requests.get(0))
                .isEqualTo("POST /api/v1/alerts/" + (falco ? "falco" : "elastic") + " Bearer s3cret application/json");
        Instant now = Clock.systemUTC().instant();
        AlertDecoder decoder = falco ? new FalcoDecoder() : new ElasticDecoder();
        List<DecodedAlert> first = reader.read(bodies.get(0), decoder, now);
        List<DecodedAlert> second = reader.read(bodies.get(1), decoder, now);
        assertThat(first)
                .isNotEmpty()
                .extracting(DecodedAlert::id)
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(
                        second.stream().map(DecodedAlert::id).toList());
        for (DecodedAlert one : first) {
            Alert alert = ((DecodedAlert.Good) one).alert();
            assertThat(Duration.between(alert.eventTime(), now)).isLessThan(Duration.ofMinutes(1));
            assertThat(freshness.staleness(alert, now).isPresent()).isEqualTo(sample.contains("manual"));
        }
        // and nothing else was changed
        assertThat(new String(bodies.get(0)).replaceAll("20[0-9-]*T[0-9:.]*Z|[0-9a-f]{8,64}|\"evt.time\": [0-9]*", ""))
                .isEqualTo(Files.readString(SAMPLES.resolve(sample))
                        .replaceAll("20[0-9-]*T[0-9:.]*Z|[0-9a-f]{8,64}|\"evt.time\": [0-9]*", ""));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aSamplePostedAsItIsIsStale(String sample) throws Exception {
        AlertDecoder decoder = sample.startsWith("falco") ? new FalcoDecoder() : new ElasticDecoder();
        Instant now = Clock.systemUTC().instant();
        for (DecodedAlert one : reader.read(Files.readAllBytes(SAMPLES.resolve(sample)), decoder, now)) {
            assertThat(freshness.staleness(((DecodedAlert.Good) one).alert(), now))
                    .isPresent();
        }
    }

    @Test
    void withoutAnArgumentItExplainsItself() throws Exception {
        assertThat(send()).isEqualTo(2);
        assertThat(requests).isEmpty();
    }
}
