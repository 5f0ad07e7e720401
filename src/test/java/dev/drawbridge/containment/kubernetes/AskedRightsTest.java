package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.containment.ClusterRights.Answer;
import dev.drawbridge.containment.ClusterRights.Asked;
import dev.drawbridge.containment.ClusterRights.Method;
import dev.drawbridge.containment.Right;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.ApiRights;
import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class AskedRightsTest {
    private static final Instant NOW = Instant.parse("2026-01-15T09:16:10Z");
    private static final Right PATCH = Right.core("patch", "nodes");
    private static final Right PODS = Right.core("list", "pods");

    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final AskedRights rights = new AskedRights(client, Clock.fixed(NOW, ZoneOffset.UTC));
    private final List<String> requests = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        rights.stop();
        client.close();
        server.close();
    }

    private void without(Right... missing) {
        server.allow(right -> !Arrays.asList(missing).contains(right));
    }

    private void faults(ApiFaults faults) {
        server.inject((method, path) -> {
            requests.add(method + " " + path);
            return faults.on(method, path);
        });
    }

    private void answers(int code) {
        faults((method, path) -> Optional.of(new Fault.Answer(code, "Injected", null)));
    }

    private Method method(String name) {
        return rights.report().methods().stream()
                .filter(method -> method.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> lines(CapturedOutput output, String text) {
        return output.getOut().lines().filter(line -> line.contains(text)).toList();
    }

    @Test
    void everyMethodIsReportedAndNothingIsAssumedBeforeItWasAsked() {
        assertThat(rights.report().at()).isNull();
        assertThat(rights.report().methods())
                .extracting(Method::name)
                .containsExactly(
                        "read",
                        "kubelet",
                        "cordon",
                        "taint",
                        "label",
                        "drain",
                        "network-policies",
                        "cilium-host-policy",
                        "calico-host-policy")
                .as("reading, kubelets, and every rung but the one that is a person's")
                .hasSize(Rung.values().length + 1);
        assertThat(rights.report().methods())
                .allSatisfy(method -> assertThat(method.answer()).isEqualTo(Answer.UNKNOWN));
        assertThat(rights.missing(Rung.CORDON)).as("what is not known is tried").isEmpty();
    }

    @Test
    void eachRightOfEachFeatureIsAskedForOnce(CapturedOutput output) {
        faults(ApiFaults.NONE);
        rights.ask();
        assertThat(requests).hasSize(35).containsOnly("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        assertThat(rights.report().at()).isEqualTo(NOW);
        assertThat(rights.report().methods())
                .allSatisfy(method -> assertThat(method.answer()).isEqualTo(Answer.ALLOWED));
        assertThat(method("read").rights())
                .extracting(asked -> asked.right().toString())
                .containsExactly(
                        "get nodes",
                        "list nodes",
                        "watch nodes",
                        "list pods",
                        "list namespaces",
                        "list events",
                        "get /readyz");
        assertThat(lines(output, "AskedRights")).singleElement().asString().contains("INFO", "the cluster allows all");
    }

    @Test
    void aMissingRightIsOneLineAndNamesWhatCannotBeDone(CapturedOutput output) {
        without(PATCH, PODS);
        rights.ask();
        rights.ask();
        assertThat(method("read").answer()).isEqualTo(Answer.DENIED);
        assertThat(method("read").missing()).isEqualTo("list pods");
        for (String rung : List.of("cordon", "taint", "label")) {
            assertThat(method(rung).answer()).isEqualTo(Answer.DENIED);
        }
        assertThat(lines(output, "missing right"))
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line)
                                .contains("WARN", "patch nodes: without it Drawbridge cannot cordon, taint, label")
                                .contains("docker/kubernetes/access/contain"),
                        line -> assertThat(line)
                                .contains("list pods: without it Drawbridge cannot read")
                                .contains("docker/kubernetes/access/read"));
    }

    @Test
    void aRightThatNoPlaybookThatShipsNeedsIsMissingWithoutAlarm(CapturedOutput output) {
        without(Right.core("create", "pods/eviction"));
        rights.ask();
        assertThat(method("drain").answer()).isEqualTo(Answer.DENIED);
        assertThat(rights.missing(Rung.DRAIN)).hasValue("missing right create pods/eviction");
        assertThat(rights.missing(Rung.CORDON)).isEmpty();
        assertThat(lines(output, "missing right"))
                .singleElement()
                .asString()
                .contains("INFO", "create pods/eviction: without it Drawbridge cannot drain")
                .contains("docker/kubernetes/access/evict");
    }

    @Test
    void aRightThatIsGrantedLaterCountsAtOnceAndIsSaid(CapturedOutput output) {
        without(PATCH);
        rights.ask();
        assertThat(rights.missing(Rung.TAINT)).hasValue("missing right patch nodes");
        server.allow(ApiRights.ALL);
        assertThat(rights.missing(Rung.TAINT)).isEmpty();
        assertThat(method("taint").answer()).isEqualTo(Answer.ALLOWED);
        rights.ask();
        assertThat(lines(output, "the cluster allows all")).hasSize(1);
    }

    @Test
    void aRungWhoseRightWasThereCostsNoQuestion() {
        rights.ask();
        faults(ApiFaults.NONE);
        assertThat(rights.missing(Rung.CORDON)).isEmpty();
        assertThat(requests).isEmpty();
    }

    @Test
    void aRightThatWasTakenAwayIsKnownWhenItIsAskedForAgain() {
        rights.ask();
        without(PATCH);
        assertThat(rights.missing(Rung.CORDON)).isEmpty();
        assertThat(rights.missingNow(Rung.CORDON)).hasValue("missing right patch nodes");
        assertThat(method("cordon").answer()).isEqualTo(Answer.DENIED);
        assertThat(method("read").answer()).isEqualTo(Answer.ALLOWED);
    }

    @Test
    void aServerThatIsDownLeavesEverythingUnknownAfterOneQuestion(CapturedOutput output) {
        faults((method, path) -> Optional.of(new Fault.Cut()));
        rights.ask();
        rights.ask();
        assertThat(rights.report().methods())
                .allSatisfy(method -> assertThat(method.answer()).isEqualTo(Answer.UNKNOWN));
        assertThat(method("cordon").rights())
                .extracting(Asked::why)
                .containsExactly("the API server could not be reached");
        assertThat(rights.missing(Rung.CORDON)).isEmpty();
        assertThat(lines(output, "not known whether"))
                .singleElement()
                .asString()
                .contains("patch nodes", "get /readyz");
        long perRound = requests.size() / 2;
        assertThat(perRound).as("one question, with the client's repetitions").isLessThan(13);
    }

    @Test
    void aRefusedQuestionIsNoAnswer() {
        rights.ask();
        for (int code : new int[] {401, 403, 404, 500}) {
            answers(code);
            rights.ask();
            assertThat(method("cordon").answer()).as("%s", code).isEqualTo(Answer.UNKNOWN);
            assertThat(method("cordon").rights().get(0).why()).contains("(" + code + ")");
        }
    }

    @Test
    void aMissingRightThatCannotBeAskedForAgainIsTried() {
        without(PATCH);
        rights.ask();
        answers(503);
        assertThat(rights.missing(Rung.CORDON)).isEmpty();
        assertThat(method("cordon").answer()).isEqualTo(Answer.UNKNOWN);
    }

    @Test
    void anAuthorizerThatFailedIsNoRefusalUnlessAnotherOneDenied() {
        assertThat(answered(status -> status.withNewStatus()
                                .withAllowed(false)
                                .withEvaluationError("webhook\n\u001b[31mtimed out")
                                .endStatus())
                        .rights())
                .first()
                .satisfies(asked -> assertThat(asked.answer()).isEqualTo(Answer.UNKNOWN))
                .extracting(Asked::why)
                .isEqualTo("the API server could not tell: webhook [31mtimed out");
        assertThat(answered(status -> status.withNewStatus()
                                .withAllowed(false)
                                .withDenied(true)
                                .withEvaluationError("x")
                                .withReason("no")
                                .endStatus())
                        .answer())
                .isEqualTo(Answer.DENIED);
        assertThat(answered(status -> {}).answer()).isEqualTo(Answer.UNKNOWN);
    }

    /** What becomes of such an answer to every question. */
    private Method answered(Consumer<SelfSubjectAccessReviewBuilder> status) {
        SelfSubjectAccessReviewBuilder review = new SelfSubjectAccessReviewBuilder();
        status.accept(review);
        SelfSubjectAccessReview answer = review.build();
        KubernetesMockServer known = new KubernetesMockServer(false);
        known.start();
        known.expect()
                .post()
                .withPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
                .andReturn(201, answer)
                .always();
        try (KubernetesClient asking = known.createClient()) {
            AskedRights asked = new AskedRights(asking, Clock.fixed(NOW, ZoneOffset.UTC));
            asked.ask();
            asked.stop();
            return asked.report().methods().get(1);
        } finally {
            known.shutdown();
        }
    }

    @Test
    void theStartAsksBesideItAndAServerThatIsDownHoldsNothingUp() {
        faults((method, path) -> Optional.of(new Fault.Cut()));
        rights.start();
        await().until(() -> rights.report().at() != null);
        assertThat(method("read").answer()).isEqualTo(Answer.UNKNOWN);
    }
}
