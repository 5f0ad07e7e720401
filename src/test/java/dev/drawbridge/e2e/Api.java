package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** The HTTP contract as a program of somebody else uses it. */
final class Api {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final PackagedApplication application;
    private final HttpClient http = HttpClient.newHttpClient();

    Api(PackagedApplication application) {
        this.application = application;
    }

    record Answer(int status, JsonNode body) {}

    Answer get(String user, String path) {
        return send(request(path).header("Authorization", basic(user)).GET());
    }

    byte[] download(String user, String path) {
        HttpResponse<byte[]> answer =
                send(request(path).header("Authorization", basic(user)).GET(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).as(path).isEqualTo(200);
        return answer.body();
    }

    Answer post(String user, String path, Map<String, ?> body) {
        return send(request(path)
                .header("Authorization", basic(user))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(write(body))));
    }

    Answer postAlert(String source, String body) {
        return send(request("/api/v1/alerts/" + source)
                .header("Authorization", "Bearer " + PackagedApplication.PASSWORD)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /** The open incident of a node, as soon as there is one. */
    String openIncident(String node) {
        return Awaitility.await("an incident of " + node)
                .atMost(Duration.ofSeconds(60))
                .until(
                        () -> {
                            for (JsonNode item : get("auditor", "/api/v1/incidents?node=" + node)
                                    .body()
                                    .path("items")) {
                                if (!item.path("state").asText().startsWith("closed")) {
                                    return item.path("id").asText();
                                }
                            }
                            return "";
                        },
                        id -> !id.isEmpty());
    }

    JsonNode awaitState(String incident, String state) {
        return Awaitility.await("incident " + incident + " " + state)
                .atMost(Duration.ofSeconds(120))
                .pollInterval(Duration.ofMillis(200))
                .until(
                        () -> get("auditor", "/api/v1/incidents/" + incident).body(),
                        body -> body.path("state").asText().equals(state));
    }

    /** What the guardrails said of the first effect that the incident asked for. */
    String awaitFirstVerdict(String incident) {
        return Awaitility.await("a verdict for " + incident)
                .atMost(Duration.ofSeconds(60))
                .until(
                        () -> {
                            for (JsonNode entry : get("auditor", "/api/v1/incidents/" + incident + "/timeline")
                                    .body()
                                    .path("items")) {
                                if (entry.path("action").asText().startsWith("effect.")) {
                                    return entry.at("/details/verdict").asText();
                                }
                            }
                            return "";
                        },
                        verdict -> !verdict.isEmpty());
    }

    JsonNode awaitTask(String incident, String kind) {
        return Awaitility.await("task " + kind + " of " + incident)
                .atMost(Duration.ofSeconds(120))
                .pollInterval(Duration.ofMillis(200))
                .until(
                        () -> {
                            for (JsonNode task : tasks(incident)) {
                                if (task.path("kind").asText().equals(kind)) {
                                    return task;
                                }
                            }
                            return JSON.nullNode();
                        },
                        task -> task.isObject());
    }

    List<JsonNode> tasks(String incident) {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode task : get("responder", "/api/v1/tasks").body().path("items")) {
            if (task.path("incidentId").asText().equals(incident)) {
                found.add(task);
            }
        }
        return found;
    }

    JsonNode node(String name) {
        Answer answer = get("auditor", "/api/v1/sandbox/nodes");
        assertThat(answer.status()).isEqualTo(200);
        JsonNode nodes = answer.body().isArray() ? answer.body() : answer.body().path("items");
        for (JsonNode node : nodes) {
            if (node.path("name").asText().equals(name)) {
                return node;
            }
        }
        throw new AssertionError("no node " + name + " in " + nodes);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(application.url(path))).timeout(Duration.ofSeconds(30));
    }

    private Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), JSON.readTree(response.body()));
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    private <T> HttpResponse<T> send(HttpRequest.Builder request, HttpResponse.BodyHandler<T> body) {
        try {
            return http.send(request.build(), body);
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stopped);
        }
    }

    private static String basic(String user) {
        return "Basic "
                + Base64.getEncoder()
                        .encodeToString((user + ":" + PackagedApplication.PASSWORD).getBytes(StandardCharsets.UTF_8));
    }

    private static String write(Map<String, ?> body) {
        try {
            return JSON.writeValueAsString(body);
        } catch (IOException impossible) {
            throw new java.io.UncheckedIOException(impossible);
        }
    }
}
