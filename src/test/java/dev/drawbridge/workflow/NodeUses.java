package dev.drawbridge.workflow;

import dev.drawbridge.node.NodeUse;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;

/** Every step that reaches a node says in whose name: where that takes a helper pod, none is started otherwise. */
final class NodeUses {
    private NodeUses() {}

    static void require(Actor actor, IncidentId incident) {
        if (NodeUse.current()
                .filter(use -> use.actor().equals(actor) && use.incident().equals(incident))
                .isEmpty()) {
            throw new IllegalStateException("the step does not say in whose name it reaches the node");
        }
    }
}
