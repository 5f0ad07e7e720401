package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;

/** One rung as a change of a Node object: whose it is, the patch that applies it, the patch that undoes it. Knows no server. */
sealed interface NodeRung permits CordonRung, TaintRung, LabelRung {
    /** Who holds the rung on a node. */
    sealed interface Hold {
        /** It is not applied. */
        record Nobody() implements Hold {}

        /** It is applied, with our mark. */
        record Ours() implements Hold {}

        /** It is applied and not by this incident: never overwritten, never undone. */
        record Others(String detail) implements Hold {}
    }

    Rung rung();

    /** The value that tells this incident's work on a node from everybody else's; at most 64 characters. */
    String mark(IncidentId incident);

    Hold hold(Node node, String mark);

    /** What an undo goes back to. */
    JsonNode prior(Node node);

    /** For a node on which nobody holds it; fails on the server when that is no longer so. */
    JsonPatch apply(Node node, String mark);

    /** For a node on which we hold it; fails on the server when that is no longer so. */
    JsonPatch undo(Node node, String mark);

    /** For a node on which we hold it: another incident will. */
    JsonPatch handOver(Node node, String mark, String heir);

    /** What an applied rung is, for people. */
    String applied(String mark);

    static NodeRung of(Rung rung) {
        return switch (rung) {
            case CORDON -> new CordonRung();
            case TAINT -> new TaintRung();
            case LABEL -> new LabelRung();
            case DRAIN, NETWORK_POLICIES, CILIUM_HOST_POLICY, CALICO_HOST_POLICY, NODE_CREDENTIALS ->
                throw new IllegalArgumentException(rung.code() + " is no change of a node");
        };
    }
}
