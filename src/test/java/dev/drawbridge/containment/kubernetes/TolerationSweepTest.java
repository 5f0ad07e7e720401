package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.ACTOR;
import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.SECOND;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Right;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TolerationSweepTest {
    private static final Toleration EVERYTHING =
            new TolerationBuilder().withOperator("Exists").build();

    private final RungWorld world =
            new RungWorld(RungWorld.properties("taint.tolerations=kube-system *, default drawbridge.dev/contained"));

    @BeforeEach
    void cordon() {
        world.apply(Rung.CORDON);
        world.requests.clear();
    }

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private Pod start(String namespace, String name, Toleration... tolerations) {
        return world.start(namespace, name, tolerating(tolerations));
    }

    private static UnaryOperator<PodBuilder> tolerating(Toleration... tolerations) {
        return pod -> pod.editSpec().withTolerations(Arrays.asList(tolerations)).endSpec();
    }

    private List<String> evictions() {
        return world.requests.stream()
                .filter(request -> request.endsWith("/eviction"))
                .map(request -> request.replaceAll(".*/pods/(.*)/eviction", "$1"))
                .toList();
    }

    @Test
    void aPodThatMayNotStayByItsTolerationIsEvictedAfterTheTaint() {
        start("shop", "stowaway", EVERYTHING);
        world.start(
                "shop",
                "agent",
                pod -> tolerating(EVERYTHING)
                        .apply(pod)
                        .editMetadata()
                        .editFirstOwnerReference()
                        .withKind("DaemonSet")
                        .endOwnerReference()
                        .endMetadata());
        RungOutcome outcome = world.apply(Rung.TAINT);
        assertThat(outcome).isInstanceOf(RungOutcome.Underway.class);
        assertThat(world.node(WORKER).getSpec().getTaints()).extracting("key").contains("drawbridge.dev/contained");
        assertThat(evictions()).containsExactly("stowaway");
        await().until(() -> world.pod("shop", "stowaway") == null);

        assertThat(world.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Already.class);
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::rung, AppliedRung::outcome)
                .containsExactly(tuple(Rung.CORDON, "applied"), tuple(Rung.TAINT, "applied"));
        assertThat(world.containment.applied(FIRST).get(1).detail())
                .startsWith(
                        "taint drawbridge.dev/contained=" + FIRST + "; pods that may not stay by their toleration: ")
                .contains("stays (of a DaemonSet): shop/agent")
                .doesNotContain("kube-proxy", "checkout");
        assertThat(world.release(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(world.node(WORKER).getSpec().getTaints())
                .extracting("key")
                .doesNotContain("drawbridge.dev/contained");
    }

    @Test
    void whatTheListAllowsStays() {
        start("kube-system", "dns", EVERYTHING);
        start(
                "default",
                "collector",
                new TolerationBuilder()
                        .withKey("drawbridge.dev/contained")
                        .withOperator("Exists")
                        .build());
        assertThat(world.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(evictions()).isEmpty();
    }

    @Test
    void aPodThatNeverEndsIsSaidAndHoldsNothingUp() {
        world.start(
                "shop",
                "stuck",
                pod -> tolerating(EVERYTHING)
                        .apply(pod)
                        .editMetadata()
                        .withFinalizers("example.org/never")
                        .endMetadata());
        assertThat(world.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Underway.class);
        world.clock.forward(Duration.ofMinutes(2));
        assertThat(world.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Incomplete.class);
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("applied", "incomplete");
        assertThat(world.release(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void withoutTheRightToEvictTheTaintStandsAndTheRestIsSaid() {
        start("shop", "stowaway", EVERYTHING);
        world.server.allow(right -> !right.equals(Right.core("create", "pods/eviction")));
        world.rights.ask();
        assertThat(world.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Incomplete.class);
        assertThat(world.containment.applied(FIRST).get(1).detail())
                .contains("taint drawbridge.dev/contained=" + FIRST)
                .contains("nothing more: missing right create pods/eviction");
        assertThat(evictions()).isEmpty();
        assertThat(world.node(WORKER).getSpec().getTaints()).extracting("key").contains("drawbridge.dev/contained");
    }

    @Test
    void theSecondIncidentLeavesThatToTheFirst() {
        world.apply(Rung.TAINT);
        start("shop", "stowaway", EVERYTHING);
        world.containment.apply(ACTOR, SECOND, WORKER, Rung.CORDON);
        assertThat(world.containment.apply(ACTOR, SECOND, WORKER, Rung.TAINT)).isInstanceOf(RungOutcome.Already.class);
        assertThat(evictions()).isEmpty();
    }

    @Test
    void whereEveryTolerationIsAllowedNobodyLooks() throws Exception {
        try (RungWorld usual = new RungWorld(RungWorld.PROPERTIES)) {
            usual.start("shop", "stowaway", tolerating(EVERYTHING));
            usual.requests.clear();
            assertThat(usual.apply(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
            assertThat(usual.requests).containsExactly("PATCH /api/v1/nodes/worker-1");
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // namespace, key, operator, value, effect of the toleration, and whether the pod stays unasked
                "shop, -, Exists, -, -, true",
                "shop, -, Exists, -, NoExecute, true",
                "shop, -, Exists, -, NoSchedule, false",
                "shop, -, Equal, -, -, false",
                "shop, drawbridge.dev/contained, Exists, -, -, true",
                "shop, drawbridge.dev/contained, Equal, mark, NoExecute, true",
                "shop, drawbridge.dev/contained, -, mark, -, true",
                "shop, drawbridge.dev/contained, Equal, other, NoExecute, false",
                "shop, example.org/other, Exists, -, -, false",
                "kube-system, -, Exists, -, -, false",
                "falco, drawbridge.dev/contained, Exists, -, -, false",
                "falco, -, Exists, -, -, true"
            })
    void aTolerationIsMatchedAsTheTaintManagerMatchesIt(
            String namespace, String key, String operator, String value, String effect, boolean unasked) {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("pod")
                .endMetadata()
                .withNewSpec()
                .withTolerations(new Toleration(effect, key, operator, null, value))
                .endSpec()
                .build();
        List<Tolerated> allowed =
                List.of(new Tolerated("kube-system", "*"), new Tolerated("falco", "drawbridge.dev/contained"));
        assertThat(Tolerated.unasked(pod, "mark", allowed)).isEqualTo(unasked);
    }
}
