package dev.drawbridge.recovery;

import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What will be done to which file, in this order, and why.
 *
 * @param hash SHA-256 of the canonical form of node, revision and steps (not of times or ids): approval binds to it
 */
public record RestorePlan(
        IncidentId incident,
        NodeName node,
        BaselineRevision revision,
        List<Step> steps,
        boolean needsApproval,
        Digest hash,
        Instant madeAt) {
    public RestorePlan {
        steps = List.copyOf(steps);
    }

    /**
     * One file.
     *
     * @param before digest found on the node, null when missing or without content
     * @param after digest of the baseline, null when quarantined
     * @param effect what will happen when it is done, in words: which static pod restarts, what is disclosed
     */
    public record Step(
            NodePath path,
            Drift.Kind drift,
            FileClass fileClass,
            FileAction action,
            @Nullable Digest before,
            @Nullable Digest after,
            String why,
            String effect) {}
}
