package dev.drawbridge.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.sandbox.ApiFaults.Fault;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewStatus;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxApiServerTest {
    private SandboxApiServer server = SandboxApiServer.start();
    private KubernetesClient client = client(server);

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private static KubernetesClient client(SandboxApiServer server) {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl(server.url())
                        .withRequestTimeout(3000)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
    }

    private Node node(String name) {
        return client.nodes().withName(name).get();
    }

    private Node patch(String name, PatchType type, String patch) {
        return client.resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .patch(PatchContext.of(type), patch);
    }

    @Test
    void holdsThreeControlPlanesAndThreeWorkersAtTheAddressesOfTheSampleAlerts() {
        assertThat(client.nodes().list().getItems())
                .extracting(
                        node -> node.getMetadata().getName(),
                        node -> node.getStatus().getAddresses().get(0).getAddress())
                .contains(
                        org.assertj.core.groups.Tuple.tuple("cp-1", "10.20.0.11"),
                        org.assertj.core.groups.Tuple.tuple("worker-3", "10.20.0.23"))
                .hasSize(6);
        assertThat(node("cp-2").getSpec().getTaints())
                .extracting("key")
                .containsExactly("node-role.kubernetes.io/control-plane");
        assertThat(client.raw("/readyz")).isEqualTo("ok");
    }

    @Test
    void selectsPodsByNodeAndRefusesSelectorsThatARealServerRefuses() {
        assertThat(client.pods()
                        .inAnyNamespace()
                        .withField("spec.nodeName", "worker-1")
                        .list()
                        .getItems())
                .extracting(pod -> pod.getSpec().getNodeName())
                .hasSize(3)
                .containsOnly("worker-1");
        assertThatThrownBy(() -> client.pods()
                        .inAnyNamespace()
                        .withField("spec.nodename", "worker-1")
                        .list())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(400));
    }

    @Test
    void watchesOnlyWhatTheSelectorNames() {
        List<String> seen = new CopyOnWriteArrayList<>();
        try (var watch = client.pods()
                .inNamespace("default")
                .withField("spec.nodeName", "worker-1")
                .watch(new Watcher<>() {
                    @Override
                    public void eventReceived(Action action, Pod pod) {
                        seen.add(action + " " + pod.getMetadata().getName());
                    }

                    @Override
                    public void onClose(WatcherException cause) {}
                })) {
            client.resource(pod("other", "worker-2")).create();
            client.resource(pod("mine", "worker-1")).create();
            await().untilAsserted(() -> assertThat(seen).containsExactly("ADDED mine"));
        }
    }

    private static Pod pod(String name, String node) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("default")
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .endSpec()
                .build();
    }

    @Test
    void aFailedTestOfAJsonPatchIsRefusedAtOnceAndChangesNothing() {
        String version = node("worker-1").getMetadata().getResourceVersion();
        for (String patch : List.of(
                "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"another\"},{\"op\":\"add\",\"path\":\"/spec/unschedulable\",\"value\":true}]",
                "[{\"op\":\"add\",\"path\":\"/spec/taints/-\",\"value\":{\"key\":\"a\",\"effect\":\"NoExecute\"}}]",
                "[{\"op\":\"remove\",\"path\":\"/spec/unschedulable\"}]")) {
            assertThatThrownBy(() -> patch("worker-1", PatchType.JSON, patch))
                    .isInstanceOfSatisfying(
                            KubernetesClientException.class,
                            refused -> assertThat(refused.getCode()).isEqualTo(422));
        }
        assertThat(node("worker-1").getMetadata().getResourceVersion()).isEqualTo(version);
    }

    @Test
    void aTestOfAnAbsentFieldAgainstNullPasses() {
        patch(
                "worker-1",
                PatchType.JSON,
                "[{\"op\":\"test\",\"path\":\"/spec/unschedulable\",\"value\":null},{\"op\":\"add\",\"path\":\"/spec/unschedulable\",\"value\":true}]");
        assertThat(node("worker-1").getSpec().getUnschedulable()).isTrue();
    }

    @Test
    void aDuplicateTaintIsInvalidAndAStaleVersionConflicts() {
        String twice =
                "[{\"op\":\"add\",\"path\":\"/spec/taints\",\"value\":[{\"key\":\"a\",\"value\":\"1\",\"effect\":\"NoExecute\"},{\"key\":\"a\",\"value\":\"2\",\"effect\":\"NoExecute\"}]}]";
        assertThatThrownBy(() -> patch("worker-1", PatchType.JSON, twice)).hasMessageContaining("duplicate");
        assertThatThrownBy(() -> patch(
                        "worker-1",
                        PatchType.JSON_MERGE,
                        "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"unschedulable\":true}}"))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(409));
    }

    @Test
    void aMergePatchRemovesByNullAndReplacesLists() {
        patch("cp-1", PatchType.JSON_MERGE, "{\"spec\":{\"taints\":[{\"key\":\"a\",\"effect\":\"NoSchedule\"}]}}");
        assertThat(node("cp-1").getSpec().getTaints()).extracting("key").containsExactly("a");
        patch("cp-1", PatchType.JSON_MERGE, "{\"spec\":{\"taints\":null}}");
        assertThat(node("cp-1").getSpec().getTaints()).isEmpty();
    }

    @Test
    void theNodeControllerTaintsWhatIsCordonedAndTakesItBack() {
        client.nodes()
                .withName("worker-1")
                .edit(n -> new NodeBuilder(n)
                        .editSpec()
                        .withUnschedulable(true)
                        .endSpec()
                        .build());
        await().untilAsserted(() -> assertThat(node("worker-1").getSpec().getTaints())
                .extracting("key")
                .containsExactly("node.kubernetes.io/unschedulable"));
        client.nodes()
                .withName("worker-1")
                .edit(n -> new NodeBuilder(n)
                        .editSpec()
                        .withUnschedulable(null)
                        .endSpec()
                        .build());
        await().untilAsserted(
                        () -> assertThat(node("worker-1").getSpec().getTaints()).isEmpty());
    }

    @Test
    void aPodInANamespaceThatDoesNotExistIsRefused() {
        assertThatThrownBy(() -> client.resource(new PodBuilder(pod("x", "worker-1"))
                                .editMetadata()
                                .withNamespace("nowhere")
                                .endMetadata()
                                .build())
                        .create())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(404));
    }

    @Test
    void keepsTheClusterOverARestartWithTheSameUids(@TempDir Path directory) {
        Path state = directory.resolve("cluster.json");
        String uid;
        long version;
        try (SandboxApiServer first = SandboxApiServer.start(0, state);
                KubernetesClient one = client(first)) {
            uid = one.nodes().withName("worker-2").get().getMetadata().getUid();
            Node cordoned = one.nodes()
                    .withName("worker-2")
                    .edit(n -> new NodeBuilder(n)
                            .editSpec()
                            .withUnschedulable(true)
                            .endSpec()
                            .build());
            version = Long.parseLong(cordoned.getMetadata().getResourceVersion());
        }
        try (SandboxApiServer second = SandboxApiServer.start(0, state);
                KubernetesClient two = client(second)) {
            Node node = two.nodes().withName("worker-2").get();
            assertThat(node.getMetadata().getUid()).isEqualTo(uid);
            assertThat(node.getSpec().getUnschedulable()).isTrue();
            Node edited = two.nodes()
                    .withName("worker-2")
                    .edit(n -> new NodeBuilder(n)
                            .editMetadata()
                            .addToLabels("a", "b")
                            .endMetadata()
                            .build());
            assertThat(Long.parseLong(edited.getMetadata().getResourceVersion()))
                    .isGreaterThan(version);
        }
    }

    @Test
    void goesWrongWhereATestWantsIt() {
        AtomicInteger requests = new AtomicInteger();
        server.inject((method, path) -> {
            requests.incrementAndGet();
            return Optional.of(new Fault.Answer(429, "TooManyRequests", 1));
        });
        assertThatThrownBy(() -> node("worker-1"))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(429));
        assertThat(requests).hasValue(1);
        server.inject((method, path) -> Optional.of(new Fault.Cut()));
        assertThatThrownBy(() -> node("worker-1")).isInstanceOf(KubernetesClientException.class);
        server.inject(
                (method, path) -> method.equals("PATCH") ? Optional.of(new Fault.CutAfterEffect()) : Optional.empty());
        assertThatThrownBy(() -> patch(
                        "worker-1",
                        PatchType.JSON,
                        "[{\"op\":\"add\",\"path\":\"/spec/unschedulable\",\"value\":true}]"))
                .isInstanceOf(KubernetesClientException.class);
        server.inject((method, path) -> Optional.of(new Fault.Delay(Duration.ofMillis(300))));
        long begin = System.nanoTime();
        assertThat(node("worker-1").getSpec().getUnschedulable()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(290));
        server.inject(ApiFaults.NONE);
        assertThat(node("worker-1").getSpec().getUnschedulable()).isTrue();
    }

    private SubjectAccessReviewStatus mayI(String verb, String group, String resource, String subresource) {
        return client.authorization()
                .v1()
                .selfSubjectAccessReview()
                .create(new SelfSubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withNewResourceAttributes()
                        .withVerb(verb)
                        .withGroup(group)
                        .withResource(resource)
                        .withSubresource(subresource)
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .getStatus();
    }

    @Test
    void saysWhatAClientMayDoAndRefusesTheRest() {
        assertThat(mayI("patch", "", "nodes", null).getAllowed()).isTrue();
        server.allow(right -> Set.of(
                        "list nodes",
                        "watch nodes",
                        "create pods/eviction",
                        "get networkpolicies.networking.k8s.io",
                        "get /livez")
                .contains(right.toString()));
        assertThat(mayI("patch", "", "nodes", null).getAllowed()).isFalse();
        assertThat(mayI("list", "", "nodes", null).getAllowed()).isTrue();
        assertThat(mayI("create", "", "pods", "eviction").getAllowed()).isTrue();
        assertThat(mayI("get", "networking.k8s.io", "networkpolicies", null).getAllowed())
                .isTrue();
        assertThat(mayI("get", "", "networkpolicies", null).getAllowed()).isFalse();
        assertThat(client.nodes().list().getItems()).hasSize(6);
        assertThat(client.raw("/livez")).isEqualTo("ok");
        assertThat(client.network()
                        .v1()
                        .networkPolicies()
                        .inNamespace("shop")
                        .withName("none")
                        .get())
                .isNull();
        for (Runnable forbidden : List.<Runnable>of(
                () -> node("worker-1"),
                () -> client.raw("/readyz"),
                () -> client.network().v1().networkPolicies().inAnyNamespace().list(),
                () -> client.resource(pod("mine", "worker-1")).create(),
                () -> client.pods().inNamespace("default").withName("mine").delete(),
                () -> patch("worker-1", PatchType.JSON, "[]"))) {
            assertThatThrownBy(forbidden::run)
                    .isInstanceOfSatisfying(
                            KubernetesClientException.class,
                            refused -> assertThat(refused.getCode()).isEqualTo(403));
        }
        assertThat(server.client().nodes().withName("worker-1").get())
                .as("whoever plays the cluster may do everything")
                .isNotNull();
        server.allow(ApiRights.ALL);
        assertThat(node("worker-1")).isNotNull();
    }

    @Test
    void aReviewOfNothingIsRefused() {
        assertThatThrownBy(() -> client.authorization()
                        .v1()
                        .selfSubjectAccessReview()
                        .create(new SelfSubjectAccessReviewBuilder()
                                .withNewSpec()
                                .endSpec()
                                .build()))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(422));
    }
}
