package dev.drawbridge.node.pod;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Starts and removes helper pods. A start goes through the guardrails; a removal is never held back. */
@Component
class HelperPods {
    private static final Logger log = LoggerFactory.getLogger(HelperPods.class);
    private static final Set<String> ENDED = Set.of("Succeeded", "Failed");
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int BAD_REQUEST = 400;
    private static final int SERVER_ERROR = 500;
    private static final int LONGEST_REASON = 300;
    private static final int LONGEST_NAME = 63;

    /** What clocks may differ, and what a pod that is removed may take to go. */
    private static final Duration MARGIN = Duration.ofMinutes(5);

    private final KubernetesClient client;
    private final NodePodProperties settings;
    private final EffectGate gate;
    private final AuditTrail audit;
    private final Clock clock;
    private final Ids ids;
    private final String instance;
    private final OpenPods open;

    HelperPods(
            KubernetesClient client,
            NodePodProperties settings,
            EffectGate gate,
            AuditTrail audit,
            OpenPods open,
            Clock clock,
            Ids ids,
            @Value("${drawbridge.workflow.instance:}") String instance) {
        this.client = client;
        this.settings = settings;
        this.gate = gate;
        this.audit = audit;
        this.open = open;
        this.clock = clock;
        this.ids = ids;
        this.instance = instance.isBlank() ? ids.next() : instance;
    }

    /** Where pods see the node's root. */
    String mountPath() {
        return "/host";
    }

    PodResource resource(HelperPod pod) {
        return client.pods().inNamespace(settings.namespace()).withName(pod.name());
    }

    /**
     * Starts a pod and waits until it can be used.
     *
     * @throws NodeAccessException when the guardrails do not allow it
     * @throws NodeUnreachableException when the API server or the node does not start it; nothing is left behind
     */
    HelperPod start(NodeUse by, NodeName node, Use use) {
        if (settings.image() == null) {
            throw new NodeAccessException("drawbridge.node.pod.image must be set");
        }
        String name = "drawbridge-" + HelperPod.code(use) + "-" + ids.next();
        HelperPod pod = new HelperPod(name.substring(0, Math.min(name.length(), LONGEST_NAME)), node, use);
        Effect effect = new Effect(
                by.actor(),
                by.incident(),
                node,
                Effect.Kind.START_HELPER_POD,
                HelperPod.code(use),
                "pod %s/%s on node %s: image %s, privileged, the node's root %s, for at most %s"
                        .formatted(
                                settings.namespace(),
                                pod.name(),
                                node,
                                settings.image(),
                                use == Use.LOOK ? "read-only" : "writable",
                                settings.lifetime()));
        EffectResult<String> result = gate.perform(effect, permit -> started(permit, by, pod));
        if (result instanceof EffectResult.DryRun<String> dry) {
            throw new NodeAccessException(
                    "node " + node + " is reached by a helper pod, and in a dry run none is started: " + dry.reason());
        }
        if (result instanceof EffectResult.NotAllowed<String> refused) {
            throw new NodeAccessException(
                    "no helper pod may be started on node " + node + ": " + refused.rule() + ", " + refused.reason());
        }
        return pod;
    }

    private String started(Permit permit, NodeUse by, HelperPod pod) {
        permit.require(pod.node(), Effect.Kind.START_HELPER_POD);
        open.begin(pod.name());
        try {
            create(pod.manifest(settings, by, instance, mountPath()));
            waitUntilReady(pod);
            return pod.name() + " is ready";
        } catch (Refused refused) {
            open.end(pod.name());
            throw refused;
        } catch (RuntimeException failed) {
            remove(by, pod, "it did not start");
            if (failed instanceof KubernetesClientException silent) {
                throw new NodeUnreachableException(
                        "the helper pod for node " + pod.node() + " was not made: " + said(silent.getMessage()),
                        silent);
            }
            throw failed;
        }
    }

    private void create(Pod manifest) {
        TimeLimit.require(Duration.ofSeconds(1));
        try {
            client.resource(manifest).create();
        } catch (KubernetesClientException refused) {
            // the name is new: what is there was made by this very request, whose answer got lost
            if (refused.getCode() == CONFLICT) {
                return;
            }
            if (refused.getCode() >= BAD_REQUEST && refused.getCode() < SERVER_ERROR) {
                throw new Refused(refused);
            }
            throw refused;
        }
    }

    /** The API server made no pod, and said so. */
    private static final class Refused extends NodeAccessException {
        private static final long serialVersionUID = 1L;

        Refused(KubernetesClientException refusal) {
            super(
                    "the API server refused the helper pod (" + refusal.getCode() + "): " + said(refusal.getMessage()),
                    refusal);
        }
    }

