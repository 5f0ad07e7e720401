package dev.drawbridge.workflow;

import static dev.drawbridge.workflow.People.APPROVER;
import static dev.drawbridge.workflow.People.APPROVER2;
import static dev.drawbridge.workflow.People.RESPONDER;
import static dev.drawbridge.workflow.People.RESPONDER2;
import static dev.drawbridge.workflow.Response.BY_KUBELET;
import static dev.drawbridge.workflow.Response.ROGUE_POD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.shared.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;

/** People, deadlines and alerts at the same moment, on a real PostgreSQL with durable commits: exactly one of them decides. */
@WorkflowTest
@Import(TaskRacesOnPostgresTest.Postgres.class)
// the server ends with the JVM, and an engine that closes after it waits half a minute for a connection
@DirtiesContext
class TaskRacesOnPostgresTest extends WorkflowPaths {
    private static final int ROUNDS = 8;

    @TestConfiguration(proxyBeanMethods = false)
    static class Postgres {
        @Bean
        TestDatabase database() {
            return TestDatabase.postgres();
        }

        @Bean(destroyMethod = "")
        DataSource dataSource(TestDatabase database) {
            return database.dataSource();
        }
    }

    private final ExecutorService threads = Executors.newFixedThreadPool(2);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** Runs both at once. Waiting for each other in a circle would show as a fault of one, or as a timeout. */
    private <A, B> Both<A, B> atOnce(Callable<A> one, Callable<B> other) throws Exception {
        CyclicBarrier start = new CyclicBarrier(2);
        Future<A> first = threads.submit(() -> {
            start.await();
            return one.call();
        });
        Future<B> second = threads.submit(() -> {
            start.await();
            return other.call();
        });
        return new Both<>(first.get(30, TimeUnit.SECONDS), second.get(30, TimeUnit.SECONDS));
    }

    private record Both<A, B>(A one, B other) {}

    /** A job as the executor would run it. */
    private boolean timerRan(String job) {
        try {
            response.jobs.executeJob(job);
            return true;
        } catch (RuntimeException tooLate) {
            // the engine says it in several ways; whatever it says, there must be nothing left to be tried again
            assertThat(response.jobs.createJobQuery().jobId(job).count())
                    .as("%s", tooLate)
                    .isZero();
            return false;
        }
    }

    private TaskOutcome answer(String task, TaskInbox.Person person, String decision) {
        return context.getBean(TaskInbox.class).complete(task, person, decision, "my reason", null);
    }

    private long decisions(String kind) {
        return response.audited().stream()
                .filter(("task.decide " + kind)::equals)
                .count();
    }

    @RepeatedTest(ROUNDS)
    void ofTwoPeopleWhoAnswerAtOnceOneDecides() throws Exception {
        response.post(ROGUE_POD, BY_KUBELET);
        String task = response.task("decide-containment").id();

        Both<TaskOutcome, TaskOutcome> said =
                atOnce(() -> answer(task, RESPONDER, "contain"), () -> answer(task, RESPONDER2, "false-positive"));

        boolean contained = said.one() instanceof TaskOutcome.Accepted;
        assertThat(List.of(said.one(), said.other())).hasAtLeastOneElementOfType(TaskOutcome.Accepted.class);
        assertThat(contained ? said.other() : said.one()).isInstanceOf(TaskOutcome.Conflict.class);
        response.isAt(contained ? "serviceTask_applyRung" : "endEvent_closedFalsePositive");
        assertThat(decisions("decide-containment")).isEqualTo(1);
    }

    @RepeatedTest(ROUNDS)
    void ofTwoPeopleWhoTakeATaskOnAtOnceOneHasIt() throws Exception {
        response.post(ROGUE_POD, BY_KUBELET);
        String task = response.task("decide-containment").id();
        TaskInbox inbox = context.getBean(TaskInbox.class);

        Both<TaskOutcome, TaskOutcome> said =
                atOnce(() -> inbox.claim(task, RESPONDER), () -> inbox.claim(task, RESPONDER2));

        boolean first = said.one() instanceof TaskOutcome.Accepted;
        assertThat(first ? said.other() : said.one())
                .isInstanceOfSatisfying(
                        TaskOutcome.Forbidden.class,
                        forbidden -> assertThat(forbidden.rule()).isEqualTo("claimed-by-another"));
        assertThat(response.task("decide-containment").assignee()).isEqualTo(first ? "responder" : "responder2");
    }

