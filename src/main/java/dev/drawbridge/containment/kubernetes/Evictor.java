package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.kubernetes.ClusterObjects.Answer;
import dev.drawbridge.containment.kubernetes.ObjectRung.Target;
import dev.drawbridge.guardrail.Permit;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Asks for the end of pods by the Eviction API: a PodDisruptionBudget is the word of whoever knows what the service bears. Each look evicts
 * what it may and comes back for the rest; at the deadline it says what stayed.
 */
@Component
class Evictor {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Looks are frequent at first and rare later, for each is a line in the audit trail. */
    private static final int PART_OF_ELAPSED = 4;

    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final ClusterObjects objects;
    private final NodeObjects nodes;
    private final ServedApis apis;
    private final ContainmentProperties.Drain settings;
    private final Clock clock;

    Evictor(ClusterObjects objects, NodeObjects nodes, ServedApis apis, ContainmentProperties properties, Clock clock) {
        this.objects = objects;
        this.nodes = nodes;
        this.apis = apis;
        this.settings = properties.drain();
        this.clock = clock;
    }

    /**
     * Pods of a node.
     *
     * @param said before what is reported of them
     */
    record Meant(String said, Predicate<Pod> which) {}

    /** The pods of a node, by what becomes of them. */
    private record Sorted(List<Pod> evictable, List<Pod> leaving, Map<String, List<String>> staying) {
        boolean over() {
            return evictable.isEmpty() && leaving.isEmpty();
        }
    }

    /** Why nothing can be evicted here; empty when it can. */
    Optional<String> unsupported() {
        return apis.serves("v1", "pods/eviction")
                ? Optional.empty()
                : Optional.of("the cluster does not serve the Eviction API");
    }

    /**
     * How far the node is rid of pods.
     *
     * @param meant of these pods, those stay that an eviction would not end, or would lose
     */
    Look look(Target target, Meant meant) {
        return judged(target, meant, sorted(target, meant), Map.of(), Duration.ZERO, true);
    }

    private Sorted sorted(Target target, Meant meant) {
        Sorted sorted = new Sorted(new ArrayList<>(), new ArrayList<>(), new TreeMap<>());
        for (Pod pod : objects.podsOn(target.node())) {
            Optional<String> stays = stays(pod);
            if (NodePods.ended(pod) || !meant.which().test(pod)) {
                continue;
            }
            if (stays.isPresent()) {
                sorted.staying()
                        .computeIfAbsent(stays.get(), none -> new ArrayList<>())
                        .add(NodePods.name(pod));
            } else if (NodePods.leaving(pod)) {
                sorted.leaving().add(pod);
            } else {
                sorted.evictable().add(pod);
            }
        }
        sorted.evictable().sort(NodePods.ORDER);
        return sorted;
    }

    private Optional<String> stays(Pod pod) {
        if (NodePods.mirror(pod)) {
            return Optional.of("static pods");
        }
        if (NodePods.ofDaemonSet(pod)) {
            return Optional.of("of a DaemonSet");
        }
        if (NodePods.controller(pod).isEmpty() && !settings.evictUnmanaged()) {
            return Optional.of("without a controller");
        }
        if (NodePods.holdsLocalData(pod) && !settings.evictLocalData()) {
            return Optional.of("with local data");
        }
        return Optional.empty();
    }

    /**
     * @param held why a pod was not evicted just now, by uid
     * @param wanted how long the server wants to be left alone
     * @param mayAct an eviction may still be tried in this look; also at the deadline, so that the report has the reasons
     */
    private Look judged(
            Target target, Meant meant, Sorted sorted, Map<String, String> held, Duration wanted, boolean mayAct) {
        if (sorted.over()) {
            return new Look.Complete(meant.said() + report(target, sorted, held));
        }
        if (mayAct && !sorted.evictable().isEmpty()) {
            return new Look.Left(
                    meant.said() + report(target, sorted, held),
                    prior(sorted),
                    sorted.evictable().stream()
                            .<Change>map(pod -> Change.Evict.of(pod, settings.grace()))
                            .toList(),
                    permit -> evict(permit, target, meant, sorted));
        }
        Duration elapsed = Duration.between(target.begunAt(), clock.instant());
        Duration left = settings.deadline().minus(elapsed);
        if (left.isNegative() || left.isZero()) {
            return new Look.Partial(meant.said() + report(target, sorted, held));
        }
        return new Look.Pending(
                meant.said() + report(target, sorted, held), shorter(longer(pause(elapsed, left), wanted), left));
    }

