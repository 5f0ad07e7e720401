package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.Response.BY_KUBELET;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.GuardrailOverride;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.shared.Actor;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.engine.runtime.Job;
import org.junit.jupiter.api.Test;

/** Whether and how a node is contained, and what happens when it is not. */
abstract class ContainmentPaths extends WorkflowPaths {
    private static final String[] OVERRIDE_ASKED = {"userTask_approveOverride", "boundaryEvent_overrideOverdue"};

    private static final String[] ASKED = {
        "userTask_containNode", "boundaryEvent_halfTime", "boundaryEvent_decisionOverdue"
    };

    private Response suspicious() {
        response.post(ROGUE_POD, BY_KUBELET);
        return response.isAt(ASKED);
    }

    private Response refused() {
        response.post(ROGUE_POD);
        cluster.apply.next(new RungOutcome.Refused("protected-nodes", "the node is protected"));
        return response.run("serviceTask_applyRung")
                .isAt("userTask_containmentRefused")
                .is(IncidentState.STALLED);
    }

    @Test
    void aPersonHasTheNodeContained() {
        suspicious().decide("decide-containment", RESPONDER, "contain", "nobody updates today");

        response.isAt("serviceTask_applyRung");
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
        assertThat(response.tasks()).as("nothing else is asked").isEmpty();
    }

    @Test
    void aFalsePositiveIsClosedWithTheReasonAndASuggestionForAnExclusion() {
        suspicious().decide("decide-containment", RESPONDER, "false-positive", "the kubelet was updated");

        response.isAt("endEvent_closedFalsePositive");
        response.run("endEvent_closedFalsePositive").isAt().is(IncidentState.CLOSED_FALSE_POSITIVE);

        assertThat(response.incident().resolution())
                .contains("false-positive by responder: the kubelet was updated")
                .contains("An exclusion that would have fitted")
                .contains("executables: [\"/usr/bin/kubelet\"]")
                .contains("paths: [\"/etc/kubernetes/manifests/metrics-agent.yaml\"]");
        assertThat(cluster.calls).isEmpty();
        response.neverWent("callActivity_contain", "callActivity_release");
    }

    @Test
    void halfOfTheTimeEscalatesAndTheTaskStays() {
        suspicious().fire("boundaryEvent_halfTime").isAt("userTask_containNode", "boundaryEvent_decisionOverdue");

        assertThat(response.tasks()).containsExactly("decide-containment", "overdue");
        assertThat(response.task("overdue").candidates()).containsExactly("security-operations");
        assertThat(response.audited()).contains("task.escalate decide-containment");
        response.went("endEvent_keepWaiting");
        assertThat(cluster.calls).isEmpty();
    }

    @Test
    void theTimersAreHalfAndAllOfTheTime() {
        suspicious();
        Duration half = Duration.between(
                clock.instant(),
                response.job("boundaryEvent_halfTime").getDuedate().toInstant());
        Duration all = Duration.between(
                clock.instant(),
                response.job("boundaryEvent_decisionOverdue").getDuedate().toInstant());
        assertThat(half).isBetween(Duration.ofMinutes(7), Duration.ofMinutes(8));
        assertThat(all).isBetween(Duration.ofMinutes(14), Duration.ofMinutes(15));
    }

    @Test
    void theDeadlineEscalatesAndContains() {
        suspicious().fire("boundaryEvent_halfTime").fire("boundaryEvent_decisionOverdue");

        response.isAt("serviceTask_applyRung");
        assertThat(response.tasks())
                .as("the question is taken back, the reminder is one and stays")
                .containsExactly("overdue");
        assertThat(response.allTasks())
                .filteredOn(task -> task.kind().equals("decide-containment"))
                .extracting(HumanTask::state)
                .containsExactly(HumanTask.State.CANCELLED);
        assertThat(response.audited()).contains("task.cancel decide-containment");
    }

