package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.IncidentId;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Puts up what waits for people and takes down what no longer does; always inside the transaction that caused it. */
@Component
class TaskBoard {
    private static final Logger log = LoggerFactory.getLogger(TaskBoard.class);

    private final TaskStore store;
    private final TaskTexts texts;
    private final Steps steps;
    private final Incidents incidents;
    private final Recovery recovery;
    private final Quarantine quarantine;
    private final AuditTrail audit;
    private final Clock clock;
    private final Ids ids;

    TaskBoard(
            TaskStore store,
            TaskTexts texts,
            Steps steps,
            Incidents incidents,
            Recovery recovery,
            Quarantine quarantine,
            AuditTrail audit,
            Clock clock,
            Ids ids) {
        this.store = store;
        this.texts = texts;
        this.steps = steps;
        this.incidents = incidents;
        this.recovery = recovery;
        this.quarantine = quarantine;
        this.audit = audit;
        this.clock = clock;
        this.ids = ids;
    }

    /** A user task was entered. */
    void opened(
            IncidentId incident,
            TaskKind kind,
            String title,
            String engineRef,
            @Nullable String problem,
            @Nullable RefusedEffect refused,
            @Nullable ReturnRequest asked) {
        Step step = steps.of(incident);
        HumanTask proposal =
                kind == TaskKind.APPROVE_OVERRIDE ? proposal(incident).orElse(null) : null;
        put(
                step,
                kind,
                title,
                texts.describe(kind, step, problem, refused, proposal, asked),
                decisions(kind, refused),
                boundTo(kind, incident, asked),
                engineRef,
                proposal != null
                        ? proposal.decidedBy()
                        : kind == TaskKind.RESTORE_QUARANTINED_FILE && asked != null ? asked.askedBy() : null);
        if (kind == TaskKind.APPROVE_RETURN) {
            incidents.move(step.actor(), incident, IncidentState.AWAITING_APPROVAL, "waits for a second person");
        } else if (kind.stalls()) {
            incidents.move(step.actor(), incident, IncidentState.STALLED, "needs a person: " + title);
        }
    }

    /** What an approval is good for, and nothing else. */
    private @Nullable String boundTo(TaskKind kind, IncidentId incident, @Nullable ReturnRequest asked) {
        Optional<Digest> hash = switch (kind) {
            case APPROVE_PLAN -> recovery.newestPlan(incident).map(RestorePlan::hash);
            case RESTORE_QUARANTINED_FILE ->
                Optional.ofNullable(asked)
                        .flatMap(request ->
                                quarantine.find(incident, request.file()).map(request::hash));
            default -> Optional.empty();
        };
        return hash.map(Digest::hex).orElse(null);
    }

    private static List<String> decisions(TaskKind kind, @Nullable RefusedEffect refused) {
        return refused != null && refused.overridable()
                ? kind.decisions()
                : kind.decisions().stream()
                        .filter(decision -> !decision.equals(TaskKind.OVERRIDE))
                        .toList();
    }

    /** The newest answer by which somebody asked for an override. */
    Optional<HumanTask> proposal(IncidentId incident) {
        return store.decided(incident).stream()
                .filter(task -> TaskKind.OVERRIDE.equals(task.decision()))
                .reduce((earlier, later) -> later);
    }

    /** A user task was left, answered or not. */
    void left(IncidentId incident, String engineRef) {
        incidents.hold(incident);
        store.openByEngineRef(engineRef).ifPresent(row -> cancel(row.task(), "the workflow no longer needs it"));
    }

    /** A step will not be tried again by itself. */
    void stepFailed(
            IncidentId incident, String title, String problem, String job, List<String> decisions, boolean stalls) {
        Step step = steps.of(incident);
        put(step, TaskKind.STEP_FAILED, title, problem, decisions, null, job, null);
        if (stalls && !step.incident().state().closed()) {
            incidents.move(step.actor(), incident, IncidentState.STALLED, title);
        }
        log.error(
                "step failed incident={} node={} {}",
                incident,
                step.incident().node() == null ? "-" : step.incident().node(),
                title);
    }

    void confirmSkip(HumanTask failed, String job, Actor proposer, String reason) {
        Step step = steps.of(failed.incident());
        put(
                step,
                TaskKind.CONFIRM_SKIP,
                "Skip? " + failed.title(),
                proposer.name() + " wants to go on without this step: " + reason + "\n\n" + failed.description(),
                TaskKind.CONFIRM_SKIP.decisions(),
                null,
                job,
                proposer.name());
    }

    /** A deadline passed. One open task per overdue kind: a reminder that multiplies is not read. */
    void escalate(Step step, String overdue) {
        // also one that the deadline itself has just taken back: both halves of its time remind of the same
        Optional<HumanTask> waiting = store.ofIncident(step.id()).stream()
                .filter(task -> task.kind().equals(overdue))
                .reduce((earlier, later) -> later);
        String title = "Overdue: " + waiting.map(HumanTask::title).orElse(overdue);
        audit.record(AuditEvent.fact(step.actor(), "task.escalate", overdue, "the deadline passed")
                .on(step.id(), step.incident().node()));
        log.warn(
                "task overdue incident={} node={} kind={}",
                step.id(),
                step.incident().node() == null ? "-" : step.incident().node(),
                overdue);
        incidents.hold(step.id());
        if (!store.openOfKind(step.id(), TaskKind.OVERDUE.code(), title)) {
            put(
                    step,
                    TaskKind.OVERDUE,
                    title,
                    "Nobody answered in time. See that somebody does: nothing is released by waiting.",
                    TaskKind.OVERDUE.decisions(),
                    null,
                    "",
                    null);
        }
    }

    void cancel(HumanTask task, String why) {
        store.cancel(task.id());
        audit.record(AuditEvent.fact(Actor.SYSTEM, "task.cancel", task.kind(), why)
                .on(task.incident(), steps.of(task.incident()).incident().node())
                .with("task", task.id()));
    }

    private void put(
            Step step,
            TaskKind kind,
            String title,
            String description,
            List<String> decisions,
            @Nullable String plan,
            String engineRef,
            @Nullable String proposer) {
        incidents.hold(step.id());
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        HumanTask task = new HumanTask(
                ids.next(),
                step.id(),
                kind.code(),
                title,
                description,
                kind.candidates(step.playbook()),
                decisions,
                plan,
                now,
                now.plus(kind.deadline(step.playbook())),
                null,
                HumanTask.State.OPEN,
                null,
                null,
                null,
                null);
        store.insert(task, engineRef, proposer);
        audit.record(
                AuditEvent.fact(step.actor(), "task.open", kind.code(), "for " + String.join(", ", task.candidates()))
                        .on(step.id(), step.incident().node())
                        .with("task", task.id())
                        .with("title", title));
    }
}
