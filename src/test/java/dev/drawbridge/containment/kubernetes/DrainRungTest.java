package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.ACTOR;
import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.SECOND;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.ApiRights;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DrainRungTest {
    private static final String CHECKOUT = "shop/checkout-6f9d8c7b5-x2vkp";
    private static final String DNS = "kube-system/coredns-7c65d6cfc9-4k2xw";
    private static final String PROXY = "kube-system/kube-proxy-worker-1";
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private RungWorld world = new RungWorld(settings(null, false));

    private static ContainmentProperties settings(Duration grace, boolean everything) {
        return new ContainmentProperties(
                new ContainmentProperties.Drain(DEADLINE, grace, everything, everything),
                RungWorld.PROPERTIES.taint(),
                RungWorld.PROPERTIES.network());
    }

    @BeforeEach
    void cordon() {
        assertThat(world.apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        world.requests.clear();
    }

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private void with(ContainmentProperties properties) throws Exception {
        world.close();
        world = new RungWorld(properties);
        cordon();
    }

    private RungOutcome drain() {
        return world.apply(Rung.DRAIN);
    }

    private String underway() {
        RungOutcome outcome = drain();
        assertThat(outcome).isInstanceOf(RungOutcome.Underway.class);
        return ((RungOutcome.Underway) outcome).detail();
    }

    private List<String> evictions() {
        return world.requests.stream()
                .filter(request -> request.endsWith("/eviction"))
                .map(request -> request.replaceAll(".*/namespaces/(.*)/pods/(.*)/eviction", "$1/$2"))
                .toList();
    }

    private void budget(String name, String app, Integer allowed) {
        world.server
                .client()
                .resource(new PodDisruptionBudgetBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName(name)
                        .endMetadata()
                        .withNewSpec()
                        .withMinAvailable(new IntOrString(2))
                        .withNewSelector()
                        .withMatchLabels(Map.of("app", app))
                        .endSelector()
                        .endSpec()
                        .withNewStatus()
                        .withDisruptionsAllowed(allowed)
                        .withDesiredHealthy(2)
                        .withCurrentHealthy(2)
                        .endStatus()
                        .build())
                .create();
    }

    private void allow(String name, int allowed) {
        world.server
                .client()
                .policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace("shop")
                .withName(name)
                .edit(budget -> new PodDisruptionBudgetBuilder(budget)
                        .editStatus()
                        .withDisruptionsAllowed(allowed)
                        .endStatus()
                        .build());
    }

    @Test
    void evictsWhatComesBackElsewhereAndReportsWhatStays() {
        world.start(
                "shop",
                "by-hand",
                pod -> pod.editMetadata().withOwnerReferences().endMetadata());
        world.start(
                "shop",
                "cache",
                pod -> pod.editSpec()
                        .addNewVolume()
                        .withName("tmp")
                        .withNewEmptyDir()
                        .endEmptyDir()
                        .endVolume()
                        .endSpec());
        world.start(
                "kube-system",
                "rogue-worker-1",
                pod -> pod.editMetadata()
                        .withOwnerReferences()
                        .addToAnnotations("kubernetes.io/config.mirror", "1")
                        .endMetadata());
        world.start(
                "shop", "job", pod -> pod.editStatus().withPhase("Succeeded").endStatus());

        assertThat(underway())
                .contains("0 of 2 pods are gone")
                .contains("still ending: ")
                .contains(CHECKOUT, DNS)
                .contains("stays (of a DaemonSet): " + PROXY)
                .contains("stays (static pods): kube-system/rogue-worker-1")
                .contains("stays (with local data): shop/cache")
                .contains("stays (without a controller): shop/by-hand");
        assertThat(world.containment.applied(FIRST))
                .filteredOn(rung -> rung.rung() == Rung.DRAIN)
                .singleElement()
                .satisfies(rung -> {
                    assertThat(rung.outcome()).isEqualTo("begun");
                    assertThat(rung.detail()).contains("still ending");
                    assertThat(rung.priorState()).contains(CHECKOUT, DNS);
                });
        await().until(() -> !world.pods().contains(CHECKOUT));

        assertThat(drain())
                .isInstanceOfSatisfying(
                        RungOutcome.Applied.class,
                        done -> assertThat(done.detail())
                                .startsWith("2 of 2 pods are gone; stays (of a DaemonSet): " + PROXY));
        assertThat(evictions()).containsExactlyInAnyOrder(CHECKOUT, DNS);
        assertThat(world.pods())
                .containsExactly(PROXY, "kube-system/rogue-worker-1", "shop/by-hand", "shop/cache", "shop/job");
        assertThat(drain()).as("a rerun").isInstanceOf(RungOutcome.Already.class);
        assertThat(evictions()).hasSize(2);
    }

    @Test
    void whatHasNoControllerAndWhatHoldsDataGoesWhereThatIsSaid() throws Exception {
        with(settings(Duration.ofSeconds(7), true));
        world.start(
                "shop",
                "by-hand",
                pod -> pod.editMetadata().withOwnerReferences().endMetadata());
        world.start(
                "shop",
                "cache",
                pod -> pod.editSpec()
                        .addNewVolume()
                        .withName("tmp")
                        .withNewEmptyDir()
                        .endEmptyDir()
                        .endVolume()
                        .endSpec());
        underway();
        assertThat(evictions()).contains("shop/by-hand", "shop/cache");
        assertThat(world.pod("shop", "cache").getMetadata().getDeletionGracePeriodSeconds())
                .isEqualTo(7);
        await().until(() -> world.pods().equals(List.of(PROXY)));
    }

    @Test
    void theLeastImportantPodGoesFirst() {
        world.start(
                "shop",
                "a-critical",
                pod -> pod.editSpec().withPriority(2_000_000_000).endSpec());
        world.start("shop", "z-batch", pod -> pod.editSpec().withPriority(-10).endSpec());
        underway();
        assertThat(evictions()).containsExactly("shop/z-batch", DNS, CHECKOUT, "shop/a-critical");
    }

    @Test
    void aDisruptionBudgetHoldsAPodBackUntilItAllowsMore() {
        budget("checkout", "checkout", 0);
        assertThat(underway())
                .contains("still there: " + CHECKOUT
                        + " (The disruption budget checkout needs 2 healthy pods and has 2 currently)");
        assertThat(world.pods()).contains(CHECKOUT);
        await().until(() -> !world.pods().contains(DNS));

        allow("checkout", 1);
        underway();
        await().until(() -> !world.pods().contains(CHECKOUT));
        assertThat(drain()).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void atTheDeadlineTheResponseGoesOnAndSaysWhatIsStillHeld() {
        budget("checkout", "checkout", 0);
        underway();
        await().until(() -> !world.pods().contains(DNS));
        world.clock.forward(DEADLINE);
        assertThat(drain())
                .isInstanceOfSatisfying(
                        RungOutcome.Incomplete.class,
                        partly -> assertThat(partly.detail())
                                .startsWith("1 of 2 pods are gone; still there: " + CHECKOUT)
                                .contains("needs 2 healthy pods"));
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("applied", "incomplete");
        assertThat(world.pods()).contains(CHECKOUT);
    }

    @Test
    void aPodThatNeverEndsDoesNotHoldUpTheResponseForEver() {
        world.start(
                "shop",
                "stuck",
                pod -> pod.editMetadata().withFinalizers("example.org/never").endMetadata());
        underway();
        await().until(() -> !world.pods().contains(CHECKOUT) && !world.pods().contains(DNS));
        int tried = evictions().size();
        assertThat(underway()).contains("2 of 3 pods are gone; still ending: shop/stuck");
        world.clock.forward(DEADLINE);
        assertThat(drain()).isInstanceOf(RungOutcome.Incomplete.class);
        assertThat(evictions()).as("it is not asked twice").hasSize(tried);
        assertThat(world.trail())
                .extracting(AuditEvent::action)
                .as("nothing was changed, and still it is written down")
                .endsWith("containment.found");
    }

    @Test
    void theServerSaysHowLongItWantsToBeLeftAlone() {
        budget("checkout", "checkout", null);
        RungOutcome outcome = drain();
        assertThat(outcome).isInstanceOfSatisfying(RungOutcome.Underway.class, underway -> {
            assertThat(underway.detail()).contains("still being processed by the server");
            assertThat(underway.next()).isEqualTo(Duration.ofSeconds(10));
        });
    }

    @Test
    void looksAreFrequentAtFirstAndRareLater() {
        budget("checkout", "checkout", 0);
        assertThat(next()).isEqualTo(Duration.ofSeconds(2));
        world.clock.forward(Duration.ofSeconds(60));
        assertThat(next()).isBetween(Duration.ofSeconds(14), Duration.ofSeconds(16));
        world.clock.forward(Duration.ofSeconds(55));
        assertThat(next()).as("the rest of the time").isLessThan(Duration.ofSeconds(6));
    }

    private Duration next() {
        return ((RungOutcome.Underway) drain()).next();
    }

    @Test
    void aBusyServerIsLeftAloneAtOnce() {
        world.faults((method, path) -> path.endsWith("/eviction")
                ? Optional.of(new Fault.Answer(429, "TooManyRequests", 1))
                : Optional.empty());
        world.requests.clear();
        assertThat(underway()).contains("still there: " + DNS + " (injected), " + CHECKOUT);
        assertThat(evictions())
                .as("neither repeated nor asked for the next pod")
                .hasSize(1);
        world.faults((method, path) -> path.endsWith("/eviction")
                ? Optional.of(new Fault.Answer(503, "ServiceUnavailable", 1))
                : Optional.empty());
        world.requests.clear();
        underway();
        assertThat(evictions()).hasSize(1);
        world.faults(ApiFaults.NONE);
        underway();
        await().until(() -> !world.pods().contains(CHECKOUT));
        assertThat(drain()).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void aPodThatTheServerCannotEvictKeepsNoOtherFromGoing() {
        world.start("shop", "other", pod -> pod);
        budget("one", "checkout", 1);
        budget("two", "checkout", 1);
        assertThat(underway()).contains("more than one PodDisruptionBudget").contains("shop/other");
        await().until(() -> !world.pods().contains("shop/other"));
        assertThat(world.pods()).contains(CHECKOUT);
    }

    @Test
    void onlyThePodThatWasSeenIsEvicted() {
        ClusterObjects objects = new ClusterObjects(world.client, (namespace, labels) -> false);
        Ref ref = Ref.of(world.pod("shop", "checkout-6f9d8c7b5-x2vkp"));
        EffectResult<ClusterObjects.Answer> answer = TestGate.open(world.database)
                .perform(
                        new Effect(ACTOR, FIRST, WORKER, Effect.Kind.CONTAIN, "drain", ""),
                        permit -> objects.make(permit, WORKER, new Change.Evict(ref, "another-uid", null)));
        assertThat(answer)
                .isInstanceOfSatisfying(
                        EffectResult.Done.class,
                        done -> assertThat(done.value()).isInstanceOf(ClusterObjects.Answer.Changed.class));
        assertThat(world.pods()).contains(CHECKOUT);
    }

    @Test
    void aNodeThatTakesPodsAgainIsNotDrained() {
        world.edit(WORKER, node -> node.editSpec().withUnschedulable(null).endSpec());
        assertThat(drain())
                .isInstanceOfSatisfying(
                        RungOutcome.Incomplete.class,
                        none -> assertThat(none.detail()).contains("the node takes new pods"));
        assertThat(evictions()).isEmpty();
    }

    @Test
    void intentAndExactRequestAreOnRecordBeforeTheOutcome() {
        underway();
        List<AuditEvent> drain = world.trail().stream()
                .filter(entry -> entry.subject().equals("drain"))
                .toList();
        assertThat(drain)
                .extracting(AuditEvent::action, AuditEvent::phase)
                .containsExactly(
                        tuple("effect.contain", AuditEvent.Phase.INTENT),
                        tuple("effect.contain", AuditEvent.Phase.OUTCOME));
        String uid = world.pod("shop", "checkout-6f9d8c7b5-x2vkp").getMetadata().getUid();
        assertThat(drain.get(0).details().get("request").split("\n"))
                .hasSize(2)
                .contains("POST /api/v1/namespaces/shop/pods/checkout-6f9d8c7b5-x2vkp/eviction "
                        + "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"checkout-6f9d8c7b5-x2vkp\","
                        + "\"namespace\":\"shop\"},\"deleteOptions\":{\"preconditions\":{\"uid\":\"" + uid + "\"}}}");
        assertThat(drain.get(1).reason()).contains("still ending");
    }

    @Test
    void aDryRunEvictsNothingAndRecordsTheExactRequests() {
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.DryRun("dry")));
        assertThat(drain()).isEqualTo(new RungOutcome.DryRun("dry"));
        assertThat(evictions()).isEmpty();
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::rung)
                .containsExactly(Rung.CORDON);
        assertThat(world.trail().get(world.trail().size() - 1).details().get("request"))
                .contains("/eviction");
    }

    @Test
    void aRefusalStopsADrainThatGoesOn() {
        budget("checkout", "checkout", 0);
        underway();
        int tried = evictions().size();
        world.containment =
                world.behind(TestGate.answering(world.database, new Verdict.Refused("pause", "paused by alice")));
        assertThat(drain()).isEqualTo(new RungOutcome.Refused("pause", "paused by alice"));
        assertThat(evictions()).hasSize(tried);
    }

    @Test
    void aDrainThatWasKilledGoesOn() {
        assertThatThrownBy(() -> world.database.transaction().executeWithoutResult(step -> {
                    underway();
                    throw new IllegalStateException("killed");
                }))
                .hasMessage("killed");
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("applied", "begun");
        await().until(() -> !world.pods().contains(CHECKOUT));
        assertThat(drain())
                .isInstanceOfSatisfying(
                        RungOutcome.Applied.class,
                        done -> assertThat(done.detail()).startsWith("2 of 2 pods are gone"));
        assertThat(evictions()).hasSize(2);
    }

    @Test
    void anApiServerThatIsDownIsAFaultAndTheRestIsTriedAgain() {
        world.faults((method, path) -> path.contains("checkout") && path.endsWith("/eviction")
                ? Optional.of(new Fault.Cut())
                : Optional.empty());
        assertThatThrownBy(this::drain).isInstanceOf(KubernetesClientException.class);
        world.faults((method, path) -> path.startsWith("/api/v1/pods") || path.equals("/api/v1")
                ? Optional.of(new Fault.Answer(503, "ServiceUnavailable", null))
                : Optional.empty());
        assertThatThrownBy(this::drain).isInstanceOf(KubernetesClientException.class);
        world.faults(ApiFaults.NONE);
        drain();
        await().until(() -> !world.pods().contains(CHECKOUT) && !world.pods().contains(DNS));
        assertThat(drain()).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void whatTheServerForbidsIsAFault() {
        world.faults((method, path) ->
                path.endsWith("/eviction") ? Optional.of(new Fault.Answer(403, "Forbidden", null)) : Optional.empty());
        assertThatThrownBy(this::drain)
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
    }

    @Test
    void noEvictionIsBegunThatTheStepHasNoTimeFor() {
        assertThatThrownBy(() -> TimeLimit.within(Duration.ofMillis(900), this::drain))
                .isInstanceOf(TimeLimitException.class);
        assertThat(evictions()).isEmpty();
        underway();
        assertThat(evictions()).hasSize(2);
    }

    @Test
    void aClusterWithoutTheEvictionApiIsReportedAndNothingIsAnnounced() {
        world.faults((method, path) ->
                path.equals("/api/v1") ? Optional.of(new Fault.Answer(404, "NotFound", null)) : Optional.empty());
        assertThat(drain()).isInstanceOf(RungOutcome.NotSupported.class);
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::rung)
                .containsExactly(Rung.CORDON);
        assertThat(world.containment.ladder(FIRST))
                .extracting(AppliedRung::rung, AppliedRung::outcome, AppliedRung::detail)
                .contains(tuple(Rung.DRAIN, "not-supported", "the cluster does not serve the Eviction API"));
        world.faults(ApiFaults.NONE);
        underway();
        assertThat(world.containment.ladder(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("applied", "begun");
    }

    @Test
    void aReleaseHasNothingToUndoAndSaysSo() {
        underway();
        await().until(() -> !world.pods().contains(CHECKOUT));
        drain();
        world.requests.clear();
        assertThat(world.release(Rung.DRAIN))
                .isInstanceOfSatisfying(
                        RungOutcome.Already.class,
                        kept -> assertThat(kept.detail()).contains("nothing to undo"));
        assertThat(world.requests).isEmpty();
        assertThat(world.trail()).extracting(AuditEvent::action).endsWith("containment.kept");
        assertThat(world.contained.all()).hasSize(1);
        world.release(Rung.CORDON);
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void aSecondIncidentOnTheNodeFindsItDrained() {
        underway();
        await().until(() -> !world.pods().contains(CHECKOUT));
        drain();
        assertThat(world.containment.apply(ACTOR, SECOND, WORKER, Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(world.containment.apply(ACTOR, SECOND, WORKER, Rung.DRAIN)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(evictions()).hasSize(2);
        assertThat(world.contained.all()).hasSize(2);
        assertThat(world.release(Rung.DRAIN)).isInstanceOf(RungOutcome.Already.class);
        assertThat(world.containment.release(ACTOR, SECOND, WORKER, Rung.DRAIN))
                .isInstanceOf(RungOutcome.Already.class);
    }

    @Test
    void aNodeThatIsGoneIsSaidToBe() {
        underway();
        world.server.client().nodes().withName(WORKER.value()).delete();
        assertThat(drain()).isInstanceOf(RungOutcome.NodeGone.class);
        assertThat(world.containment.applied(FIRST)).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void withoutTheRightToEvictItIsNotSupportedAndNothingIsAnnounced() {
        world.server.allow(right -> !right.resource().equals("pods/eviction"));
        world.rights.ask();
        int before = world.trail().size();
        assertThat(drain()).isEqualTo(new RungOutcome.NotSupported("missing right create pods/eviction"));
        assertThat(evictions()).isEmpty();
        assertThat(world.trail()).hasSize(before);
    }

    @Test
    void aRightThatIsTakenAwayMeanwhileFailsOneAttemptAndIsKnownToTheNext() {
        world.rights.ask();
        world.server.allow(right -> !right.resource().equals("pods/eviction"));
        assertThatThrownBy(this::drain).isInstanceOf(KubernetesClientException.class);
        assertThat(drain()).isEqualTo(new RungOutcome.NotSupported("missing right create pods/eviction"));
        world.server.allow(ApiRights.ALL);
        underway();
    }
}