    @Test
    void theDeadlineOfAPatientPlaybookAsksAgainAndNeverDropsTheIncident() {
        Map<String, String> claims = new HashMap<>(BY_KUBELET);
        claims.put("/kibana/alert/rule/rule_id", VariantPlaybooks.PATIENT);
        response.post(ROGUE_POD, claims);
        for (int i = 0; i < 3; i++) {
            response.isAt(ASKED).fire("boundaryEvent_halfTime").fire("boundaryEvent_decisionOverdue");
        }
        response.isAt(ASKED).is(IncidentState.OPEN);
        assertThat(cluster.calls).isEmpty();
        assertThat(response.tasks()).containsExactly("decide-containment", "overdue");

        response.decide("decide-containment", RESPONDER, "contain", "better late")
                .isAt("serviceTask_applyRung");
    }

    @Test
    void aWorseAlertContainsAtOnceWhileAPersonIsStillAsked() {
        suspicious();
        assertThat(response.post(ROGUE_POD)).isEqualTo("joined");

        response.isAt("serviceTask_applyRung");
        assertThat(response.tasks()).isEmpty();
        response.went("boundaryEvent_containAtOnce");
    }

    @Test
    void anEquallySuspiciousAlertLeavesTheDecisionToThePerson() {
        suspicious();
        assertThat(response.post(ROGUE_POD, BY_KUBELET)).isEqualTo("joined");
        response.isAt(ASKED);
    }

    @Test
    void aRefusedContainmentNeedsAPersonWhoHasItTriedAgain() {
        refused();
        assertThat(response.task("containment-refused").description())
                .contains("protected-nodes: the node is protected");

        response.decide("containment-refused", RESPONDER, "retry", "the label is removed")
                .isAt("serviceTask_applyRung")
                .is(IncidentState.OPEN);
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
    }

    private static RungOutcome impossible() {
        return new RungOutcome.NotSupported("missing right patch nodes");
    }

    @Test
    void aLadderOfWhichNothingIsSupportedNeedsAPersonWhoHasItTriedAgain() {
        response.post(ROGUE_POD);
        for (int rungs = 0; rungs < 3; rungs++) {
            cluster.apply.next(impossible());
        }
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("userTask_containmentRefused")
                .is(IncidentState.STALLED);
        assertThat(response.task("containment-refused").description())
                .contains("no rung of the playbook is supported", "cordon: missing right patch nodes")
                .contains("label: missing right patch nodes");
        assertThat(response.audited()).contains("containment.not-supported cordon");

        response.decide("containment-refused", RESPONDER, "retry", "the role is bound now")
                .run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
    }

