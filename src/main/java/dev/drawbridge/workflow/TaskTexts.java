package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.NodeCredentials;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungProof;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.investigation.Finding;
import dev.drawbridge.investigation.Investigation;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.recovery.ComparedPlan;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.recovery.RotationScope;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * The facts that a person needs for an answer, as plain text. They come from alerts, nodes and Elasticsearch: whoever shows
 * them escapes them.
 */
@Component
class TaskTexts {
    private static final int MOST_ALERTS = 10;
    private static final int MOST_FACTS = 20;
    private static final int MOST_CHANGES = 10;

    private final Incidents incidents;
    private final Containment containment;
    private final Investigation investigation;
    private final Recovery recovery;
    private final Exposure exposure;
    private final ExclusionSuggestion exclusions;
    private final Overrides overrides;
    private final Quarantine quarantine;

    TaskTexts(
            Incidents incidents,
            Containment containment,
            Investigation investigation,
            Recovery recovery,
            Exposure exposure,
            ExclusionSuggestion exclusions,
            Overrides overrides,
            Quarantine quarantine) {
        this.incidents = incidents;
        this.containment = containment;
        this.investigation = investigation;
        this.recovery = recovery;
        this.exposure = exposure;
        this.exclusions = exclusions;
        this.overrides = overrides;
        this.quarantine = quarantine;
    }

    /**
     * @param refused the effect that guardrails refused, if that is the problem
     * @param proposal the answer that asks for an override, for its approval
     * @param asked whose file is to be put back, for its approval
     */
    String describe(
            TaskKind kind,
            Step step,
            @Nullable String problem,
            @Nullable RefusedEffect refused,
            @Nullable HumanTask proposal,
            @Nullable ReturnRequest asked) {
        List<Alert> alerts = incidents.alerts(step.id());
        List<String> lines = new ArrayList<>();
        switch (kind) {
            case IDENTIFY_NODE -> {
                lines.add("The host " + step.incident().host()
                        + " is no node that can be contained. Find out which machine it is.");
                why(lines, problem);
                facts(lines, alerts);
            }
            case DECIDE_CONTAINMENT -> {
                lines.add("Should the node be contained? When nobody answers in time: "
                        + (step.playbook().deadlines().containOnDeadline()
                                ? "it is contained."
                                : "the task is asked again."));
                rungs(lines, step);
                facts(lines, alerts);
                lines.add("");
                lines.add(exclusions.forAlerts(alerts));
            }
            case CONTAINMENT_REFUSED -> {
                why(lines, problem);
                overridable(lines, step, refused);
                rungs(lines, step);
                byHand(lines, step);
                facts(lines, alerts);
            }
            case RESTORE_NEEDS_PERSON -> {
                why(lines, problem);
                overridable(lines, step, refused);
                facts(lines, alerts);
            }
            case APPROVE_OVERRIDE -> {
                override(lines, step, refused, proposal);
                why(lines, problem);
                facts(lines, alerts);
            }
            case VERIFICATION_FAILED, RELEASE_REFUSED -> {
                why(lines, problem);
                facts(lines, alerts);
            }
            case APPROVE_PLAN -> plan(lines, step);
            case APPROVE_RETURN -> {
                lines.add(
                        "Read the verification, the plan and the history, then decide whether the node may take work again.");
                why(lines, problem);
                ladder(lines, step);
            }
            case FIND_SOURCE -> {
                lines.add("Who or what changed the files, and how did they get there?");
                facts(lines, alerts);
                findings(lines, step);
            }
            case ESCALATE -> {
                lines.add("Kubernetes configuration was changed on "
                        + step.incident().host() + ". Take it over, or say that nothing is left to do.");
                byHand(lines, step);
                facts(lines, alerts);
            }
            case HARDEN ->
                lines.add(
                        "Narrow who can write below /etc/kubernetes: owners and modes (CIS Kubernetes Benchmark 1.1), SSH and sudo on the node, privileged and hostPath pods, and audit what remains.");
            case PATCH ->
                lines.add(
                        "Update what let the change happen: the node's operating system, container runtime, kubelet and Kubernetes.");
            case IMPROVE_DETECTION ->
                lines.add(
                        "What raised no alert, or came late? Edits in place and deletions raise none by this rule: consider file integrity monitoring and Kubernetes audit rules.");
            case ROTATE_CREDENTIALS -> {
                lines.add("The files are restored, and still known to whoever changed them:");
                for (NodePath path : exposure.of(step.id())) {
                    lines.add("- " + path + ": " + RotationScope.inFull(path));
                }
            }
            case RESTORE_QUARANTINED_FILE -> quarantined(lines, step, asked);
            case DRY_RUN_FINISHED -> {
                lines.add(
                        "Every check ran, and nothing was changed by it. The history shows each request that would have been made.");
                lines.add(
                        "To respond in earnest, end the dry run of this incident first: the answer then begins anew with the containment.");
            }
            case FINISH_BY_HAND -> {
                lines.add(
                        "The response was aborted. Whatever is contained stays contained until a second person approves the return.");
                why(lines, problem);
            }
            default -> why(lines, problem);
        }
        return String.join("\n", lines);
    }

