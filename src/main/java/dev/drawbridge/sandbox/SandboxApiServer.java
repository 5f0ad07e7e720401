package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.mockwebserver.vertx.HttpServerRequestHandler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The sandbox's Kubernetes API on loopback: fabric8's CRUD mock, with the answers of a real server where the two differ and
 * matter ({@link ApiRules}), the node controller's taint on cordoned nodes, and a state that outlives the process. Requests are served one after
 * the other by one thread. It authenticates nobody.
 */
public final class SandboxApiServer implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String CORDON_TAINT = "node.kubernetes.io/unschedulable";

    /** A real node controller takes up to 1.5 s; what moves under a client is the same. */
    private static final long CONTROLLER_DELAY_MILLIS = 200;

    private static final long PATIENCE_SECONDS = 30;
    private static final int MAX_ADDRESS = 1 << 20;

    private final Vertx vertx = Vertx.vertx(new VertxOptions()
            .setEventLoopPoolSize(1)
            .setWorkerPoolSize(1)
            .setInternalBlockingPoolSize(1)
            .setFileSystemOptions(
                    new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
    private final KubernetesCrudDispatcher crud = new KubernetesCrudDispatcher();
    private final WatchSender watches = new WatchSender();
    private final ApiRules rules = new ApiRules(crud, watches, this::changed);
    private final @Nullable KeptCluster kept;
    private final HttpServer http;
    private final KubernetesClient client;
    private volatile ApiFaults faults = ApiFaults.NONE;
    private volatile Consumer<String> observer = path -> {};
    private volatile @Nullable PodExec exec;

    /**
     * Starts it with these nodes, or with what an earlier run left.
     *
     * @param port 0 for any free one
     * @param state file that keeps the cluster, null to keep nothing
     */
    public SandboxApiServer(int port, @Nullable Path state, Collection<Node> nodes) {
        kept = state == null ? null : new KeptCluster(state);
        if (kept != null && kept.exists()) {
            kept.load(crud);
        } else {
            SandboxCluster.seed(nodes).forEach(this::create);
            keep();
        }
        Routing routing = new Routing(vertx);
        http = vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(port)
                        .setHttp2ClearTextEnabled(false)
                        // commands travel in addresses; a real server takes a megabyte
                        .setMaxInitialLineLength(MAX_ADDRESS)
                        .setWebSocketSubProtocols(List.of("v4.channel.k8s.io")))
                .requestHandler(event -> receive(event, routing));
        try {
            await(http.listen());
        } catch (RuntimeException portTaken) {
            await(vertx.close());
            throw portTaken;
        }
        client = newClient();
    }

    /** Starts it on any free port, in memory, with three control-plane nodes and three workers. */
    public static SandboxApiServer start() {
        return start(0, null);
    }

    /** Starts it with three control-plane nodes and three workers, or with what an earlier run left. */
    public static SandboxApiServer start(int port, @Nullable Path state) {
        return new SandboxApiServer(
                port,
                state,
                SandboxNode.CLUSTER.stream()
                        .map(node -> node(node.name().value(), node.controlPlane(), node.address()))
                        .toList());
    }

    /** A node as kubeadm registers it. */
    public static Node node(String name, boolean controlPlane, String address) {
        return SandboxCluster.node(name, address, controlPlane);
    }

    /** What {@code drawbridge.kubernetes.master-url} takes. */
    public String url() {
        return "http://127.0.0.1:" + http.actualPort() + "/";
    }

    public int port() {
        return http.actualPort();
    }

    /** A client for whoever plays the cluster; closed with the server. */
    public KubernetesClient client() {
        return client;
    }

    private KubernetesClient newClient() {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl(url())
                        .withOauthToken(ApiRules.CLUSTER)
                        .withRequestTimeout(5_000)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
    }

    /** Lets things go wrong from now on; {@link ApiFaults#NONE} ends it. */
    public void inject(ApiFaults faults) {
        this.faults = faults;
    }

    /** Takes rights from every client but {@link #client()} from now on; {@link ApiRights#ALL} gives them back. */
    public void allow(ApiRights rights) {
        onLoop(() -> rules.allow(rights));
    }

    /** Puts kubelets behind the node proxy. */
    void kubelets(NodeProxy kubelets) {
        onLoop(() -> rules.kubelets(kubelets));
    }

    /**
     * Tells of every change that a client makes, when it is in effect and before the client is told, on the server's thread.
     *
     * @param observer receives the path of the object, for example {@code /api/v1/nodes/worker-1}
     */
    public void observe(Consumer<String> observer) {
        this.observer = observer;
    }

    /** Runs commands in pods from now on; without it there is no kubelet that would. */
    public void exec(PodExec exec) {
        this.exec = exec;
    }

    /** Registers a further node as kubeadm would, for tests that need a larger cluster. */
    public void addNode(String name, String address, boolean controlPlane) {
        onLoop(() -> {
            create(SandboxCluster.node(name, address, controlPlane));
            keep();
        });
    }

    /**
     * Serves a further resource, as if its CustomResourceDefinition had been created.
     *
     * @param version group and version, {@code cilium.io/v2}
     * @param resource in the plural
     */
    public void serve(String version, String resource, String kind) {
        onLoop(() -> rules.serve(version, resource, kind));
    }

    @Override
    public void close() {
        client.close();
        await(http.close());
        await(vertx.close());
        watches.close();
    }

    private void receive(HttpServerRequest event, Routing routing) {
        Optional<ApiFaults.Fault> fault = faults.on(event.method().name(), event.uri());
        ApiPath path = ApiPath.of(event.uri());
        if (fault.isEmpty() && path.executes() && exec != null) {
            execute(event, path, exec);
            return;
        }
        boolean watch = event.headers().contains("Upgrade");
        if (fault.isEmpty()) {
            routing.handle(event);
        } else if (fault.get() instanceof ApiFaults.Fault.Answer answer) {
            refuse(event, answer);
        } else if (fault.get() instanceof ApiFaults.Fault.Cut) {
            event.connection().close();
        } else if (fault.get() instanceof ApiFaults.Fault.CutAfterEffect) {
            event.body().onSuccess(body -> {
                rules.answer(recorded(event, body.getBytes()));
                event.connection().close();
            });
        } else if (fault.get() instanceof ApiFaults.Fault.Delay delay && !watch) {
            event.pause();
            vertx.setTimer(Math.max(1, delay.by().toMillis()), elapsed -> routing.handle(event));
        } else {
            routing.handle(event);
        }
    }

    private void execute(HttpServerRequest event, ApiPath path, PodExec kubelet) {
        Optional<ApiRefusal> refusal = rules.refusesExec(path, event.getHeader("Authorization"));
        if (refusal.isPresent()) {
            MockResponse response = refusal.get().response();
            event.response()
                    .setStatusCode(response.code())
                    .putHeader("Content-Type", "application/json")
                    .end(ApiRules.body(response));
            return;
        }
        event.toWebSocket()
                .onSuccess(socket -> kubelet.run(
                        path.object(),
                        path.parameters("command"),
                        socket,
                        () -> event.connection().close()));
    }

    private static void refuse(HttpServerRequest event, ApiFaults.Fault.Answer answer) {
        HttpServerResponse response = event.response().setStatusCode(answer.code());
        if (answer.retryAfterSeconds() != null) {
            response.putHeader("Retry-After", String.valueOf(answer.retryAfterSeconds()));
        }
        response.putHeader("Content-Type", "application/json")
                .end(ApiRefusal.status(answer.code(), answer.reason(), "injected", null));
    }

    private static RecordedRequest recorded(HttpServerRequest event, byte[] body) {
        String type = Objects.requireNonNullElse(event.getHeader("Content-Type"), "application/json");
        return new RecordedRequest(
                "HTTP/1.1",
                HttpMethod.fromVertx(event.method()),
                event.uri(),
                Headers.builder()
                        .add("Content-Type", type)
                        .add("Authorization", Objects.requireNonNullElse(event.getHeader("Authorization"), ""))
                        .build(),
                new Buffer(body));
    }

    private void create(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        String path = "/api/v1" + (namespace == null ? "" : "/namespaces/" + namespace) + "/" + object.getPlural();
        MockResponse response = crud.dispatch(new RecordedRequest(
                "HTTP/1.1",
                HttpMethod.POST,
                path,
                Headers.builder().add("Content-Type", "application/json").build(),
                new Buffer(Serialization.asJson(object).getBytes(StandardCharsets.UTF_8))));
        if (response.code() >= 300) {
            throw new IllegalStateException("could not create " + path + ": " + response.code());
        }
    }

    private void changed(ApiPath path) {
        observer.accept(path.object());
        keep();
        if (path.resource().equals("nodes") && path.namesObject()) {
            vertx.setTimer(CONTROLLER_DELAY_MILLIS, elapsed -> taintAsController(path.object()));
        }
        if (path.evicts()) {
            vertx.setTimer(CONTROLLER_DELAY_MILLIS, elapsed -> endAsKubelet(path.object()));
        }
    }

    private void endAsKubelet(String pod) {
        rules.end(pod);
        keep();
    }

    private void keep() {
        if (kept != null) {
            kept.keep(crud);
        }
    }

    /** What kube-controller-manager does after a cordon or uncordon: resource versions and taint indexes move. */
    private void taintAsController(String path) {
        MockResponse current = crud.handleGet(path);
        if (current.code() != 200) {
            return;
        }
        try {
            ObjectNode node = (ObjectNode) JSON.readTree(ApiRules.body(current));
            ObjectNode spec = node.withObjectProperty("spec");
            boolean cordoned = spec.path("unschedulable").asBoolean();
            ArrayNode taints = JSON.createArrayNode();
            boolean tainted = false;
            for (JsonNode taint : spec.path("taints")) {
                boolean own = taint.path("key").asText().equals(CORDON_TAINT);
                tainted |= own;
                if (!own || cordoned) {
                    taints.add(taint);
                }
            }
            if (tainted == cordoned) {
                return;
            }
            if (cordoned) {
                // first, where a careless client expects its own
                taints.insertObject(0).put("key", CORDON_TAINT).put("effect", "NoSchedule");
            }
            if (taints.isEmpty()) {
                spec.remove("taints");
            } else {
                spec.set("taints", taints);
            }
            rules.put(path, node);
            keep();
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private void onLoop(Runnable work) {
        Promise<Boolean> done = Promise.promise();
        vertx.runOnContext(loop -> {
            try {
                work.run();
                done.complete(true);
            } catch (RuntimeException failed) {
                done.fail(failed);
            }
        });
        await(done.future());
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw new IllegalStateException(
                    "the sandbox's API server: " + failed.getCause().getMessage(), failed);
        } catch (TimeoutException slow) {
            throw new IllegalStateException("the sandbox's API server did not start or stop in time", slow);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", stopped);
        }
    }

    private final class Routing extends HttpServerRequestHandler {
        Routing(Vertx vertx) {
            super(vertx);
        }

        @Override
        protected MockResponse onHttpRequest(RecordedRequest request) {
            return rules.answer(request);
        }
    }
}
