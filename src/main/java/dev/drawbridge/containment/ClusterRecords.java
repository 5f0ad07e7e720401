package dev.drawbridge.containment;

import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Optional;

/**
 * What the API server holds about a node, whole and word by word, for evidence. Only read; bounded in number and size. Faults are
 * exceptions: "could not be read" is never an empty answer.
 */
public interface ClusterRecords {
    /**
     * An object as JSON. Whoever may write it in the cluster chose its content.
     *
     * @param namespace empty for objects without one
     */
    record Document(String namespace, String name, String json) {}

    /** @param complete false when there is more than was taken */
    record Documents(List<Document> items, boolean complete) {
        public Documents {
            items = List.copyOf(items);
        }
    }

    /** The node object; empty when there is none of this name. */
    Optional<Document> node(NodeName node);

    /** The mirror pods of the node's static pods: what kubelet said that it runs. */
    Documents mirrorPods(NodeName node);

    /**
     * Events about the node and about these pods of it. The API server keeps them for an hour as a rule.
     *
     * @param pods as {@link #mirrorPods} gave them
     */
    Documents events(NodeName node, List<Document> pods);
}
