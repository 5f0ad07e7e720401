package dev.drawbridge.console;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.verification.VerificationReport;
import dev.drawbridge.workflow.HumanTask;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Says states, decisions and times in plain words. Times are UTC: a response crosses time zones. */
@Component
class Words {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final Set<String> GOES_ON =
            Set.of("approve", "contain", "retry", "done", "confirm", "acknowledge", "release", "taken-over");

    /** Work that goes on beside the response; everything else holds it up. */
    private static final Set<String> BESIDE = Set.of(
            "find-source",
            "escalate",
            "harden",
            "patch",
            "improve-detection",
            "rotate-credentials",
            "restore-quarantined-file",
            "return-refused",
            "overdue");

    private static final Map<IncidentState, String> STATES = Map.of(
            IncidentState.OPEN, "Not contained yet.",
            IncidentState.CONTAINED, "The node is contained. Evidence is kept and drift is found next.",
            IncidentState.RESTORING, "Files are put back to the baseline. The node stays contained.",
            IncidentState.VERIFYING, "Node and cluster are checked against the baseline. The node stays contained.",
            IncidentState.AWAITING_APPROVAL, "A person has to agree. The node stays contained until then.",
            IncidentState.STALLED, "Needs a person: trying again will not help. Whatever is contained stays contained.",
            IncidentState.CLOSED_RESOLVED, "Closed: resolved.",
            IncidentState.CLOSED_FALSE_POSITIVE, "Closed: false positive.");

    private static final Map<String, String> DECISIONS = Map.ofEntries(
            Map.entry("identify-node/false-positive", "Close the incident as a false positive. Nothing was contained."),
            Map.entry("identify-node/handled", "You dealt with the host yourself. Close the incident."),
            Map.entry(
                    "decide-containment/contain",
                    "Take the node out of service now, keep evidence, and restore its files from the baseline."),
            Map.entry(
                    "decide-containment/false-positive",
                    "Close the incident as a false positive. The node is not contained."),
            Map.entry(
                    "containment-refused/retry",
                    "Try again, for example after a pause was lifted or a right was granted."),
            Map.entry(
                    "containment-refused/override",
                    "Ask another person to let this one rung through, although the guardrail named above refuses it."),
            Map.entry(
                    "containment-refused/proceed-uncontained",
                    "Go on with evidence and restore while the node stays in service."),
            Map.entry("containment-refused/false-positive", "End the response as a false positive."),
            Map.entry(
                    "approve-plan/approve",
                    "Carry out exactly the plan shown on this page. It lapses when the node changes before."),
            Map.entry("approve-plan/reject", "Do not carry out this plan. The node stays contained."),
            Map.entry("approve-plan/false-positive", "End the response as a false positive. No file is changed."),
            Map.entry(
                    "approve-override/approve",
                    "Let this one effect through, once and for a short time. Not possible for whoever asked for it."),
            Map.entry("approve-override/reject", "The guardrail stays in force. Whoever asked decides again."),
            Map.entry("restore-needs-person/retry", "Compare the node with the baseline again and make a new plan."),
            Map.entry(
                    "restore-needs-person/override",
                    "Ask another person to let this one change of a file through, although the guardrail named above refuses it."),
            Map.entry(
                    "restore-needs-person/restored-by-hand",
                    "You put the files back yourself. Verification checks that from the node."),
            Map.entry("restore-needs-person/false-positive", "End the response as a false positive."),
            Map.entry("verification-failed/retry", "Compare, restore and verify once more."),
            Map.entry("verification-failed/false-positive", "End the response as a false positive."),
            Map.entry(
                    "approve-return/approve",
                    "Undo our containment and return the node to service. Not possible for whoever decided earlier on this incident."),
            Map.entry("approve-return/reject", "Do not return the node to service. It stays contained."),
            Map.entry("dry-run-finished/acknowledge", "Close the dry run. Nothing was changed on the node."),
            Map.entry(
                    "dry-run-finished/respond",
                    "Begin anew with the containment: in earnest if the dry run was ended before, else dry once more."),
            Map.entry("finish-by-hand/release", "You finished by hand. Undo our containment and end the response."),
            Map.entry("finish-by-hand/note", "Keep what you write with the incident. The task stays open."),
            Map.entry(
                    "release-refused/retry",
                    "Undo our containment once more, for example after the cause that was named is gone."),
            Map.entry("overdue/taken-over", "You see to it that the waiting task is answered."),
            Map.entry("overdue/done", "The waiting task was answered, or no longer matters."),
            Map.entry("harden/done", "The node was hardened. Say in the reason how."),
            Map.entry("harden/not-needed", "Nothing has to be hardened. Say in the reason why."),
            Map.entry("patch/done", "What was exploited is patched. Say in the reason what."),
            Map.entry("patch/not-needed", "Nothing has to be patched. Say in the reason why."),
            Map.entry("improve-detection/done", "The rule was improved. Say in the reason how."),
            Map.entry("improve-detection/not-needed", "The rule is good as it is. Say in the reason why."),
            Map.entry(
                    "rotate-credentials/done",
                    "Every exposed credential that this page names was rotated and its old one is worthless."),
            Map.entry(
                    "restore-quarantined-file/approve",
                    "Put exactly this file back where it was, over nothing. Not possible for whoever asked for it."),
            Map.entry("restore-quarantined-file/reject", "The file stays in quarantine."),
            Map.entry(
                    "return-refused/retry",
                    "Try again to put the file back, for example after a pause was lifted. The approval still holds."),
            Map.entry("return-refused/leave", "The file stays in quarantine. It can be asked for again."),
            Map.entry("find-source/done", "Record in the reason what the source of the change was."),
            Map.entry("escalate/taken-over", "Security operations has taken this over."),
            Map.entry("escalate/done", "Nothing is left for security operations to do."),
            Map.entry("step-failed/retry", "Try the failed step again."),
            Map.entry("step-failed/skip", "Ask a second person to let the response go on without this step."),
            Map.entry("step-failed/abort", "End the automatic response. Whatever is contained stays contained."),
            Map.entry("confirm-skip/confirm", "Let the response go on without the failed step."),
            Map.entry("confirm-skip/refuse", "Do not skip. The failed step waits for another decision."));

