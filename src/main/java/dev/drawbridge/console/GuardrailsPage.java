package dev.drawbridge.console;

import dev.drawbridge.access.Group;
import dev.drawbridge.access.Member;
import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.containment.RungDescription;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.GuardrailOverride;
import dev.drawbridge.guardrail.Guardrails;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.guardrail.StormLatch;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;

/** What Drawbridge may do by itself at this moment, and the brake. */
@Controller
@RequestMapping("/guardrails")
class GuardrailsPage {
    private static final int LONGEST_REASON = 2000;
    private static final int PAGE = 20;
    private static final String HERE = "redirect:/guardrails";

    private final Guardrails guardrails;
    private final ClusterRights rights;
    private final Pauses pauses;
    private final StormLatch latch;
    private final DryRuns dryRuns;
    private final Overrides overrides;
    private final PlaybookCatalogue playbooks;
    private final NodeDirectory nodes;
    private final Clock clock;

    GuardrailsPage(
            Guardrails guardrails,
            ClusterRights rights,
            Pauses pauses,
            StormLatch latch,
            DryRuns dryRuns,
            Overrides overrides,
            PlaybookCatalogue playbooks,
            NodeDirectory nodes,
            Clock clock) {
        this.guardrails = guardrails;
        this.rights = rights;
        this.pauses = pauses;
        this.latch = latch;
        this.dryRuns = dryRuns;
        this.overrides = overrides;
        this.playbooks = playbooks;
        this.nodes = nodes;
        this.clock = clock;
    }

    @GetMapping
    String show(
            @RequestParam(name = "overrides", defaultValue = "") String after,
            @AuthenticationPrincipal Member member,
            Model model) {
        List<GuardrailOverride> found = overrides.page(Requested.orNull(after, GuardrailOverride::requireId), PAGE + 1);
        List<GuardrailOverride> shown = found.size() > PAGE ? found.subList(0, PAGE) : found;
        model.addAttribute("overrides", shown);
        model.addAttribute(
                "olderOverrides", found.size() > PAGE ? shown.get(PAGE - 1).id() : null);
        model.addAttribute("now", clock.instant());
        model.addAttribute("rungs", RungDescription.all());
        List<DryRuns.Switched> switched = dryRuns.switched();
        Set<String> on = switched.stream().map(DryRuns.Switched::playbook).collect(Collectors.toSet());
        model.addAttribute("dryRuns", switched);
        model.addAttribute(
                "dryRunFiles",
                playbooks.all().stream()
                        .filter(Playbook::dryRun)
                        .map(Playbook::name)
                        .toList());
        model.addAttribute(
                "liveFiles",
                playbooks.all().stream()
                        .map(Playbook::name)
                        .filter(name -> !on.contains(name))
                        .toList());
        model.addAttribute("guardrails", guardrails.status());
        model.addAttribute("rights", rights.report());
        model.addAttribute("targets", targets());
        model.addAttribute(
                "mayPause",
                member.in(Group.RESPONDERS) || member.in(Group.SECURITY_OPERATIONS) || member.in(Group.ADMINISTRATORS));
        model.addAttribute("mayReset", member.in(Group.ADMINISTRATORS));
        return "guardrails";
    }

    /** @param target one of {@link #targets()}; a list to choose from, because a mistyped name would pause nothing */
    @PostMapping("/pauses")
    String pause(
            @RequestParam(defaultValue = "") String target,
            @RequestParam(defaultValue = "") String reason,
            @RequestParam(defaultValue = "0") long hours,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        @Nullable String what = targets().get(target);
        if (what == null || hours < 0 || hours > Duration.ofDays(31).toHours()) {
            return refused(flash, reason, "choose what is paused, and for how long.");
        }
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            return refused(flash, reason, "a reason of at most " + LONGEST_REASON + " characters is needed.");
        }
        int colon = target.indexOf(':');
        pauses.set(
                member.actor(),
                Pause.Scope.valueOf(target.substring(0, colon).toUpperCase(java.util.Locale.ROOT)),
                target.substring(colon + 1),
                reason.strip(),
                hours == 0 ? null : clock.instant().plus(Duration.ofHours(hours)));
        flash.addFlashAttribute("notice", "Paused: " + what + ". Responses that had contained their node run on.");
        return HERE;
    }

    @PostMapping("/pauses/{id}/lift")
    String lift(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_REASON + " characters is needed.");
            return HERE;
        }
        if (pauses.lift(member.actor(), id, reason.strip())) {
            flash.addFlashAttribute("notice", "The pause is lifted. What was refused meanwhile waits as a task.");
        } else {
            flash.addFlashAttribute("problem", "Not done: this pause is over already.");
        }
        return HERE;
    }

    @PostMapping("/reset-storm")
    String resetStorm(
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_REASON + " characters is needed.");
        } else if (latch.reset(member.actor(), reason.strip())) {
            flash.addFlashAttribute("notice", "The storm latch is reset. What was refused meanwhile waits as a task.");
        } else {
            flash.addFlashAttribute("problem", "Not done: the storm latch does not hold.");
        }
        return HERE;
    }

    /** @param playbook the name of one that is loaded; of a list to choose from */
    @PostMapping("/dry-run")
    String beginDryRun(
            @RequestParam(defaultValue = "") String playbook,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_REASON + " characters is needed.");
        } else if (playbooks.all().stream().noneMatch(one -> one.name().equals(playbook))) {
            flash.addFlashAttribute("problem", "Not done: choose a playbook.");
        } else if (dryRuns.switchOn(member.actor(), playbook, reason.strip())) {
            flash.addFlashAttribute(
                    "notice",
                    "New incidents of the playbook " + playbook + " begin in dry run. Open ones go on as they are.");
        } else {
            flash.addFlashAttribute("problem", "Not done: the playbook is switched to dry run already.");
        }
        return HERE;
    }

    @PostMapping("/dry-run/end")
    String endDryRun(
            @RequestParam(defaultValue = "") String playbook,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_REASON + " characters is needed.");
        } else if (dryRuns.switchOff(member.actor(), playbook, reason.strip())) {
            flash.addFlashAttribute("notice", "The switch is off. Incidents that began in dry run stay in it.");
        } else {
            flash.addFlashAttribute("problem", "Not done: the playbook is not switched to dry run.");
        }
        return HERE;
    }

    private static String refused(RedirectAttributes flash, String typed, String why) {
        flash.addFlashAttribute("problem", "Not done: " + why);
        flash.addFlashAttribute("typed", typed);
        return HERE;
    }

    /** Everything that can be paused, as the form sends it, with the words for it. */
    private Map<String, String> targets() {
        Map<String, String> targets = new LinkedHashMap<>();
        targets.put("global:", "everything");
        for (Playbook playbook : playbooks.all()) {
            targets.put("playbook:" + playbook.name(), "playbook " + playbook.name());
        }
        for (NodeInfo node : nodes.all()) {
            targets.put("node:" + node.name(), "node " + node.name());
        }
        return targets;
    }
}
