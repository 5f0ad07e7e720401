package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The jar that is shipped, running in a process of its own as a user would start it, with the sandbox profile or configured. */
final class PackagedApplication implements AutoCloseable {
    static final String PASSWORD = "story-password-7351";

    private final Path directory;
    private final Path log;
    private final List<String> arguments;
    private final Map<String, String> environment;
    private final int port;
    private final HttpClient http = HttpClient.newHttpClient();
    private Process process;
    private int starts;

    PackagedApplication(Path directory) throws IOException {
        this(
                directory,
                directory.resolveSibling("application.log"),
                List.of(
                        "--spring.profiles.active=sandbox",
                        "--drawbridge.sandbox.directory=" + directory,
                        "--drawbridge.sandbox.password=" + PASSWORD),
                Map.of());
    }

    private PackagedApplication(Path directory, Path log, List<String> arguments, Map<String, String> environment)
            throws IOException {
        this.directory = directory;
        this.log = log;
        this.arguments = arguments;
        this.environment = environment;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.port = free.getLocalPort();
        }
    }

    /** Without the sandbox: all that it knows comes from its environment, as in a container. */
    static PackagedApplication configured(Path log, Map<String, String> environment) throws IOException {
        return new PackagedApplication(log.getParent(), log, List.of(), environment);
    }

    void start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                System.getProperty("drawbridge.jar"),
                "--server.address=127.0.0.1",
                "--server.port=" + port));
        command.addAll(arguments);
        File log = log().toFile();
        ProcessBuilder java = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
        // where the build itself runs in a pod, this is no pod of the cluster of the test
        java.environment().remove("KUBERNETES_SERVICE_HOST");
        java.environment().putAll(environment);
        process = java.start();
        starts++;
        Awaitility.await("start number " + starts)
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    assertThat(process.isAlive())
                            .as("the application ended, see %s", log)
                            .isTrue();
                    return healthy();
                });
    }

    /** As the kernel's out-of-memory killer or a power cut would: no shutdown hook runs. */
    void kill() throws InterruptedException {
        process.toHandle().destroyForcibly();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    String url(String path) {
        return "http://127.0.0.1:" + port + path;
    }

    Path directory() {
        return directory;
    }

    Path node(String name) {
        return directory.resolve("nodes").resolve(name);
    }

    Path log() {
        return log;
    }

    private boolean healthy() throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url("/actuator/health")))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public void close() throws Exception {
        if (process != null && process.isAlive()) {
            process.destroy();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        }
    }

    String logTail() throws IOException {
        List<String> lines = Files.readAllLines(log());
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
    }
}
