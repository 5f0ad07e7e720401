package dev.drawbridge.console;

import dev.drawbridge.access.Group;
import dev.drawbridge.access.Member;
import dev.drawbridge.alert.Alerts;
import dev.drawbridge.alert.DeadLetter;
import dev.drawbridge.alert.Disposition;
import dev.drawbridge.alert.StoredAlert;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;

/** Every alert that came in and what became of it: nothing that was sent is lost from sight. */
@Controller
@RequestMapping("/alerts")
class AlertsPage {
    private static final int PAGE = 50;
    private static final int LONGEST_REASON = 4000;

    private final Alerts alerts;
    private final Incidents incidents;

    AlertsPage(Alerts alerts, Incidents incidents) {
        this.alerts = alerts;
        this.incidents = incidents;
    }

    @GetMapping
    String list(
            @RequestParam(defaultValue = "") String disposition,
            @RequestParam(defaultValue = "") String after,
            @AuthenticationPrincipal Member member,
            Model model) {
        Disposition only = Requested.orNull(disposition, code -> Disposition.valueOf(code.toUpperCase(Locale.ROOT)));
        List<StoredAlert> found = alerts.page(only, Requested.orNull(after, AlertId::of), PAGE + 1);
        List<StoredAlert> shown = found.size() > PAGE ? found.subList(0, PAGE) : found;
        model.addAttribute("alerts", shown);
        model.addAttribute(
                "next", found.size() > PAGE ? shown.get(PAGE - 1).alert().id().value() : null);
        model.addAttribute("disposition", only == null ? "" : only.code());
        model.addAttribute("dispositions", Disposition.values());
        model.addAttribute("deadLetters", alerts.deadLetterCount());
        model.addAttribute(
                "mayRespond",
                member.in(Group.RESPONDERS) || member.in(Group.SECURITY_OPERATIONS) || member.in(Group.ADMINISTRATORS));
        return "alerts";
    }

    @GetMapping("/dead-letters")
    String deadLetters(@RequestParam(defaultValue = "") String after, Model model) {
        List<DeadLetter> found = alerts.deadLetters(Requested.orNull(after, Long::valueOf), PAGE + 1);
        List<DeadLetter> shown = found.size() > PAGE ? found.subList(0, PAGE) : found;
        model.addAttribute("letters", shown);
        model.addAttribute("next", found.size() > PAGE ? shown.get(PAGE - 1).id() : null);
        return "dead-letters";
    }

    /** A person has a stale alert answered. */
    @PostMapping("/{id}/respond")
    String respond(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String reason,
            @AuthenticationPrincipal Member member,
            RedirectAttributes flash) {
        AlertId alert = Requested.existing(id, AlertId::of);
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            flash.addFlashAttribute(
                    "problem", "Not done: a reason of at most " + LONGEST_REASON + " characters is needed.");
            return "redirect:/alerts?disposition=stale";
        }
        Optional<IncidentId> incident = incidents.respond(member.actor(), alert, reason.strip());
        if (incident.isEmpty()) {
            flash.addFlashAttribute("problem", "Not done: this alert is not stale, or no playbook can answer it.");
            return "redirect:/alerts?disposition=stale";
        }
        flash.addFlashAttribute("notice", "The alert is being answered.");
        return "redirect:/incidents/" + incident.get();
    }
}
