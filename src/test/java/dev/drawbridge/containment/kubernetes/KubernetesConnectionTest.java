package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

class KubernetesConnectionTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SandboxApiServer server = SandboxApiServer.start();

    @TempDir
    private Path directory;

    @AfterEach
    void close() {
        server.close();
    }

    private static KubernetesClient connect(
            @Nullable Path kubeconfig, @Nullable String context, @Nullable String masterUrl) {
        return new KubernetesConnection()
                .kubernetesClient(new KubernetesProperties(kubeconfig, context, masterUrl, SECOND, SECOND));
    }

    private Path kubeconfig(String current) throws IOException {
        return kubeconfig(current, server.url());
    }

    private Path kubeconfig(String current, String url) throws IOException {
        return Files.writeString(directory.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: %s
                clusters:
                  - name: here
                    cluster: {server: "%s"}
                  - name: nowhere
                    cluster: {server: "http://127.0.0.1:1/"}
                users:
                  - name: drawbridge
                    user: {token: t0ken}
                contexts:
                  - name: real
                    context: {cluster: here, user: drawbridge}
                  - name: other
                    context: {cluster: nowhere, user: drawbridge}
                """.formatted(current, url));
    }

    @Test
    void takesTheCurrentContextOfTheKubeconfig() throws Exception {
        try (KubernetesClient client = connect(kubeconfig("real"), null, null)) {
            assertThat(client.nodes().list().getItems()).hasSize(6);
        }
    }

    @Test
    void sendsTheCredentialsOfTheKubeconfigAndOfNothingElse() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        List<String> agents = new CopyOnWriteArrayList<>();
        HttpServer listening = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        listening.createContext("/", exchange -> {
            seen.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            agents.add(String.valueOf(exchange.getRequestHeaders().getFirst("User-Agent")));
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("ok".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
        listening.start();
        String url = "http://127.0.0.1:" + listening.getAddress().getPort() + "/";
        System.setProperty("kubernetes.auth.token", "somebody's");
        try (KubernetesClient byFile = connect(kubeconfig("real", url), null, null);
                KubernetesClient byUrl = connect(null, null, url)) {
            assertThat(byFile.raw("/readyz")).isEqualTo("ok");
            assertThat(byUrl.raw("/readyz")).isEqualTo("ok");
            assertThat(seen).containsExactly("Bearer t0ken", "null");
            assertThat(agents)
                    .as("what the server keeps as the manager of our fields")
                    .allSatisfy(agent -> assertThat(agent).startsWith(Marks.MANAGER + "/"));
        } finally {
            System.clearProperty("kubernetes.auth.token");
            listening.stop(0);
        }
    }

    @Test
    void takesTheNamedContextOfTheKubeconfig() throws Exception {
        try (KubernetesClient client = connect(kubeconfig("other"), "real", null)) {
            assertThat(client.nodes().list().getItems()).hasSize(6);
        }
    }

    @Test
    void aMasterUrlIsAskedWithoutAnyCredentialsThatLieAround() throws Exception {
        System.setProperty("kubeconfig", kubeconfig("other").toString());
        System.setProperty("kubernetes.auth.token", "somebody's");
        try (KubernetesClient client = connect(null, null, server.url())) {
            assertThat(client.nodes().list().getItems()).hasSize(6);
            assertThat(client.getConfiguration().getOauthToken()).isNull();
            assertThat(client.getConfiguration().getCurrentContext()).isNull();
        } finally {
            System.clearProperty("kubeconfig");
            System.clearProperty("kubernetes.auth.token");
        }
    }

    @Test
    void aKubeconfigThatLiesAroundIsNotUsed() throws Exception {
        assumeTrue(System.getenv("KUBERNETES_SERVICE_HOST") == null, "runs in a cluster");
        System.setProperty("kubeconfig", kubeconfig("real").toString());
        try {
            assertThatThrownBy(() -> connect(null, null, null))
                    .isInstanceOfSatisfying(InvalidConfigurationPropertyValueException.class, missing -> {
                        assertThat(missing.getName()).isEqualTo("drawbridge.kubernetes.kubeconfig");
                        assertThat(missing.getReason()).contains("drawbridge.kubernetes.master-url");
                    });
        } finally {
            System.clearProperty("kubeconfig");
        }
    }

    @Test
    void aContextThatTheKubeconfigDoesNotHaveStopsTheStart() throws Exception {
        Path kubeconfig = kubeconfig("real");
        assertThatThrownBy(() -> connect(kubeconfig, "typo", null))
                .isInstanceOfSatisfying(
                        InvalidConfigurationPropertyValueException.class,
                        wrong -> assertThat(wrong.getName()).isEqualTo("drawbridge.kubernetes.context"));
        Path without = kubeconfig("gone");
        assertThatThrownBy(() -> connect(without, null, null))
                .isInstanceOf(InvalidConfigurationPropertyValueException.class);
    }

    @Test
    void aKubeconfigThatIsNotThereStopsTheStart() {
        assertThatThrownBy(() -> connect(directory.resolve("none"), null, null))
                .isInstanceOfSatisfying(
                        InvalidConfigurationPropertyValueException.class,
                        wrong -> assertThat(wrong.getReason()).contains("no such file"));
    }

    @Test
    void settingsThatContradictEachOtherStopTheStart() {
        Path file = directory.resolve("kubeconfig");
        assertThatThrownBy(() -> new KubernetesProperties(file, null, "http://127.0.0.1/", SECOND, SECOND))
                .hasMessageContaining("exclude each other");
        assertThatThrownBy(() -> new KubernetesProperties(null, "real", null, SECOND, SECOND))
                .hasMessageContaining("needs drawbridge.kubernetes.kubeconfig");
        assertThatThrownBy(() -> new KubernetesProperties(file, null, null, Duration.ZERO, SECOND))
                .hasMessageContaining("connect-timeout");
        assertThatThrownBy(() -> new KubernetesProperties(file, null, null, SECOND, Duration.ofSeconds(-1)))
                .hasMessageContaining("request-timeout");
    }

    /** A server with TLS, a certificate that only the mounted authority vouches for, and a token that is replaced. */
    @Test
    void inAClusterTheServiceAccountIsUsedAndItsTokenReadAnew() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
        KeyPair pair = keys.generateKeyPair();
        X509Certificate certificate = TestCertificates.selfSigned(pair, "127.0.0.1");
        HttpsServer listening = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        listening.setHttpsConfigurator(new HttpsConfigurator(TestCertificates.serving(pair, certificate)));
        listening.createContext("/", exchange -> {
            seen.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("ok".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
        listening.start();
        Files.writeString(directory.resolve("ca.crt"), TestCertificates.pem(certificate));
        Files.writeString(directory.resolve("token"), "first\n");
        System.setProperty("kubeconfig", kubeconfig("real").toString());
        Config config = KubernetesConnection.inCluster(
                directory, "127.0.0.1", String.valueOf(listening.getAddress().getPort()));
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config).build()) {
            assertThat(client.raw("/readyz")).isEqualTo("ok");
            Files.writeString(directory.resolve("token"), "second");
            assertThat(client.raw("/readyz")).isEqualTo("ok");
            assertThat(seen).containsExactly("Bearer first", "Bearer second");
        } finally {
            System.clearProperty("kubeconfig");
            listening.stop(0);
        }
        assertThat(KubernetesConnection.inCluster(directory, "fd00::1", "443").getMasterUrl())
                .isEqualTo("https://[fd00::1]:443/");
    }
}
