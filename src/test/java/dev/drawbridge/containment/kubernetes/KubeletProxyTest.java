package dev.drawbridge.containment.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.drawbridge.containment.ClusterView.KubeletAnswer;
import dev.drawbridge.containment.ClusterView.RunningPod;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server that answers with whatever a kubelet might, in good faith or not. */
class KubeletProxyTest {
    private static final NodeName NODE = NodeName.of("cp-1");
    private static final String NONE = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":null}";
    private static final String PODS = """
            {"kind":"PodList","items":[
             {"metadata":{"name":"etcd-cp-1","namespace":"kube-system","uid":"0a","annotations":{"kubernetes.io/config.source":"file"}},
              "spec":{"containers":[{"name":"etcd","image":"e"}]},
              "status":{"containerStatuses":[
               {"name":"etcd","state":{"running":{"startedAt":"2026-11-24T10:00:00Z"}}},
               {"name":"waits","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}},
             {"metadata":{"name":"remote-cp-1","namespace":"shadows","uid":"0b","annotations":{"kubernetes.io/config.source":"http"}},"spec":{}},
             {"metadata":{"name":"checkout-1","namespace":"shop","uid":"0c","annotations":{"kubernetes.io/config.source":"api"}},"spec":{}}]}""";
    private static final String RUNNING = """
            {"kind":"PodList","items":[
             {"metadata":{"name":"etcd-cp-1","namespace":"kube-system","uid":"0a"},"spec":{"containers":[{"name":"etcd","image":"e"}]}}]}""";

    private final Map<String, Reply> replies = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private KubernetesClient client;

    private interface Reply {
        void to(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            replies.get(exchange.getRequestURI().getPath().replaceAll(".*/proxy/", ""))
                    .to(exchange);
        });
        server.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
                        .withOauthToken("token")
                        .withRequestTimeout(2_000)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
        answer("pods", 200, PODS);
        answer("runningpods/", 200, RUNNING);
    }

    @AfterEach
    void stop() {
        over.countDown();
        client.close();
        server.stop(0);
        threads.shutdownNow();
    }

    private void answer(String what, int code, String body) {
        replies.put(what, exchange -> {
            assertThat(exchange.getRequestHeaders().getFirst("Authorization")).isEqualTo("Bearer token");
            byte[] bytes = body.getBytes(UTF_8);
            exchange.sendResponseHeaders(code, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
    }

    private KubeletAnswer ask() {
        return new KubeletProxy(client).ask(NODE);
    }

    @Test
    void tellsStaticPodsFromThoseOfTheApi() {
        KubeletAnswer.Pods pods = (KubeletAnswer.Pods) ask();
        assertThat(asked)
                .containsExactly("GET /api/v1/nodes/cp-1/proxy/pods", "GET /api/v1/nodes/cp-1/proxy/runningpods/");
        assertThat(pods.configured())
                .extracting(pod -> pod.key() + " " + pod.uid())
                .as("also one that kubelet fetched from an address")
                .containsExactly("kube-system/etcd 0a", "shadows/remote 0b");
        assertThat(pods.configured().get(0).startedAt())
                .isEqualTo(Map.of("etcd", Instant.parse("2026-11-24T10:00:00Z")));
        assertThat(pods.configured().get(0).fields()).containsKeys("metadata", "spec", "status");
        assertThat(pods.others()).containsExactly("0c");
        assertThat(pods.running()).containsExactly(new RunningPod("kube-system", "etcd-cp-1", "0a", Set.of("etcd")));
    }

    @Test
    void noPodsAreNoList() {
        answer("pods", 200, NONE);
        answer("runningpods/", 200, NONE);
        KubeletAnswer.Pods pods = (KubeletAnswer.Pods) ask();
        assertThat(pods.configured()).isEmpty();
        assertThat(pods.running()).isEmpty();
    }

    @Test
    void withoutTheRightItSaysWhichIsMissing() {
        answer("pods", 403, "{\"kind\":\"Status\",\"message\":\"nodes \\\"cp-1\\\" is forbidden\"}");
        assertThat(ask())
                .isInstanceOfSatisfying(
                        KubeletAnswer.Refused.class,
                        refused -> assertThat(refused.reason())
                                .contains("get nodes/proxy", "docker/kubernetes/access/kubelet"));
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 404, 405})
    void whatAPersonHasToChangeIsRefused(int code) {
        answer("runningpods/", code, "no");
        assertThat(ask())
                .isEqualTo(new KubeletAnswer.Refused("kubelet cannot be asked through the API server (" + code + ")"));
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503})
    void whatMayPassByItselfIsAFault(int code) {
        answer("pods", code, "no");
        assertThatThrownBy(this::ask).hasMessage("kubelet could not be asked through the API server (" + code + ")");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no JSON",
                "[]",
                "null",
                "{\"kind\":\"Status\"}",
                "{\"kind\":\"PodList\"}",
                "{\"kind\":\"PodList\",\"items\":{}}",
                "{\"kind\":\"PodList\",\"items\":[{}]}",
                "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"name\":\"a\",\"namespace\":7,\"uid\":\"u\"}}]}",
                "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"uid\":\"u\"},"
                        + "\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"running\":{\"startedAt\":\"now\"}}}]}}]}"
            })
    void whatIsNoListOfPodsIsAFaultAndNeverAnEmptyList(String body) {
        answer("pods", 200, body);
        assertThatThrownBy(this::ask)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("kubelet's answer")
                .hasNoCause();
    }

    @Test
    void tooManyPodsAndTooDeepOnesAreRefused() {
        answer("pods", 200, "{\"kind\":\"PodList\",\"items\":[" + "{},".repeat(1_000) + "{}]}");
        assertThatThrownBy(this::ask).hasMessageContaining("more than 1000 pods");
        answer("pods", 200, "{\"kind\":\"PodList\",\"items\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}");
        assertThatThrownBy(this::ask).hasMessage("kubelet's answer is no JSON");
    }

    @Test
    void anAnswerWithoutEndIsCutOff() {
        replies.put("pods", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] blanks = " ".repeat(64 * 1024).getBytes(UTF_8);
            try (OutputStream body = exchange.getResponseBody()) {
                for (int i = 0; i < 100_000; i++) {
                    body.write(blanks);
                }
            }
        });
        assertThatThrownBy(this::ask)
                .hasMessage("kubelet's answer is longer than " + KubeletProxy.MAX_BYTES + " bytes");
    }

    @Test
    void anAnswerThatNeverComesIsNotWaitedFor() {
        replies.put("pods", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            try {
                over.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        assertThatThrownBy(this::ask).hasMessage("kubelet did not answer within 2 s");
    }
}
