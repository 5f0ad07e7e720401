package dev.drawbridge.console;

import dev.drawbridge.access.Group;
import dev.drawbridge.access.Member;
import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.guardrail.Guardrails;
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
import java.util.Map;
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
    private static final String HERE = "redirect:/guardrails";

    private final Guardrails guardrails;
    private final ClusterRights rights;
    private final Pauses pauses;
    private final StormLatch latch;
    private final PlaybookCatalogue playbooks;
    private final NodeDirectory nodes;
    private final Clock clock;

    GuardrailsPage(
            Guardrails guardrails,
            ClusterRights rights,
            Pauses pauses,
            StormLatch latch,
            PlaybookCatalogue playbooks,
            NodeDirectory nodes,
            Clock clock) {
        this.guardrails = guardrails;
        this.rights = rights;
        this.pauses = pauses;
        this.latch = latch;
        this.playbooks = playbooks;
        this.nodes = nodes;
        this.clock = clock;
    }

    @GetMapping
    String show(@AuthenticationPrincipal Member member, Model model) {
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
