package dev.drawbridge.investigation;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One real Elasticsearch per test JVM, started at first use, on loopback, ended with the JVM. It is the stripped server that
 * Elastic publishes for integration tests; where the build has not fetched it, the tests that need it are skipped.
 */
final class ElasticsearchServer implements BeforeAllCallback, ParameterResolver {
    @Override
    public void beforeAll(ExtensionContext context) {
        Path home = home();
        assumeTrue(
                Files.isRegularFile(home.resolve("bin/elasticsearch")),
                "skipped: no Elasticsearch at " + home + "; ./mvnw dependency:unpack@elasticsearch-server brings it");
        node(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Node.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return node(context);
    }

    private static Node node(ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.create(ElasticsearchServer.class))
                .getOrComputeIfAbsent(Node.class, unused -> Node.start(home()), Node.class);
    }

    private static Path home() {
        return Path.of(
                        System.getProperty("elasticsearch.dist.dir", "target/elasticsearch"),
                        "elasticsearch-" + System.getProperty("elasticsearch.server.version", "8.19.21"))
                .toAbsolutePath();
    }

    /** The running server; spoken to here without the client that is under test. */
    static final class Node implements ExtensionContext.Store.CloseableResource {
        private final HttpClient http =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
        private final Path run;
        private final Process process;
        private final URI url;

        private Node(Path run, Process process, URI url) {
            this.run = run;
            this.process = process;
            this.url = url;
        }

        static Node start(Path home) {
            try {
                // not below the build directory, which the user that it runs as may be unable to enter
                Path run = Files.createTempDirectory("elasticsearch-test-");
                int port = freePort();
                configure(home, run, port);
                Process process = launch(home, run);
                Node node = new Node(run, process, URI.create("http://127.0.0.1:" + port));
                Runtime.getRuntime().addShutdownHook(new Thread(node::close));
                node.awaitStart();
                return node;
            } catch (IOException | InterruptedException notStarted) {
                throw new IllegalStateException("Elasticsearch could not be started", notStarted);
            }
        }

        private static void configure(Path home, Path run, int port) throws IOException {
            for (String directory : List.of("config/jvm.options.d", "data", "logs", "tmp")) {
                Files.createDirectories(run.resolve(directory));
            }
            for (String file : List.of("jvm.options", "log4j2.properties")) {
                Files.copy(
                        home.resolve("config").resolve(file),
                        run.resolve("config").resolve(file));
            }
            Files.writeString(
                    run.resolve("config/elasticsearch.yml"),
                    String.join(
                            "\n",
                            "cluster.name: drawbridge-test",
                            "path.data: " + run.resolve("data"),
                            "path.logs: " + run.resolve("logs"),
                            "network.host: 127.0.0.1",
                            "http.port: " + port,
                            "transport.port: " + freePort(),
                            "discovery.type: single-node",
                            "xpack.security.enabled: false",
                            "cluster.routing.allocation.disk.threshold_enabled: false",
                            ""));
        }

        private static Process launch(Path home, Path run) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>();
            Path server = home;
            if ("root".equals(System.getProperty("user.name"))) {
                // Elasticsearch refuses to run as root, and nobody may be unable to enter the checkout that root builds
                // in
                server = run.resolve("server");
                must("cp", "-R", home.toString(), server.toString());
                must("chown", "-R", "nobody:nogroup", run.toString());
                command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
            }
            command.addAll(List.of("bash", server.resolve("bin/elasticsearch").toString()));
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(run.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(run.resolve("stdout.log").toFile());
            builder.environment()
                    .putAll(Map.of(
                            "HOME", run.toString(),
                            "ES_JAVA_HOME", System.getProperty("java.home"),
                            "ES_PATH_CONF", run.resolve("config").toString(),
                            "ES_TMPDIR", run.resolve("tmp").toString(),
                            "ES_JAVA_OPTS",
                                    "-Xms400m -Xmx400m -XX:TieredStopAtLevel=1 -XX:-HeapDumpOnOutOfMemoryError"));
            return builder.start();
        }

        private static void must(String... command) throws IOException, InterruptedException {
            int code = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (code != 0) {
                throw new IOException(command[0] + " ended with " + code);
            }
        }

        private void awaitStart() throws IOException {
            try {
                Awaitility.await()
                        .atMost(Duration.ofMinutes(4))
                        .pollInterval(Duration.ofMillis(200))
                        .until(() -> !process.isAlive() || healthy());
            } finally {
                if (!process.isAlive() || !healthy()) {
                    System.err.println(Files.readString(run.resolve("stdout.log")));
                    close();
                }
            }
            if (!process.isAlive()) {
                throw new IllegalStateException("Elasticsearch did not start: see above");
            }
        }

        private boolean healthy() {
            try {
                // not GET /, which the stripped server does not serve
                return exchange("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", "")
                                .statusCode()
                        == 200;
            } catch (UncheckedIOException notYet) {
                return false;
            }
        }

        URI url() {
            return url;
        }

        /** Sends JSON and expects success. */
        String send(String method, String path, String body) {
            HttpResponse<String> response = exchange(method, path, body);
            if (response.statusCode() >= 300 || response.body().contains("\"errors\":true")) {
                throw new IllegalStateException(method + " " + path + ": " + response.body());
            }
            return response.body();
        }

        private HttpResponse<String> exchange(String method, String path, String body) {
            HttpRequest.Builder request = HttpRequest.newBuilder(url.resolve(path))
                    .timeout(Duration.ofSeconds(30))
                    .method(
                            method,
                            body.isEmpty()
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofString(body));
            if (!body.isEmpty()) {
                request.header("Content-Type", "application/json");
            }
            try {
                return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(stopping);
            }
        }

        @Override
        public void close() {
            List<ProcessHandle> family = process.descendants().toList();
            process.destroy();
            try {
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    family.forEach(ProcessHandle::destroyForcibly);
                }
                try (Stream<Path> files = Files.exists(run) ? Files.walk(run) : Stream.empty()) {
                    files.sorted(Comparator.reverseOrder())
                            .forEach(file -> file.toFile().delete());
                }
            } catch (InterruptedException stopping) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            } catch (IOException leftBehind) {
                System.err.println("not removed: " + run + " (" + leftBehind.getMessage() + ")");
            }
        }

        private static int freePort() throws IOException {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            }
        }
    }
}
