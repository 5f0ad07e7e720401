package dev.drawbridge.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.crud.AttributeSet;
import io.fabric8.mockwebserver.http.MockResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The eviction subresource as a real server has it: it holds back what a PodDisruptionBudget holds back, and marks the pod; the
 * kubelet ends it. The mock knows none of this.
 */
final class Evictions {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int DEFAULT_GRACE_SECONDS = 30;
    private static final int BUDGET_RETRY_SECONDS = 10;

    /** Phases in which a pod counts for no budget. */
    private static final Set<String> NOT_RUNNING = Set.of("Pending", "Succeeded", "Failed");

    private final KubernetesCrudDispatcher crud;

    Evictions(KubernetesCrudDispatcher crud) {
        this.crud = crud;
    }

    /**
     * Evicts one pod.
     *
     * @param path of the pod
     * @throws ApiRefusal as the server refuses
     */
    MockResponse evict(String path, ObjectNode pod, JsonNode eviction) throws JsonProcessingException {
        String uid = eviction.at("/deleteOptions/preconditions/uid").asText();
        if (!uid.isEmpty() && !uid.equals(pod.at("/metadata/uid").asText())) {
            throw new ApiRefusal(409, "Conflict", "Precondition failed: UID in precondition: " + uid);
        }
        boolean leaving = pod.at("/metadata").has("deletionTimestamp");
        if (!leaving && !NOT_RUNNING.contains(pod.at("/status/phase").asText())) {
            spend(pod);
        }
        if (!leaving) {
            mark(path, pod, eviction.at("/deleteOptions/gracePeriodSeconds").asInt(DEFAULT_GRACE_SECONDS));
        }
        return ApiRefusal.answer(
                201,
                JSON.createObjectNode()
                        .put("kind", "Status")
                        .put("apiVersion", "v1")
                        .put("status", "Success")
                        .put("code", 201)
                        .toString());
    }

    private void spend(ObjectNode pod) throws JsonProcessingException {
        List<ObjectNode> budgets = budgets(pod);
        if (budgets.size() > 1) {
            throw new ApiRefusal(
                    500,
                    "InternalError",
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }
        if (budgets.isEmpty()) {
            return;
        }
        ObjectNode budget = budgets.get(0);
        String name = budget.at("/metadata/name").asText();
        if (!budget.path("status").has("disruptionsAllowed")) {
            throw tooMany("The disruption budget " + name + " is still being processed by the server.", true);
        }
        int allowed = budget.at("/status/disruptionsAllowed").asInt();
        if (allowed <= 0) {
            throw tooMany(
                    "The disruption budget " + name + " needs "
                            + budget.at("/status/desiredHealthy").asInt() + " healthy pods and has "
                            + budget.at("/status/currentHealthy").asInt() + " currently",
                    false);
        }
        budget.withObjectProperty("status").put("disruptionsAllowed", allowed - 1);
        replace(
                "/apis/policy/v1/namespaces/" + budget.at("/metadata/namespace").asText() + "/poddisruptionbudgets/"
                        + name,
                budget);
    }

    private List<ObjectNode> budgets(ObjectNode pod) throws JsonProcessingException {
        MockResponse all = crud.handleGet(
                "/apis/policy/v1/namespaces/" + pod.at("/metadata/namespace").asText() + "/poddisruptionbudgets");
        List<ObjectNode> found = new ArrayList<>();
        if (all.code() == 200) {
            for (JsonNode budget : JSON.readTree(ApiRules.body(all)).path("items")) {
                if (selects(budget.at("/spec/selector/matchLabels"), pod.at("/metadata/labels"))) {
                    found.add((ObjectNode) budget);
                }
            }
        }
        return found;
    }

    private static boolean selects(JsonNode selector, JsonNode labels) {
        boolean selects = !selector.isMissingNode();
        for (Map.Entry<String, JsonNode> one : selector.properties()) {
            selects &= one.getValue().equals(labels.path(one.getKey()));
        }
        return selects;
    }

    private static ApiRefusal tooMany(String cause, boolean retry) {
        ObjectNode details = JSON.createObjectNode();
        details.putArray("causes").addObject().put("reason", "DisruptionBudget").put("message", cause);
        if (retry) {
            details.put("retryAfterSeconds", BUDGET_RETRY_SECONDS);
        }
        return new ApiRefusal(
                429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details);
    }

    private void mark(String path, ObjectNode pod, int grace) {
        // the sandbox's cluster has no clock: that the mark is there matters, and not which time it names
        pod.withObjectProperty("metadata")
                .put("deletionTimestamp", pod.at("/metadata/creationTimestamp").asText())
                .put("deletionGracePeriodSeconds", grace);
        replace(path, pod);
    }

    /** By hand: the mock deletes at once what is put with a deletion timestamp. */
    private void replace(String path, ObjectNode object) {
        object.withObjectProperty("metadata").put("resourceVersion", String.valueOf(crud.requestResourceVersion()));
        AttributeSet key = crud.getKey(path);
        crud.processEvent(
                path,
                key,
                Optional.ofNullable(crud.findResource(key))
                        .map(Map.Entry::getKey)
                        .orElse(null),
                null,
                object.toString());
    }

    /** The kubelet of the pod's node ends it, and the server forgets it, unless somebody's finalizer holds it. */
    void end(String path) throws JsonProcessingException {
        MockResponse pod = crud.handleGet(path);
        if (pod.code() == 200
                && JSON.readTree(ApiRules.body(pod)).at("/metadata/finalizers").isEmpty()) {
            crud.handleDelete(path);
        }
    }
}
