package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One rung as changes of objects that are no nodes. Every question looks at the cluster; only the act of a {@link Look.Left} changes it, and
 * looks again. So a rung that was interrupted goes on where it stopped, and what was done is read back.
 */
interface ObjectRung {
    /**
     * What it is done to.
     *
     * @param uid of the node object that the incident met first
     * @param begunAt when it was announced first
     * @param prior what was written down before the first change; null while nothing was announced
     */
    record Target(
            IncidentId incident,
            NodeName node,
            String uid,
            Instant begunAt,
            @Nullable String prior) {
        Target knowing(String before) {
            return new Target(incident, node, uid, begunAt, before);
        }
    }

    Rung rung();

    /** Why the cluster offers no way for it on this node, for people; empty when it does. */
    Optional<String> unsupported(Node node);

    /** How far it is applied. */
    Look toApply(Target target);

    /** How far what we did is undone; {@link Look.Foreign} when nothing of ours is left. */
    Look toUndo(Target target);

    /** How far what we did belongs to another incident, which relies on it. */
    Look toHandOver(Target target, IncidentId heir);
}
