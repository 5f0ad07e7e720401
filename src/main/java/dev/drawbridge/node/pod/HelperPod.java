package dev.drawbridge.node.pod;

import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;

/**
 * One helper pod as it is asked for: privileged and with the node's root mounted, because it has to do what root on the node can; with
 * nothing else.
 */
record HelperPod(String name, NodeName node, Use use) {
    /** Label; the use. */
    static final String HELPER = "drawbridge.dev/helper";

    /** Label; a hash of the process that made it, which may have any name. */
    static final String INSTANCE = "drawbridge.dev/instance";

    static final String INCIDENT = "drawbridge.dev/incident";
    static final String NODE = "drawbridge.dev/node";
    static final String ACTOR = "drawbridge.dev/actor";
    static final String MANAGED_BY = "app.kubernetes.io/managed-by";

    /** Name of the container. */
    static final String CONTAINER = "shell";

    private static final String ROOT = "root";
    private static final int HASH_LENGTH = 32;

    /** Waits, and ends at once when it is told to: a shell as process 1 ignores what it has no trap for. */
    private static final String WAIT = "trap 'exit 0' TERM INT; sleep \"$1\" & wait";

    static String instanceLabel(String instance) {
        return Digest.ofText(instance).hex().substring(0, HASH_LENGTH);
    }

    /** @param mountPath where the node's root is seen in the pod */
    Pod manifest(NodePodProperties settings, NodeUse by, String instance, String mountPath) {
        boolean look = use == Use.LOOK;
        Map<String, Quantity> requests = Map.of("cpu", new Quantity("50m"), "memory", new Quantity("64Mi"));
        Map<String, Quantity> limits = Map.of("cpu", new Quantity("1"), "memory", new Quantity("256Mi"));
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace(settings.namespace())
                .withName(name)
                .addToLabels(MANAGED_BY, "drawbridge")
                .addToLabels(HELPER, code(use))
                .addToLabels(INSTANCE, instanceLabel(instance))
                .addToAnnotations(NODE, node.value())
                .addToAnnotations(ACTOR, by.actor().display())
                .addToAnnotations(INSTANCE, instance)
                .endMetadata()
                .withNewSpec()
                // past the scheduler, which leaves a cordoned node out
                .withNodeName(node.value())
                .addNewToleration()
                .withOperator("Exists")
                .endToleration()
                .withRestartPolicy("Never")
                .withActiveDeadlineSeconds(settings.lifetime().toSeconds())
                .withTerminationGracePeriodSeconds(2L)
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                // no pod network: on a node that was tampered with it may not work, and nothing is sent
                .withHostNetwork(true)
                .withDnsPolicy("Default")
                .addNewContainer()
                .withName(CONTAINER)
                .withImage(settings.image())
                .withImagePullPolicy("IfNotPresent")
                .withCommand(
                        "sh",
                        "-c",
                        WAIT,
                        "wait",
                        Long.toString(settings.lifetime().toSeconds()))
                .withNewSecurityContext()
                .withPrivileged(true)
                .withRunAsUser(0L)
                .withRunAsGroup(0L)
                .withRunAsNonRoot(false)
                .withReadOnlyRootFilesystem(true)
                .endSecurityContext()
                .withNewResources()
                .withRequests(requests)
                .withLimits(limits)
                .endResources()
                .addNewVolumeMount()
                .withName(ROOT)
                .withMountPath(mountPath)
                .withReadOnly(look)
                // else what is mounted below the root stays writable
                .withRecursiveReadOnly(look ? "IfPossible" : null)
                .endVolumeMount()
                .endContainer()
                .addNewVolume()
                .withName(ROOT)
                .withNewHostPath()
                .withPath("/")
                .withType("Directory")
                .endHostPath()
                .endVolume()
                .endSpec();
        if (by.incident() != null) {
            pod.editMetadata().addToAnnotations(INCIDENT, by.incident().value()).endMetadata();
        }
        if (settings.processes() && look) {
            pod.editSpec().withHostPID(true).endSpec();
        }
        if (settings.imagePullSecret() != null) {
            pod.editSpec().addNewImagePullSecret(settings.imagePullSecret()).endSpec();
        }
        return pod.build();
    }

    static String code(Use use) {
        return use == Use.LOOK ? Effect.LOOK : "change";
    }
}
