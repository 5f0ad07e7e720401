package dev.drawbridge.recovery;

import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.WatchedSet;
import java.util.Set;

/**
 * How a playbook wants drift to be answered.
 *
 * @param askFirst file classes whose restore waits for a person's approval of the plan
 */
public record RecoveryPolicy(WatchedSet watched, Set<FileClass> askFirst) {
    public RecoveryPolicy {
        askFirst = Set.copyOf(askFirst);
    }
}