    /**
     * How long pods are left alone before the next look.
     *
     * @param left until the deadline
     */
    static Duration pause(Duration elapsed, Duration left) {
        return shorter(shorter(longer(elapsed.dividedBy(PART_OF_ELAPSED), SHORTEST_PAUSE), LONGEST_PAUSE), left);
    }

    private Look evict(Permit permit, Target target, Meant meant, Sorted sorted) {
        if (nodes.read(target.node())
                .filter(node -> node.getMetadata().getUid().equals(target.uid())
                        && Boolean.TRUE.equals(node.getSpec().getUnschedulable()))
                .isEmpty()) {
            return new Look.Partial(
                    meant.said() + "nothing was evicted: the node takes new pods, and what is evicted could come back");
        }
        Map<String, String> held = new LinkedHashMap<>();
        Duration wanted = Duration.ZERO;
        for (Pod pod : sorted.evictable()) {
            Answer answer = objects.make(permit, target.node(), Change.Evict.of(pod, settings.grace()));
            if (answer instanceof Answer.HeldBack back) {
                held.put(pod.getMetadata().getUid(), back.reason());
                wanted = longer(wanted, back.retryAfter());
            } else if (answer instanceof Answer.Failed failed) {
                held.put(pod.getMetadata().getUid(), failed.reason());
            }
            if (answer instanceof Answer.HeldBack back && back.busy()) {
                break;
            }
        }
        String before = target.prior() == null ? prior(sorted).toString() : target.prior();
        return judged(target.knowing(before), meant, sorted(target, meant), held, wanted, false);
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Who ran on the node: an undo brings none of it back, and an auditor may ask. */
    private static JsonNode prior(Sorted sorted) {
        ObjectNode prior = JSON.createObjectNode();
        ArrayNode evictable = prior.putArray("evictable");
        sorted.evictable()
                .forEach(pod -> evictable
                        .addObject()
                        .put("pod", NodePods.name(pod))
                        .put("uid", pod.getMetadata().getUid()));
        ObjectNode staying = prior.putObject("staying");
        sorted.staying().forEach((why, names) -> names.forEach(staying.withArrayProperty(why)::add));
        return prior;
    }

    private static String report(Target target, Sorted sorted, Map<String, String> held) {
        List<String> parts = new ArrayList<>();
        int wanted = wanted(target.prior(), sorted);
        int there = sorted.evictable().size() + sorted.leaving().size();
        parts.add(wanted == 0 ? "nothing to evict" : (wanted - there) + " of " + wanted + " pods are gone");
        if (!sorted.leaving().isEmpty()) {
            parts.add("still ending: "
                    + NodePods.named(
                            sorted.leaving().stream().map(NodePods::name).toList()));
        }
        if (!sorted.evictable().isEmpty()) {
            parts.add("still there: "
                    + NodePods.named(sorted.evictable().stream()
                            .map(pod -> NodePods.name(pod)
                                    + because(held.get(pod.getMetadata().getUid())))
                            .toList()));
        }
        sorted.staying().forEach((why, names) -> parts.add("stays (" + why + "): " + NodePods.named(names)));
        return String.join("; ", parts);
    }

    private static String because(@Nullable String held) {
        return held == null ? "" : " (" + held + ")";
    }

    /** How many pods were to be evicted, those that came later included. */
    private static int wanted(@Nullable String prior, Sorted sorted) {
        Set<String> uids = new HashSet<>();
        sorted.evictable().forEach(pod -> uids.add(pod.getMetadata().getUid()));
        sorted.leaving().forEach(pod -> uids.add(pod.getMetadata().getUid()));
        if (prior != null) {
            try {
                JSON.readTree(prior)
                        .path("evictable")
                        .forEach(pod -> uids.add(pod.path("uid").asText()));
            } catch (JsonProcessingException ownText) {
                throw new IllegalStateException(ownText);
            }
        }
        return uids.size();
    }
}
