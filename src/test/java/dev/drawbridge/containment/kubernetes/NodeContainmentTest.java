package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Containment.AnnouncedRung;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.NodeCredentials;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.guardrail.Verdict;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import dev.drawbridge.sandbox.ApiRights;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeContainmentTest {
    private static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    private static final IncidentId FIRST = IncidentId.of("11111111-aaaa-4bbb-8ccc-000000000001");
    private static final IncidentId SECOND = IncidentId.of("22222222-aaaa-4bbb-8ccc-000000000002");
    private static final List<Rung> NODE_RUNGS = List.of(Rung.CORDON, Rung.TAINT, Rung.LABEL);
    private static final NodeName WORKER = NodeName.of("worker-1");
    private static final NodeName CONTROL_PLANE = NodeName.of("cp-1");

    private final TestDatabase database = TestDatabase.h2();
    private final SandboxApiServer server = SandboxApiServer.start();
    private final KubernetesClient client = TestClients.of(server);
    private final KubernetesNodeDirectory directory = new KubernetesNodeDirectory(client);
    private final AskedRights rights = new AskedRights(client, Clock.systemUTC());
    private final ContainedNodes contained = TestGate.contained(database);
    private final AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private Containment containment = behind(TestGate.limited(database, 3));

    @BeforeEach
    void watch() {
        await().until(() -> directory.cached(WORKER).isPresent());
        faults(ApiFaults.NONE);
    }

    @AfterEach
    void close() throws Exception {
        directory.stop();
        rights.stop();
        client.close();
        server.close();
        database.close();
    }

    private Containment behind(EffectGate gate) {
        NodeObjects nodes = new NodeObjects(client);
        ContainmentJournal journal = new ContainmentJournal(database.jdbc(), Clock.systemUTC());
        return new Ladder(
                new NodeContainment(directory, nodes, rights, gate, journal, contained, audit, database.transactions()),
                new ObjectContainment(
                        List.of(), nodes, gate, journal, contained, audit, database.transactions(), Clock.systemUTC()),
                new TolerationSweep(
                        new Evictor(
                                new ClusterObjects(client, (namespace, labels) -> false),
                                nodes,
                                new ServedApis(client),
                                RungWorld.PROPERTIES,
                                Clock.systemUTC()),
                        RungWorld.PROPERTIES),
                new PodsGone(
                        journal,
                        nodes,
                        new ClusterObjects(client, (namespace, labels) -> false),
                        RungWorld.PROPERTIES,
                        Clock.systemUTC()),
                journal,
                rights);
    }

    /** Counts what the server is asked, and lets things go wrong. */
    private void faults(ApiFaults faults) {
        server.inject((method, path) -> {
            requests.add(method + " " + path);
            return faults.on(method, path);
        });
    }

    private Node node(NodeName name) {
        return server.client().nodes().withName(name.value()).get();
    }

    private void edit(NodeName name, UnaryOperator<NodeBuilder> change) {
        server.client()
                .nodes()
                .withName(name.value())
                .edit(node -> change.apply(new NodeBuilder(node)).build());
    }

    private RungOutcome apply(Rung rung) {
        return containment.apply(ACTOR, FIRST, WORKER, rung);
    }

    private RungOutcome release(Rung rung) {
        return containment.release(ACTOR, FIRST, WORKER, rung);
    }

    private List<AuditEvent> trail() {
        return audit.page(0, 1000).stream().map(AuditEntry::event).toList();
    }

    @Test
    void aCordonCostsOneRequestAndIsReadBackFromItsAnswer() {
        requests.clear();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(requests).containsExactly("PATCH /api/v1/nodes/worker-1");
        assertThat(node(WORKER).getSpec().getUnschedulable()).isTrue();
        assertThat(node(WORKER).getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", FIRST.value())
                .containsKey("node.alpha.kubernetes.io/ttl");
        assertThat(contained.all()).extracting(r -> r.node().value()).containsExactly("worker-1");
    }

    private AnnouncedRung announce(Rung rung) {
        return database.transaction()
                .execute(alert ->
                        containment.announce(ACTOR, FIRST, WORKER, rung).orElseThrow());
    }

    private void assertCordonedOnce() {
        assertThat(node(WORKER).getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", FIRST.value());
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("applied");
        assertThat(contained.all()).hasSize(1);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isFalse();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aHeadStartIsOneRequestAndItsWorkflowFindsTheRungDone() {
        requests.clear();
        AnnouncedRung rung = announce(Rung.CORDON);
        assertThat(requests).as("nothing is done before the commit").isEmpty();
        assertThat(trail()).extracting(AuditEvent::phase).containsExactly(AuditEvent.Phase.INTENT);
        rung.apply().run();
        assertThat(requests).containsExactly("PATCH /api/v1/nodes/worker-1");
        await().until(() -> cordoned(directory.cached(WORKER).orElseThrow()));

        assertThat(apply(Rung.CORDON))
                .isInstanceOfSatisfying(
                        RungOutcome.Already.class,
                        found -> assertThat(found.detail()).contains("read back"));
        assertThat(requests)
                .as("of a node that was read for it")
                .containsExactly("PATCH /api/v1/nodes/worker-1", "GET /api/v1/nodes/worker-1");
        assertThat(trail())
                .extracting(AuditEvent::action, AuditEvent::phase)
                .containsExactly(
                        tuple("effect.contain", AuditEvent.Phase.INTENT),
                        tuple("effect.contain", AuditEvent.Phase.OUTCOME));
        assertCordonedOnce();
    }

    @Test
    void aHeadStartThatTheWatchDoesNotShowYetIsLookedForOnTheServer() {
        directory.stop();
        announce(Rung.CORDON).apply().run();
        requests.clear();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(requests).containsExactly("GET /api/v1/nodes/worker-1");
        assertCordonedOnce();
    }

    @Test
    void aHeadStartThatNeverRanIsTheWorkflowsToDo() {
        announce(Rung.CORDON);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("begun");
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertCordonedOnce();
    }

    @Test
    void aHeadStartThatIsLeftToTheWorkflowIsOnRecordAndTheWorkflowsToDo() {
        database.transaction()
                .executeWithoutResult(alert -> containment
                        .announce(ACTOR, FIRST, WORKER, Rung.CORDON)
                        .orElseThrow()
                        .leave("no steps run here"));
        assertThat(trail())
                .extracting(entry -> entry.phase() + " " + entry.reason())
                .containsExactly("INTENT no guardrail objects", "OUTCOME not done: no steps run here");
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertCordonedOnce();
    }

    /** A process that was halted after the server's answer, while another instance went on to the end of the incident. */
    @Test
    void aHeadStartThatIsKeptAfterItsReleaseBringsNothingBack() {
        Runnable kept = announce(Rung.CORDON).apply();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        kept.run();
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aHeadStartWhoseAnswerWasLostIsFoundByTheWorkflow() {
        AtomicBoolean once = new AtomicBoolean();
        faults((method, path) -> method.equals("PATCH") && !once.getAndSet(true)
                ? Optional.of(new Fault.CutAfterEffect())
                : Optional.empty());
        // the client sends it again, and meets its own change
        announce(Rung.CORDON).apply().run();
        assertThat(trail())
                .extracting(AuditEvent::phase)
                .containsExactly(AuditEvent.Phase.INTENT, AuditEvent.Phase.OUTCOME);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("begun");
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertCordonedOnce();
    }

    @Test
    void aHeadStartThatFailsIsOnRecordAndTheWorkflowsToDo() {
        faults((method, path) -> Optional.of(new Fault.Answer(503, "ServiceUnavailable", null)));
        AnnouncedRung rung = announce(Rung.CORDON);
        assertThatThrownBy(rung::apply).isInstanceOf(KubernetesClientException.class);
        assertThat(trail())
                .extracting(AuditEvent::phase)
                .containsExactly(AuditEvent.Phase.INTENT, AuditEvent.Phase.OUTCOME);
        assertThat(trail().get(1).reason()).startsWith("failed: ");
        faults(ApiFaults.NONE);
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertCordonedOnce();
    }

    /** The end of the process between the server's answer and our commit. */
    @Test
    void aHeadStartWhoseStateWasNotKeptIsFoundByTheWorkflow() {
        announce(Rung.CORDON).apply();
        assertThat(trail()).extracting(AuditEvent::phase).containsExactly(AuditEvent.Phase.INTENT);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("begun");
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertCordonedOnce();
    }

    @Test
    void aHeadStartOnANodeThatChangedMeanwhileChangesNothingAndTheWorkflowLooks() {
        AnnouncedRung rung = announce(Rung.CORDON);
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        rung.apply().run();
        assertThat(node(WORKER).getMetadata().getAnnotations()).doesNotContainKey("drawbridge.dev/cordoned-by");
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("already");
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).as("a person's cordon").isTrue();
    }

    @Test
    void aHeadStartThatAPersonUndidBeforeTheWorkflowLookedIsDoneAgain() {
        announce(Rung.CORDON).apply().run();
        edit(WORKER, node -> node.editSpec().withUnschedulable(null).endSpec());
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isTrue();
    }

    @Test
    void whatIsHeldOrNotSimpleHasNoHeadStart() {
        database.transaction().executeWithoutResult(alert -> {
            assertThat(containment.announce(ACTOR, FIRST, WORKER, Rung.TAINT)).isEmpty();
            assertThat(containment.announce(ACTOR, FIRST, WORKER, Rung.NODE_CREDENTIALS))
                    .isEmpty();
            assertThat(containment.announce(ACTOR, FIRST, NodeName.of("nobody"), Rung.CORDON))
                    .isEmpty();
        });
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        await().until(() -> cordoned(directory.cached(WORKER).orElseThrow()));
        database.transaction()
                .executeWithoutResult(alert -> assertThat(containment.announce(ACTOR, FIRST, WORKER, Rung.CORDON))
                        .isEmpty());
        assertThat(trail()).isEmpty();
        assertThat(containment.ladder(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void theWholeLadderIsUndoneInReverseAndLeavesTheNodeAsItWas() {
        Node before = node(WORKER);
        for (Rung rung : NODE_RUNGS) {
            assertThat(apply(rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(node(WORKER).getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", FIRST.value());
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(node(WORKER).getSpec().getTaints())
                        .extracting("key")
                        .contains("node.kubernetes.io/unschedulable", "drawbridge.dev/contained"));
        assertThat(containment.applied(FIRST))
                .extracting(AppliedRung::rung)
                .containsExactly(Rung.CORDON, Rung.TAINT, Rung.LABEL);

        for (Rung rung : List.of(Rung.LABEL, Rung.TAINT, Rung.CORDON)) {
            assertThat(contained.all()).hasSize(1);
            assertThat(release(rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
        await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> {
            assertThat(node(WORKER).getSpec()).isEqualTo(before.getSpec());
            assertThat(node(WORKER).getMetadata().getLabels())
                    .isEqualTo(before.getMetadata().getLabels());
            assertThat(node(WORKER).getMetadata().getAnnotations())
                    .isEqualTo(before.getMetadata().getAnnotations());
        });
    }

    @Test
    void intentAndExactRequestAreOnRecordBeforeTheOutcome() {
        apply(Rung.CORDON);
        release(Rung.CORDON);
        String uid = node(WORKER).getMetadata().getUid();
        assertThat(trail())
                .extracting(AuditEvent::action, AuditEvent::phase, AuditEvent::subject)
                .containsExactly(
                        tuple("effect.contain", AuditEvent.Phase.INTENT, "cordon"),
                        tuple("effect.contain", AuditEvent.Phase.OUTCOME, "cordon"),
                        tuple("effect.release", AuditEvent.Phase.INTENT, "cordon"),
                        tuple("effect.release", AuditEvent.Phase.OUTCOME, "cordon"));
        assertThat(trail()).allSatisfy(entry -> {
            assertThat(entry.incident()).isEqualTo(FIRST);
            assertThat(entry.node()).isEqualTo(WORKER);
            assertThat(entry.actor()).isEqualTo(ACTOR);
        });
        assertThat(trail().get(0).details().get("request"))
                .isEqualTo(
                        """
                        PATCH /api/v1/nodes/NODE [{"op":"test","path":"/metadata/uid","value":"UID"},\
                        {"op":"test","path":"/spec/unschedulable","value":null},\
                        {"op":"add","path":"/spec/unschedulable","value":true},\
                        {"op":"test","path":"/metadata/annotations/drawbridge.dev~1cordoned-by","value":null},\
                        {"op":"add","path":"/metadata/annotations/drawbridge.dev~1cordoned-by","value":"INCIDENT"}]\
                        """.replace("NODE", WORKER.value()).replace("UID", uid).replace("INCIDENT", FIRST.value()));
        assertThat(trail().get(1).reason()).contains("read back at resource version");
    }

    @Test
    void aForeignCordonIsNotOursAndStaysAfterTheRelease() {
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        await().until(() -> cordoned(directory.cached(WORKER).orElseThrow()));
        requests.clear();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(requests).noneMatch(request -> request.startsWith("PATCH"));
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("already");
        assertThat(contained.all()).hasSize(1);
        assertThat(trail()).extracting(AuditEvent::phase).contains(AuditEvent.Phase.INTENT, AuditEvent.Phase.OUTCOME);

        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aCordonThatTheWatchHasNotShownYetIsFoundByTheServer() {
        directory.stop();
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        assertThat(cordoned(directory.cached(WORKER).orElseThrow())).isFalse();
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("already");
        assertThat(containment.applied(FIRST).get(0).priorState()).contains("\"unschedulable\":true");
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).isTrue();
    }

    @Test
    void aCordonThatTheWatchStillShowsIsNotBelieved() {
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        await().until(() -> cordoned(directory.cached(WORKER).orElseThrow()));
        directory.stop();
        edit(WORKER, node -> node.editSpec().withUnschedulable(null).endSpec());
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isTrue();
    }

    @Test
    void whatAPersonUncordonedMeanwhileIsLeftAlone() {
        apply(Rung.CORDON);
        edit(WORKER, node -> node.editSpec().withUnschedulable(null).endSpec());
        requests.clear();
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).isFalse();
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aCordonThatAPersonTookOverStays() {
        apply(Rung.CORDON);
        edit(
                WORKER,
                node -> node.editMetadata()
                        .removeFromAnnotations("drawbridge.dev/cordoned-by")
                        .endMetadata());
        assertThat(release(Rung.CORDON))
                .isInstanceOfSatisfying(
                        RungOutcome.Already.class,
                        kept -> assertThat(kept.detail()).contains("not by Drawbridge"));
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(contained.all()).isEmpty();
        assertThat(trail()).extracting(AuditEvent::action).contains("containment.kept");
    }

    @Test
    void anAnnotationThatAnEarlierCordonLeftBehindMarksNothing() {
        edit(
                WORKER,
                node -> node.editMetadata()
                        .addToAnnotations("drawbridge.dev/cordoned-by", SECOND.value())
                        .endMetadata());
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(node(WORKER).getMetadata().getAnnotations())
                .containsEntry("drawbridge.dev/cordoned-by", FIRST.value());
    }

    @Test
    void whatAForeignAnnotationSaysIsNotRepeated() {
        edit(
                WORKER,
                node -> node.editSpec()
                        .withUnschedulable(true)
                        .endSpec()
                        .editMetadata()
                        .addToAnnotations("drawbridge.dev/cordoned-by", "<script>alert(1)</script>\n")
                        .endMetadata());
        assertThat(apply(Rung.CORDON))
                .isInstanceOfSatisfying(
                        RungOutcome.Already.class,
                        kept -> assertThat(kept.detail()).endsWith("marked by somebody else"));
    }

    @Test
    void taintsThatOthersAddMeanwhileSurviveApplyAndRelease() {
        directory.stop();
        taint(CONTROL_PLANE, "example.com/first", "NoSchedule");
        assertThat(containment.apply(ACTOR, FIRST, CONTROL_PLANE, Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        // ours moves to another place in the list, while the watch shows none of it
        edit(
                CONTROL_PLANE,
                node -> node.editSpec()
                        .removeFromTaints(
                                node(CONTROL_PLANE).getSpec().getTaints().get(0))
                        .endSpec());
        taint(CONTROL_PLANE, "example.com/second", "NoExecute");
        assertThat(containment.release(ACTOR, FIRST, CONTROL_PLANE, Rung.TAINT))
                .isInstanceOf(RungOutcome.Applied.class);
        assertThat(node(CONTROL_PLANE).getSpec().getTaints())
                .extracting("key")
                .containsExactly("example.com/first", "example.com/second");
    }

    @Test
    void aPatchThatMeetsAChangedNodeIsJudgedAndMadeAnew() {
        directory.stop();
        // the watch knows of no taints, so the first patch would replace the list
        taint(WORKER, "example.com/new", "NoSchedule");
        assertThat(apply(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(node(WORKER).getSpec().getTaints())
                .extracting("key")
                .containsExactly("example.com/new", "drawbridge.dev/contained");
        assertThat(trail())
                .extracting(AuditEvent::phase)
                .containsExactly(
                        AuditEvent.Phase.INTENT,
                        AuditEvent.Phase.OUTCOME,
                        AuditEvent.Phase.INTENT,
                        AuditEvent.Phase.OUTCOME);
        assertThat(trail().get(1).reason()).contains("the node changed meanwhile (422)");
        assertThat(trail().get(0).details())
                .doesNotContainEntry("request", trail().get(2).details().get("request"));
    }

    @Test
    void anUndoOfATaintWhoseIndexMovedTakesNobodyElses() {
        apply(Rung.TAINT);
        await().until(() ->
                !directory.cached(WORKER).orElseThrow().getSpec().getTaints().isEmpty());
        directory.stop();
        edit(
                WORKER,
                node -> node.editSpec()
                        .addToTaints(
                                0,
                                new TaintBuilder()
                                        .withKey("example.com/new")
                                        .withEffect("NoSchedule")
                                        .build())
                        .endSpec());
        assertThat(release(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(node(WORKER).getSpec().getTaints()).extracting("key").containsExactly("example.com/new");
    }

    @Test
    void aNodeThatChangesForEverIsAFaultAndNotAnEndlessLoop() {
        faults((method, path) ->
                method.equals("PATCH") ? Optional.of(new Fault.Answer(409, "Conflict", null)) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON)).hasMessageContaining("changed 5 times");
        assertThat(requests).filteredOn(request -> request.startsWith("PATCH")).hasSize(5);
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aTaintAndALabelOfSomebodyElseAreNeverOverwritten() {
        edit(
                WORKER,
                node -> node.editSpec()
                        .addNewTaint()
                        .withKey("drawbridge.dev/contained")
                        .withValue("elsewhere")
                        .withEffect("NoExecute")
                        .endTaint()
                        .endSpec()
                        .editMetadata()
                        .addToLabels("drawbridge.dev/contained", "elsewhere")
                        .endMetadata());
        for (Rung rung : List.of(Rung.TAINT, Rung.LABEL)) {
            assertThat(apply(rung)).isInstanceOf(RungOutcome.Already.class);
            assertThat(release(rung)).isInstanceOf(RungOutcome.Already.class);
        }
        assertThat(node(WORKER).getSpec().getTaints())
                .singleElement()
                .satisfies(taint -> assertThat(taint.getValue()).isEqualTo("elsewhere"));
        assertThat(node(WORKER).getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", "elsewhere");
    }

    @Test
    void aTaintWithTheSameKeyAndAnotherEffectIsAnotherTaint() {
        taint(WORKER, "drawbridge.dev/contained", "NoSchedule");
        assertThat(apply(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(release(Rung.TAINT)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(node(WORKER).getSpec().getTaints())
                .singleElement()
                .satisfies(taint -> assertThat(taint.getEffect()).isEqualTo("NoSchedule"));
    }

    @Test
    void aLabelThatAPersonChangedMeanwhileStays() {
        apply(Rung.LABEL);
        edit(
                WORKER,
                node -> node.editMetadata()
                        .addToLabels("drawbridge.dev/contained", "mine")
                        .endMetadata());
        assertThat(release(Rung.LABEL)).isInstanceOf(RungOutcome.Already.class);
        assertThat(node(WORKER).getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", "mine");
    }

    @Test
    void anIncidentIdThatNoLabelCanHoldIsMarkedByItsHash() {
        IncidentId odd = IncidentId.of("-" + "x".repeat(62) + "-");
        for (Rung rung : NODE_RUNGS) {
            assertThat(containment.apply(ACTOR, odd, WORKER, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        String value = node(WORKER).getMetadata().getLabels().get("drawbridge.dev/contained");
        assertThat(value).matches("sha256-[0-9a-f]{56}");
        for (Rung rung : NODE_RUNGS) {
            assertThat(containment.release(ACTOR, odd, WORKER, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aCrashBetweenAnnouncementAndPatchIsCompletedByTheRerun() {
        faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("begun");
        assertThat(trail().get(1).reason()).startsWith("failed: ");
        assertThat(cordoned(node(WORKER))).isFalse();

        faults(ApiFaults.NONE);
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("applied");
    }

    @Test
    void whatWasAnnouncedAndNeverDoneIsReleasedWithoutTouchingTheNode() {
        faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        faults(ApiFaults.NONE);
        requests.clear();
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(requests).noneMatch(request -> request.startsWith("PATCH"));
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void whatWasAnnouncedAndThenDoneByAPersonIsNotOurs() {
        faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        faults(ApiFaults.NONE);
        edit(WORKER, node -> node.editSpec().withUnschedulable(true).endSpec());
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).isTrue();
    }

    @Test
    void aCrashBetweenPatchAndSettlementIsOursOnTheRerun() {
        for (Rung rung : NODE_RUNGS) {
            assertThatThrownBy(() -> database.transaction().executeWithoutResult(step -> {
                        apply(rung);
                        throw new IllegalStateException("killed");
                    }))
                    .hasMessage("killed");
        }
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsOnly("begun");
        for (Rung rung : NODE_RUNGS) {
            assertThat(apply(rung)).isInstanceOf(RungOutcome.Already.class);
        }
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsOnly("applied");
        for (Rung rung : NODE_RUNGS) {
            assertThat(release(rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aReleaseThatWasKilledAfterItsPatchIsCompletedByTheRerun() {
        apply(Rung.CORDON);
        assertThatThrownBy(() -> database.transaction().executeWithoutResult(step -> {
                    release(Rung.CORDON);
                    throw new IllegalStateException("killed");
                }))
                .hasMessage("killed");
        assertThat(cordoned(node(WORKER))).isFalse();
        assertThat(contained.all()).hasSize(1);
        assertThat(containment.applied(FIRST)).hasSize(1);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(contained.all()).isEmpty();
        assertThat(containment.applied(FIRST)).isEmpty();
    }

    @Test
    void aLostAnswerIsNotTakenForAForeignCordon() {
        AtomicBoolean lost = new AtomicBoolean();
        faults((method, path) -> method.equals("PATCH") && lost.compareAndSet(false, true)
                ? Optional.of(new Fault.CutAfterEffect())
                : Optional.empty());
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void anApiServerThatIsDownIsAFaultAndNothingIsConcluded() {
        apply(Rung.CORDON);
        faults((method, path) -> Optional.of(new Fault.Answer(503, "ServiceUnavailable", null)));
        assertThatThrownBy(() -> apply(Rung.TAINT)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(() -> release(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        assertThatThrownBy(() -> containment.apply(ACTOR, SECOND, NodeName.of("unknown"), Rung.CORDON))
                .isInstanceOf(KubernetesClientException.class);
        faults(ApiFaults.NONE);
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::rung).containsExactly(Rung.CORDON, Rung.TAINT);
    }

    @Test
    void whatTheServerForbidsIsAFault() {
        faults((method, path) ->
                method.equals("PATCH") ? Optional.of(new Fault.Answer(403, "Forbidden", null)) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
    }

    @Test
    void anUnknownNodeIsGone() {
        assertThat(containment.apply(ACTOR, FIRST, NodeName.of("worker-9"), Rung.CORDON))
                .isInstanceOf(RungOutcome.NodeGone.class);
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aNodeThatWasDeletedMeanwhileIsGoneAndFreesItsSlot() {
        apply(Rung.CORDON);
        apply(Rung.TAINT);
        directory.stop();
        server.client().nodes().withName("worker-1").delete();
        assertThat(apply(Rung.LABEL)).isInstanceOf(RungOutcome.NodeGone.class);
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aNodeOfTheSameNameThatCameLaterIsAnotherNode() {
        apply(Rung.CORDON);
        replaceWorker();
        assertThat(apply(Rung.TAINT)).isInstanceOf(RungOutcome.NodeGone.class);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(node(WORKER).getSpec().getTaints()).isEmpty();
        assertThat(cordoned(node(WORKER))).isFalse();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aReleaseNeverTouchesANodeThatCameLaterEvenWithOurMark() {
        apply(Rung.CORDON);
        directory.stop();
        replaceWorker();
        edit(
                WORKER,
                node -> node.editSpec()
                        .withUnschedulable(true)
                        .endSpec()
                        .editMetadata()
                        .addToAnnotations("drawbridge.dev/cordoned-by", FIRST.value())
                        .endMetadata());
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.NodeGone.class);
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aRefusalChangesNothing() {
        String version = node(WORKER).getMetadata().getResourceVersion();
        containment = behind(TestGate.answering(database, new Verdict.Refused("pause", "paused by alice")));
        for (Rung rung : NODE_RUNGS) {
            assertThat(apply(rung)).isEqualTo(new RungOutcome.Refused("pause", "paused by alice"));
        }
        assertThat(node(WORKER).getMetadata().getResourceVersion()).isEqualTo(version);
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void aDryRunChangesNothingAndRecordsTheExactRequest() {
        String version = node(WORKER).getMetadata().getResourceVersion();
        containment = behind(TestGate.answering(database, new Verdict.DryRun("dry")));
        for (Rung rung : NODE_RUNGS) {
            assertThat(apply(rung)).isEqualTo(new RungOutcome.DryRun("dry"));
        }
        assertThat(node(WORKER).getMetadata().getResourceVersion()).isEqualTo(version);
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(trail()).hasSize(3).allSatisfy(entry -> {
            assertThat(entry.phase()).isEqualTo(AuditEvent.Phase.INTENT);
            assertThat(entry.details()).containsEntry("verdict", "DryRun");
            assertThat(entry.details().get("request"))
                    .startsWith("PATCH /api/v1/nodes/" + WORKER + " [")
                    .contains("\"op\":\"add\"", FIRST.value());
        });
    }

    @Test
    void aReleaseInADryRunOrRefusedLeavesEverythingInPlace() {
        apply(Rung.CORDON);
        containment = behind(TestGate.answering(database, new Verdict.DryRun("dry")));
        assertThat(release(Rung.CORDON)).isEqualTo(new RungOutcome.DryRun("dry"));
        containment = behind(TestGate.answering(database, new Verdict.NeedsApproval("limit", "ask", "approvers")));
        assertThat(release(Rung.CORDON)).isEqualTo(new RungOutcome.Refused("limit", "ask", true));
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("applied");
        assertThat(contained.all()).hasSize(1);
    }

    @Test
    void aReleaseOfWhatWasNeverAppliedAsksNobody() {
        requests.clear();
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(requests).isEmpty();
    }

    @Test
    void theBlastRadiusIsFreedByTheLastReleaseOnly() {
        containment = behind(TestGate.limited(database, 1));
        apply(Rung.CORDON);
        apply(Rung.LABEL);
        release(Rung.LABEL);
        assertThat(containment.apply(ACTOR, SECOND, CONTROL_PLANE, Rung.CORDON))
                .isInstanceOfSatisfying(
                        RungOutcome.Refused.class,
                        refused -> assertThat(refused.rule()).isEqualTo("max-contained-nodes"));
        assertThat(cordoned(node(CONTROL_PLANE))).isFalse();
        release(Rung.CORDON);
        assertThat(containment.apply(ACTOR, SECOND, CONTROL_PLANE, Rung.CORDON))
                .isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void theSecondIncidentOnANodeKeepsItContainedWhenTheFirstIsReleased() {
        for (Rung rung : NODE_RUNGS) {
            apply(rung);
            assertThat(containment.apply(ACTOR, SECOND, WORKER, rung)).isInstanceOf(RungOutcome.Already.class);
        }
        for (Rung rung : NODE_RUNGS) {
            assertThat(release(rung))
                    .isInstanceOfSatisfying(
                            RungOutcome.Applied.class,
                            done -> assertThat(done.detail()).contains("handed over to the incident " + SECOND));
        }
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(node(WORKER).getMetadata().getLabels()).containsEntry("drawbridge.dev/contained", SECOND.value());
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all())
                .singleElement()
                .satisfies(left -> assertThat(left.incident()).isEqualTo(SECOND));

        for (Rung rung : NODE_RUNGS) {
            assertThat(containment.release(ACTOR, SECOND, WORKER, rung)).isInstanceOf(RungOutcome.Applied.class);
        }
        assertThat(cordoned(node(WORKER))).isFalse();
        assertThat(node(WORKER).getMetadata().getLabels()).doesNotContainKey("drawbridge.dev/contained");
        assertThat(contained.all()).isEmpty();
    }

    @Test
    void theSecondIncidentOnANodeReleasesNothingOfTheFirst() {
        apply(Rung.CORDON);
        containment.apply(ACTOR, SECOND, WORKER, Rung.CORDON);
        assertThat(containment.release(ACTOR, SECOND, WORKER, Rung.CORDON)).isInstanceOf(RungOutcome.Already.class);
        assertThat(cordoned(node(WORKER))).isTrue();
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aHandOverThatWasKilledIsCompletedByTheRerun() {
        apply(Rung.CORDON);
        containment.apply(ACTOR, SECOND, WORKER, Rung.CORDON);
        faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.Cut()) : Optional.empty());
        assertThatThrownBy(() -> release(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        faults(ApiFaults.NONE);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(containment.release(ACTOR, SECOND, WORKER, Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void whatWasReleasedCanBeAppliedAgain() {
        apply(Rung.CORDON);
        release(Rung.CORDON);
        await().until(() -> !cordoned(directory.cached(WORKER).orElseThrow()));
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
        assertThat(containment.applied(FIRST)).hasSize(1);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
    }

    private void replaceWorker() {
        server.client().nodes().withName("worker-1").delete();
        server.addNode("worker-1", "10.20.0.21", false);
    }

    private void taint(NodeName name, String key, String effect) {
        edit(
                name,
                node -> node.editSpec()
                        .addNewTaint()
                        .withKey(key)
                        .withEffect(effect)
                        .endTaint()
                        .endSpec());
    }

    private static boolean cordoned(Node node) {
        return Boolean.TRUE.equals(node.getSpec().getUnschedulable());
    }

    private void takePatchAway() {
        server.allow(right -> !right.verb().equals("patch"));
    }

    @Test
    void aRungWhoseRightIsMissingIsNotSupportedAndNothingIsAnnounced() {
        takePatchAway();
        rights.ask();
        requests.clear();
        for (Rung rung : NODE_RUNGS) {
            assertThat(apply(rung)).isEqualTo(new RungOutcome.NotSupported("missing right patch nodes"));
        }
        assertThat(containment.ladder(FIRST))
                .extracting(AppliedRung::outcome, AppliedRung::detail)
                .containsOnly(tuple("not-supported", "missing right patch nodes"));
        assertThat(requests).noneMatch(request -> request.contains("/nodes"));
        assertThat(trail()).isEmpty();
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();

        server.allow(ApiRights.ALL);
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void aRungThatIsAPersonsIsSaidToBeAndTouchesNothing() {
        requests.clear();
        assertThat(apply(Rung.NODE_CREDENTIALS)).isEqualTo(new RungOutcome.NotSupported(NodeCredentials.BY_HAND));
        assertThat(containment.ladder(FIRST))
                .extracting(AppliedRung::rung, AppliedRung::outcome)
                .containsExactly(tuple(Rung.NODE_CREDENTIALS, "not-supported"));
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(release(Rung.NODE_CREDENTIALS)).isInstanceOf(RungOutcome.Already.class);
        assertThat(requests).isEmpty();
        assertThat(contained.all()).isEmpty();
        assertThat(rights.report().methods())
                .as("no right makes it ours")
                .noneMatch(method -> method.name().equals("node-credentials"));
    }

    @Test
    void aRightThatWasTakenAwayIsFoundOutByTheRefusalAndLeavesNothingOpen() {
        rights.ask();
        takePatchAway();
        requests.clear();
        assertThat(apply(Rung.CORDON)).isEqualTo(new RungOutcome.NotSupported("missing right patch nodes"));
        assertThat(requests)
                .as("tried from memory, then on what was read")
                .filteredOn(request -> request.contains("/nodes/"))
                .containsExactly(
                        "PATCH /api/v1/nodes/worker-1", "GET /api/v1/nodes/worker-1", "PATCH /api/v1/nodes/worker-1");
        assertThat(trail())
                .extracting(AuditEvent::phase)
                .containsExactly(
                        AuditEvent.Phase.INTENT,
                        AuditEvent.Phase.OUTCOME,
                        AuditEvent.Phase.INTENT,
                        AuditEvent.Phase.OUTCOME);
        assertThat(containment.applied(FIRST)).isEmpty();
        assertThat(contained.all()).isEmpty();
        assertThat(cordoned(node(WORKER))).isFalse();
    }

    @Test
    void aRefusalByAnAdmissionRuleIsAFaultOfThisAttempt() {
        rights.ask();
        faults((method, path) ->
                method.equals("PATCH") ? Optional.of(new Fault.Answer(403, "Forbidden", null)) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
        faults(ApiFaults.NONE);
        assertThat(apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
    }

    @Test
    void whatIsNotKnownIsTried() {
        takePatchAway();
        assertThat(apply(Rung.CORDON)).isEqualTo(new RungOutcome.NotSupported("missing right patch nodes"));
        server.allow(right -> !right.verb().equals("patch"));
        faults((method, path) -> path.contains("selfsubjectaccessreviews")
                ? Optional.of(new Fault.Answer(403, "Forbidden", null))
                : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.TAINT)).isInstanceOf(KubernetesClientException.class);
    }

    @Test
    void aPatchWhoseAnswerWasLostIsFoundAlsoWhenTheRightIsGoneSince() {
        rights.ask();
        faults((method, path) -> method.equals("PATCH") ? Optional.of(new Fault.CutAfterEffect()) : Optional.empty());
        assertThatThrownBy(() -> apply(Rung.CORDON)).isInstanceOf(KubernetesClientException.class);
        faults(ApiFaults.NONE);
        takePatchAway();
        assertThat(apply(Rung.CORDON)).isInstanceOfAny(RungOutcome.Applied.class, RungOutcome.Already.class);
        assertThat(containment.applied(FIRST)).extracting(AppliedRung::outcome).containsExactly("applied");

        assertThatThrownBy(() -> release(Rung.CORDON))
                .as("nothing else would undo it")
                .isInstanceOf(KubernetesClientException.class);
        assertThat(containment.applied(FIRST)).hasSize(1);
        server.allow(ApiRights.ALL);
        assertThat(release(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
    }
}
