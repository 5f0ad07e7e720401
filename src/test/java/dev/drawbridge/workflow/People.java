package dev.drawbridge.workflow;

import dev.drawbridge.workflow.TaskInbox.Person;
import java.util.Set;

/** The users of the sandbox. */
final class People {
    static final Person RESPONDER = new Person("responder", Set.of("responders", "security-operations"));
    static final Person RESPONDER2 = new Person("responder2", Set.of("responders", "security-operations"));
    static final Person APPROVER = new Person("approver", Set.of("approvers", "responders", "security-operations"));
    static final Person APPROVER2 = new Person("approver2", Set.of("approvers", "responders", "security-operations"));
    static final Person AUDITOR = new Person("auditor", Set.of("auditors"));
    static final Person ADMIN = new Person("admin", Set.of("administrators", "security-operations"));

    private People() {}
}
