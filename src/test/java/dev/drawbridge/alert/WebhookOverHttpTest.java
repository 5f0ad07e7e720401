package dev.drawbridge.alert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.TestDatabase;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServer;
import org.springframework.context.annotation.AnnotatedBeanDefinitionReader;
import org.springframework.web.context.support.GenericWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

/** The webhook behind a real Tomcat: what a detector sees on the wire. */
class WebhookOverHttpTest {
    private static final int LIMIT = 8 * 1024 * 1024;

    private final TestDatabase database = TestDatabase.h2();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private WebServer server;

    @EnableWebMvc
    static class Mvc {}

    @BeforeEach
    void start() {
        AlertController controller = TestIntake.on(database, SampleAlerts.CLOCK)
                .controller((alert, keep) -> keep.accept(new AlertHandler.Handled(Disposition.UNMATCHED, null, null)));
        GenericWebApplicationContext context = new GenericWebApplicationContext();
        new AnnotatedBeanDefinitionReader(context).register(Mvc.class);
        context.registerBean(AlertController.class, () -> controller);
        TomcatServletWebServerFactory tomcat = new TomcatServletWebServerFactory(0);
        server = tomcat.getWebServer(servlets ->
                servlets.addServlet("web", new DispatcherServlet(context)).addMapping("/"));
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
        database.close();
    }

    private HttpResponse<String> post(HttpRequest.BodyPublisher body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getPort() + "/api/v1/alerts/elastic"))
                        .header("Content-Type", "application/json")
                        .header("Accept", "application/json, text/plain, */*")
                        .POST(body)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static byte[] blanks(int size) {
        byte[] body = new byte[size];
        Arrays.fill(body, (byte) ' ');
        return body;
    }

    @Test
    void answersASample() throws Exception {
        HttpResponse<String> response =
                post(BodyPublishers.ofString(SampleAlerts.read("elastic-rogue-static-pod.json")));
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(response.body())
                .isEqualTo(
                        "{\"alerts\":[{\"alertId\":\"13d35c6c431cdd78623404dfaed65d9e949671ea36b2d8f15a54bda359dc13da\","
                                + "\"disposition\":\"unmatched\"}]}");
    }

    /** A detector that is cut off while it still sends sees a network error, and Kibana never tries those again. */
    @Test
    void aBodyOverTheLimitIsReadToItsEndAndAnswered() throws Exception {
        HttpResponse<String> told = post(BodyPublishers.ofByteArray(blanks(LIMIT + LIMIT / 2)));
        assertThat(told.statusCode()).isEqualTo(413);
        assertThat(told.headers().firstValue("Content-Type")).hasValue("application/problem+json");

        Supplier<InputStream> stream = () -> new java.io.ByteArrayInputStream(blanks(LIMIT + LIMIT / 2));
        assertThat(post(BodyPublishers.ofInputStream(stream)).statusCode()).isEqualTo(413);
    }

    @Test
    void aChunkedBodyWithinTheLimitIsTaken() throws Exception {
        byte[] body = SampleAlerts.read("elastic-summary-storm.json").getBytes();
        assertThat(post(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body)))
                        .statusCode())
                .isEqualTo(202);
    }

    @Test
    void anEmptyBodyIsNotDecodable() throws Exception {
        HttpResponse<String> response = post(BodyPublishers.noBody());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("\"rule\":\"not-decodable\"");
    }
}