    private static void why(List<String> lines, @Nullable String problem) {
        if (problem != null && !problem.isBlank()) {
            lines.add(problem);
        }
    }

    private void overridable(List<String> lines, Step step, @Nullable RefusedEffect refused) {
        if (refused == null) {
            return;
        }
        lines.add("");
        lines.add(
                refused.overridable()
                        ? "An override can be asked for. When another person of "
                                + String.join(", ", step.playbook().approvals().override())
                                + " agrees, the step runs again and "
                                + refused.rule() + " lets through " + effect(step, refused) + ", once and within "
                                + shown(overrides.valid()) + ", and nothing else."
                        : "No override: nobody can override " + refused.rule() + " for " + effect(step, refused) + ".");
    }

    private void override(
            List<String> lines, Step step, @Nullable RefusedEffect refused, @Nullable HumanTask proposal) {
        if (refused == null || proposal == null) {
            lines.add("What was to be overridden is not known: reject it.");
            return;
        }
        lines.add("Should " + effect(step, refused) + " happen although " + refused.rule() + " refuses it?");
        lines.add(proposal.decidedBy() + " asks for it: " + proposal.reason());
        lines.add("It is let through once and within " + shown(overrides.valid())
                + " of the approval, and nothing else. Every other rule goes on to refuse what it refuses.");
        if (refused.kind() == Effect.Kind.CONTAIN) {
            lines.add(
                    "With it the node counts as contained for this incident: limits on how many nodes are contained do not hold back its further rungs.");
        }
        lines.add("");
    }

    private void quarantined(List<String> lines, Step step, @Nullable ReturnRequest asked) {
        Optional<QuarantinedFile> found =
                Optional.ofNullable(asked).flatMap(request -> quarantine.find(step.id(), request.file()));
        if (asked == null || asked.held() == null || found.isEmpty()) {
            lines.add("What is to be put back is not known: reject it.");
            return;
        }
        QuarantinedFile file = found.get();
        ReturnRequest.Held held = asked.held();
        lines.add("Should " + file.path() + " be put back on " + file.node() + "?");
        lines.add(asked.askedBy() + " asks for it: " + asked.reason());
        lines.add("");
        FileClass fileClass = FileClass.of(file.path());
        lines.add("What lies in quarantine: " + fileClass.code() + ", sha256 " + file.content());
        lines.add("%d bytes, owner %d:%d, mode %04o, changed %s, moved away %s"
                .formatted(
                        held.size(),
                        held.uid(),
                        held.gid(),
                        held.mode(),
                        Instant.ofEpochSecond(held.modifiedAt()),
                        file.movedAt()));
        lines.add("Its content is in the evidence of this incident.");
        if (fileClass == FileClass.STATIC_POD_MANIFEST) {
            lines.add(
                    "It is a manifest of the kubelet: within 20 seconds of the return its pod runs, with what the manifest gives it.");
        }
        lines.add("");
        lines.add(
                "An approval is good for this content, owner, mode and time at this path, and lapses when the quarantine holds anything else then. Nothing that is at the path is replaced. Whoever asked cannot approve.");
        lines.add(
                "The baseline did not know the file when it was moved away. Unless the baseline has it by then, it is drift: the next verification and the next sweep find it, its return may raise an alert, and a response to that moves it away again.");
        if (!step.incident().state().closed()) {
            lines.add(
                    "The response of this incident still runs: it finds the file as drift when it compares or verifies next.");
        }
    }

    private static String effect(Step step, RefusedEffect refused) {
        return "'" + refused.subject(step).effect() + "' on " + step.node();
    }

