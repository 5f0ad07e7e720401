package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** Objects that are no nodes, as the API server has them now, and the only place that changes one. */
@Component
class ClusterObjects {
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERROR = 500;

    /** What is left of the step's time before another request is begun; see decision record 30. */
    private static final Duration ONE_REQUEST = Duration.ofSeconds(1);

    private static final String BUDGET = "DisruptionBudget";

    private final KubernetesClient client;

    /** Repeats nothing: a budget's 429 is an answer, and its Retry-After is longer than a request may take. */
    private final Client once;

    ClusterObjects(KubernetesClient client) {
        this.client = client;
        this.once = client.newClient(new RequestConfigBuilder()
                .withRequestTimeout(client.getConfiguration().getRequestTimeout())
                .withRequestRetryBackoffLimit(0)
                .build());
    }

    /** What the API server made of a change. */
    sealed interface Answer {
        record Done() implements Answer {}

        /** There is no such object any more, or another one of its name. */
        record Gone() implements Answer {}

        /**
         * Not now.
         *
         * @param busy the server itself, which wants to be left alone for a while; else a disruption budget of this pod
         */
        record HeldBack(String reason, Duration retryAfter, boolean busy) implements Answer {}

        /** The server could not do it for this one. */
        record Failed(String reason) implements Answer {}
    }

    /** @throws KubernetesClientException when the API server could not be asked */
    List<Pod> podsOn(NodeName node) {
        return client.pods()
                .inAnyNamespace()
                .withField("spec.nodeName", node.value())
                .list()
                .getItems();
    }

    /**
     * One request.
     *
     * @throws KubernetesClientException when it is not known what came of it, or it is not allowed
     * @throws dev.drawbridge.shared.TimeLimitException when the step has no time left for it
     */
    Answer evict(Permit permit, NodeName node, Change.Evict eviction) {
        permit.requireNode(node);
        TimeLimit.require(ONE_REQUEST);
        try {
            once.raw(eviction.path(), "POST", eviction.body());
            return new Answer.Done();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND || refused.getCode() == CONFLICT) {
                return new Answer.Gone();
            }
            if (refused.getCode() == TOO_MANY_REQUESTS) {
                return heldBack(refused);
            }
            if (refused.getCode() == SERVER_ERROR) {
                // for example a pod with more than one budget, which this API does not know how to answer
                return new Answer.Failed(message(refused));
            }
            if (refused.getCode() > SERVER_ERROR) {
                return new Answer.HeldBack(message(refused), Duration.ZERO, true);
            }
            throw refused;
        }
    }

    private static Answer heldBack(KubernetesClientException refused) {
        Optional<StatusDetails> details =
                Optional.ofNullable(refused.getStatus()).map(Status::getDetails);
        Duration retryAfter = Duration.ofSeconds(
                details.map(StatusDetails::getRetryAfterSeconds).orElse(0));
        Optional<String> budget = details.stream()
                .flatMap(known -> known.getCauses() == null ? Stream.empty() : known.getCauses().stream())
                .filter(cause -> BUDGET.equals(cause.getReason()) && cause.getMessage() != null)
                .map(cause -> cause.getMessage())
                .findFirst();
        return new Answer.HeldBack(budget.orElseGet(() -> message(refused)), retryAfter, budget.isEmpty());
    }

    private static String message(KubernetesClientException refused) {
        String said = refused.getStatus() == null ? null : refused.getStatus().getMessage();
        return said == null || said.isBlank() ? "the API server answered " + refused.getCode() : said;
    }
}
