package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.Manifests;
import dev.drawbridge.containment.Right;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.OwnReplicas;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the code asks for, what it says that it needs, and what the manifests grant are the same, feature by feature. A new class that speaks to
 * the API server fails a test of the architecture, which sends its author here.
 */
class FeatureTest {
    private static Set<Right> granted(Feature... features) {
        return new TreeSet<>(Manifests.granted(Arrays.stream(features)
                .flatMap(feature -> Manifests.build(Manifests.ROOT.resolve("access/" + feature.code())).stream())
                .toList()));
    }

    @ParameterizedTest
    @EnumSource
    void itsManifestGrantsWhatItNeedsAndNothingElse(Feature feature) {
        assertThat(granted(feature)).containsExactlyInAnyOrderElementsOf(feature.rights());
    }

    /** Run by a server that allows exactly what the manifests of the feature and of what it stands on grant. */
    @ParameterizedTest
    @EnumSource
    void itAsksForAllThatItsManifestGrantsAndForNothingElse(Feature feature) throws Exception {
        Set<Right> below = granted(below(feature));
        Set<Right> allowed = new TreeSet<>(granted(feature));
        allowed.addAll(below);
        Set<Right> asked = new ConcurrentSkipListSet<>();
        try (RungWorld world = new RungWorld(properties())) {
            world.server.allow(right -> {
                asked.add(right);
                return allowed.contains(right);
            });
            use(feature, world);
        }
        Set<Right> own = new TreeSet<>(asked);
        own.removeAll(below);
        assertThat(own)
                .containsExactlyInAnyOrderElementsOf(feature.rights().stream()
                        .filter(right -> !Feature.indirect(right))
                        .toList());
    }

    private static Feature[] below(Feature feature) {
        return switch (feature) {
            case READ -> new Feature[0];
            case KUBELET -> new Feature[] {Feature.READ};
            case CONTAIN -> new Feature[] {Feature.READ};
            case EVICT, NETWORK_POLICIES, CILIUM_HOST_POLICY, CALICO_HOST_POLICY ->
                new Feature[] {Feature.READ, Feature.CONTAIN};
        };
    }

    private static ContainmentProperties properties() {
        return RungWorld.properties(
                "drain.evict-unmanaged=true",
                "drain.evict-local-data=true",
                "network.policies-enforced=true",
                "network.exempt=",
                "network.allow-in=192.0.2.0/24 tcp/22");
    }

    private static void use(Feature feature, RungWorld world) {
        switch (feature) {
            case READ -> read(world);
            case KUBELET ->
                assertThatThrownBy(() -> new KubernetesClusterView(world.client).kubelet(RungWorld.WORKER))
                        .as("asked, and nobody there")
                        .hasMessageContaining("(503)");
            case CONTAIN -> upAndDown(world, Rung.CORDON, Rung.TAINT, Rung.LABEL);
            case EVICT -> upAndDown(world, Rung.CORDON, Rung.DRAIN);
            case NETWORK_POLICIES -> upAndDown(world, Rung.CORDON, Rung.NETWORK_POLICIES);
            case CILIUM_HOST_POLICY -> {
                CiliumRungTest.install(world);
                upAndDown(world, Rung.CORDON, Rung.CILIUM_HOST_POLICY);
            }
            case CALICO_HOST_POLICY -> {
                CalicoRungTest.install(world);
                upAndDown(world, Rung.CORDON, Rung.CALICO_HOST_POLICY);
            }
        }
    }

