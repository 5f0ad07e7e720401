package dev.drawbridge.node.pod;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.drawbridge.Manifests;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.containment.Right;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.TestPermits;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.node.shell.ReachedNode;
import dev.drawbridge.node.shell.TestShells;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Their life: who may start one, what is on record, what is removed, and what is swept. */
class HelperPodsTest {
    private static final List<NodePath> ROOTS = List.of(NodePath.of("/etc/kubernetes"));
    private static final Actor SWEEP = Actor.detector("drift-sweep");

    @TempDir
    Path temp;

    private PodNode node;

    private PodNode node(Function<TestDatabase, EffectGate> gate, Duration startTimeout) throws Exception {
        return node(gate, startTimeout, PodNode.SETTINGS.maxConcurrent());
    }

    private PodNode node(Function<TestDatabase, EffectGate> gate, Duration startTimeout, int maxConcurrent)
            throws Exception {
        NodePodProperties usual = PodNode.SETTINGS;
        node = new PodNode(
                temp,
                "/usr/bin:/bin",
                gate,
                new NodePodProperties(
                        usual.image(),
                        null,
                        usual.namespace(),
                        startTimeout,
                        usual.commandTimeout(),
                        usual.lifetime(),
                        maxConcurrent,
                        false));
        return node;
    }

    private PodNode node() throws Exception {
        return node(TestGate::open, Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private List<AuditEntry> trail(String action) {
        return node.trail().stream()
                .filter(entry -> entry.event().action().equals(action))
                .toList();
    }

    @Test
    void aStartIsAnEffectWithVerdictAndOutcomeAndTheEndIsOnRecord() throws Exception {
        node();
        node.files().scan(ReachedNode.NAME, ROOTS);
        String pod = node.kubelet.made().get(0);
        assertThat(node.trail())
                .extracting(
                        entry -> entry.event().action(), entry -> entry.event().phase())
                .containsExactly(
                        tuple("effect.start-helper-pod", AuditEvent.Phase.INTENT),
                        tuple("effect.start-helper-pod", AuditEvent.Phase.OUTCOME),
                        tuple("node.helper-pod.remove", AuditEvent.Phase.FACT));
        assertThat(node.trail()).allSatisfy(entry -> {
            assertThat(entry.event().incident()).isEqualTo(PodNode.INCIDENT);
            assertThat(entry.event().actor()).isEqualTo(PodNode.ACTOR);
            assertThat(entry.event().node()).isEqualTo(ReachedNode.NAME);
        });
        assertThat(node.trail().get(0).event().details().get("request"))
                .contains(pod, "privileged", "read-only", PodNode.SETTINGS.image());
        assertThat(node.there()).isEmpty();
    }

    @Test
    void whatTheGuardrailsDoNotAllowIsNotStarted() throws Exception {
        for (Verdict verdict : List.of(new Verdict.DryRun("dry"), new Verdict.Refused("pause", "paused"))) {
            try (PodNode held = node(database -> TestGate.answering(database, verdict), Duration.ofSeconds(5))) {
                assertThatThrownBy(() -> held.files().scan(ReachedNode.NAME, ROOTS))
                        .isInstanceOf(NodeAccessException.class)
                        .hasMessageContaining(verdict instanceof Verdict.DryRun ? "dry run" : "pause, paused");
                assertThat(held.kubelet.made()).isEmpty();
                assertThat(trail("effect.start-helper-pod")).hasSize(1);
            }
        }
        node = null;
    }

    @Test
    void aSweepLooksForNoIncidentAndChangesNothing() throws Exception {
        node();
        node.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
        NodeFiles files = TestShells.files(node.shell);
        NodeUse.looking(SWEEP, () -> {
            assertThat(files.scan(ReachedNode.NAME, ROOTS).files()).isNotEmpty();
            assertThat(node.there()).singleElement().satisfies(pod -> {
                assertThat(pod.getMetadata().getAnnotations())
                        .containsEntry(HelperPod.ACTOR, SWEEP.display())
                        .doesNotContainKey(HelperPod.INCIDENT);
                assertThat(pod.getSpec().getContainers().get(0).getVolumeMounts())
                        .allMatch(VolumeMount::getReadOnly);
            });
            assertThatThrownBy(() -> files.quarantine(
                            ReachedNode.NAME,
                            TestPermits.on(ReachedNode.NAME),
                            NodePath.of("/etc/kubernetes/a"),
                            Digest.ofText("old")))
                    .isInstanceOf(NodeAccessException.class)
                    .hasMessageContaining("for incidents only");
            return true;
        });
        assertThat(node.kubelet.made()).hasSize(1);
        assertThat(node.there()).isEmpty();
        assertThat(node.trail())
                .extracting(entry -> entry.event().action())
                .containsExactly("effect.start-helper-pod", "effect.start-helper-pod", "node.helper-pod.remove");
        assertThat(node.trail()).allSatisfy(entry -> {
            assertThat(entry.event().incident()).isNull();
            assertThat(entry.event().actor()).isEqualTo(SWEEP);
            assertThat(entry.event().node()).isEqualTo(ReachedNode.NAME);
        });
    }

    @Test
    void sweepsLeaveSlotsForResponses() throws Exception {
        node(TestGate::open, Duration.ofSeconds(20), 2);
        NodeFiles files = TestShells.files(node.shell);
        NodeUse.looking(SWEEP, () -> {
            files.scan(ReachedNode.NAME, ROOTS);
            assertThatThrownBy(() -> TimeLimit.within(
                            Duration.ofMillis(500),
                            () -> NodeUse.looking(
                                    Actor.detector("another"), () -> files.scan(ReachedNode.NAME, ROOTS))))
                    // the latter where the machine was too busy to come to the question
                    .isInstanceOfAny(NodeUnreachableException.class, TimeLimitException.class);
            assertThat(node.kubelet.made()).hasSize(1);
            return NodeUse.in(PodNode.ACTOR, PodNode.INCIDENT, () -> files.scan(ReachedNode.NAME, ROOTS));
        });
        // all are back
        NodeUse.looking(SWEEP, () -> files.scan(ReachedNode.NAME, ROOTS));
        assertThat(node.kubelet.made()).hasSize(3);
    }

    @Test
    void nobodyReachesANodeWithoutSayingInWhoseName() throws Exception {
        node();
        assertThatThrownBy(() -> TestShells.files(node.shell).scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("for incidents and sweeps only");
        assertThat(node.kubelet.made()).isEmpty();
    }

    @Test
    void aPodThatDoesNotStartIsRemoved() throws Exception {
        node(TestGate::open, Duration.ofMillis(300));
        node.kubelet.stop();
        assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeUnreachableException.class)
                .hasMessageContaining("did not start");
        assertThat(node.there()).isEmpty();
        assertThat(trail("effect.start-helper-pod").get(1).event().reason()).startsWith("failed: ");
        assertThat(trail("node.helper-pod.remove")).hasSize(1);
    }

    @Test
    void aRefusalOfTheApiServerSaysSo() throws Exception {
        node();
        node.server.allow(right -> !right.equals(Right.core("create", "pods")));
        assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("403");
        node.server.allow(right -> !right.equals(Right.core("create", "pods/exec")));
        assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeUnreachableException.class)
                .hasMessageContaining("403");
        assertThat(node.there()).isEmpty();
    }

    private void fault(String method, ApiFaults.Fault fault) {
        node.server.inject((asked, path) -> asked.equals(method) ? Optional.of(fault) : Optional.empty());
    }

    @Test
    void aPodWhoseCreationWasNeverAnsweredIsNotLeft() throws Exception {
        node();
        fault("POST", new ApiFaults.Fault.CutAfterEffect());
        assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeUnreachableException.class);
        assertThat(node.there()).isEmpty();
    }

