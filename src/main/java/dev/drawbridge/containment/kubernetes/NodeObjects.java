package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Node objects as the API server has them now, and the only place that changes one. */
@Component
class NodeObjects {
    static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int INVALID = 422;

    private final KubernetesClient client;

    NodeObjects(KubernetesClient client) {
        this.client = client;
    }

    /** What the API server made of a patch. */
    sealed interface Answer {
        /** The node after it: the same request's answer, so it needs no reading back. */
        record Patched(Node node) implements Answer {}

        /** The node is not what the patch was made for; nothing was changed. */
        record Conflict(String reason) implements Answer {}

        record Gone() implements Answer {}
    }

    /** @throws KubernetesClientException when the API server could not be asked */
    Optional<Node> read(NodeName name) {
        return Optional.ofNullable(client.nodes().withName(name.value()).get());
    }

    /**
     * One request.
     *
     * @throws KubernetesClientException when it is not known what came of it, or it is not allowed
     */
    Answer patch(Permit permit, NodeName name, JsonPatch patch) {
        permit.requireNode(name);
        // addressed by an item: addressed by name, the client would read the node first
        Node address = new NodeBuilder()
                .withNewMetadata()
                .withName(name.value())
                .endMetadata()
                .build();
        try {
            return new Answer.Patched(
                    client.resource(address).patch(PatchContext.of(PatchType.JSON), patch.toString()));
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND) {
                return new Answer.Gone();
            }
            if (refused.getCode() == CONFLICT || refused.getCode() == INVALID) {
                return new Answer.Conflict(
                        "the node changed meanwhile (" + refused.getCode() + "): " + refused.getMessage());
            }
            throw refused;
        }
    }
}
