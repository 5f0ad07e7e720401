package dev.drawbridge.investigation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that misbehave in ways in which a real one cannot be made to. */
class EventReaderTest {
    private static final String ONE_HIT = """
            "hits": {"hits": [{"_index": "i", "_id": "1", "_source": {"user": {"name": "root"}}}]}""";
    private static final String COMPLETE = """
            {"took": 1, "timed_out": false, "_shards": {"total": 1, "successful": 1, "failed": 0}, %s}""".formatted(ONE_HIT);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch over = new CountDownLatch(1);
    private final AtomicReference<String> authorization = new AtomicReference<>();
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private interface Behaviour {
        void answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    private void behave(Behaviour behaviour) {
        server.createContext("/", exchange -> {
            try (exchange) {
                authorization.set(exchange.getRequestHeaders().getFirst("Authorization"));
                exchange.getRequestBody().readAllBytes();
                exchange.getResponseHeaders().add("X-Elastic-Product", "Elasticsearch");
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                behaviour.answer(exchange);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private Answer ask(ElasticsearchProperties properties) throws IOException {
        try (EventReader reader = new ElasticsearchConfiguration().eventReader(properties)) {
            return reader.search(
                    new EventQuery(
                            List.of("logs-x-*"),
                            Instant.EPOCH,
                            Instant.EPOCH.plusSeconds(1),
                            List.of(),
                            List.of(EventQuery.term("user.name", "root")),
                            List.of("user.name"),
                            10,
                            null),
                    Deadline.in(properties.timeBudget()));
        }
    }

    private Answer ask(Duration patience) throws IOException {
        return ask(TestInvestigation.properties(url(), "p", "f", "l", patience));
    }

    private Answer ask() throws IOException {
        return ask(Duration.ofSeconds(10));
    }

    private static String reason(Answer answer) {
        assertThat(answer).isInstanceOf(Answer.NotAvailable.class);
        return ((Answer.NotAvailable) answer).reason();
    }

    @Test
    void takesACompleteAnswer() throws Exception {
        behave(exchange -> send(exchange, 200, COMPLETE));

        assertThat(ask())
                .isInstanceOfSatisfying(
                        Answer.Events.class,
                        found -> assertThat(found.events().get(0).text("user.name"))
                                .contains("root"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"timed_out\": false|\"timed_out\": true|the search timed out: its answer is not complete",
                "\"failed\": 0|\"failed\": 1|some shards did not answer",
                "\"total\": 1|\"total\": 0|there is no such index, or it may not be read",
                "\"took\": 1|\"took\": 1, \"_clusters\": {\"total\": 2, \"successful\": 1, \"skipped\": 1, \"running\": 0,"
                        + " \"partial\": 0, \"failed\": 0}|a remote cluster did not answer"
            })
    void anAnswerThatIsIncompleteIsNone(String was, String is, String why) throws Exception {
        behave(exchange -> send(exchange, 200, COMPLETE.replace(was, is)));

        assertThat(reason(ask())).isEqualTo(why);
    }

    @ParameterizedTest
    @CsvSource({
        "401,Elasticsearch refused our credentials (401)",
        "403,Elasticsearch refused our credentials (403)",
        "404,there is no such index",
        "400,Elasticsearch answered with an error (400)",
        "429,Elasticsearch answered with an error (429)",
        "500,Elasticsearch answered with an error (500)",
        "503,Elasticsearch answered with an error (503)"
    })
    void anErrorIsToldInOurOwnWords(int status, String why) throws Exception {
        behave(exchange -> send(exchange, status, """
                {"error": {"type": "t", "reason": "<b>what the alert said</b>", "root_cause": []}, "status": %d}""".formatted(status)));

        assertThat(reason(ask())).isEqualTo(why);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>proxy</html>", "{", "[]", "null", "{\"took\": \"x\"}", "{\"hits\": {}}"})
    void whatIsNoAnswerIsNotAvailable(String body) throws Exception {
        behave(exchange -> send(exchange, 200, body));

        assertThat(reason(ask())).isEqualTo("the answer could not be understood");
    }

    @Test
    void anAnswerLargerThanAnyOfOursIsNotRead() throws Exception {
        behave(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] blanks = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 64; i++) {
                exchange.getResponseBody().write(blanks);
            }
        });

        assertThat(ask()).isInstanceOf(Answer.NotAvailable.class);
    }

    @Test
    void aServerThatIsNoElasticsearchIsNotBelieved() throws Exception {
        behave(exchange -> {
            exchange.getResponseHeaders().remove("X-Elastic-Product");
            send(exchange, 200, COMPLETE);
        });

        assertThat(ask()).isInstanceOf(Answer.NotAvailable.class);
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        behave(exchange -> {
            if (exchange.getRequestURI().getPath().equals("/elsewhere")) {
                send(exchange, 200, COMPLETE);
            } else {
                exchange.getResponseHeaders().add("Location", "/elsewhere");
                send(exchange, 302, "");
            }
        });

        assertThat(ask()).isInstanceOf(Answer.NotAvailable.class);
    }

    @Test
    void aSilentServerCostsNoMoreThanTheRequestTimeout() throws Exception {
        behave(exchange -> over.await());

        long start = System.nanoTime();
        assertThat(ask(Duration.ofMillis(300))).isInstanceOf(Answer.NotAvailable.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aServerThatDripsItsAnswerCostsNoMoreEither() throws Exception {
        behave(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            OutputStream out = exchange.getResponseBody();
            while (!over.await(50, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                out.write(' ');
                out.flush();
            }
        });

        long start = System.nanoTime();
        assertThat(reason(ask(Duration.ofMillis(500)))).isEqualTo("Elasticsearch did not answer in time");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aServerThatIsDownIsNotAvailable() throws Exception {
        int port;
        try (ServerSocket closing = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closing.getLocalPort();
        }
        URI nobody = URI.create("http://127.0.0.1:" + port);

        assertThat(reason(ask(TestInvestigation.properties(nobody, "p", "f", "l", Duration.ofSeconds(5)))))
                .isEqualTo("Elasticsearch could not be reached");
    }

    @Test
    void theKeyFromAFileIsSentAndNeverPrinted(@TempDir Path directory) throws Exception {
        behave(exchange -> send(exchange, 200, COMPLETE));
        Path file = Files.writeString(directory.resolve("key"), "aWQ6c2VjcmV0LWtleQ==\n");
        ElasticsearchProperties base = TestInvestigation.properties(url(), "p", "f", "l", Duration.ofSeconds(10));
        ElasticsearchProperties properties = new ElasticsearchProperties(
                base.url(),
                null,
                file,
                null,
                base.connectTimeout(),
                base.requestTimeout(),
                base.timeBudget(),
                base.processIndices(),
                base.fileIndices(),
                base.loginIndices(),
                base.processWindow(),
                base.loginWindow(),
                base.fileWindow(),
                base.maxEvents());

        ask(properties);

        assertThat(authorization).hasValue("ApiKey aWQ6c2VjcmV0LWtleQ==");
        assertThat(properties.toString()).doesNotContain("aWQ6");
    }
}