    @Test
    void aRungThatIsNotSupportedIsNamedWhereTheNodeIsSaidToBeContained() {
        response.post(ROGUE_POD);
        response.run("serviceTask_applyRung");
        cluster.apply.next(impossible());
        response.run("serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
        assertThat(response.timeline().map(entry -> entry.event().reason()))
                .contains("every rung that is supported is in place, not: taint: missing right patch nodes");
    }

    @Test
    void aRefusalOfALaterRungStartsTheLadderAnewOnRetry() {
        response.post(ROGUE_POD);
        response.run("serviceTask_applyRung");
        cluster.apply.next(new RungOutcome.Refused("pause", "paused"));
        response.run("serviceTask_applyRung").isAt("userTask_containmentRefused");
        response.decide("containment-refused", RESPONDER, "retry", "resumed")
                .run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation");
        assertThat(cluster.calls)
                .containsExactly("apply cordon", "apply taint", "apply cordon", "apply taint", "apply label");
    }

    @Test
    void aPersonGoesOnWithoutContainment() {
        refused().decide("containment-refused", RESPONDER, "proceed-uncontained", "it runs the ingress");

        response.isAt("serviceTask_startInvestigation").run("serviceTask_startInvestigation");
        response.restoredAndVerified().is(IncidentState.AWAITING_APPROVAL);
        response.decide("approve-return", APPROVER, "approve", "fine").run("serviceTask_releaseRung");

        assertThat(cluster.releases()).as("there is nothing of ours to undo").isEmpty();
        response.run("serviceTask_startFollowUp", "endEvent_closed").is(IncidentState.CLOSED_RESOLVED);
    }

    private Response proving() {
        Map<String, String> claims = new HashMap<>();
        claims.put("/kibana/alert/rule/rule_id", VariantPlaybooks.PROVING);
        response.post(ROGUE_POD, claims);
        return response;
    }

    @Test
    void theNextRungWaitsUntilThePodsAreGone() {
        proving().run("serviceTask_applyRung");
        cluster.podsGone.next(new Proven.NotYet("still on the node: shop/cart", Duration.ofSeconds(3)));
        response.run("serviceTask_applyRung").isAt("intermediateCatchEvent_rungPause");
        assertThat(cluster.calls).containsExactly("apply cordon", "apply taint", "pods gone");
        response.fire("intermediateCatchEvent_rungPause").run("serviceTask_applyRung");
        assertThat(cluster.calls).endsWith("apply taint", "pods gone");
        assertThat(response.audited())
                .contains("containment.verified cordon", "containment.verified taint")
                .doesNotContain("containment.not-verified taint");
        response.run("serviceTask_applyRung").is(IncidentState.CONTAINED);
        assertThat(cluster.calls).endsWith("apply label");
    }

    @Test
    void noFurtherRungBeginsBeforeWhatIsWantedHoldsAndAPersonIsAsked() {
        proving().run("serviceTask_applyRung");
        cluster.podsGone.next(new Proven.No("still on the node: shop/cart"));
        response.run("serviceTask_applyRung")
                .isAt("userTask_containmentRefused")
                .is(IncidentState.STALLED);
        assertThat(cluster.calls).doesNotContain("apply label");
        assertThat(response.task("containment-refused").description())
                .contains(
                        "of taint the playbook wants verified that the pods that it evicts are gone; still on the node: shop/cart")
                .contains("before the next rung: it is in place as a whole");
        assertThat(response.task("containment-refused").decisions())
                .as("no guardrail refused it, so there is none to override")
                .doesNotContain("override");
        assertThat(response.audited()).contains("containment.not-verified taint");

        response.decide("containment-refused", RESPONDER, "retry", "the pod is gone now")
                .run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .is(IncidentState.CONTAINED);
    }

    @Test
    void aRungThatMustBeCompleteAsksWhenItIsNotSupportedOrInPart() {
        for (RungOutcome outcome : List.of(
                new RungOutcome.NotSupported("missing right patch nodes"), new RungOutcome.Incomplete("half of it"))) {
            cluster.apply.next(outcome);
            if (outcome instanceof RungOutcome.NotSupported) {
                proving().run("serviceTask_applyRung");
            } else {
                response.decide("containment-refused", RESPONDER, "retry", "again")
                        .run("serviceTask_applyRung");
            }
            response.isAt("userTask_containmentRefused");
        }
        assertThat(response.task("containment-refused").description())
                .contains("it is in place as a whole; in place in part: half of it");
        assertThat(cluster.calls).containsExactly("apply cordon", "apply cordon");
    }

    @Test
    void aDryRunWantsNothingVerified() {
        proving();
        for (int rung = 0; rung < 3; rung++) {
            cluster.apply.next(new RungOutcome.DryRun("all is dry"));
            response.run("serviceTask_applyRung");
        }
        assertThat(cluster.calls).containsExactly("apply cordon", "apply taint", "apply label");
    }

    private Response refusedByALimit() {
        response.post(ROGUE_POD);
        cluster.apply.next(new RungOutcome.Refused("max-contained-nodes", "1 nodes are contained", true));
        return response.run("serviceTask_applyRung").isAt("userTask_containmentRefused");
    }

    private Response overrideProposed() {
        return refusedByALimit()
                .decide("containment-refused", RESPONDER, "override", "the second node of one attack")
                .isAt(OVERRIDE_ASKED)
                .is(IncidentState.STALLED);
    }

    @Test
    void anOverdueOverrideIsEscalatedAndAllowsNothing() {
        overrideProposed();
        for (int round = 0; round < 5; round++) {
            response.fire("boundaryEvent_overrideOverdue").isAt(OVERRIDE_ASKED).is(IncidentState.STALLED);
        }
        assertThat(response.tasks()).as("one reminder, not five").containsExactly("approve-override", "overdue");
        assertThat(response.task("overdue").candidates()).containsExactly("security-operations");
        assertThat(response.task("overdue").title())
                .isEqualTo("Overdue: " + response.task("approve-override").title());
        assertThat(response.audited()).contains("task.escalate approve-override");
        assertThat(context.getBean(Overrides.class).of(response.id())).isEmpty();
        assertThat(cluster.releases()).isEmpty();
        response.went("endEvent_overrideEscalated").neverWent("callActivity_release");

        response.decide("approve-override", APPROVER, "approve", "late, and yes")
                .isAt("serviceTask_applyRung");
    }

    @Test
    void anOverrideThatAnotherPersonApprovesIsStoredForThisRungAndTheLadderBeginsAnew() {
        refusedByALimit();
        assertThat(response.task("containment-refused").decisions())
                .containsExactly("retry", "override", "proceed-uncontained", "false-positive");
        assertThat(response.task("containment-refused").description())
                .contains(
                        "another person of approvers agrees",
                        "'contain cordon' on " + response.incident().node());
        response.decide("containment-refused", RESPONDER, "override", "the second node of one attack");
        HumanTask task = response.task("approve-override");
        assertThat(task.candidates()).containsExactly("approvers");
        assertThat(task.description())
                .contains(
                        "although max-contained-nodes refuses it?",
                        "responder asks for it: the second node of one attack",
                        "once and within 15m",
                        "do not hold back its further rungs");

        response.decide("approve-override", APPROVER, "approve", "I see it too")
                .isAt("serviceTask_applyRung")
                .is(IncidentState.OPEN);
        GuardrailOverride stored =
                context.getBean(Overrides.class).of(response.id()).get(0);
        assertThat(stored.node()).isEqualTo(response.incident().node());
        assertThat(stored.kind()).isEqualTo(Effect.Kind.CONTAIN);
        assertThat(stored.target()).isEqualTo("cordon");
        assertThat(stored.rules()).containsExactly("max-contained-nodes");
        assertThat(stored.reason()).isEqualTo("the second node of one attack");
        assertThat(stored.proposer()).isEqualTo(Actor.person("responder"));
        assertThat(stored.approver()).isEqualTo(Actor.person("approver"));
        assertThat(Duration.between(stored.createdAt(), stored.expiresAt())).isEqualTo(Duration.ofMinutes(15));
        assertThat(response.audited())
                .containsSubsequence("guardrail.override-propose cordon", "guardrail.override cordon");
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .is(IncidentState.CONTAINED);
    }

    @Test
    void whoAskedForAnOverrideOrDecidedEarlierCannotApproveIt() {
        Map<String, String> claims = new HashMap<>(BY_KUBELET);
        response.post(ROGUE_POD, claims);
        response.decide("decide-containment", APPROVER2, "contain", "nobody updates today");
        cluster.apply.next(new RungOutcome.Refused("hourly-budget", "spent", true));
        response.run("serviceTask_applyRung")
                .decide("containment-refused", APPROVER, "override", "it is the same attack");

        for (TaskInbox.Person person : List.of(APPROVER, APPROVER2)) {
            assertThat(response.answer("approve-override", person, "approve", "me again"))
                    .isInstanceOfSatisfying(
                            TaskOutcome.Forbidden.class,
                            forbidden -> assertThat(forbidden.rule()).isEqualTo("four-eyes"));
        }
        assertThat(response.answer("approve-override", RESPONDER, "approve", "I am no approver"))
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo("not-a-candidate"));
        assertThat(context.getBean(Overrides.class).of(response.id())).isEmpty();
        response.isAt(OVERRIDE_ASKED);
    }

