package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.shared.Digest;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Plays the kubelets of the sandbox's nodes as far as static pods go: what lies in a node's manifests directory shows in the API as a
 * mirror pod, and kubelet itself tells of it through the node proxy. It runs nothing: what it says to run is what the manifests define. As kubelet does, it reads every regular file without a leading dot (backups and editors'
 * leftovers too), only the first document of each, passes over what it cannot parse, and lets the last file in the alphabet
 * win where two name one pod.
 */
public final class SandboxKubelet implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SandboxKubelet.class);
    private static final long POLL_MILLIS = 250;

    /** Rounds after which the API is compared although no file changed: somebody may have deleted a mirror pod. */
    private static final int RELIST_ROUNDS = 8;

    private static final int MAX_MANIFEST_BYTES = 1 << 20;
    private static final String SOURCE = "kubernetes.io/config.source";
    private static final String HASH = "kubernetes.io/config.hash";
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final JsonMapper CANONICAL = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private final SandboxApiServer server;
    private final Clock time;
    private final KubernetesClient client;
    private final Map<String, Path> manifests;
    private final Map<String, Map<String, Pod>> shown = new LinkedHashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "sandbox-kubelet");
        thread.setDaemon(true);
        return thread;
    });
    /** By node and name, what the manifests define; what the API gave to the node is kept beside it. Read by the server's thread. */
    private final Map<String, Map<String, Held>> held = new ConcurrentHashMap<>();

    private final Map<String, List<Pod>> given = new ConcurrentHashMap<>();
    private int round;

    /** A pod as kubelet has it, which it saw first, and started, at this time. */
    private record Held(Pod pod, Instant since) {}

    /**
     * @param server the sandbox's API server; stays open when the kubelet is closed
     * @param manifests manifests directory by node name
     * @param time of the nodes
     */
    public SandboxKubelet(SandboxApiServer server, Map<String, Path> manifests, Clock time) {
        this.server = server;
        this.time = time;
        this.client = server.client();
        this.manifests = new TreeMap<>(manifests);
    }

    public void start() {
        server.kubelets(this::answer);
        clock.scheduleWithFixedDelay(this::round, 0, POLL_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        // a round that runs may finish: an interrupted request opens a connection that the closing server stumbles over
        clock.shutdown();
        try {
            if (!clock.awaitTermination(10, TimeUnit.SECONDS)) {
                clock.shutdownNow();
                log.warn("the sandbox's kubelet did not stop in time");
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void round() {
        boolean relist = round++ % RELIST_ROUNDS == 0;
        manifests.forEach((node, directory) -> {
            try {
                Map<String, Pod> wanted = read(node, directory);
                hold(node, wanted);
                if (relist || !hashes(wanted).equals(hashes(shown.getOrDefault(node, Map.of())))) {
                    shown.remove(node);
                    mirror(node, wanted);
                    shown.put(node, wanted);
                }
            } catch (IOException | UncheckedIOException | KubernetesClientException unavailable) {
                // kubelet does the same: the next round tries again
                log.debug("node={} static pods could not be mirrored", node, unavailable);
            } catch (RuntimeException unexpected) {
                // the scheduler would never call again
                log.warn("node={} static pods could not be mirrored", node, unexpected);
            }
        });
    }

    private void mirror(String node, Map<String, Pod> wanted) {
        Map<String, Pod> found = new TreeMap<>();
        List<Pod> others = new ArrayList<>();
        client.pods()
                .inAnyNamespace()
                .withField("spec.nodeName", node)
                .list()
                .getItems()
                .forEach(pod -> {
                    if (annotation(pod, MIRROR).isPresent()) {
                        found.put(key(pod), pod);
                    } else {
                        others.add(pod);
                    }
                });
        given.put(node, others);
        found.forEach((key, pod) -> {
            if (!shows(pod, wanted.get(key))) {
                client.resource(pod).delete();
            }
        });
        wanted.forEach((key, pod) -> {
            if (!shows(found.get(key), pod)) {
                create(pod);
            }
        });
    }

    private void hold(String node, Map<String, Pod> wanted) {
        Map<String, Held> before = held.getOrDefault(node, Map.of());
        Map<String, Held> now = new TreeMap<>();
        wanted.forEach((key, pod) -> {
            Held same = before.get(key);
            boolean goesOn = same != null && annotation(same.pod(), HASH).equals(annotation(pod, HASH));
            now.put(key, goesOn ? same : new Held(pod, time.instant().truncatedTo(ChronoUnit.SECONDS)));
        });
        held.put(node, now);
    }

    private Optional<NodeProxy.Answer> answer(String node, String asked) {
        if (!manifests.containsKey(node)) {
            return Optional.empty();
        }
        return Optional.of(
                switch (asked) {
                    case "pods" -> list(node, SandboxKubelet::asConfigured, pod -> sourced(pod, "api"));
                    case "runningpods" -> list(node, kept -> asRunning(asConfigured(kept)), SandboxKubelet::asRunning);
                    default -> new NodeProxy.Answer(404, "404 page not found");
                });
    }

    private NodeProxy.Answer list(String node, Function<Held, Pod> own, UnaryOperator<Pod> other) {
        List<Pod> pods = new ArrayList<>();
        held.getOrDefault(node, Map.of()).values().forEach(kept -> pods.add(own.apply(kept)));
        given.getOrDefault(node, List.of()).forEach(pod -> pods.add(other.apply(pod)));
        Map<String, Object> list = new LinkedHashMap<>();
        list.put("kind", "PodList");
        list.put("apiVersion", "v1");
        list.put("metadata", Map.of());
        // as kubelet, which has no list for none
        list.put("items", pods.isEmpty() ? null : pods);
        return new NodeProxy.Answer(200, Serialization.asJson(list));
    }

    /** A static pod is not its mirror: it has the hash as its uid, and no owner. */
    private static Pod asConfigured(Held kept) {
        PodBuilder pod = new PodBuilder(sourced(kept.pod(), "file"));
        pod.editMetadata()
                .withUid(annotation(kept.pod(), HASH).orElse(""))
                .removeFromAnnotations(MIRROR)
                .addToAnnotations("kubernetes.io/config.seen", kept.since().toString())
                .withOwnerReferences()
                .endMetadata();
        kept.pod()
                .getSpec()
                .getContainers()
                .forEach(container -> pod.editStatus()
                        .withStartTime(kept.since().toString())
                        .addNewContainerStatus()
                        .withName(container.getName())
                        .withImage(container.getImage())
                        .withReady(true)
                        .withNewState()
                        .withNewRunning(kept.since().toString())
                        .endState()
                        .endContainerStatus()
                        .endStatus());
        return pod.build();
    }

    private static Pod sourced(Pod pod, String source) {
        return new PodBuilder(pod)
                .editMetadata()
                .addToAnnotations(SOURCE, source)
                .endMetadata()
                .build();
    }

    /** What a container runtime knows: names and images. */
    private static Pod asRunning(Pod pod) {
        PodBuilder running = new PodBuilder()
                .withNewMetadata()
                .withNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .endMetadata()
                .withNewSpec()
                .endSpec();
        pod.getSpec()
                .getContainers()
                .forEach(container -> running.editSpec()
                        .addNewContainer()
                        .withName(container.getName())
                        .withImage(container.getImage())
                        .endContainer()
                        .endSpec());
        return running.build();
    }

    /** Whether the mirror is that of the manifest, and says that it is ready, which one that was kept from an older version does not. */
    private static boolean shows(@Nullable Pod mirror, @Nullable Pod wanted) {
        return mirror != null
                && wanted != null
                && annotation(mirror, MIRROR).equals(annotation(wanted, MIRROR))
                && mirror.getStatus() != null
                && !mirror.getStatus().getConditions().isEmpty();
    }

    private void create(Pod pod) {
        try {
            client.resource(pod).create();
        } catch (KubernetesClientException refused) {
            // its namespace does not exist: on a real node it runs all the same, and nobody sees it here
            if (refused.getCode() != 404) {
                throw refused;
            }
        }
    }

    private static Map<String, Pod> read(String node, Path directory) throws IOException {
        Map<String, Pod> pods = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return pods;
        }
        List<Path> files;
        try (Stream<Path> entries = Files.list(directory)) {
            files = entries.filter(file -> !file.getFileName().toString().startsWith("."))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            pod(node, file).ifPresent(pod -> pods.put(key(pod), pod));
        }
        return pods;
    }

    private static Optional<Pod> pod(String node, Path file) throws IOException {
        byte[] content;
        try (var in = Files.newInputStream(file)) {
            content = in.readNBytes(MAX_MANIFEST_BYTES + 1);
        } catch (java.nio.file.NoSuchFileException movedAway) {
            return Optional.empty();
        }
        if (content.length > MAX_MANIFEST_BYTES) {
            return Optional.empty();
        }
        Pod pod;
        try {
            pod = parse(content);
        } catch (RuntimeException notAPod) {
            log.debug("node={} {} is no pod", node, file.getFileName());
            return Optional.empty();
        }
        if (pod == null || pod.getMetadata() == null || pod.getMetadata().getName() == null || pod.getSpec() == null) {
            return Optional.empty();
        }
        return Optional.of(mirrorOf(node, file, pod));
    }

    private static @Nullable Pod parse(byte[] content) {
        LoaderOptions limits = new LoaderOptions();
        limits.setMaxAliasesForCollections(20);
        limits.setNestingDepthLimit(50);
        limits.setCodePointLimit(MAX_MANIFEST_BYTES);
        Object first = new Yaml(new SafeConstructor(limits))
                .loadAll(new String(content, StandardCharsets.UTF_8))
                .iterator()
                .next();
        if (!(first instanceof Map<?, ?> map) || !"Pod".equals(map.get("kind"))) {
            return null;
        }
        return CANONICAL.convertValue(map, Pod.class);
    }

    private static Pod mirrorOf(String node, Path file, Pod pod) {
        String declared = pod.getMetadata().getUid();
        // a uid in the manifest becomes the hash as it stands; that is how a forged one looks like the old pod
        String hash = declared != null
                ? declared
                : Digest.ofText(canonical(pod) + "\n" + node + "\n" + file.getFileName())
                        .hex()
                        .substring(0, 32);
        String namespace = Optional.ofNullable(pod.getMetadata().getNamespace()).orElse("default");
        return new PodBuilder(pod)
                .editMetadata()
                .withName(pod.getMetadata().getName() + "-" + node)
                .withNamespace(namespace)
                .withUid(null)
                .addToAnnotations(SOURCE, "file")
                .addToAnnotations(HASH, hash)
                .addToAnnotations(MIRROR, hash)
                .addNewOwnerReference()
                .withApiVersion("v1")
                .withKind("Node")
                .withName(node)
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .editSpec()
                .withNodeName(node)
                .addNewToleration()
                .withOperator("Exists")
                .withEffect("NoExecute")
                .endToleration()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build();
    }

    private static String canonical(Pod pod) {
        try {
            return CANONICAL.writeValueAsString(CANONICAL.readValue(
                    Serialization.asJson(pod),
                    new com.fasterxml.jackson.core.type.TypeReference<TreeMap<String, Object>>() {}));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Map<String, String> hashes(Map<String, Pod> pods) {
        Map<String, String> hashes = new TreeMap<>();
        pods.forEach((key, pod) -> hashes.put(key, annotation(pod, HASH).orElse("")));
        return hashes;
    }

    private static String key(Pod pod) {
        return pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    }

    private static Optional<String> annotation(Pod pod, String name) {
        return Optional.ofNullable(pod.getMetadata().getAnnotations()).map(annotations -> annotations.get(name));
    }
}
