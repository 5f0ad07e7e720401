package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.containment.ClusterView.KubeletAnswer;
import dev.drawbridge.containment.ClusterView.KubeletPod;
import dev.drawbridge.containment.ClusterView.RunningPod;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a kubelet for its pods, through the API server's proxy. Kubelets run on the nodes that may be compromised: what they answer is bounded in
 * size and in time, and read strictly.
 */
final class KubeletProxy {
    /** Of one answer. A node with 250 pods answers with some 5 MiB. */
    static final int MAX_BYTES = 12 * 1024 * 1024;

    private static final int MAX_PODS = 1_000;
    private static final int MAX_CONTAINERS = 100;
    private static final String FORBIDDEN =
            "the API server does not let Drawbridge ask kubelets: missing right get nodes/proxy; docker/kubernetes/access/kubelet grants it";

    private static final TypeReference<Map<String, @Nullable Object>> FIELDS = new TypeReference<>() {};

    private final KubernetesClient client;
    private final JsonMapper json = JsonMapper.builder().build();

    KubeletProxy(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Both of its lists, one after the other.
     *
     * @throws IllegalStateException when it gives no answer, or one that is none
     */
    KubeletAnswer ask(NodeName node) {
        Answer configured = get(node, "pods");
        if (configured.code() != 200) {
            return refused(configured);
        }
        Answer running = get(node, "runningpods/");
        return running.code() == 200 ? pods(node, configured.body(), running.body()) : refused(running);
    }

    private record Answer(int code, byte[] body) {}

    /** What a person has to change is an answer; what may pass by itself is a fault. */
    private static KubeletAnswer refused(Answer answer) {
        int code = answer.code();
        if (code >= 500 || code == 408 || code == 429) {
            throw new IllegalStateException("kubelet could not be asked through the API server (" + code + ")");
        }
        return new KubeletAnswer.Refused(
                code == 403 ? FORBIDDEN : "kubelet cannot be asked through the API server (" + code + ")");
    }

    private Answer get(NodeName node, String what) {
        HttpClient http = client.getHttpClient();
        URI uri = URI.create(client.getMasterUrl().toString()).resolve("api/v1/nodes/" + node + "/proxy/" + what);
        HttpRequest request = http.newHttpRequestBuilder()
                .uri(uri.toString())
                .header("Accept", "application/json")
                .build();
        Duration limit =
                TimeLimit.atMost(Duration.ofMillis(client.getConfiguration().getRequestTimeout()));
        Body body = new Body();
        CompletableFuture<Answer> answer =
                http.consumeBytes(request, body::add).thenCompose(response -> read(response, body));
        try {
            return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException slow) {
            answer.cancel(true);
            throw new IllegalStateException("kubelet did not answer within " + limit.toSeconds() + " s", slow);
        } catch (ExecutionException failed) {
            throw body.tooLong
                    ? new IllegalStateException("kubelet's answer is longer than " + MAX_BYTES + " bytes")
                    : new IllegalStateException("kubelet could not be asked", failed.getCause());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while kubelet was asked", stopping);
        }
    }

    /** What was received. Filled by one thread of the client after the other. */
    private static final class Body {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private volatile boolean tooLong;

        private void add(List<ByteBuffer> parts, AsyncBody rest) {
            for (ByteBuffer part : parts) {
                if (bytes.size() + part.remaining() > MAX_BYTES) {
                    tooLong = true;
                    rest.cancel();
                    throw new IllegalStateException("too long");
                }
                byte[] copy = new byte[part.remaining()];
                part.get(copy);
                bytes.writeBytes(copy);
            }
            rest.consume();
        }
    }

    private static CompletableFuture<Answer> read(HttpResponse<AsyncBody> response, Body body) {
        CompletableFuture<Answer> whole =
                response.body().done().thenApply(done -> new Answer(response.code(), body.bytes.toByteArray()));
        whole.whenComplete((read, failed) -> {
            if (failed != null) {
                response.body().cancel();
            }
        });
        response.body().consume();
        return whole;
    }

    private KubeletAnswer pods(NodeName node, byte[] configured, byte[] running) {
        List<KubeletPod> statics = new ArrayList<>();
        Set<String> others = new HashSet<>();
        for (JsonNode pod : items(configured)) {
            // kubelet writes it on every pod anew, over whatever somebody wrote there
            if (pod.at("/metadata/annotations/kubernetes.io~1config.source")
                    .asText()
                    .equals("api")) {
                others.add(text(pod, "/metadata/uid"));
            } else {
                statics.add(staticPod(node, pod));
            }
        }
        List<RunningPod> running2 = new ArrayList<>();
        for (JsonNode pod : items(running)) {
            running2.add(new RunningPod(
                    text(pod, "/metadata/namespace"),
                    text(pod, "/metadata/name"),
                    text(pod, "/metadata/uid"),
                    Set.copyOf(containers(pod.at("/spec/containers")).keySet())));
        }
        return new KubeletAnswer.Pods(statics, others, running2);
    }

    private Iterable<JsonNode> items(byte[] body) {
        JsonNode list;
        try {
            list = json.readTree(body);
        } catch (JsonProcessingException other) {
            // its message quotes the answer
            throw new IllegalStateException("kubelet's answer is no JSON");
        } catch (IOException impossible) {
            throw new IllegalStateException("kubelet's answer cannot be read");
        }
        JsonNode items = list.path("items");
        // an error of an aggregated or a foreign server may come with 200 as well; null stands for none
        if (!list.path("kind").asText().equals("PodList") || !(items.isArray() || items.isNull())) {
            throw new IllegalStateException("kubelet's answer is no list of pods");
        }
        if (items.size() > MAX_PODS) {
            throw new IllegalStateException("kubelet lists more than " + MAX_PODS + " pods");
        }
        return items;
    }

    private KubeletPod staticPod(NodeName node, JsonNode pod) {
        Map<String, Instant> startedAt = new TreeMap<>();
        containers(pod.at("/status/containerStatuses")).forEach((name, status) -> {
            String started = status.at("/state/running/startedAt").asText();
            if (!started.isEmpty()) {
                startedAt.put(name, instant(started));
            }
        });
        return new KubeletPod(
                text(pod, "/metadata/namespace"),
                KubernetesClusterView.withoutSuffix(text(pod, "/metadata/name"), "-" + node),
                text(pod, "/metadata/uid"),
                json.convertValue(pod, FIELDS),
                startedAt);
    }

    private static Map<String, JsonNode> containers(JsonNode list) {
        if (list.size() > MAX_CONTAINERS) {
            throw new IllegalStateException("kubelet lists more than " + MAX_CONTAINERS + " containers of one pod");
        }
        Map<String, JsonNode> named = new TreeMap<>();
        list.forEach(container -> named.put(text(container, "/name"), container));
        return named;
    }

    private static String text(JsonNode object, String pointer) {
        JsonNode value = object.at(pointer);
        if (!value.isTextual() || value.asText().isEmpty()) {
            throw new IllegalStateException("kubelet's answer lacks " + pointer + " of a pod");
        }
        return value.asText();
    }

    private static Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException malformed) {
            throw new IllegalStateException("kubelet's answer holds a time that is none");
        }
    }
}
