package dev.drawbridge.sandbox;

import dev.drawbridge.shared.Digest;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays the kubelets of the sandbox: what lies in a node's manifests directory shows as mirror pods, as on a real node. It
 * runs nothing. Like kubelet it reads every file without a leading dot and passes over what it cannot parse.
 */
public final class SandboxKubelet implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SandboxKubelet.class);
    private static final String SOURCE = "kubernetes.io/config.source";
    private static final String HASH = "kubernetes.io/config.hash";
    private static final String MIRROR = "kubernetes.io/config.mirror";

    private final KubernetesClient client;
    private final Map<String, Path> manifests;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "sandbox-kubelet");
        thread.setDaemon(true);
        return thread;
    });

    /** @param manifests manifests directory by node name */
    public SandboxKubelet(KubernetesClient client, Map<String, Path> manifests) {
        this.client = client;
        this.manifests = new TreeMap<>(manifests);
    }

    public void start() {
        clock.scheduleWithFixedDelay(this::syncAll, 0, 500, TimeUnit.MILLISECONDS);
    }

    private void syncAll() {
        manifests.forEach((node, directory) -> {
            try {
                sync(node, directory);
            } catch (IOException | KubernetesClientException unreadable) {
                // the next round looks again, as kubelet does
                log.debug("node={} manifests could not be mirrored", node, unreadable);
            }
        });
    }

    /** Brings the mirror pods of one node in line with its manifests. */
    void sync(String node, Path directory) throws IOException {
        Map<String, Pod> wanted = read(node, directory);
        Map<String, Pod> shown = new HashMap<>();
        client.pods().inAnyNamespace().withField("spec.nodeName", node).list().getItems().stream()
                .filter(pod -> pod.getMetadata().getAnnotations() != null
                        && pod.getMetadata().getAnnotations().containsKey(MIRROR))
                .forEach(pod -> shown.put(key(pod), pod));
        shown.forEach((key, pod) -> {
            if (!wanted.containsKey(key) || !hash(wanted.get(key)).equals(hash(pod))) {
                client.resource(pod).delete();
            }
        });
        wanted.forEach((key, pod) -> {
            if (!shown.containsKey(key) || !hash(shown.get(key)).equals(hash(pod))) {
                client.resource(pod).create();
            }
        });
    }

    private static String key(Pod pod) {
        return pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    }

    private static String hash(Pod pod) {
        return pod.getMetadata().getAnnotations().get(HASH);
    }

    private static Map<String, Pod> read(String node, Path directory) throws IOException {
        Map<String, Pod> pods = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return pods;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                if (!file.getFileName().toString().startsWith(".")
                        && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    mirror(node, file, pods);
                }
            }
        }
        return pods;
    }

    private static void mirror(String node, Path file, Map<String, Pod> pods) throws IOException {
        try {
            Pod pod = Serialization.unmarshal(Files.readString(file), Pod.class);
            if (pod == null || pod.getMetadata() == null || pod.getMetadata().getName() == null) {
                return;
            }
            String namespace = pod.getMetadata().getNamespace() == null
                    ? "default"
                    : pod.getMetadata().getNamespace();
            String hash = Digest.ofText(file.getFileName() + "\n" + Files.readString(file))
                    .hex()
                    .substring(0, 32);
            Pod mirror = new PodBuilder(pod)
                    .editMetadata()
                    .withName(pod.getMetadata().getName() + "-" + node)
                    .withNamespace(namespace)
                    .withUid(null)
                    .addToAnnotations(SOURCE, "file")
                    .addToAnnotations(HASH, hash)
                    .addToAnnotations(MIRROR, hash)
                    .endMetadata()
                    .editOrNewSpec()
                    .withNodeName(node)
                    .endSpec()
                    .withNewStatus()
                    .withPhase("Running")
                    .endStatus()
                    .build();
            pods.put(key(mirror), mirror);
        } catch (RuntimeException unparsable) {
            log.debug("node={} not a pod: {}", node, file.getFileName(), unparsable);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