    private final Clock clock;

    Words(Clock clock) {
        this.clock = clock;
    }

    public String time(Instant at) {
        return TIME.format(at);
    }

    /** For the {@code datetime} attribute, which the page's script counts from. */
    public String machineTime(Instant at) {
        return at.toString();
    }

    /** {@code 3 h 04 min}: how long ago, or how long it took. */
    public String since(Instant from, @Nullable Instant to) {
        return length(Duration.between(from, to == null ? clock.instant() : to));
    }

    public String until(Instant due) {
        Duration left = Duration.between(clock.instant(), due);
        return left.isNegative() ? "overdue by " + length(left.negated()) : "due in " + length(left);
    }

    public boolean overdue(HumanTask task) {
        return task.state() == HumanTask.State.OPEN
                && task.due() != null
                && clock.instant().isAfter(task.due());
    }

    public static String length(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return seconds / 60 + " min " + twoDigits(seconds % 60) + " s";
        }
        if (seconds < 48 * 3600) {
            return seconds / 3600 + " h " + twoDigits(seconds / 60 % 60) + " min";
        }
        return seconds / 86400 + " d " + seconds / 3600 % 24 + " h";
    }

    private static String twoDigits(long number) {
        return number < 10 ? "0" + number : Long.toString(number);
    }

    /** {@code awaiting-approval} as {@code Awaiting approval}. */
    public String plain(String code) {
        String words = code.replace('-', ' ').replace('_', ' ').toLowerCase(Locale.ROOT);
        return words.isEmpty() ? words : Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    public String state(IncidentState state) {
        return STATES.getOrDefault(state, "");
    }

    /** What a decision does; empty for what explains itself. */
    public String decision(String kind, String decision) {
        return DECISIONS.getOrDefault(kind + "/" + decision, "");
    }

    /** Whether the response stands still until this is answered. */
    public boolean holdsUp(HumanTask task) {
        return !BESIDE.contains(task.kind());
    }

    /** Every {@code kind/decision} that is explained. */
    static Set<String> explained() {
        return DECISIONS.keySet();
    }

    /** Whether a decision lets the response go on; only these look like the expected answer. */
    public boolean goesOn(String decision) {
        return GOES_ON.contains(decision);
    }

    public String stops(Rung rung) {
        return rung.stops();
    }

    public String staticPods() {
        return Rung.STATIC_PODS;
    }

    public String doesNotStop(Rung rung) {
        return rung.doesNotStop();
    }

    public String phase(AuditEvent.Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    public String status(VerificationReport.Status status) {
        return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The first characters: enough for a person to tell two incidents apart. */
    public String incident(IncidentId incident) {
        return incident.value().substring(0, Math.min(8, incident.value().length()));
    }

    public String brief(@Nullable Digest digest) {
        return digest == null ? "" : digest.abbreviated();
    }
}