    // ---- what is left behind

    private Pod left(String name, String instance, String phase) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(PodNode.SETTINGS.namespace())
                .addToLabels(HelperPod.HELPER, "look")
                .addToLabels(HelperPod.INSTANCE, HelperPod.instanceLabel(instance))
                .addToAnnotations(HelperPod.NODE, "worker-1\n<b>")
                .endMetadata()
                .withNewSpec()
                .withNodeName("worker-1")
                .endSpec()
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }

    @Test
    void whatNobodyUsesIsSweptAndWhatIsInUseStays() throws Exception {
        node();
        for (Pod pod : List.of(
                left("of-this-instance-before-its-crash", "instance-1", "Running"),
                left("ended", "instance-2", "Failed"),
                left("of-another-instance", "instance-2", "Running"),
                new PodBuilder(left("somebody-elses", "instance-1", "Running"))
                        .editMetadata()
                        .removeFromLabels(HelperPod.HELPER)
                        .endMetadata()
                        .build())) {
            node.server.client().resource(pod).create();
        }
        NodeUse.in(PodNode.ACTOR, PodNode.INCIDENT, () -> {
            HelperPod inUse = node.pods.start(NodeUse.current().orElseThrow(), ReachedNode.NAME, Use.LOOK);
            node.pods.sweep();
            assertThat(node.there())
                    .extracting(pod -> pod.getMetadata().getName())
                    .containsExactlyInAnyOrder(inUse.name(), "of-another-instance", "somebody-elses");
            HelperPodMarks marks = new HelperPodMarks(PodNode.SETTINGS, node.open);
            String uid = node.there().stream()
                    .filter(pod -> pod.getMetadata().getName().equals(inUse.name()))
                    .findFirst()
                    .orElseThrow()
                    .getMetadata()
                    .getUid();
            assertThat(marks.inUse(uid)).isTrue();
            node.pods.remove(NodeUse.current().orElseThrow(), inUse, "over");
            assertThat(marks.inUse(uid)).isFalse();
            return true;
        });
        // nothing that is in use is that old
        node.pods(
                        TestGate.open(node.database),
                        PodNode.SETTINGS,
                        "instance-3",
                        Clock.offset(Clock.systemUTC(), Duration.ofMinutes(16)))
                .sweep();
        assertThat(node.there()).extracting(pod -> pod.getMetadata().getName()).containsExactly("somebody-elses");
        assertThat(trail("node.helper-pod.sweep"))
                .hasSize(6)
                .allSatisfy(
                        entry -> assertThat(entry.event().details().toString()).doesNotContain("\n"));
        assertThat(trail("node.helper-pod.sweep"))
                .filteredOn(entry -> entry.event().phase() == AuditEvent.Phase.OUTCOME)
                .hasSize(3)
                .allSatisfy(entry -> assertThat(entry.event().reason()).isEqualTo("removed"));
    }

    @Test
    void whatCouldNotBeRemovedIsSweptLater() throws Exception {
        node();
        fault("DELETE", new ApiFaults.Fault.Cut());
        node.files().scan(ReachedNode.NAME, ROOTS);
        assertThat(node.there()).hasSize(1);
        assertThat(trail("node.helper-pod.remove").get(0).event().reason()).contains("left for the sweep");

        node.server.inject(ApiFaults.NONE);
        node.pods.sweep();
        assertThat(node.there()).isEmpty();
    }

    // ---- rights

    /** Run by a server that allows exactly what the manifest grants; what it grants beyond that is not asked for by a kind of request. */
    @Test
    void itsManifestGrantsWhatIsAskedForInItsNamespaceAndNothingElse() throws Exception {
        List<Map<String, Object>> objects = Manifests.build(Manifests.ROOT.resolve("access/node-pods"));
        Set<Right> granted = Manifests.grantedIn(objects, PodNode.SETTINGS.namespace());
        Set<Right> asked = new ConcurrentSkipListSet<>();
        node(TestGate::open, Duration.ofMillis(500));
        node.server.allow(right -> {
            asked.add(right);
            return granted.contains(right);
        });
        node.put("/etc/kubernetes/a", "old".getBytes(UTF_8));
        node.files().scan(ReachedNode.NAME, ROOTS);
        node.files()
                .quarantine(
                        ReachedNode.NAME,
                        TestPermits.on(ReachedNode.NAME),
                        NodePath.of("/etc/kubernetes/a"),
                        Digest.ofText("old"));
        node.pods.sweep();
        node.kubelet.stop();
        assertThatThrownBy(() -> node.files().scan(ReachedNode.NAME, ROOTS))
                .isInstanceOf(NodeUnreachableException.class);
        assertThat(new TreeSet<>(asked)).isEqualTo(granted);
    }

    @Test
    void nothingIsGrantedOutsideOfItsNamespaceNorToAnybodyElse() {
        List<Map<String, Object>> objects = Manifests.build(Manifests.ROOT.resolve("access/node-pods"));
        assertThat(Manifests.granted(objects)).isEmpty();
        assertThat(objects)
                .extracting(object -> object.get("kind"))
                .containsExactly("Namespace", "Role", "RoleBinding", "NetworkPolicy");
        assertThat(objects).allSatisfy(object -> {
            Map<?, ?> metadata = (Map<?, ?>) object.get("metadata");
            assertThat(Stream.of(metadata.get("namespace"), metadata.get("name")))
                    .contains(PodNode.SETTINGS.namespace());
        });
        assertThat(objects.get(2).get("subjects"))
                .isEqualTo(List.of(Map.of("kind", "ServiceAccount", "name", "drawbridge", "namespace", "drawbridge")));
    }

    @Test
    void onlyPodsOfOurNamespaceWithOurLabelAreOurs() {
        HelperPodMarks marks = new HelperPodMarks(PodNode.SETTINGS, new OpenPods());
        Map<String, String> ours = Map.of(HelperPod.HELPER, "look");
        assertThat(marks.includes("drawbridge-node-access", ours)).isTrue();
        assertThat(marks.includes("default", ours)).isFalse();
        assertThat(marks.includes("drawbridge-node-access", Map.of("app", "x"))).isFalse();
        assertThat(marks.includes("drawbridge-node-access", null)).isFalse();
        assertThat(new HelperPodMarks(
                                new NodePodProperties(
                                        null,
                                        null,
                                        "drawbridge-node-access",
                                        Duration.ofSeconds(1),
                                        Duration.ofSeconds(1),
                                        Duration.ofMinutes(10),
                                        1,
                                        false),
                                new OpenPods())
                        .includes("drawbridge-node-access", ours))
                .as("where no pods are used")
                .isFalse();
    }
}
