package dev.drawbridge.recovery;

import dev.drawbridge.baseline.Drift;
import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.WatchedSet;

/** How a playbook wants drift to be answered. */
public record RecoveryPolicy(WatchedSet watched, FilePolicies files) {
    FilePolicy of(RestorePlan.Step step) {
        return files.of(step.fileClass(), step.drift() != Drift.Kind.UNEXPECTED);
    }
}