    private void waitUntilReady(HelperPod pod) {
        @Nullable Pod last;
        try {
            last = resource(pod)
                    .waitUntilCondition(
                            found -> found == null || ended(found) || Readiness.isPodReady(found),
                            TimeLimit.atMost(settings.startTimeout()).toMillis(),
                            TimeUnit.MILLISECONDS);
        } catch (KubernetesClientTimeoutException late) {
            throw new NodeUnreachableException(
                    "the helper pod did not start on node " + pod.node() + " in time: " + waitsFor(pod), late);
        }
        if (last == null) {
            throw new NodeUnreachableException("the helper pod on node " + pod.node() + " was removed", null);
        }
        if (ended(last)) {
            throw new NodeUnreachableException(
                    "the helper pod on node " + pod.node() + " ended: "
                            + said(last.getStatus().getReason()) + " "
                            + said(last.getStatus().getMessage()),
                    null);
        }
        if (!pod.node().value().equals(last.getSpec().getNodeName())) {
            throw new NodeAccessException("the helper pod for node " + pod.node() + " is on another one");
        }
        open.made(pod.name(), last.getMetadata().getUid());
    }

    private String waitsFor(HelperPod pod) {
        try {
            return Optional.ofNullable(resource(pod).get())
                    .map(Pod::getStatus)
                    .flatMap(status -> Stream.ofNullable(status.getContainerStatuses())
                            .flatMap(List::stream)
                            .map(ContainerStatus::getState)
                            .filter(state -> state != null && state.getWaiting() != null)
                            .map(state -> said(state.getWaiting().getReason()) + " "
                                    + said(state.getWaiting().getMessage()))
                            .findFirst())
                    .orElse("its kubelet says nothing");
        } catch (KubernetesClientException unreachable) {
            return "the API server does not answer";
        }
    }

    /** Never throws: what is left is swept. */
    void remove(NodeUse by, HelperPod pod, String why) {
        String outcome;
        try {
            outcome = delete(pod.name()) ? why : why + "; it was gone already";
        } catch (RuntimeException left) {
            log.warn("node={} the helper pod {} is left for the sweep", pod.node(), pod.name(), left);
            outcome = why + "; it could not be removed and is left for the sweep";
        }
        open.end(pod.name());
        try {
            audit.recordNow(AuditEvent.fact(by.actor(), "node.helper-pod.remove", pod.name(), outcome)
                    .on(by.incident(), pod.node()));
        } catch (RuntimeException unrecorded) {
            log.error("node={} the end of the helper pod {} is not recorded", pod.node(), pod.name(), unrecorded);
        }
    }

    private boolean delete(String name) {
        try {
            return !client.pods()
                    .inNamespace(settings.namespace())
                    .withName(name)
                    .delete()
                    .isEmpty();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NOT_FOUND) {
                return false;
            }
            throw refused;
        }
    }

    /** Removes what nobody uses any more: ended, older than any use can be, or of this process from before it was restarted. */
    void sweep() {
        List<Pod> pods = client.pods()
                .inNamespace(settings.namespace())
                .withLabel(HelperPod.HELPER)
                .list()
                .getItems();
        for (Pod pod : pods) {
            orphaned(pod).ifPresent(why -> sweep(pod, why));
        }
    }

    private Optional<String> orphaned(Pod pod) {
        if (pod.getMetadata().getDeletionTimestamp() != null
                || open.contains(pod.getMetadata().getName())) {
            return Optional.empty();
        }
        if (ended(pod)) {
            return Optional.of("it ended and was not removed");
        }
        if (HelperPod.instanceLabel(instance)
                .equals(Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of())
                        .get(HelperPod.INSTANCE))) {
            return Optional.of("this process made it before it was restarted");
        }
        Instant made = Instant.parse(pod.getMetadata().getCreationTimestamp());
        return made.plus(settings.lifetime()).plus(MARGIN).isBefore(clock.instant())
                ? Optional.of("it is older than any use of it")
                : Optional.empty();
    }

    private void sweep(Pod pod, String why) {
        String name = pod.getMetadata().getName();
        audit.recordNow(AuditEvent.intent(Actor.SYSTEM, "node.helper-pod.sweep", name, why)
                .with("annotations", marks(pod)));
        String outcome;
        try {
            outcome = delete(name) ? "removed" : "it was gone already";
        } catch (KubernetesClientException left) {
            log.warn("the helper pod {} cannot be swept", name, left);
            outcome = "failed: " + said(left.getMessage());
        }
        audit.recordNow(AuditEvent.outcome(Actor.SYSTEM, "node.helper-pod.sweep", name, outcome));
    }

    /** Whoever may write pods can write anything there. */
    private static String marks(Pod pod) {
        Map<String, String> annotations =
                Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of());
        return Stream.of(HelperPod.INCIDENT, HelperPod.NODE, HelperPod.ACTOR, HelperPod.INSTANCE)
                .map(mark -> mark + "=" + said(annotations.get(mark)))
                .collect(Collectors.joining(" "));
    }

    private static boolean ended(Pod pod) {
        return pod.getStatus() != null
                && pod.getStatus().getPhase() != null
                && ENDED.contains(pod.getStatus().getPhase());
    }

    /** One bounded line of plain characters. */
    static String said(@Nullable String text) {
        String line =
                text == null ? "" : text.replaceAll("[^\\x20-\\x7e]+", " ").strip();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON);
    }
}
