package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;

/** Where people ask that a quarantined file be put back. Nothing is changed by asking: another person decides. */
public interface QuarantineReturns {
    /** @param file id of a quarantined file of the incident, which may be closed */
    Asked ask(IncidentId incident, String file, TaskInbox.Person person, String reason);

    /** What became of a request. */
    sealed interface Asked {
        /** A workflow looks at the node and then asks another person. */
        record Accepted() implements Asked {}

        record NotFound() implements Asked {}

        /** @param rule {@code returned}: it is back already; {@code asked}: somebody has asked, and that is not over */
        record Conflict(String rule, String reason) implements Asked {}

        record Invalid(String reason) implements Asked {}
    }
}
