package dev.drawbridge.console;

import dev.drawbridge.access.Group;
import dev.drawbridge.access.Member;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.Guardrails;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.investigation.Investigation;
import dev.drawbridge.recovery.ComparedPlan;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.Quarantine;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.recovery.RotationScope;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.verification.Verification;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.QuarantineReturns;
import dev.drawbridge.workflow.TaskInbox;
import dev.drawbridge.workflow.TaskOutcome;
import dev.drawbridge.workflow.WorkflowDiagrams;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;

/** One incident: where it stands, what waits, and everything a decision needs. */
@Controller
@RequestMapping("/incidents/{id}")
class IncidentPage {
    private static final int TIMELINE = 300;
    private static final int LONGEST_REASON = 4000;
    private static final int LONGEST_DRY_RUN_REASON = 2000;

    private final Incidents incidents;
    private final TaskInbox inbox;
    private final WorkflowDiagrams diagrams;
    private final Containment containment;
    private final EvidenceLocker evidence;
    private final Recovery recovery;
    private final Quarantine quarantine;
    private final QuarantineReturns returns;
    private final Verification verification;
    private final Investigation investigation;
    private final DryRuns dryRuns;
    private final Guardrails guardrails;
    private final AuditTrail audit;
    private final Words words;

    IncidentPage(
            Incidents incidents,
            TaskInbox inbox,
            WorkflowDiagrams diagrams,
            Containment containment,
            EvidenceLocker evidence,
            Recovery recovery,
            Quarantine quarantine,
            QuarantineReturns returns,
            Verification verification,
            Investigation investigation,
            DryRuns dryRuns,
            Guardrails guardrails,
            AuditTrail audit,
            Words words) {
        this.incidents = incidents;
        this.inbox = inbox;
        this.diagrams = diagrams;
        this.containment = containment;
        this.evidence = evidence;
        this.recovery = recovery;
        this.quarantine = quarantine;
        this.returns = returns;
        this.verification = verification;
        this.investigation = investigation;
        this.dryRuns = dryRuns;
        this.guardrails = guardrails;
        this.audit = audit;
        this.words = words;
    }

    /**
     * An open task as its form needs it.
     *
     * @param key changes when anything of the task does; as long as it does not, a refresh leaves the form alone in which
     *     somebody may be writing
     * @param typed reason that was refused with the last attempt
     */
    record Waiting(
            HumanTask task,
            String key,
            boolean mayDecide,
            boolean mine,
            @Nullable String typed) {}

    /** A key or kubeconfig that somebody else may hold now, and what has to be rotated for it. */
    record Exposed(String path, String rotate) {}

    /** @param key as {@link Waiting#key()} */
    record PlanStep(int order, RestorePlan.Step step, FileComparison comparison, String key) {}

    /**
     * The page, or its live part.
     *
     * @param seen fingerprint of what the browser shows; nothing is sent when that is still how it is
     */
    @GetMapping
    ModelAndView page(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String seen,
            @AuthenticationPrincipal Member member,
            @RequestHeader(name = "HX-Request", required = false) @Nullable String htmx,
            Model flash) {
        Incident incident = find(id);
        IncidentId key = incident.id();
        List<HumanTask> tasks = inbox.ofIncident(key);
        List<DiagramSteps> models =
                diagrams.of(key).stream().map(DiagramSteps::of).toList();
        RestorePlan plan = recovery.newestPlan(key).orElse(null);
        List<AuditEntry> timeline = audit.timeline(key, 0, TIMELINE + 1);
        DryRuns.Mode dryRun = dryRuns.of(key).orElse(null);
        List<?> shown = Arrays.asList(
                incident,
                dryRun,
                tasks,
                models,
                plan == null ? null : plan.hash(),
                timeline.isEmpty() ? 0 : timeline.get(timeline.size() - 1).seq(),
                containment.ladder(key),
                verification.reports(key),
                quarantine.of(key),
                investigation.findings(key));
        String fingerprint = Digest.ofText(shown.toString()).abbreviated();
        if (htmx != null && fingerprint.equals(seen)) {
            ModelAndView nothingNew = new ModelAndView();
            nothingNew.setStatus(HttpStatus.NO_CONTENT);
            nothingNew.setView((model, request, response) -> {});
            return nothingNew;
        }
        ModelAndView page = new ModelAndView(htmx == null ? "incident" : "incident :: live");
        page.addObject("incident", incident);
        page.addObject("fingerprint", fingerprint);
        page.addObject("dryRun", dryRun);
        page.addObject("dryRunOfAll", guardrails.dryRun());
        page.addObject(
                "mayEnd",
                member.in(Group.RESPONDERS) || member.in(Group.SECURITY_OPERATIONS) || member.in(Group.ADMINISTRATORS));
        page.addObject("waiting", waiting(tasks, member, flash));
        page.addObject(
                "decided",
                tasks.stream()
                        .filter(task -> task.state() != HumanTask.State.OPEN)
                        .toList());
        page.addObject("diagrams", models);
        page.addObject(
                "now",
                models.stream()
                        .flatMap(model -> model.steps().stream())
                        .filter(step -> step.state().equals("active"))
                        .map(DiagramSteps.Step::name)
                        .distinct()
                        .toList());
        page.addObject("alerts", incidents.alerts(key));
        page.addObject("rungs", containment.ladder(key));
        ComparedPlan compared = recovery.comparedPlan(key).orElse(null);
        page.addObject("plan", compared == null ? null : compared.plan());
        page.addObject("planSteps", compared == null ? List.of() : planSteps(compared));
        page.addObject(
                "exposed",
                recovery.exposedCredentials(key).stream()
                        .map(path -> new Exposed(path.toString(), RotationScope.inFull(path)))
                        .toList());
        page.addObject("quarantined", quarantine.of(key));
        page.addObject("reports", verification.reports(key));
        page.addObject("findings", investigation.findings(key));
        ReceiptLookup receipt = evidence.look(key);
        page.addObject("receipt", receipt instanceof ReceiptLookup.Held held ? held.receipt() : null);
        page.addObject("damagedReceipt", receipt instanceof ReceiptLookup.Damaged damaged ? damaged : null);
        addTimeline(page, timeline);
        return page;
    }