    @Test
    void aRejectedOverrideGoesBackToTheFirstTaskAndMayBeAskedForAgain() {
        overrideProposed()
                .decide("approve-override", APPROVER, "reject", "wait for the release of worker-1")
                .isAt("userTask_containmentRefused")
                .is(IncidentState.STALLED);
        assertThat(context.getBean(Overrides.class).of(response.id())).isEmpty();

        response.decide("containment-refused", RESPONDER, "override", "worker-1 takes hours")
                .decide("approve-override", APPROVER, "approve", "then yes")
                .isAt("serviceTask_applyRung");
        assertThat(context.getBean(Overrides.class).of(response.id()))
                .extracting(GuardrailOverride::reason)
                .containsExactly("worker-1 takes hours");
    }

    @Test
    void anOverrideThatDidNotHelpIsAPersonsTaskAgain() {
        overrideProposed().decide("approve-override", APPROVER, "approve", "yes");
        cluster.apply.next(new RungOutcome.Refused("max-contained-nodes", "1 nodes are contained", true));
        response.run("serviceTask_applyRung").isAt("userTask_containmentRefused");
        assertThat(response.task("containment-refused").decisions()).contains("override");
    }

    @Test
    void whatNobodyCanOverrideIsNotOfferedAndForbiddenByTheNameOfTheRule() {
        refused();
        assertThat(response.task("containment-refused").decisions()).doesNotContain("override");
        assertThat(response.task("containment-refused").description())
                .contains("No override: nobody can override protected-nodes for 'contain cordon'");
        assertThat(response.answer("containment-refused", RESPONDER, "override", "please"))
                .isEqualTo(new TaskOutcome.Forbidden("protected-nodes", "nobody can override protected-nodes"));
        response.isAt("userTask_containmentRefused");
    }

