package dev.drawbridge.workflow;

import dev.drawbridge.playbook.Playbook;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * Every kind of question that people are asked: the one place that says who may answer, with what, and by when. User tasks in
 * the models name their kind in the property {@code kind}; the last three kinds are asked without a user task.
 */
enum TaskKind {
    IDENTIFY_NODE(List.of("false-positive", "handled"), TaskKind::responders, TaskKind::followUp),
    DECIDE_CONTAINMENT(
            List.of("contain", "false-positive"),
            TaskKind::responders,
            playbook -> playbook.deadlines().containmentDecision()),
    CONTAINMENT_REFUSED(
            List.of("retry", TaskKind.OVERRIDE, "proceed-uncontained", "false-positive"),
            TaskKind::responders,
            playbook -> playbook.deadlines().containmentDecision()),
    /** Whether one effect happens although guardrails refuse it: always by somebody else than who asks for it. */
    APPROVE_OVERRIDE(
            List.of("approve", "reject"),
            playbook -> playbook.approvals().override(),
            playbook -> playbook.deadlines().containmentDecision()),
    APPROVE_PLAN(
            List.of("approve", "reject", "false-positive"),
            playbook -> playbook.approvals().plan(),
            playbook -> playbook.deadlines().planApproval()),
    RESTORE_NEEDS_PERSON(
            List.of("retry", TaskKind.OVERRIDE, "restored-by-hand", "false-positive"),
            TaskKind::responders,
            playbook -> playbook.deadlines().planApproval()),
    VERIFICATION_FAILED(
            List.of("retry", "false-positive"),
            TaskKind::responders,
            playbook -> playbook.deadlines().planApproval()),
    APPROVE_RETURN(
            List.of("approve", "reject"),
            playbook -> playbook.approvals().returnToService(),
            playbook -> playbook.deadlines().returnToService()),
    RELEASE_REFUSED(
            List.of("retry"),
            TaskKind::responders,
            playbook -> playbook.deadlines().returnToService()),
    DRY_RUN_FINISHED(List.of("acknowledge", "respond"), TaskKind::responders, TaskKind::followUp),
    FINISH_BY_HAND(List.of("release", "note"), TaskKind::responders, TaskKind::followUp),
    FIND_SOURCE(List.of("done"), TaskKind::responders, TaskKind::followUp),
    ESCALATE(
            List.of("taken-over", "done"),
            TaskKind::securityOperations,
            playbook -> playbook.deadlines().escalation()),
    HARDEN(List.of("done", "not-needed"), TaskKind::responders, TaskKind::followUp),
    PATCH(List.of("done", "not-needed"), TaskKind::responders, TaskKind::followUp),
    IMPROVE_DETECTION(List.of("done", "not-needed"), TaskKind::securityOperations, TaskKind::followUp),
    ROTATE_CREDENTIALS(List.of("done"), TaskKind::responders, TaskKind::followUp),
    /** Whether a file is put back that a restore moved away: never by who asked for it. */
    RESTORE_QUARANTINED_FILE(
            List.of("approve", "reject"),
            playbook -> playbook.approvals().plan(),
            playbook -> playbook.deadlines().planApproval()),
    /** What was agreed to could not be done. */
    RETURN_REFUSED(
            List.of("retry", "leave"),
            playbook -> playbook.approvals().plan(),
            playbook -> playbook.deadlines().planApproval()),
    /** Something waited longer than it may: for those who can make people answer. */
    OVERDUE(
            List.of("taken-over", "done"),
            TaskKind::securityOperations,
            playbook -> playbook.deadlines().escalation()),
    /** A step failed more often than it may be tried. */
    STEP_FAILED(List.of("retry", "skip", "abort"), TaskKind::responders, TaskKind::followUp),
    CONFIRM_SKIP(List.of("confirm", "refuse"), playbook -> playbook.approvals().skip(), TaskKind::followUp);

    /** Offered only where every rule that refuses can be overridden. */
    static final String OVERRIDE = "override";

    private final List<String> decisions;
    private final Function<Playbook, List<String>> candidates;
    private final Function<Playbook, Duration> deadline;

    TaskKind(
            List<String> decisions,
            Function<Playbook, List<String>> candidates,
            Function<Playbook, Duration> deadline) {
        this.decisions = decisions;
        this.candidates = candidates;
        this.deadline = deadline;
    }

    private static List<String> responders(Playbook playbook) {
        return playbook.approvals().containment();
    }

    private static List<String> securityOperations(Playbook playbook) {
        return List.of("security-operations");
    }

    private static Duration followUp(Playbook playbook) {
        return playbook.deadlines().followUp();
    }

    static Optional<TaskKind> ofCode(String code) {
        return Arrays.stream(values()).filter(kind -> kind.code().equals(code)).findFirst();
    }

    String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    List<String> decisions() {
        return decisions;
    }

    List<String> candidates(Playbook playbook) {
        return candidates.apply(playbook);
    }

    Duration deadline(Playbook playbook) {
        return deadline.apply(playbook);
    }

    /** Whether it may be answered only by somebody who decided nothing on this incident before. */
    boolean fourEyes() {
        return this == APPROVE_RETURN || this == APPROVE_OVERRIDE;
    }

    /**
     * Whether an answer says how the incident ends. Who gives it has looked at what was known then: alerts that join later were
     * seen by nobody, however many other tasks are answered after them.
     */
    boolean concludes() {
        return switch (this) {
            case IDENTIFY_NODE, DECIDE_CONTAINMENT, APPROVE_RETURN, DRY_RUN_FINISHED -> true;
            default -> false;
        };
    }

    /** Whether the answer has what was refused done now: who gives it was told why it was refused. */
    boolean goesOn(String decision) {
        return switch (this) {
            case CONTAINMENT_REFUSED, RESTORE_NEEDS_PERSON, RELEASE_REFUSED, RETURN_REFUSED ->
                decision.equals("retry") || decision.equals("proceed-uncontained");
            case FINISH_BY_HAND -> decision.equals("release");
            case DRY_RUN_FINISHED -> decision.equals("respond");
            default -> false;
        };
    }

    /** Whether the response cannot go on by itself until it is answered. */
    boolean stalls() {
        return switch (this) {
            case CONTAINMENT_REFUSED,
                    APPROVE_OVERRIDE,
                    RESTORE_NEEDS_PERSON,
                    VERIFICATION_FAILED,
                    RELEASE_REFUSED,
                    FINISH_BY_HAND,
                    STEP_FAILED,
                    CONFIRM_SKIP -> true;
            default -> false;
        };
    }
}
