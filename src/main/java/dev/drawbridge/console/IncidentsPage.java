package dev.drawbridge.console;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.TaskInbox;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;

/** All incidents, newest first, with what waits in each. */
@Controller
class IncidentsPage {
    private static final int PAGE = 50;

    private final Incidents incidents;
    private final TaskInbox inbox;

    IncidentsPage(Incidents incidents, TaskInbox inbox) {
        this.incidents = incidents;
        this.inbox = inbox;
    }

    /** @param waiting open tasks, oldest first */
    record Row(Incident incident, List<HumanTask> waiting) {}

    @GetMapping("/incidents")
    String list(
            @RequestParam(defaultValue = "") String node,
            @RequestParam(defaultValue = "") String state,
            @RequestParam(defaultValue = "") String after,
            @RequestHeader(name = "HX-Request", required = false) @Nullable String htmx,
            Model model) {
        NodeName onlyNode = NodeName.tryParse(node.strip()).orElse(null);
        IncidentState onlyState = Requested.orNull(state, IncidentState::ofCode);
        IncidentId before = Requested.orNull(after, IncidentId::of);
        List<Incident> found = incidents.page(onlyNode, onlyState, before, PAGE + 1);
        List<Incident> shown = found.size() > PAGE ? found.subList(0, PAGE) : found;
        model.addAttribute("rows", shown.stream().map(this::row).toList());
        model.addAttribute("states", IncidentState.values());
        model.addAttribute("node", onlyNode == null ? "" : onlyNode.value());
        model.addAttribute("notANode", onlyNode == null && !node.isBlank());
        model.addAttribute("state", onlyState == null ? "" : onlyState.code());
        model.addAttribute("after", after);
        model.addAttribute(
                "next", found.size() > PAGE ? shown.get(PAGE - 1).id().value() : null);
        return htmx == null ? "incidents" : "incidents :: rows";
    }

    private Row row(Incident incident) {
        // follow-up tasks wait on closed incidents too
        return new Row(
                incident,
                inbox.ofIncident(incident.id()).stream()
                        .filter(task -> task.state() == HumanTask.State.OPEN)
                        .toList());
    }
}
