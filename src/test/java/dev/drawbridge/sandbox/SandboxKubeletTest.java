package dev.drawbridge.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxKubeletTest {
    private static final String ROGUE =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: rogue, namespace: kube-system}\nspec:\n  containers: [{name: c, image: i}]\n";

    @TempDir
    Path root;

    private Path manifests;
    private SandboxApiServer server;
    private KubernetesClient client;
    private SandboxKubelet kubelet;

    @BeforeEach
    void start() throws IOException {
        manifests = Files.createDirectories(root.resolve("etc/kubernetes/manifests"));
        server = SandboxApiServer.start();
        client = server.client();
        kubelet = new SandboxKubelet(server, Map.of("worker-1", manifests), Clock.systemUTC());
        kubelet.start();
    }

    @AfterEach
    void stop() {
        kubelet.close();
        server.close();
    }

    private List<Pod> mirrors() {
        return client.pods().inAnyNamespace().withField("spec.nodeName", "worker-1").list().getItems().stream()
                .filter(pod -> pod.getMetadata().getAnnotations() != null
                        && pod.getMetadata().getAnnotations().containsKey("kubernetes.io/config.mirror"))
                .toList();
    }

    @Test
    void aManifestBecomesAMirrorPodAndVanishesWithIt() throws IOException {
        Path manifest = Files.writeString(manifests.resolve("rogue.yaml"), ROGUE);
        await().untilAsserted(() -> assertThat(mirrors()).singleElement().satisfies(pod -> {
            assertThat(pod.getMetadata().getName()).isEqualTo("rogue-worker-1");
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(pod.getMetadata().getAnnotations()).containsEntry("kubernetes.io/config.source", "file");
        }));
        Files.delete(manifest);
        await().untilAsserted(() -> assertThat(mirrors()).isEmpty());
    }

    private String ask(String node, String what) {
        return client.raw("/api/v1/nodes/" + node + "/proxy/" + what);
    }

    @Test
    void kubeletTellsOfEveryStaticPodAlsoOfOneThatTheApiDoesNotShow() throws IOException {
        Files.writeString(manifests.resolve("nowhere.yaml"), ROGUE.replace("kube-system", "nowhere"));
        await().untilAsserted(() -> assertThat(ask("worker-1", "pods")).contains("\"namespace\":\"nowhere\""));
        assertThat(ask("worker-1", "pods"))
                .contains("\"kubernetes.io/config.source\":\"file\"", "\"startedAt\"")
                .doesNotContain("config.mirror");
        assertThat(ask("worker-1", "runningpods/"))
                .contains("\"namespace\":\"nowhere\"", "kube-proxy-worker-1")
                .doesNotContain("config.source");
        assertThat(mirrors()).isEmpty();
        assertThatThrownBy(() -> ask("worker-2", "pods")).hasMessageContaining("connection refused");
        assertThat(client.raw("/api/v1/nodes/worker-1/proxy/exec")).isNull();
    }

    @Test
    void aDeletedMirrorPodComesBackWhileItsManifestIsThere() throws IOException {
        Files.writeString(manifests.resolve("rogue.yaml"), ROGUE);
        await().untilAsserted(() -> assertThat(mirrors()).hasSize(1));
        String uid = mirrors().get(0).getMetadata().getUid();
        client.resource(mirrors().get(0)).delete();
        await().untilAsserted(() -> assertThat(mirrors())
                .singleElement()
                .extracting(pod -> pod.getMetadata().getUid())
                .isNotEqualTo(uid));
    }

    @Test
    void readsBackupsButNoDotFilesAndNothingThatIsNoPod() throws IOException {
        Files.writeString(manifests.resolve(".hidden.yaml"), ROGUE.replace("rogue", "hidden"));
        Files.writeString(manifests.resolve("broken.yaml"), "metadata: [");
        Files.writeString(manifests.resolve("empty.yaml"), "");
        Files.writeString(manifests.resolve("nowhere.yaml"), ROGUE.replace("kube-system", "nowhere"));
        Files.writeString(
                manifests.resolve("rogue.yaml.bak"), ROGUE + "---\n" + ROGUE.replace("rogue", "second-document"));
        Files.createDirectories(manifests.resolve("sub"));
        Files.writeString(manifests.resolve("sub/x.yaml"), ROGUE.replace("rogue", "below"));
        await().untilAsserted(() -> assertThat(mirrors())
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactly("rogue-worker-1"));
    }
}
