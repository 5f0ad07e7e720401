package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What waits for people, and the rules for answering it. */
public interface TaskInbox {
    /** Open tasks, oldest first, after the given task id (null from the start). */
    List<HumanTask> open(@Nullable String after, int limit);

    /** Every task of an incident, oldest first. */
    List<HumanTask> ofIncident(IncidentId incident);

    Optional<HumanTask> find(String id);

    TaskOutcome claim(String id, Person person);

    /**
     * @param planHash the plan that the caller saw; must equal the task's where it has one. A task is bound to one plan, so it
     *     may be left out
     */
    TaskOutcome complete(String id, Person person, String decision, String reason, @Nullable String planHash);

    /** Who decides: login name and groups, from the session or API credentials, never from the request. */
    record Person(String name, Set<String> groups) {
        public Person {
            groups = Set.copyOf(groups);
        }
    }
}
