package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Tasks in memory. Answers what a test scripted, else accepts; remembers what was asked of it. */
public final class ScriptedInbox implements TaskInbox {
    private final Map<String, HumanTask> tasks = new LinkedHashMap<>();
    private final Queue<TaskOutcome> script = new ArrayDeque<>();
    private final List<Answer> answers = new ArrayList<>();
    private @Nullable String fault;

    /** @param decision null for a claim */
    public record Answer(
            String task,
            Person person,
            @Nullable String decision,
            @Nullable String reason,
            @Nullable String planHash) {}

    public void put(HumanTask... added) {
        for (HumanTask task : added) {
            tasks.put(task.id(), task);
        }
    }

    /** What the next claim or completion comes to. */
    public void answerNext(TaskOutcome outcome) {
        script.add(outcome);
    }

    /** The next look at tasks fails, as when the database is gone. */
    public void failNext(String message) {
        fault = message;
    }

    private void failWhenTold() {
        String message = fault;
        fault = null;
        if (message != null) {
            throw new IllegalStateException(message);
        }
    }

    public List<Answer> answers() {
        return List.copyOf(answers);
    }

    public void clear() {
        tasks.clear();
        script.clear();
        answers.clear();
        fault = null;
    }

    @Override
    public List<HumanTask> open(@Nullable String after, int limit) {
        failWhenTold();
        List<HumanTask> open = tasks.values().stream()
                .filter(task -> task.state() == HumanTask.State.OPEN)
                .toList();
        int from = 0;
        for (int i = 0; i < open.size(); i++) {
            if (open.get(i).id().equals(after)) {
                from = i + 1;
            }
        }
        return open.subList(from, Math.min(open.size(), from + limit));
    }

    @Override
    public List<HumanTask> ofIncident(IncidentId incident) {
        return tasks.values().stream()
                .filter(task -> task.incident().equals(incident))
                .toList();
    }

    @Override
    public Optional<HumanTask> find(String id) {
        failWhenTold();
        return Optional.ofNullable(tasks.get(id));
    }

    @Override
    public TaskOutcome claim(String id, Person person) {
        return answer(id, new Answer(id, person, null, null, null));
    }

    @Override
    public TaskOutcome complete(String id, Person person, String decision, String reason, @Nullable String planHash) {
        return answer(id, new Answer(id, person, decision, reason, planHash));
    }

    private TaskOutcome answer(String id, Answer answer) {
        answers.add(answer);
        TaskOutcome scripted = script.poll();
        if (scripted != null) {
            return scripted;
        }
        HumanTask task = tasks.get(id);
        return task == null ? new TaskOutcome.NotFound() : new TaskOutcome.Accepted(task);
    }
}
