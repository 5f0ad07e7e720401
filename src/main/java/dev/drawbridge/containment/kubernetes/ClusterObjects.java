package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.AccessPods;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.client.Client;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** Objects that are no nodes, as the API server has them now, and the only place that changes one. */
@Component
class ClusterObjects {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int INVALID = 422;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERROR = 500;

    /** What is left of the step's time before another request is begun; see decision record 30. */
    private static final Duration ONE_REQUEST = Duration.ofSeconds(1);

    private static final String BUDGET = "DisruptionBudget";
    private static final String TERMINATING = "NamespaceTerminating";

    private final KubernetesClient client;
    private final AccessPods accessPods;

    /** Repeats nothing: a budget's 429 is an answer, and its Retry-After is longer than a request may take. */
    private final Client once;

    ClusterObjects(KubernetesClient client, AccessPods accessPods) {
        this.client = client;
        this.accessPods = accessPods;
        this.once = client.newClient(new RequestConfigBuilder()
                .withRequestTimeout(client.getConfiguration().getRequestTimeout())
                .withRequestRetryBackoffLimit(0)
                .build());
    }

    /**
     * Objects of one kind in all namespaces.
     *
     * @param selector of labels; empty for all
     * @throws KubernetesClientException when the API server could not be asked
     */
    List<JsonNode> list(Ref.Api api, String selector) {
        String answer = client.raw(
                selector.isEmpty()
                        ? api.path()
                        : api.path() + "?labelSelector=" + URLEncoder.encode(selector, StandardCharsets.UTF_8));
        List<JsonNode> found = new ArrayList<>();
        if (answer != null) {
            json(answer).path("items").forEach(found::add);
        }
        return found;
    }

    /** @throws KubernetesClientException when the API server could not be asked */
    Optional<JsonNode> read(Ref ref) {
        return Optional.ofNullable(client.raw(ref.path())).map(ClusterObjects::json);
    }

    private static JsonNode json(String answer) {
        try {
            return JSON.readTree(answer);
        } catch (JsonProcessingException broken) {
            throw new KubernetesClientException("the API server answered with what is no JSON", broken);
        }
    }

    /** What the API server made of a change. */
    sealed interface Answer {
        record Done() implements Answer {}

        /** The object is not what it was taken for: gone, there already, or changed by somebody else. Nothing was done. */
        record Changed(String reason) implements Answer {}

        /**
         * Not now.
         *
         * @param busy the server itself, which wants to be left alone for a while; else a disruption budget of this pod
         */
        record HeldBack(String reason, Duration retryAfter, boolean busy) implements Answer {}

        /** The server could not do it for this one. */
        record Failed(String reason) implements Answer {}
    }

    /**
     * All but those by which we reach the node ourselves.
     *
     * @throws KubernetesClientException when the API server could not be asked
     */
    List<Pod> podsOn(NodeName node) {
        return client.pods().inAnyNamespace().withField("spec.nodeName", node.value()).list().getItems().stream()
                .filter(pod -> !accessPods.includes(
                        pod.getMetadata().getNamespace(), pod.getMetadata().getLabels()))
                .toList();
    }

    /**
     * One request.
     *
     * @throws KubernetesClientException when it is not known what came of it, or it is not allowed
     * @throws dev.drawbridge.shared.TimeLimitException when the step has no time left for it
     */
    Answer make(Permit permit, NodeName node, Change change) {
        permit.requireNode(node);
        TimeLimit.require(ONE_REQUEST);
        if (change instanceof Change.Evict eviction) {
            return evict(eviction);
        }
        if (change instanceof Change.Create creation) {
            return create(creation);
        }
        return change instanceof Change.Patch patch ? patch(patch) : delete((Change.Delete) change);
    }

    private Answer create(Change.Create creation) {
        try {
            client.raw(creation.ref().collection(), "POST", creation.object().toString());
            return new Answer.Done();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == CONFLICT || refused.getCode() == NOT_FOUND) {
                return new Answer.Changed(message(refused));
            }
            if (refused.getCode() == FORBIDDEN && hasCause(refused, TERMINATING)) {
                return new Answer.Failed(message(refused));
            }
            throw refused;
        }
    }

    private Answer patch(Change.Patch patch) {
        Ref ref = patch.ref();
        GenericKubernetesResource address = new GenericKubernetesResourceBuilder()
                .withApiVersion(ref.api().apiVersion())
                .withKind(ref.api().kind())
                .withNewMetadata()
                .withNamespace(ref.namespace())
                .withName(ref.name())
                .endMetadata()
                .build();
        try {
            client.genericKubernetesResources(context(ref))
                    .resource(address)
                    .patch(PatchContext.of(PatchType.JSON), patch.patch().toString());
            return new Answer.Done();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND || refused.getCode() == CONFLICT || refused.getCode() == INVALID) {
                return new Answer.Changed(message(refused));
            }
            throw refused;
        }
    }

    private static ResourceDefinitionContext context(Ref ref) {
        return new ResourceDefinitionContext.Builder()
                .withGroup(ref.api().group())
                .withVersion(ref.api().version())
                .withKind(ref.api().kind())
                .withPlural(ref.api().plural())
                .withNamespaced(ref.namespace() != null)
                .build();
    }

    private Answer delete(Change.Delete deletion) {
        try {
            client.raw(deletion.ref().path(), "DELETE", deletion.body());
            return new Answer.Done();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND || refused.getCode() == CONFLICT) {
                return new Answer.Changed(message(refused));
            }
            throw refused;
        }
    }

    private Answer evict(Change.Evict eviction) {
        try {
            once.raw(eviction.path(), "POST", eviction.body());
            return new Answer.Done();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND || refused.getCode() == CONFLICT) {
                return new Answer.Changed(message(refused));
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

    private static boolean hasCause(KubernetesClientException refused, String reason) {
        return Stream.ofNullable(refused.getStatus())
                .map(Status::getDetails)
                .filter(Objects::nonNull)
                .flatMap(details -> details.getCauses().stream())
                .anyMatch(cause -> reason.equals(cause.getReason()));
    }

    private static String message(KubernetesClientException refused) {
        String said = refused.getStatus() == null ? null : refused.getStatus().getMessage();
        return said == null || said.isBlank() ? "the API server answered " + refused.getCode() : said;
    }
}
