package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.guardrail.OwnReplicas.Look;
import dev.drawbridge.guardrail.OwnReplicas.Replica;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class KubernetesOwnReplicasTest {
    private static final String LABEL = "app.kubernetes.io/name";

    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);

    @BeforeEach
    void makeNamespace() {
        server.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("drawbridge")
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private KubernetesOwnReplicas told(@Nullable String name) {
        return new KubernetesOwnReplicas(
                client,
                new OwnPodProperties(name, name == null ? null : "drawbridge", false, LABEL + "=drawbridge"),
                TestClients.inCluster());
    }

    /** As our Deployment has them, altered in one way. */
    private void pod(String name, String node, UnaryOperator<PodBuilder> change) {
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace("drawbridge")
                .withName(name)
                .addToLabels(LABEL, "drawbridge")
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .withServiceAccountName("drawbridge")
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus();
        server.client().resource(change.apply(pod).build()).create();
    }

    @Test
    void onlyPodsOfOursCountAndOnlyThoseThatAreReadyAsReady() {
        pod("self", "worker-1", pod -> pod);
        pod(
                "starting",
                "worker-2",
                pod -> pod.editStatus()
                        .editFirstCondition()
                        .withStatus("False")
                        .endCondition()
                        .endStatus());
        pod(
                "ending",
                "worker-2",
                pod -> pod.editMetadata().withFinalizers("example.org/never").endMetadata());
        server.client().pods().inNamespace("drawbridge").withName("ending").delete();
        pod("silent", "worker-3", pod -> pod.withStatus(null));
        pod("ended", "worker-3", pod -> pod.editStatus().withPhase("Failed").endStatus());
        pod("waiting", "worker-3", pod -> pod.editSpec().withNodeName(null).endSpec());
        pod(
                "other",
                "worker-3",
                pod -> pod.editMetadata().addToLabels(LABEL, "grafana").endMetadata());
        pod(
                "stranger",
                "worker-3",
                pod -> pod.editSpec().withServiceAccountName("default").endSpec());
        pod(
                "static",
                "worker-3",
                pod -> pod.editMetadata()
                        .addToAnnotations("kubernetes.io/config.mirror", "abc")
                        .endMetadata());
        pod(
                "elsewhere",
                "worker-3",
                pod -> pod.editMetadata().withNamespace("default").endMetadata());
        assertThat(told("self").look())
                .isInstanceOfSatisfying(
                        Look.Known.class,
                        known -> assertThat(known.replicas())
                                .containsExactlyInAnyOrder(
                                        new Replica("self", NodeName.of("worker-1"), true),
                                        new Replica("starting", NodeName.of("worker-2"), false),
                                        new Replica("ending", NodeName.of("worker-2"), false),
                                        new Replica("silent", NodeName.of("worker-3"), false)));
        assertThat(told("self").self()).isEqualTo("the pod drawbridge/self");
    }

    @Test
    void aPodThatIsNotThereOrNotLabelledMakesItUnknown() {
        pod("self", "worker-1", pod -> pod);
        assertThat(told("another").look())
                .isInstanceOfSatisfying(
                        Look.Unknown.class, unknown -> assertThat(unknown.why()).contains("drawbridge/another"));
    }

    private KubernetesOwnReplicas untold(KubernetesProperties kubernetes, boolean outside, boolean inPod) {
        return new KubernetesOwnReplicas(
                client, new OwnPodProperties(null, null, outside, LABEL + "=drawbridge"), kubernetes, inPod);
    }

    @Test
    void whoWasToldNothingRunsElsewhereOnlyWhereNothingSpeaksAgainstIt() {
        KubernetesProperties byUrl = TestClients.properties(server);
        KubernetesProperties byFile = new KubernetesProperties(
                Path.of("kubeconfig"), null, null, byUrl.connectTimeout(), byUrl.requestTimeout());
        for (KubernetesOwnReplicas unknown : List.of(
                untold(TestClients.inCluster(), false, false),
                untold(TestClients.inCluster(), false, true),
                untold(byFile, false, true))) {
            assertThat(unknown.look()).isInstanceOf(Look.Unknown.class);
            assertThat(unknown.self()).startsWith("not known: it runs as a pod");
        }
        for (KubernetesOwnReplicas elsewhere : List.of(
                untold(byFile, false, false),
                untold(byUrl, false, true),
                untold(byFile, true, true),
                untold(TestClients.inCluster(), true, true))) {
            assertThat(elsewhere.look()).isInstanceOf(Look.Elsewhere.class);
            assertThat(elsewhere.self()).isEqualTo("outside of the cluster");
        }
    }

    @Test
    void anApiServerThatDoesNotAnswerIsNoClusterWithoutReplicas() {
        server.inject((method, path) -> Optional.of(new Fault.Answer(503, "ServiceUnavailable", null)));
        assertThatThrownBy(told("self")::look).isInstanceOf(KubernetesClientException.class);
    }

    @EnableConfigurationProperties(OwnPodProperties.class)
    static class Properties {}

    @Test
    void halfAnAnswerStopsTheStart() {
        ApplicationContextRunner runner = new ApplicationContextRunner().withUserConfiguration(Properties.class);
        runner.withPropertyValues("drawbridge.kubernetes.pod.name=drawbridge-0")
                .run(context -> assertThat(context).hasFailed());
        runner.withPropertyValues(
                        "drawbridge.kubernetes.pod.name=a",
                        "drawbridge.kubernetes.pod.namespace=b",
                        "drawbridge.kubernetes.pod.outside=true")
                .run(context -> assertThat(context).hasFailed());
        runner.withPropertyValues("drawbridge.kubernetes.pod.selector=app in (x)")
                .run(context -> assertThat(context).hasFailed());
        runner.withPropertyValues("drawbridge.kubernetes.pod.name=a", "drawbridge.kubernetes.pod.namespace=b")
                .run(context -> assertThat(
                                context.getBean(OwnPodProperties.class).selector())
                        .isEqualTo(LABEL + "=drawbridge"));
    }
}
