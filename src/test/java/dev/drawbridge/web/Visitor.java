package dev.drawbridge.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.core.env.Environment;

/** Somebody with an HTTP client and a cookie jar; follows no redirect by itself. */
public final class Visitor {
    public static final String PASSWORD = "correct-horse-7";
    static final String HASH = "{bcrypt}$2a$04$eSpySQA6wCDffN7oH.5r4.nmbYqS5r4NOs/T2azYBWu.ux.T7lDpq";
    public static final String TOKEN = "test-token-of-the-default-detector";
    public static final String FALCO_TOKEN = "test-token-of-another-detector";

    private static final Pattern CSRF = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");

    private final String address;
    private final HttpClient http;

    private Visitor(String address) {
        this.address = address;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
                .build();
    }

    public static Visitor to(Environment environment) {
        return new Visitor("http://127.0.0.1:" + environment.getRequiredProperty("local.server.port"));
    }

    /** Someone who signed in at the console. */
    public static Visitor signedIn(Environment environment, String user) {
        Visitor visitor = to(environment);
        HttpResponse<String> answer = visitor.signIn(user, PASSWORD);
        assertThat(answer.statusCode()).isEqualTo(302);
        assertThat(answer.headers().firstValue("Location")).hasValue(visitor.address + "/incidents");
        return visitor;
    }

    public HttpResponse<String> signIn(String user, String password) {
        return submit("/login", "/login", Map.of("username", user, "password", password));
    }

    public String address() {
        return address;
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path)).timeout(Duration.ofSeconds(30));
    }

    /** As a browser asks for a page. */
    public HttpResponse<String> page(String path) {
        return send(request(path).header("Accept", "text/html,application/xhtml+xml"));
    }

    /** As htmx asks for the live part of a page. */
    public HttpResponse<String> live(String path) {
        return send(request(path).header("Accept", "text/html").header("HX-Request", "true"));
    }

    /** Fills in a form that {@code on} shows, with the token it holds. */
    public HttpResponse<String> submit(String on, String action, Map<String, String> fields) {
        Map<String, String> all = new java.util.LinkedHashMap<>(fields);
        all.put("_csrf", token(on));
        return post(action, all);
    }

    private String token(String on) {
        Matcher token = CSRF.matcher(page(on).body());
        assertThat(token.find()).as("a CSRF token on " + on).isTrue();
        return token.group(1);
    }

    /** Presses a button without fields that {@code on} shows, for what it downloads. */
    public HttpResponse<byte[]> press(String on, String action) {
        return download(request(action)
                .header("Accept", "text/html")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("_csrf=" + URLEncoder.encode(token(on), StandardCharsets.UTF_8))));
    }

    public HttpResponse<byte[]> download(HttpRequest.Builder request) {
        return send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Posts a form as it is. */
    public HttpResponse<String> post(String path, Map<String, String> fields) {
        String body = fields.entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return send(request(path)
                .header("Accept", "text/html")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body)));
    }

    public HttpResponse<String> get(String user, String path) {
        return send(request(path).header("Authorization", basic(user, PASSWORD)));
    }

    public HttpResponse<String> post(String user, String path, String json) {
        return send(request(path)
                .header("Authorization", basic(user, PASSWORD))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    /** Posts alerts as the default detector does. */
    public HttpResponse<String> alert(String source, String json) {
        return send(request("/api/v1/alerts/" + source)
                .header("Authorization", "Bearer " + TOKEN)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    public HttpResponse<String> send(HttpRequest.Builder request) {
        return send(request, HttpResponse.BodyHandlers.ofString());
    }

    private <T> HttpResponse<T> send(HttpRequest.Builder request, HttpResponse.BodyHandler<T> body) {
        try {
            return http.send(request.build(), body);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stopped);
        }
    }

    public static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }
}