    @Test
    void whereNoGuardrailRefusedThereIsNothingToOverride() {
        refusedByALimit().decide("containment-refused", RESPONDER, "retry", "again");
        for (int rungs = 0; rungs < 3; rungs++) {
            cluster.apply.next(impossible());
        }
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung");
        assertThat(response.task("containment-refused").decisions()).doesNotContain("override");
        assertThat(response.answer("containment-refused", RESPONDER, "override", "please"))
                .isInstanceOf(TaskOutcome.Invalid.class);
    }

    @Test
    void aFalsePositiveAfterARefusalIsStillReturnedByASecondPerson() {
        response.post(ROGUE_POD);
        response.run("serviceTask_applyRung");
        cluster.apply.next(new RungOutcome.Refused("pause", "paused"));
        response.run("serviceTask_applyRung");
        response.decide("containment-refused", RESPONDER, "false-positive", "my own test")
                .isAt("userTask_approveReturn", "boundaryEvent_returnOverdue")
                .is(IncidentState.AWAITING_APPROVAL);

        assertThat(response.answer("approve-return", RESPONDER, "approve", "me again"))
                .isInstanceOf(TaskOutcome.Forbidden.class);
        response.decide("approve-return", APPROVER, "approve", "agreed").run("serviceTask_releaseRung");
        response.isAt("endEvent_closed").run("endEvent_closed").is(IncidentState.CLOSED_FALSE_POSITIVE);

        assertThat(cluster.releases()).containsExactly("release cordon");
        assertThat(response.incident().resolution()).contains("my own test", "An exclusion that would have fitted");
        response.neverWent("serviceTask_startFollowUp");
    }

    @Test
    void aNodeThatIsGoneIsAQuestionForAPerson() {
        response.post(ROGUE_POD);
        cluster.apply.next(new RungOutcome.NodeGone("no node with this uid"));
        response.run("serviceTask_applyRung").isAt("userTask_identifyGoneNode");
        assertThat(response.task("identify-node").description()).contains("no node with this uid");

        response.decide("identify-node", RESPONDER, "handled", "was replaced")
                .isAt("endEvent_closedGoneNode")
                .run("endEvent_closedGoneNode")
                .is(IncidentState.CLOSED_RESOLVED);
        assertThat(files.calls).isEmpty();
    }