    private static void read(RungWorld world) {
        KubernetesNodeDirectory directory = new KubernetesNodeDirectory(world.client);
        await().until(() -> directory.cached(RungWorld.WORKER).isPresent());
        KubernetesClusterView view = new KubernetesClusterView(world.client);
        NodeName controlPlane = NodeName.of("cp-1");
        assertThat(view.nodes()).hasSize(6);
        assertThat(view.node(controlPlane)).isPresent();
        assertThat(view.staticPods(controlPlane)).isEmpty();
        assertThat(view.namespaces()).contains("default");
        assertThat(view.apiServerReady()).isTrue();
        KubernetesClusterRecords records = new KubernetesClusterRecords(world.client);
        assertThat(records.node(controlPlane)).isPresent();
        records.events(controlPlane, records.mirrorPods(controlPlane).items());
        assertThat(new KubernetesEtcdPods(world.client).etcdPods()).isEmpty();
        OwnPodProperties own =
                new OwnPodProperties("drawbridge-0", "drawbridge", false, "app.kubernetes.io/name=drawbridge");
        assertThat(new KubernetesOwnReplicas(world.client, own, TestClients.inCluster()).look())
                .isInstanceOf(OwnReplicas.Look.Unknown.class);
        directory.stop();
    }

    /** By two incidents on one node, so that the first release hands over and the second undoes. */
    private static void upAndDown(RungWorld world, Rung... rungs) {
        List<IncidentId> incidents = List.of(RungWorld.FIRST, RungWorld.SECOND);
        for (IncidentId incident : incidents) {
            for (Rung rung : rungs) {
                await().pollInterval(Duration.ofMillis(20)).until(() -> applied(world, incident, rung));
            }
        }
        for (IncidentId incident : incidents) {
            for (int i = rungs.length - 1; i >= 0; i--) {
                world.containment.release(RungWorld.ACTOR, incident, RungWorld.WORKER, rungs[i]);
            }
            assertThat(world.containment.applied(incident)).isEmpty();
        }
    }

    private static boolean applied(RungWorld world, IncidentId incident, Rung rung) {
        RungOutcome outcome = world.containment.apply(RungWorld.ACTOR, incident, RungWorld.WORKER, rung);
        if (outcome instanceof RungOutcome.Underway underway) {
            world.clock.forward(underway.next());
            return false;
        }
        assertThat(outcome)
                .isInstanceOfAny(RungOutcome.Applied.class, RungOutcome.Already.class, RungOutcome.Incomplete.class);
        return true;
    }

    @Test
    void whatIsInstalledByDefaultIsWhatThePlaybookThatShipsNeeds() throws Exception {
        List<Feature> usual = Stream.of(Feature.values()).filter(Feature::usual).toList();
        for (String kustomization : List.of("", "outside")) {
            assertThat(Manifests.granted(Manifests.build(Manifests.ROOT.resolve(kustomization))))
                    .containsExactlyInAnyOrderElementsOf(granted(usual.toArray(Feature[]::new)));
        }
        Matcher rungs = Pattern.compile("(?m)^ +rungs: \\[(.+)]$")
                .matcher(Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml")));
        assertThat(rungs.find()).isTrue();
        assertThat(rungs.group(1).split(", "))
                .allSatisfy(rung -> assertThat(usual).contains(Feature.of(Rung.ofCode(rung))));
    }

    @ParameterizedTest
    @EnumSource
    void itsRoleIsBoundToOurServiceAccountAndToNobodyElse(Feature feature) {
        List<Map<String, Object>> objects = Manifests.build(Manifests.ROOT.resolve("access/" + feature.code()));
        assertThat(objects)
                .extracting(object -> object.get("kind"))
                .containsExactly("ClusterRole", "ClusterRoleBinding");
        assertThat(objects)
                .extracting(object -> (Object) ((Map<?, ?>) object.get("metadata")).get("name"))
                .containsOnly("drawbridge-" + feature.code());
        assertThat(((Map<?, ?>) objects.get(1).get("roleRef")).get("name")).isEqualTo("drawbridge-" + feature.code());
        assertThat(objects.get(1).get("subjects"))
                .isEqualTo(List.of(Map.of("kind", "ServiceAccount", "name", "drawbridge", "namespace", "drawbridge")));
    }
}
