package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whether the pods that a taint evicts are gone; the sandbox's node controller is not asked, so a test removes them itself. */
class PodsGoneTest {
    private final RungWorld world = new RungWorld(RungWorld.PROPERTIES);

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private Proven look() {
        return world.containment.podsGone(RungWorld.FIRST, RungWorld.WORKER);
    }

    /** Nothing else runs there. */
    private void empty() {
        world.server.client().pods().inAnyNamespace().list().getItems().stream()
                .filter(pod -> RungWorld.WORKER.value().equals(pod.getSpec().getNodeName()))
                .forEach(pod -> world.server.client().resource(pod).delete());
    }

    private static UnaryOperator<PodBuilder> tolerating(String key, Long seconds) {
        return pod -> pod.editSpec()
                .addNewToleration()
                .withKey(key)
                .withOperator("Exists")
                .withTolerationSeconds(seconds)
                .endToleration()
                .endSpec();
    }

    @Test
    void whatToleratesWithoutEndAndStaticPodsMayStayAndNothingElse() {
        world.apply(Rung.TAINT);
        empty();
        world.start("default", "agent", tolerating(null, null));
        world.start("default", "named", tolerating(Marks.CONTAINED, null));
        world.start("default", "other", tolerating("node.kubernetes.io/not-ready", null));
        world.start("default", "later", tolerating(Marks.CONTAINED, 300L));
        world.start("default", "plain", pod -> pod);
        world.start(
                "default",
                "done",
                pod -> pod.editStatus().withPhase("Succeeded").endStatus());
        world.start(
                "default",
                "static",
                pod -> pod.editMetadata()
                        .addToAnnotations("kubernetes.io/config.mirror", "1")
                        .endMetadata());
        world.start(
                "default",
                "ending",
                pod -> pod.editMetadata().withFinalizers("example.org/never").endMetadata());
        world.server.client().pods().inNamespace("default").withName("ending").delete();
        assertThat(look())
                .isInstanceOfSatisfying(
                        Proven.NotYet.class,
                        notYet -> assertThat(notYet.detail())
                                .isEqualTo(
                                        "still on the node: default/ending (still ending), default/later, default/other, default/plain"));
        for (String gone : List.of("other", "later", "plain", "ending")) {
            world.server
                    .client()
                    .pods()
                    .inNamespace("default")
                    .withName(gone)
                    .edit(pod -> new PodBuilder(pod)
                            .editMetadata()
                            .withFinalizers()
                            .endMetadata()
                            .build());
            world.server.client().pods().inNamespace("default").withName(gone).delete();
        }
        assertThat(look()).isEqualTo(new Proven.Yes("no pod is left on the node that the taint evicts; 2 tolerate it"));
    }

    @Test
    void itWaitsUntilTheDeadlineAndNotLonger() {
        world.apply(Rung.TAINT);
        world.start("default", "plain", pod -> pod);
        world.clock.forward(Duration.ofMinutes(1));
        assertThat(look()).isInstanceOf(Proven.NotYet.class);
        world.clock.forward(Duration.ofMinutes(1));
        assertThat(look())
                .isInstanceOfSatisfying(
                        Proven.No.class, no -> assertThat(no.detail()).contains("default/plain"));
    }

    @Test
    void looksAreFrequentAtFirstAndRareLaterAndTheLastOneIsAtTheDeadline() {
        assertThat(Evictor.pause(Duration.ZERO, Duration.ofMinutes(2))).isEqualTo(Duration.ofSeconds(2));
        assertThat(Evictor.pause(Duration.ofSeconds(60), Duration.ofSeconds(60)))
                .isEqualTo(Duration.ofSeconds(15));
        assertThat(Evictor.pause(Duration.ofMinutes(10), Duration.ofMinutes(10)))
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(Evictor.pause(Duration.ofSeconds(119), Duration.ofSeconds(1)))
                .isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void withoutTheTaintNothingIsProven() {
        assertThat(look()).isInstanceOf(Proven.No.class);
        world.apply(Rung.TAINT);
        world.edit(
                RungWorld.WORKER, node -> node.editSpec().withTaints(List.of()).endSpec());
        assertThat(look())
                .isInstanceOfSatisfying(
                        Proven.No.class, no -> assertThat(no.detail()).contains("not on the node any more"));
    }
}