    @RepeatedTest(ROUNDS)
    void ofAPersonAndADeadlineOneDecides() throws Exception {
        response.post(ROGUE_POD, BY_KUBELET);
        String task = response.task("decide-containment").id();
        String deadline = response.job("boundaryEvent_decisionOverdue").getId();

        Both<TaskOutcome, Boolean> said =
                atOnce(() -> answer(task, RESPONDER, "false-positive"), () -> timerRan(deadline));

        if (said.other()) {
            assertThat(said.one()).isInstanceOf(TaskOutcome.Conflict.class);
            response.isAt("serviceTask_applyRung");
            assertThat(decisions("decide-containment")).isZero();
        } else {
            assertThat(said.one()).isInstanceOf(TaskOutcome.Accepted.class);
            response.isAt("endEvent_closedFalsePositive");
            assertThat(response.audited())
                    .as("what the late deadline wrote is gone with it")
                    .doesNotContain("task.escalate decide-containment", "task.cancel decide-containment");
        }
    }

    @RepeatedTest(ROUNDS)
    void aDeadlineAtTheMomentOfTheApprovalReleasesNothingTwice() throws Exception {
        response.toApproval();
        String task = response.task("approve-return").id();
        String deadline = response.job("boundaryEvent_returnOverdue").getId();

        Both<TaskOutcome, Boolean> said = atOnce(() -> answer(task, APPROVER, "approve"), () -> timerRan(deadline));

        TaskOutcome outcome = said.one();
        if (outcome instanceof TaskOutcome.Conflict) {
            // the reminder was written while the person answered; the page says so, and the person answers again
            response.isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
            outcome = answer(task, APPROVER, "approve");
        }
        assertThat(outcome).isInstanceOf(TaskOutcome.Accepted.class);
        response.isAt("serviceTask_releaseRung").toEnd();
        assertThat(cluster.releases()).hasSize(3);
    }

    @RepeatedTest(ROUNDS)
    void anAlertAtTheMomentOfTheApprovalIsNeverLost() throws Exception {
        response.toApproval();
        String task = response.task("approve-return").id();

        Both<TaskOutcome, String> said =
                atOnce(() -> answer(task, APPROVER, "approve"), () -> response.postAboutNow(ROGUE_POD, Map.of()));

        assertThat(said.other()).isEqualTo("joined");
        if (said.one() instanceof TaskOutcome.Accepted) {
            response.isAt("serviceTask_releaseRung").toEnd().is(IncidentState.CLOSED_RESOLVED);
            assertThat(response.openIncidents())
                    .as("answered by the next incident")
                    .hasSize(1);
        } else {
            assertThat(said.one()).isInstanceOf(TaskOutcome.Conflict.class);
            response.isAt("serviceTask_findDrift");
            assertThat(cluster.releases()).isEmpty();
        }
    }

    @RepeatedTest(ROUNDS)
    void ofTwoPeopleWhoJudgeASkipAtOnceOneDecides() throws Exception {
        response.toRestore();
        files.plan.fail(3, "no route to host");
        response.exhaust("serviceTask_findDrift").decide("step-failed", RESPONDER, "skip", "no");
        String task = response.task("confirm-skip").id();

        Both<TaskOutcome, TaskOutcome> said =
                atOnce(() -> answer(task, APPROVER, "confirm"), () -> answer(task, APPROVER2, "refuse"));

        boolean skipped = said.one() instanceof TaskOutcome.Accepted;
        assertThat(skipped ? said.other() : said.one()).isInstanceOf(TaskOutcome.Conflict.class);
        response.isAt(skipped ? "userTask_restoreNeedsPerson" : "serviceTask_findDrift");
    }

    @Nested
    class Straight extends StraightPaths {}
}
