package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.BasicAuthenticator;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.URIish;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A remote behind HTTPS that wants to know who asks. */
class HttpsBaselineTest {
    private static final NodeInfo NODE = new NodeInfo(NodeName.of("cp-1"), "uid", Set.of(), Set.of(), Map.of());

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestBaseline baseline;
    private HttpsServer server;
    private String expected = "s3cret";
    private Path password;

    @BeforeEach
    void prepare() throws Exception {
        baseline = new TestBaseline(temp.resolve("git"), database);
        baseline.publishTree(Map.of("nodes/cp-1/etc/kubernetes/kubelet.conf", "kind: Config\n"));
        // files are all that it serves: the protocol of a web server that knows nothing of Git
        assertThat(new ProcessBuilder("git", "-C", baseline.remote().toString(), "update-server-info")
                        .start()
                        .waitFor())
                .isZero();
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls()));
        HttpContext files = server.createContext("/baseline.git/", this::file);
        files.setAuthenticator(new BasicAuthenticator("git") {
            @Override
            public boolean checkCredentials(String username, String given) {
                return username.equals("drawbridge") && given.equals(expected);
            }
        });
        server.start();
        password = Files.writeString(temp.resolve("password"), "s3cret\n");
        // the test's certificate is its own; a real one is known to the JVM
        try (Git cache = Git.init()
                .setBare(true)
                .setDirectory(temp.resolve("git/cache.git").toFile())
                .call()) {
            StoredConfig config = cache.getRepository().getConfig();
            config.setBoolean("http", null, "sslVerify", false);
            config.save();
        }
    }

    @AfterEach
    void close() throws Exception {
        server.stop(0);
        database.close();
    }

    private SSLContext tls() throws Exception {
        Path store = temp.resolve("tls.p12");
        assertThat(new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "tls",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=127.0.0.1",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                "changeit")
                        .redirectErrorStream(true)
                        .start()
                        .waitFor())
                .isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private void file(HttpExchange exchange) throws IOException {
        Path file = baseline.remote().resolve(exchange.getRequestURI().getPath().substring("/baseline.git/".length()));
        byte[] content = Files.isRegularFile(file) ? Files.readAllBytes(file) : "none".getBytes(UTF_8);
        exchange.sendResponseHeaders(Files.isRegularFile(file) ? 200 : 404, content.length);
        exchange.getResponseBody().write(content);
        exchange.close();
    }

    private BaselineResult trusted() {
        return trusted("password-file", password.toString());
    }

    private BaselineResult trusted(String setting, String value) {
        return baseline.baselines(
                        Clock.systemUTC(),
                        Map.of(
                                "url",
                                "https://127.0.0.1:" + server.getAddress().getPort() + "/baseline.git",
                                "username",
                                "drawbridge",
                                setting,
                                value))
                .trusted(NODE);
    }

    @Test
    void theBaselineIsFetchedWithThePasswordThatTheFileHoldsNow() throws Exception {
        Files.writeString(password, "old");
        assertThat(trusted()).isInstanceOf(BaselineResult.NotAvailable.class);
        Files.writeString(password, "s3cret\n");
        assertThat(trusted())
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        found -> assertThat(found.fromCache()).isFalse());
    }

    @Test
    void thePasswordMayStandInTheEnvironmentVariableThatTheConfigurationNames() {
        // one that every process has; nobody can set another for a process that runs
        assertThat(trusted("password-variable", "PATH")).isInstanceOf(BaselineResult.NotAvailable.class);
        expected = System.getenv("PATH");
        assertThat(trusted("password-variable", "PATH")).isInstanceOf(BaselineResult.Trusted.class);
    }

    @Test
    void aVariableThatIsNotSetStopsTheStartAndIsNotRepeated() {
        assertThatThrownBy(() -> trusted("password-variable", "s3cret"))
                .rootCause()
                .hasMessageContaining(
                        "drawbridge.baseline.password-variable is not the name of an environment variable")
                .hasMessageNotContaining("s3cret");
        assertThatThrownBy(() -> baseline.baselines(
                        Clock.systemUTC(),
                        Map.of(
                                "url",
                                "https://git.example.org/x.git",
                                "username",
                                "drawbridge",
                                "password-file",
                                password.toString(),
                                "password-variable",
                                "PATH")))
                .rootCause()
                .hasMessageContaining("one of them holds the password");
    }

    @Test
    void nobodyElseIsToldThePassword() throws Exception {
        HttpsCredentials credentials =
                new HttpsCredentials(new URIish("https://git.example.org/baseline.git"), "drawbridge", () -> "s3cret");
        for (String elsewhere : new String[] {
            "http://git.example.org/baseline.git",
            "https://git.example.com/baseline.git",
            "https://git.example.org:8443/baseline.git"
        }) {
            CredentialItem.Password asked = new CredentialItem.Password();
            assertThat(credentials.get(new URIish(elsewhere), new CredentialItem.Username(), asked))
                    .as(elsewhere)
                    .isFalse();
            assertThat(asked.getValue()).isNull();
        }
        CredentialItem.Password asked = new CredentialItem.Password();
        assertThat(credentials.get(new URIish("https://git.example.org/other.git"), asked))
                .isTrue();
        assertThat(new String(asked.getValue())).isEqualTo("s3cret");
    }

    @Test
    void aPasswordBelongsToAnHttpsUrl() {
        for (String url : new String[] {"http://git.example.org/x.git", "/srv/x.git"}) {
            assertThatThrownBy(() -> baseline.baselines(
                            Clock.systemUTC(),
                            Map.of("url", url, "username", "drawbridge", "password-file", password.toString())))
                    .rootCause()
                    .hasMessageContaining("drawbridge.baseline.username and .password-file belong together");
        }
    }
}