    @GetMapping("/timeline")
    ModelAndView timeline(@PathVariable String id, @RequestParam(defaultValue = "0") long after) {
        Incident incident = find(id);
        ModelAndView page = new ModelAndView("timeline");
        page.addObject("incident", incident);
        addTimeline(page, audit.timeline(incident.id(), Math.max(0, after), TIMELINE + 1));
        return page;
    }

    /** The BPMN model of one of the incident's workflows, for the viewer. */
    @GetMapping("/diagrams/{name}")
    ResponseEntity<String> diagram(@PathVariable String id, @PathVariable String name) {
        String xml = diagrams.of(find(id).id()).stream()
                .filter(diagram -> diagram.name().equals(name))
                .map(WorkflowDiagrams.Diagram::xml)
                .findFirst()
                .orElseThrow(Requested.notFound());
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_XML).body(xml);
    }

    @GetMapping("/diff")
    ModelAndView diff(
            @PathVariable String id,
            @RequestParam String path,
            @RequestHeader(name = "HX-Request", required = false) @Nullable String htmx) {
        Incident incident = find(id);
        NodePath file = Requested.existing(path, NodePath::parse);
        ModelAndView page = new ModelAndView(htmx == null ? "diff" : "diff :: difference");
        page.addObject("incident", incident);
        page.addObject("path", file.toString());
        page.addObject(
                "comparison",
                recovery.comparedPlan(incident.id()).stream()
                        .flatMap(compared -> compared.steps().stream())
                        .filter(step -> step.step().path().equals(file))
                        .map(ComparedPlan.Step::comparison)
                        .findFirst()
                        .orElseThrow(Requested.notFound()));
        return page;
    }

    @PostMapping("/dry-run")
    String beginDryRun(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        Incident incident = find(id);
        if (incident.state().closed()) {
            flash.addFlashAttribute("problem", "Not done: the incident is closed.");
        } else if (reasoned(reason, flash)) {
            tell(
                    flash,
                    dryRuns.begin(member.actor(), incident.id(), reason.strip()),
                    "Dry run: nothing is changed for this incident from now on. What was done before stays.",
                    "the incident is in dry run already.");
        }
        return "redirect:/incidents/{id}";
    }

    @PostMapping("/dry-run/end")
    String endDryRun(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        Incident incident = find(id);
        if (reasoned(reason, flash)) {
            tell(
                    flash,
                    dryRuns.end(member.actor(), incident.id(), reason.strip()),
                    "The dry run is ended. Before anything is done, a task asks how it goes on.",
                    "the incident is not in dry run.");
        }
        return "redirect:/incidents/{id}";
    }

    @PostMapping("/quarantine/{file}/return")
    String askReturn(
            @PathVariable String id,
            @PathVariable String file,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        QuarantineReturns.Asked asked = returns.ask(find(id).id(), file, person(member), reason);
        if (asked instanceof QuarantineReturns.Asked.NotFound) {
            throw Requested.notFound().get();
        }
        String why = asked instanceof QuarantineReturns.Asked.Invalid invalid
                ? invalid.reason()
                : asked instanceof QuarantineReturns.Asked.Conflict conflict ? conflict.reason() : "";
        tell(
                flash,
                asked instanceof QuarantineReturns.Asked.Accepted,
                "Asked for. When the file is still in quarantine, a task asks another person.",
                why + ".");
        return "redirect:/incidents/{id}";
    }

    private static boolean reasoned(String reason, RedirectAttributes flash) {
        boolean good = !reason.isBlank() && reason.length() <= LONGEST_DRY_RUN_REASON;
        if (!good) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_DRY_RUN_REASON + " characters is needed.");
        }
        return good;
    }

    private static void tell(RedirectAttributes flash, boolean done, String success, String why) {
        flash.addFlashAttribute(done ? "notice" : "problem", done ? success : "Not done: " + why);
    }

    @PostMapping("/tasks/{task}/claim")
    String claim(
            @PathVariable String id,
            @PathVariable String task,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        requireTask(id, task);
        tell(flash, inbox.claim(task, person(member)), "The task is yours.");
        return "redirect:/incidents/{id}";
    }

    @PostMapping("/tasks/{task}")
    String decide(
            @PathVariable String id,
            @PathVariable String task,
            @RequestParam(defaultValue = "") String decision,
            @RequestParam(defaultValue = "") String reason,
            @RequestParam(required = false) @Nullable String planHash,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        requireTask(id, task);
        TaskOutcome outcome = judged(task, member, decision, reason.strip(), planHash);
        tell(flash, outcome, "Decided: " + words.plain(decision) + ".");
        if (!(outcome instanceof TaskOutcome.Accepted)) {
            flash.addFlashAttribute("typedTask", task);
            flash.addFlashAttribute("typedReason", reason);
        }
        return "redirect:/incidents/{id}";
    }

    private TaskOutcome judged(String task, Member member, String decision, String reason, @Nullable String planHash) {
        if (reason.isEmpty()) {
            return new TaskOutcome.Invalid("A decision needs a reason.");
        }
        if (reason.length() > LONGEST_REASON) {
            return new TaskOutcome.Invalid("The reason is longer than " + LONGEST_REASON + " characters.");
        }
        String hash = planHash == null || planHash.isBlank() ? null : planHash;
        return inbox.complete(task, person(member), decision, reason, hash);
    }

    private static void tell(RedirectAttributes flash, TaskOutcome outcome, String success) {
        if (outcome instanceof TaskOutcome.Accepted) {
            flash.addFlashAttribute("notice", success);
        } else if (outcome instanceof TaskOutcome.Forbidden forbidden) {
            flash.addFlashAttribute("problem", "Not done (" + forbidden.rule() + "): " + forbidden.reason());
        } else if (outcome instanceof TaskOutcome.Conflict conflict) {
            flash.addFlashAttribute("problem", "Not done (" + conflict.rule() + "): " + conflict.reason());
        } else if (outcome instanceof TaskOutcome.Invalid invalid) {
            flash.addFlashAttribute("problem", "Not done: " + invalid.reason());
        } else {
            flash.addFlashAttribute("problem", "Not done: the task is gone.");
        }
    }

    /** What holds up the response comes first, then what is due first. */
    private List<Waiting> waiting(List<HumanTask> tasks, Member member, Model flash) {
        return tasks.stream()
                .filter(task -> task.state() == HumanTask.State.OPEN)
                .sorted(Comparator.comparing(words::holdsUp)
                        .reversed()
                        .thenComparing(HumanTask::due, Comparator.nullsLast(Comparator.naturalOrder())))
                .map(task -> new Waiting(
                        task,
                        task.id() + "-" + Digest.ofText(task.toString()).abbreviated(),
                        task.candidates().stream().anyMatch(member.groupCodes()::contains),
                        member.name().equals(task.assignee()),
                        task.id().equals(flash.getAttribute("typedTask"))
                                ? (String) flash.getAttribute("typedReason")
                                : null))
                .toList();
    }

    private static List<PlanStep> planSteps(ComparedPlan compared) {
        return compared.steps().stream()
                .map(step -> new PlanStep(
                        step.order(),
                        step.step(),
                        step.comparison(),
                        Digest.ofText(compared.plan().hash()
                                        + step.step().path().toString()
                                        + step.comparison())
                                .abbreviated()))
                .toList();
    }

    private static void addTimeline(ModelAndView page, List<AuditEntry> found) {
        boolean more = found.size() > TIMELINE;
        List<AuditEntry> entries = more ? found.subList(0, TIMELINE) : found;
        page.addObject("timeline", entries);
        page.addObject("timelineNext", more ? entries.get(TIMELINE - 1).seq() : null);
    }

    /** A task is answered on the page of its own incident only, so that nobody decides without its facts. */
    private void requireTask(String id, String task) {
        IncidentId incident = find(id).id();
        inbox.find(task).filter(found -> found.incident().equals(incident)).orElseThrow(Requested.notFound());
    }

    private Incident find(String id) {
        return incidents.find(Requested.existing(id, IncidentId::of)).orElseThrow(Requested.notFound());
    }

    private static TaskInbox.Person person(Member member) {
        return new TaskInbox.Person(member.name(), member.groupCodes());
    }
}
