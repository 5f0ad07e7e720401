package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.ACTOR;
import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.SECOND;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetworkPolicyRungTest {
    private static final Rung RUNG = Rung.NETWORK_POLICIES;
    private static final String ISOLATED = "drawbridge.dev/isolated";

    private final RungWorld world = new RungWorld(RungWorld.PROPERTIES);
    private final String uid = world.node(WORKER).getMetadata().getUid();

    @BeforeEach
    void enforced() {
        world.start("default", "api", pod -> pod);
        world.requests.clear();
        world.server.serve("crd.projectcalico.org/v1", "felixconfigurations", "FelixConfiguration");
    }

    @AfterEach
    void close() throws Exception {
        world.close();
    }

    private List<NetworkPolicy> policies() {
        return world.server
                .client()
                .network()
                .v1()
                .networkPolicies()
                .inAnyNamespace()
                .list()
                .getItems();
    }

    private Pod checkout() {
        return world.pod("shop", "checkout-6f9d8c7b5-x2vkp");
    }

    private void editPolicy(UnaryOperator<NetworkPolicyBuilder> change) {
        world.server
                .client()
                .network()
                .v1()
                .networkPolicies()
                .inNamespace("shop")
                .withName("drawbridge-isolated-" + uid)
                .edit(policy -> change.apply(new NetworkPolicyBuilder(policy)).build());
    }

    private void editCheckout(UnaryOperator<PodBuilder> change) {
        world.server
                .client()
                .pods()
                .inNamespace("shop")
                .withName("checkout-6f9d8c7b5-x2vkp")
                .edit(pod -> change.apply(new PodBuilder(pod)).build());
    }

    private List<String> changes() {
        return world.requests.stream()
                .filter(request -> !request.startsWith("GET"))
                .map(request -> request.replaceAll("\\?.*", ""))
                .toList();
    }

    private String detail(RungOutcome outcome, Class<? extends RungOutcome> expected) {
        assertThat(outcome).isInstanceOf(expected);
        return outcome.toString();
    }

    @Test
    void thePodsOfTheNodeMayReachNothingAndTheOthersOfTheirNamespaceMay() {
        world.start("shop", "host", pod -> pod.editSpec().withHostNetwork(true).endSpec());
        world.start(
                "default",
                "static-worker-1",
                pod -> pod.editMetadata()
                        .addToAnnotations("kubernetes.io/config.mirror", "1")
                        .endMetadata());
        world.start(
                "default", "done", pod -> pod.editStatus().withPhase("Failed").endStatus());
        world.requests.clear();

        assertThat(detail(world.apply(RUNG), RungOutcome.Applied.class))
                .contains("2 pods in 2 namespaces", "as far as Calico enforces it")
                .contains("not cut off (host network): kube-system/kube-proxy-worker-1, shop/host")
                .contains("not cut off (static pods): default/static-worker-1")
                .contains("not cut off (exempt by configuration): kube-system/coredns-7c65d6cfc9-4k2xw");
        assertThat(changes())
                .as("the policies first, so that a label cuts off at once")
                .containsExactly(
                        "POST /apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
                        "POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies",
                        "PATCH /api/v1/namespaces/default/pods/api",
                        "PATCH /api/v1/namespaces/shop/pods/checkout-6f9d8c7b5-x2vkp");
        assertThat(policies()).hasSize(2).allSatisfy(policy -> {
            assertThat(policy.getSpec().getPodSelector().getMatchLabels()).isEqualTo(Map.of(ISOLATED, uid));
            assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
            assertThat(policy.getSpec().getIngress()).isEmpty();
            assertThat(policy.getSpec().getEgress()).isEmpty();
            assertThat(policy.getMetadata().getAnnotations())
                    .containsEntry("drawbridge.dev/incident", FIRST.value())
                    .containsEntry("drawbridge.dev/node", "worker-1");
        });
        assertThat(checkout().getMetadata().getLabels())
                .containsEntry(ISOLATED, uid)
                .containsEntry("app", "checkout");
        assertThat(world.pod("shop", "checkout-6f9d8c7b5-m7rjd").getMetadata().getLabels())
                .as("the same service on another node")
                .doesNotContainKey(ISOLATED);
        assertThat(world.contained.all()).hasSize(1);
    }

    @Test
    void aReleaseRemovesEverythingAndReadsItBack() {
        Map<String, String> before = checkout().getMetadata().getLabels();
        world.apply(RUNG);
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class))
                .contains("no pod is cut off any more; read back");
        assertThat(policies()).isEmpty();
        assertThat(checkout().getMetadata().getLabels()).isEqualTo(before);
        assertThat(world.containment.applied(FIRST)).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void aRerunChangesNothingButForWhatCameLater() {
        world.apply(RUNG);
        world.requests.clear();
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Already.class);
        assertThat(changes()).isEmpty();
        world.start(
                "default", "late", pod -> pod.editMetadata().withLabels(null).endMetadata());
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(world.pod("default", "late").getMetadata().getLabels()).containsEntry(ISOLATED, uid);
        assertThat(policies()).hasSize(2);
    }

    @Test
    void whereNothingEnforcesPoliciesTheRungIsNotSupported() throws Exception {
        try (RungWorld plain = new RungWorld(RungWorld.PROPERTIES)) {
            assertThat(detail(plain.apply(RUNG), RungOutcome.NotSupported.class))
                    .contains("nothing is known to enforce NetworkPolicies");
            assertThat(plain.requests).noneMatch(request -> request.startsWith("POST"));
            assertThat(plain.containment.ladder(FIRST))
                    .extracting(AppliedRung::outcome)
                    .containsExactly("not-supported");
            assertThat(plain.contained.all()).isEmpty();
        }
        try (RungWorld vouched =
                new RungWorld(RungWorld.properties("network.policies-enforced=true", "network.exempt="))) {
            assertThat(detail(vouched.apply(RUNG), RungOutcome.Applied.class))
                    .contains("what the configuration vouches for")
                    .contains("2 pods", "not cut off (host network): kube-system/kube-proxy-worker-1");
        }
    }

    @Test
    void aPolicyThatSomebodyChangedIsNeitherOverwrittenNorRemoved() {
        world.apply(RUNG);
        editPolicy(policy -> policy.editSpec().addNewEgress().endEgress().endSpec());
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class))
                .contains("the policy in shop was changed by somebody else");
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("incomplete");
        assertThat(detail(world.release(RUNG), RungOutcome.Already.class))
                .contains("no pod is cut off any more", "was changed by somebody else, and stays");
        assertThat(policies())
                .singleElement()
                .satisfies(left -> assertThat(left.getSpec().getEgress()).hasSize(1));
        assertThat(checkout().getMetadata().getLabels()).doesNotContainKey(ISOLATED);
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void aPolicyThatSomebodyChangesWhileItIsRemovedStays() {
        world.apply(RUNG);
        AtomicBoolean once = new AtomicBoolean();
        world.faults((method, path) -> {
            if (method.equals("DELETE") && path.contains("/shop/") && once.compareAndSet(false, true)) {
                return Optional.of(new Fault.Answer(409, "Conflict", null));
            }
            return Optional.empty();
        });
        assertThat(world.release(RUNG)).as("looked at again").isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
    }

    @Test
    void aDeletionIsForTheVersionThatWasRead() {
        world.apply(RUNG);
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.DryRun("dry")));
        assertThat(world.release(RUNG)).isEqualTo(new RungOutcome.DryRun("dry"));
        NetworkPolicy shop = policies().get(1);
        assertThat(last().details().get("request"))
                .contains("DELETE /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/drawbridge-isolated-" + uid
                        + " {\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\""
                        + shop.getMetadata().getUid() + "\",\"resourceVersion\":\""
                        + shop.getMetadata().getResourceVersion() + "\"}}");
        assertThat(policies()).hasSize(2);
    }

    private AuditEvent last() {
        return world.trail().get(world.trail().size() - 1);
    }

    @Test
    void aLabelOfSomebodyElseStays() {
        editCheckout(pod -> pod.editMetadata().addToLabels(ISOLATED, "mine").endMetadata());
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class))
                .contains("shop/checkout-6f9d8c7b5-x2vkp has the label of somebody else");
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(checkout().getMetadata().getLabels()).containsEntry(ISOLATED, "mine");
    }

    @Test
    void aPolicyOfOurNameThatIsNotOursIsLeftAlone() {
        world.server
                .client()
                .resource(new NetworkPolicyBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("drawbridge-isolated-" + uid)
                        .endMetadata()
                        .withNewSpec()
                        .endSpec()
                        .build())
                .create();
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("no policy in shop: ");
        world.release(RUNG);
        assertThat(policies())
                .singleElement()
                .satisfies(
                        left -> assertThat(left.getMetadata().getAnnotations()).isNullOrEmpty());
    }

    @Test
    void whatSomebodyUndidIsNotUndoneAgain() {
        world.apply(RUNG);
        policies().forEach(policy -> world.server.client().resource(policy).delete());
        world.server.client().pods().inAnyNamespace().list().getItems().stream()
                .filter(pod -> pod.getMetadata().getLabels() != null
                        && pod.getMetadata().getLabels().containsKey(ISOLATED))
                .forEach(pod -> world.server
                        .client()
                        .resource(pod)
                        .edit(labelled -> new PodBuilder((Pod) labelled)
                                .editMetadata()
                                .removeFromLabels(ISOLATED)
                                .endMetadata()
                                .build()));
        world.requests.clear();
        assertThat(detail(world.release(RUNG), RungOutcome.Already.class)).contains("undone by somebody else");
        assertThat(changes()).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void theSecondIncidentKeepsTheNodeIsolatedWhenTheFirstIsReleased() {
        world.apply(RUNG);
        assertThat(detail(world.containment.apply(ACTOR, SECOND, WORKER, RUNG), RungOutcome.Already.class))
                .contains("isolated already, with the mark of " + FIRST);
        assertThat(detail(world.release(RUNG), RungOutcome.Applied.class))
                .contains("handed over to the incident " + SECOND);
        assertThat(policies())
                .hasSize(2)
                .allSatisfy(policy -> assertThat(policy.getMetadata().getAnnotations())
                        .containsEntry("drawbridge.dev/incident", SECOND.value()));
        assertThat(checkout().getMetadata().getLabels()).containsEntry(ISOLATED, uid);

        assertThat(world.containment.release(ACTOR, SECOND, WORKER, RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    @Test
    void theSecondIncidentReleasesNothingOfTheFirst() {
        world.apply(RUNG);
        world.containment.apply(ACTOR, SECOND, WORKER, RUNG);
        assertThat(world.containment.release(ACTOR, SECOND, WORKER, RUNG)).isInstanceOf(RungOutcome.Already.class);
        assertThat(policies()).hasSize(2);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
    }

    @Test
    void aCrashInTheMiddleIsCompletedByTheRerunAndByTheRelease() {
        world.faults((method, path) ->
                method.equals("PATCH") && path.contains("/shop/") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.apply(RUNG)).isInstanceOf(KubernetesClientException.class);
        assertThat(world.containment.applied(FIRST))
                .extracting(AppliedRung::outcome)
                .containsExactly("begun");
        assertThat(policies()).hasSize(2);
        world.faults(ApiFaults.NONE);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);

        world.faults((method, path) ->
                method.equals("DELETE") && path.contains("/shop/") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> world.release(RUNG)).isInstanceOf(KubernetesClientException.class);
        assertThat(world.containment.applied(FIRST)).hasSize(1);
        world.faults(ApiFaults.NONE);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
    }

    @Test
    void aLostAnswerIsNotTakenForSomebodyElsesPolicy() {
        AtomicBoolean lost = new AtomicBoolean();
        world.faults((method, path) -> method.equals("POST") && lost.compareAndSet(false, true)
                ? Optional.of(new Fault.CutAfterEffect())
                : Optional.empty());
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
    }

    @Test
    void aBusyServerIsAFaultAndNothingIsConcluded() {
        world.faults((method, path) ->
                method.equals("GET") ? Optional.empty() : Optional.of(new Fault.Answer(429, "TooManyRequests", 1)));
        assertThatThrownBy(() -> world.apply(RUNG)).isInstanceOf(KubernetesClientException.class);
        world.faults(ApiFaults.NONE);
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void aNamespaceThatIsBeingRemovedKeepsNoOtherFromBeingCutOff() {
        world.server
                .client()
                .namespaces()
                .withName("shop")
                .edit(namespace -> new NamespaceBuilder(namespace)
                        .editMetadata()
                        .withFinalizers("example.org/slow")
                        .endMetadata()
                        .build());
        world.server.client().namespaces().withName("shop").delete();
        assertThat(detail(world.apply(RUNG), RungOutcome.Incomplete.class)).contains("no policy in shop: ");
        assertThat(policies()).hasSize(1);
    }

    @Test
    void aDryRunRecordsTheExactRequestsAndARefusalChangesNothing() {
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.DryRun("dry")));
        assertThat(world.apply(RUNG)).isEqualTo(new RungOutcome.DryRun("dry"));
        assertThat(last().details().get("request").split("\n"))
                .hasSize(4)
                .anySatisfy(request -> assertThat(request)
                        .startsWith("POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies {\"apiVersion\":")
                        .contains("\"policyTypes\":[\"Ingress\",\"Egress\"]"))
                .anySatisfy(
                        request -> assertThat(request)
                                .startsWith(
                                        "PATCH /api/v1/namespaces/shop/pods/checkout-6f9d8c7b5-x2vkp [{\"op\":\"test\",\"path\":\"/metadata/uid\""));
        world.containment = world.behind(TestGate.answering(world.database, new Verdict.Refused("pause", "no")));
        assertThat(world.apply(RUNG)).isEqualTo(new RungOutcome.Refused("pause", "no"));
        assertThat(changes()).isEmpty();
        assertThat(world.containment.applied(FIRST)).isEmpty();
    }

    @Test
    void noChangeIsBegunThatTheStepHasNoTimeFor() {
        assertThatThrownBy(() -> TimeLimit.within(Duration.ofMillis(900), () -> world.apply(RUNG)))
                .isInstanceOf(TimeLimitException.class);
        assertThat(changes()).isEmpty();
        assertThat(world.apply(RUNG)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void whatIsLeftOfANodeThatIsGoneIsRemovedByTheRelease() {
        world.apply(RUNG);
        world.server.client().nodes().withName(WORKER.value()).delete();
        assertThat(world.release(RUNG)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(policies()).isEmpty();
        assertThat(world.contained.all()).isEmpty();
    }

    /** Drawbridge itself and its Git server may run on the node that is contained: both are named, and no policy selects them. */
    @Test
    void theWayToGitStaysOpenWhereItIsNamed() throws Exception {
        try (RungWorld named = new RungWorld(RungWorld.properties(
                "network.policies-enforced=true",
                "network.exempt=drawbridge/app.kubernetes.io/name=drawbridge, git/app=gitea"))) {
            for (String namespace : List.of("drawbridge", "git")) {
                named.server
                        .client()
                        .resource(new NamespaceBuilder()
                                .withNewMetadata()
                                .withName(namespace)
                                .endMetadata()
                                .build())
                        .create();
            }
            named.start(
                    "drawbridge",
                    "drawbridge-0",
                    pod -> pod.editMetadata()
                            .addToLabels("app.kubernetes.io/name", "drawbridge")
                            .endMetadata());
            named.start("git", "gitea", pod -> pod);
            named.start("git", "runner", pod -> pod);
            assertThat(detail(named.apply(RUNG), RungOutcome.Applied.class))
                    .contains("not cut off (exempt by configuration): drawbridge/drawbridge-0, git/gitea");
            assertThat(named.pod("drawbridge", "drawbridge-0").getMetadata().getLabels())
                    .doesNotContainKey(ISOLATED);
            assertThat(named.pod("git", "gitea").getMetadata().getLabels())
                    .as("the policy of its namespace selects by this label")
                    .doesNotContainKey(ISOLATED);
            assertThat(named.pod("git", "runner").getMetadata().getLabels()).containsKey(ISOLATED);
            assertThat(named.server
                            .client()
                            .network()
                            .v1()
                            .networkPolicies()
                            .inNamespace("drawbridge")
                            .list()
                            .getItems())
                    .isEmpty();
        }
    }
}