    @Test
    void aRungThatTheClusterDoesNotOfferIsReportedAndPassedOver() {
        response.post(ROGUE_POD);
        response.run("serviceTask_applyRung");
        cluster.apply.next(new RungOutcome.NotSupported("no taints here"));
        response.run("serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
        assertThat(response.audited()).contains("containment.not-supported taint");
    }

    @Test
    void aDryRunNeverSaysThatTheNodeIsContained() {
        response.post(ROGUE_POD);
        for (int i = 0; i < 3; i++) {
            cluster.apply.next(new RungOutcome.DryRun("dry run"));
            response.run("serviceTask_applyRung");
        }
        response.isAt("serviceTask_startInvestigation").is(IncidentState.OPEN);
    }

    private DryRuns dryRuns() {
        return context.getBean(DryRuns.class);
    }

    @Test
    void anIncidentOfAPlaybookThatIsTriedFirstBeginsInDryRun() {
        response.post(ROGUE_POD, Map.of("/kibana/alert/rule/rule_id", VariantPlaybooks.TRYING));
        assertThat(dryRuns().of(response.id())).hasValueSatisfying(mode -> {
            assertThat(mode.by()).isEqualTo(Actor.playbook(VariantPlaybooks.TRYING));
            assertThat(mode.ended()).isFalse();
        });
        assertThat(response.audited()).contains("guardrail.dry-run incident");
        response.isAt("serviceTask_applyRung");
    }

    @Test
    void anEndedDryRunIsAnsweredOnTheTaskOfTheRefusalAndTheResponseActsFromThenOn() {
        response.post(ROGUE_POD);
        Actor person = Actor.person("responder");
        dryRuns().begin(person, response.id(), "look first");
        dryRuns().end(person, response.id(), "it is right");
        cluster.apply.next(new RungOutcome.Refused("dry-run", "the dry run of this incident was ended"));
        response.run("serviceTask_applyRung").isAt("userTask_containmentRefused");
        assertThat(response.task("containment-refused").decisions()).doesNotContain("override");
        assertThat(dryRuns().of(response.id())).isPresent();

        response.decide("containment-refused", RESPONDER, "retry", "in earnest now")
                .isAt("serviceTask_applyRung");
        assertThat(dryRuns().of(response.id())).isEmpty();
        assertThat(response.audited())
                .containsSubsequence(
                        "guardrail.dry-run incident",
                        "guardrail.dry-run-end incident",
                        "guardrail.dry-run-over incident");
    }

    @Test
    void aRungThatTakesItsTimeComesBackAfterAPauseAndHoldsNoJob() {
        response.post(ROGUE_POD);
        cluster.apply.next(new RungOutcome.Underway("12 pods are still there", Duration.ofSeconds(7)));
        cluster.apply.next(new RungOutcome.Underway("2 pods are still there", Duration.ofSeconds(20)));
        response.run("serviceTask_applyRung")
                .isAt("intermediateCatchEvent_rungPause")
                .is(IncidentState.OPEN);
        Job pause = response.job("intermediateCatchEvent_rungPause");
        assertThat(Duration.between(clock.instant(), pause.getDuedate().toInstant()))
                .isBetween(Duration.ofSeconds(5), Duration.ofSeconds(7));
        assertThat(pause.getPriority()).as("it is no containment that waits").isLessThan(100);

        response.fire("intermediateCatchEvent_rungPause")
                .run("serviceTask_applyRung")
                .fire("intermediateCatchEvent_rungPause")
                .run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation")
                .is(IncidentState.CONTAINED);
        assertThat(cluster.calls)
                .containsExactly("apply cordon", "apply cordon", "apply cordon", "apply taint", "apply label");
    }

    @Test
    void aRungThatCameOnlyPartOfTheWayIsPassedAndSaid() {
        response.post(ROGUE_POD);
        cluster.apply.next(new RungOutcome.Incomplete("one pod stayed"));
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .isAt("serviceTask_startInvestigation");
    }

    @Test
    void whoDecidesReadsWhatContainmentWouldStopAndWhatNot() {
        suspicious();
        assertThat(response.task("decide-containment").description())
                .contains("- cordon stops: New pods are no longer scheduled to the node.")
                .contains("  does not stop: Static pods, pods that tolerate it");
    }

    @Test
    void whoApprovesTheReturnReadsWhatCameOfTheContainment() {
        response.post(ROGUE_POD);
        cluster.ladder(
                response.id(),
                new Containment.AppliedRung(Rung.DRAIN, "not-supported", "no Eviction API", "{}", clock.instant()));
        response.run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung")
                .run("serviceTask_startInvestigation")
                .restoredAndVerified();
        assertThat(response.task("approve-return").description())
                .contains("- cordon, applied: done", "- drain, not supported: no Eviction API");
    }
}
