package dev.drawbridge.workflow;

import dev.drawbridge.playbook.Playbook;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Every kind of question that people are asked: the one place that says who may answer, with what, and by when. The element is
 * the id of the user task in the models; kinds without one are asked by the inbox itself.
 */
enum TaskKind {
    IDENTIFY_NODE(
            "userTask_identifyNode", List.of("false-positive", "handled"), TaskKind::containers, TaskKind::followUp),
    DECIDE_CONTAINMENT(
            "userTask_decideContainment",
            List.of("contain", "false-positive"),
            TaskKind::containers,
            playbook -> playbook.deadlines().containmentDecision()),
    CONTAINMENT_REFUSED(
            "userTask_containmentRefused",
            List.of("retry", "proceed-uncontained", "false-positive"),
            TaskKind::containers,
            playbook -> playbook.deadlines().containmentDecision()),
    APPROVE_PLAN(
            "userTask_approvePlan",
            List.of("approve", "reject", "false-positive"),
            playbook -> playbook.approvals().plan(),
            playbook -> playbook.deadlines().planApproval()),
    RESTORE_NEEDS_PERSON(
            "userTask_restoreNeedsPerson",
            List.of("retry", "restored-by-hand", "false-positive"),
            TaskKind::containers,
            playbook -> playbook.deadlines().planApproval()),
    VERIFICATION_FAILED(
            "userTask_verificationFailed",
            List.of("retry", "false-positive"),
            TaskKind::containers,
            playbook -> playbook.deadlines().planApproval()),
    APPROVE_RETURN(
            "userTask_approveReturn",
            List.of("approve", "reject"),
            playbook -> playbook.approvals().returnToService(),
            playbook -> playbook.deadlines().returnToService()),
    APPROVE_RETURN_BY_HAND(
            "userTask_approveReturnByHand",
            List.of("approve", "reject"),
            playbook -> playbook.approvals().returnToService(),
            playbook -> playbook.deadlines().returnToService()),
    DRY_RUN_FINISHED("userTask_dryRunFinished", List.of("acknowledge"), TaskKind::containers, TaskKind::followUp),
    FINISH_BY_HAND("userTask_finishByHand", List.of("release"), TaskKind::containers, TaskKind::followUp),
    FIND_SOURCE("userTask_findSource", List.of("done"), TaskKind::containers, TaskKind::followUp),
    ESCALATE(
            "userTask_escalateToSecurityOperations",
            List.of("taken-over", "done"),
            playbook -> List.of("security-operations"),
            playbook -> playbook.deadlines().escalation()),
    HARDEN("userTask_harden", List.of("done", "not-needed"), TaskKind::containers, TaskKind::followUp),
    PATCH("userTask_patch", List.of("done", "not-needed"), TaskKind::containers, TaskKind::followUp),
    IMPROVE_DETECTION(
            "userTask_improveDetection",
            List.of("done", "not-needed"),
            playbook -> List.of("security-operations"),
            TaskKind::followUp),
    ROTATE_CREDENTIALS("userTask_rotateCredentials", List.of("done"), TaskKind::containers, TaskKind::followUp),
    /** A step failed more often than it may be tried. */
    STEP_FAILED("", List.of("retry", "skip", "abort"), TaskKind::containers, TaskKind::followUp),
    CONFIRM_SKIP(
            "", List.of("confirm", "refuse"), playbook -> playbook.approvals().skip(), TaskKind::followUp);

    private final String element;
    private final List<String> decisions;
    private final Function<Playbook, List<String>> candidates;
    private final Function<Playbook, Duration> deadline;

    TaskKind(
            String element,
            List<String> decisions,
            Function<Playbook, List<String>> candidates,
            Function<Playbook, Duration> deadline) {
        this.element = element;
        this.decisions = decisions;
        this.candidates = candidates;
        this.deadline = deadline;
    }

    private static List<String> containers(Playbook playbook) {
        return playbook.approvals().containment();
    }

    private static Duration followUp(Playbook playbook) {
        return playbook.deadlines().followUp();
    }

    static TaskKind ofElement(String element) {
        return Optional.of(element)
                .filter(id -> !id.isEmpty())
                .flatMap(id -> java.util.Arrays.stream(values())
                        .filter(kind -> kind.element.equals(id))
                        .findFirst())
                .orElseThrow(() -> new IllegalStateException("no kind of task for " + element));
    }

    static TaskKind ofCode(String code) {
        return valueOf(code.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
    }

    String code() {
        return this == APPROVE_RETURN_BY_HAND
                ? APPROVE_RETURN.code()
                : name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
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

    /** Whether whoever decided earlier on the incident, or proposed this, is kept from answering. */
    boolean fourEyes() {
        return this == APPROVE_RETURN || this == APPROVE_RETURN_BY_HAND || this == CONFIRM_SKIP;
    }

    /** Whether the answer steers the response; work that runs beside it does not disqualify anybody. */
    boolean steers() {
        return switch (this) {
            case FIND_SOURCE, ESCALATE, HARDEN, PATCH, IMPROVE_DETECTION, ROTATE_CREDENTIALS -> false;
            default -> true;
        };
    }
}
