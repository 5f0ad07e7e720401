package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.camunda.bpm.engine.OptimisticLockingException;
import org.camunda.bpm.engine.TaskService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Where people answer. Every rule about who may decide what is here, under the lock of incident and task: nothing that a page
 * or a model shows or hides takes part in it.
 */
@Service
class TaskDesk implements TaskInbox {
    private static final Logger log = LoggerFactory.getLogger(TaskDesk.class);
    private static final int LONGEST_REASON = 4000;

    private static final Set<String> STARTS = Set.of("incident.open", "incident.join");

    private final TaskStore store;
    private final TaskBoard board;
    private final FailedSteps failedSteps;
    private final Steps steps;
    private final Incidents incidents;
    private final Recovery recovery;
    private final Overrides overrides;
    private final DryRuns dryRuns;
    private final AuditTrail audit;
    private final TaskService engine;
    private final TransactionTemplate transaction;

    TaskDesk(
            TaskStore store,
            TaskBoard board,
            FailedSteps failedSteps,
            Steps steps,
            Incidents incidents,
            Recovery recovery,
            Overrides overrides,
            DryRuns dryRuns,
            AuditTrail audit,
            TaskService engine,
            PlatformTransactionManager transactions) {
        this.store = store;
        this.board = board;
        this.failedSteps = failedSteps;
        this.steps = steps;
        this.incidents = incidents;
        this.recovery = recovery;
        this.overrides = overrides;
        this.dryRuns = dryRuns;
        this.audit = audit;
        this.engine = engine;
        this.transaction = new TransactionTemplate(transactions);
    }

    @Override
    public List<HumanTask> open(@Nullable String after, int limit) {
        return store.open(after, limit);
    }

    @Override
    public List<HumanTask> ofIncident(IncidentId incident) {
        return store.ofIncident(incident);
    }

    @Override
    public Optional<HumanTask> find(String id) {
        return store.find(id).map(TaskStore.Row::task);
    }

    @Override
    public TaskOutcome claim(String id, Person person) {
        return answer(id, row -> {
            HumanTask task = row.task();
            Optional<TaskOutcome> forbidden = notFor(person, task);
            if (forbidden.isPresent()) {
                return forbidden.get();
            }
            if (!person.name().equals(task.assignee())) {
                store.claim(id, person.name());
                audit.record(AuditEvent.fact(Actor.person(person.name()), "task.claim", task.kind(), "takes it on")
                        .on(
                                task.incident(),
                                steps.of(task.incident()).incident().node())
                        .with("task", id));
            }
            return accepted(id);
        });
    }

    @Override
    public TaskOutcome complete(String id, Person person, String decision, String reason, @Nullable String planHash) {
        return answer(id, row -> {
            HumanTask task = row.task();
            Optional<TaskOutcome> forbidden = notFor(person, task).or(() -> secondPairOfEyes(person, row));
            if (forbidden.isPresent()) {
                return forbidden.get();
            }
            if (!task.decisions().contains(decision)) {
                Optional<RefusedEffect> refused = decision.equals(TaskKind.OVERRIDE) ? refused(row) : Optional.empty();
                if (refused.isPresent()) {
                    return new TaskOutcome.Forbidden(
                            refused.get().rule(),
                            "nobody can override " + refused.get().rule());
                }
                return new TaskOutcome.Invalid("the decision is none of " + String.join(", ", task.decisions()));
            }
            if (reason.isBlank() || reason.length() > LONGEST_REASON) {
                return new TaskOutcome.Invalid("a reason is needed, of at most " + LONGEST_REASON + " characters");
            }
            return otherPlan(task, decision, planHash).orElseGet(() -> decide(row, person, decision, reason.strip()));
        });
    }

    private interface Answer {
        TaskOutcome to(TaskStore.Row row);
    }

    /** Locks in the order of everybody: incident, task, engine. */
    private TaskOutcome answer(String id, Answer answer) {
        Optional<TaskStore.Row> seen = store.find(id);
        if (seen.isEmpty()) {
            return new TaskOutcome.NotFound();
        }
        try {
            return transaction.execute(status -> {
                incidents.hold(seen.get().task().incident());
                TaskStore.Row row = store.lock(id).orElseThrow();
                if (row.task().state() != HumanTask.State.OPEN) {
                    return new TaskOutcome.Conflict("not-open", "the task is no longer open");
                }
                return answer.to(row);
            });
        } catch (OptimisticLockingException movedOn) {
            return new TaskOutcome.Conflict("not-open", "the workflow moved on at this moment");
        }
    }

    private static Optional<TaskOutcome> notFor(Person person, HumanTask task) {
        if (task.candidates().stream().noneMatch(person.groups()::contains)) {
            return Optional.of(new TaskOutcome.Forbidden(
                    "not-a-candidate", "this task is for " + String.join(", ", task.candidates())));
        }
        if (task.assignee() != null && !task.assignee().equals(person.name())) {
            return Optional.of(
                    new TaskOutcome.Forbidden("claimed-by-another", "the task was taken on by " + task.assignee()));
        }
        return Optional.empty();
    }