    /** What is asked for: nobody should take a contained node for a harmless one. */
    private static void rungs(List<String> lines, Step step) {
        lines.add("");
        lines.add("Containment by this playbook:");
        for (Playbook.RungStep one : step.playbook().ladder()) {
            Rung rung = Rung.ofCode(one.rung());
            lines.add("- " + one.rung() + " stops: " + rung.stops());
            lines.add("  does not stop: " + rung.doesNotStop());
            RungProof wanted = RungProof.ofCode(one.verify());
            if (wanted != RungProof.READ_BACK) {
                lines.add("  before the next rung: " + wanted.text());
            }
        }
        lines.add(Rung.STATIC_PODS);
    }

    /** A rung of the playbook that is a person's: with everything that has to be known to do it. */
    private static void byHand(List<String> lines, Step step) {
        if (step.playbook().rungs().contains(Rung.NODE_CREDENTIALS.code())) {
            lines.add("");
            lines.addAll(NodeCredentials.plan(step.node()));
        }
    }

    /** What came of it, also of the rungs that this cluster does not offer. */
    private void ladder(List<String> lines, Step step) {
        List<Containment.AppliedRung> rungs = containment.ladder(step.id());
        if (!rungs.isEmpty()) {
            lines.add("");
            lines.add("Containment:");
        }
        rungs.forEach(rung ->
                lines.add("- " + rung.rung().code() + ", " + rung.outcome().replace('-', ' ') + ": " + rung.detail()));
    }

    private static void facts(List<String> lines, List<Alert> alerts) {
        for (Alert alert : alerts.subList(0, Math.min(MOST_ALERTS, alerts.size()))) {
            Optional<NodePath> path = alert.normalisedPath();
            lines.add("");
            lines.add("Rule: " + alert.ruleName());
            lines.add("File: " + path.map(NodePath::toString).orElse("none") + " ("
                    + path.map(FileClass::of).map(FileClass::code).orElse("-") + ", " + alert.action() + ", "
                    + alert.eventTime() + ")");
            lines.add("Process: " + known(alert.process().name()) + " at "
                    + known(alert.process().executable()) + ", command line "
                    + known(alert.process().commandLine()));
            lines.add("User: " + known(alert.user().name()) + ", logged in as "
                    + known(alert.user().realName()));
        }
        if (alerts.size() > MOST_ALERTS) {
            lines.add("... and " + (alerts.size() - MOST_ALERTS) + " more alerts");
        }
    }

    private void findings(List<String> lines, Step step) {
        for (Finding finding : investigation.findings(step.id())) {
            lines.add("");
            lines.add(finding.question() + ": "
                    + finding.status().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
            finding.facts().stream().limit(MOST_FACTS).forEach(fact -> lines.add("- " + fact));
        }
    }

    /** Warnings first: the text is cut at its end. */
    private void plan(List<String> lines, Step step) {
        recovery.comparedPlan(step.id()).ifPresent(compared -> {
            RestorePlan plan = compared.plan();
            lines.add("Plan " + plan.hash().abbreviated() + ", baseline " + plan.revision());
            List<String> warnings = compared.steps().stream()
                    .flatMap(one -> meaning(one).stream()
                            .flatMap(meaning -> meaning.warnings().stream())
                            .map(warning -> "- " + one.step().path() + ": " + warning))
                    .toList();
            if (!warnings.isEmpty()) {
                lines.add("Warnings:");
                some(lines, warnings, MOST_FACTS);
            }
            for (ComparedPlan.Step one : compared.steps()) {
                lines.add(one.order() + ". " + one.step().action().code() + " "
                        + one.step().path() + ": " + one.step().why() + "; "
                        + one.step().effect());
                meaning(one).ifPresent(meaning -> {
                    if (meaning.status() != FileComparison.MeaningStatus.COMPARED) {
                        lines.add("   what it means: " + meaning.status().code().replace('-', ' ') + ": "
                                + meaning.note());
                    }
                    some(lines, meaning.changes().stream().map("   "::concat).toList(), MOST_CHANGES);
                });
            }
        });
    }

    private static Optional<FileComparison.Meaning> meaning(ComparedPlan.Step step) {
        return Optional.ofNullable(step.comparison().meaning());
    }

    private static void some(List<String> lines, List<String> all, int most) {
        lines.addAll(all.subList(0, Math.min(most, all.size())));
        if (all.size() > most) {
            lines.add("... and " + (all.size() - most) + " more");
        }
    }

    private static String known(@Nullable String fact) {
        return fact == null || fact.isBlank() ? "not known" : fact;
    }

    /** As it is written in the configuration: {@code 15m}. */
    private static String shown(Duration duration) {
        return duration.toString().replaceFirst("PT", "").toLowerCase(Locale.ROOT);
    }
}
