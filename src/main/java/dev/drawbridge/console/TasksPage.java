package dev.drawbridge.console;

import dev.drawbridge.access.Member;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.TaskInbox;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;

/** What waits for people: what holds up a response first, then what is due first. Decisions are taken on the incident's page, where the facts are. */
@Controller
class TasksPage {
    private static final int MOST = 200;

    private final TaskInbox inbox;
    private final Incidents incidents;
    private final Words words;

    TasksPage(TaskInbox inbox, Incidents incidents, Words words) {
        this.inbox = inbox;
        this.incidents = incidents;
        this.words = words;
    }

    /** @param mayDecide the signed-in person is in one of the task's groups; rules such as four eyes may still forbid it */
    record Row(HumanTask task, @Nullable Incident incident, boolean mayDecide, boolean mine) {}

    @GetMapping("/tasks")
    String open(
            @RequestParam(defaultValue = "for-me") String show,
            @AuthenticationPrincipal Member member,
            @RequestHeader(name = "HX-Request", required = false) @Nullable String htmx,
            Model model) {
        List<Row> all = inbox.open(null, MOST).stream()
                .map(task -> row(task, member))
                .sorted(Comparator.comparing((Row row) -> words.holdsUp(row.task()))
                        .reversed()
                        .thenComparing(row -> row.task().due(), Comparator.nullsLast(Comparator.naturalOrder())))
                .toList();
        boolean everything = show.equals("all");
        model.addAttribute(
                "rows", everything ? all : all.stream().filter(Row::mayDecide).toList());
        model.addAttribute("forMe", all.stream().filter(Row::mayDecide).count());
        model.addAttribute("total", all.size());
        model.addAttribute("show", everything ? "all" : "for-me");
        model.addAttribute("full", all.size() == MOST);
        return htmx == null ? "tasks" : "tasks :: rows";
    }

    private Row row(HumanTask task, Member member) {
        return new Row(
                task,
                incidents.find(task.incident()).orElse(null),
                task.candidates().stream().anyMatch(member.groupCodes()::contains),
                member.name().equals(task.assignee()));
    }
}