    private Optional<TaskOutcome> secondPairOfEyes(Person person, TaskStore.Row row) {
        HumanTask task = row.task();
        if (person.name().equals(row.proposer())) {
            return Optional.of(new TaskOutcome.Forbidden("four-eyes", "who proposed it cannot also confirm it"));
        }
        boolean asked = TaskKind.ofCode(task.kind()).map(TaskKind::fourEyes).orElse(true)
                && steps.of(task.incident()).playbook().approvals().fourEyes();
        if (!asked) {
            return Optional.empty();
        }
        boolean override = task.kind().equals(TaskKind.APPROVE_OVERRIDE.code());
        boolean decided = store.ofIncident(task.incident()).stream()
                // who agreed to one override, or did not, is still nobody who wanted the next
                .filter(earlier -> !override || !earlier.kind().equals(task.kind()))
                .anyMatch(earlier -> person.name().equals(earlier.decidedBy()));
        if (decided || started(person, task.incident())) {
            return Optional.of(new TaskOutcome.Forbidden(
                    "four-eyes",
                    "who decided earlier on this incident cannot approve "
                            + (override ? "an override" : "the return to service")));
        }
        return Optional.empty();
    }

    /** A person who had a stale alert answered wanted this response. */
    private boolean started(Person person, IncidentId incident) {
        return Trail.of(audit, incident)
                .map(AuditEntry::event)
                .anyMatch(event ->
                        STARTS.contains(event.action()) && event.actor().equals(Actor.person(person.name())));
    }

    /** Only an approval must be about the newest plan: whoever rejects a lapsed one has it made anew. */
    private Optional<TaskOutcome> otherPlan(HumanTask task, String decision, @Nullable String planHash) {
        if (task.planHash() == null) {
            return Optional.empty();
        }
        boolean lapsed = task.kind().equals(TaskKind.APPROVE_PLAN.code())
                && decision.equals("approve")
                && recovery.newestPlan(task.incident())
                        .filter(plan -> plan.hash().hex().equals(task.planHash()))
                        .isEmpty();
        if (lapsed || (planHash != null && !planHash.equals(task.planHash()))) {
            return Optional.of(new TaskOutcome.Conflict(
                    "plan-lapsed",
                    task.kind().equals(TaskKind.APPROVE_PLAN.code())
                            ? "this is no longer the newest plan"
                            : "this is not what the task is about"));
        }
        return Optional.empty();
    }

    private TaskOutcome decide(TaskStore.Row row, Person person, String decision, String reason) {
        HumanTask task = row.task();
        Actor actor = Actor.person(person.name());
        Step step = steps.of(task.incident());
        store.complete(task.id(), actor, decision, reason);
        audit.record(AuditEvent.fact(actor, "task.decide", task.kind(), reason)
                .on(task.incident(), step.incident().node())
                .withEvidence(task.planHash() == null ? null : Digest.of(task.planHash()))
                .with("decision", decision)
                .with("task", task.id()));
        TaskKind kind = TaskKind.ofCode(task.kind()).orElseThrow();
        if (kind.goesOn(decision)) {
            dryRuns.goesOn(actor, task.incident());
        }
        switch (kind) {
            case STEP_FAILED -> failedSteps.decided(task, row.engineRef(), actor, decision, reason);
            case APPROVE_OVERRIDE -> {
                if (decision.equals("approve")) {
                    grant(row, step, actor);
                }
                engine.complete(row.engineRef(), said(task, decision));
            }
            case CONFIRM_SKIP -> failedSteps.confirmed(task, row.engineRef(), actor, decision);
            default -> {
                if (decision.equals(TaskKind.OVERRIDE)) {
                    overrides.proposed(refused(row).orElseThrow().subject(step), actor, reason);
                }
                if (!row.engineRef().isEmpty()) {
                    engine.complete(row.engineRef(), said(task, decision));
                }
            }
        }
        if (kind.stalls() && nothingStalls(task.incident())) {
            incidents.resume(actor, task.incident(), decision + ": " + reason);
        }
        log.info(
                "task decided incident={} node={} kind={} decision={} by={}",
                task.incident(),
                step.incident().node() == null ? "-" : step.incident().node(),
                task.kind(),
                decision,
                person.name());
        return accepted(task.id());
    }

    /** In the transaction of the decision; the step that runs next uses it. */
    private void grant(TaskStore.Row row, Step step, Actor approver) {
        HumanTask proposal = board.proposal(step.id()).orElseThrow();
        RefusedEffect refused = refused(row).orElseThrow();
        overrides.grant(
                refused.subject(step),
                Objects.requireNonNull(proposal.reason()),
                Actor.person(Objects.requireNonNull(proposal.decidedBy())),
                approver);
    }

    private Optional<RefusedEffect> refused(TaskStore.Row row) {
        boolean asks = Set.of(
                        TaskKind.CONTAINMENT_REFUSED.code(),
                        TaskKind.RESTORE_NEEDS_PERSON.code(),
                        TaskKind.APPROVE_OVERRIDE.code())
                .contains(row.task().kind());
        return asks
                ? RefusedEffect.of((String) engine.getVariable(row.engineRef(), Variables.REFUSED))
                : Optional.empty();
    }

    private boolean nothingStalls(IncidentId incident) {
        return store.ofIncident(incident).stream()
                .filter(other -> other.state() == HumanTask.State.OPEN)
                .noneMatch(other ->
                        TaskKind.ofCode(other.kind()).map(TaskKind::stalls).orElse(false));
    }

    private static Map<String, Object> said(HumanTask task, String decision) {
        Map<String, Object> said = new HashMap<>();
        said.put(Variables.DECISION, decision);
        if (task.planHash() != null && decision.equals("approve")) {
            said.put(Variables.APPROVED_PLAN, task.planHash());
        }
        return said;
    }

    private TaskOutcome accepted(String id) {
        return new TaskOutcome.Accepted(store.find(id).orElseThrow().task());
    }
}
