package dev.drawbridge.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.NodeShell.Use;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The whole of what the API server is asked for; whoever changes it reads it here. */
class HelperPodTest {
    private static Pod manifest(Use use, NodePodProperties settings) {
        HelperPod pod = new HelperPod("drawbridge-look-1", NodeName.of("worker-1"), use);
        return NodeUse.in(
                PodNode.ACTOR,
                PodNode.INCIDENT,
                () -> pod.manifest(settings, NodeUse.current().orElseThrow(), "Instance 1", "/host"));
    }

    private static NodePodProperties settings(String secret, boolean processes) {
        return new NodePodProperties(
                "registry.example.internal/busybox@sha256:0",
                secret,
                "drawbridge-node-access",
                Duration.ofSeconds(20),
                Duration.ofMinutes(2),
                Duration.ofMinutes(10),
                8,
                processes);
    }

    @Test
    void theOneThatLooksIsExactlyThis() throws Exception {
        String expected = """
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {
                  "name": "drawbridge-look-1", "namespace": "drawbridge-node-access",
                  "labels": {"app.kubernetes.io/managed-by": "drawbridge", "drawbridge.dev/helper": "look",
                   "drawbridge.dev/instance": "%s"},
                  "annotations": {"drawbridge.dev/incident": "incident-1", "drawbridge.dev/node": "worker-1",
                   "drawbridge.dev/actor": "playbook:kubernetes-config-tampering", "drawbridge.dev/instance": "Instance 1"}},
                 "spec": {
                  "nodeName": "worker-1",
                  "tolerations": [{"operator": "Exists"}],
                  "restartPolicy": "Never",
                  "activeDeadlineSeconds": 600,
                  "terminationGracePeriodSeconds": 2,
                  "automountServiceAccountToken": false,
                  "enableServiceLinks": false,
                  "hostNetwork": true,
                  "dnsPolicy": "Default",
                  "containers": [{
                   "name": "shell",
                   "image": "registry.example.internal/busybox@sha256:0",
                   "imagePullPolicy": "IfNotPresent",
                   "command": ["sh", "-c", "trap 'exit 0' TERM INT; sleep \\"$1\\" & wait", "wait", "600"],
                   "securityContext": {"privileged": true, "runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": false,
                    "readOnlyRootFilesystem": true},
                   "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
                   "volumeMounts": [{"name": "root", "mountPath": "/host", "readOnly": true, "recursiveReadOnly": "IfPossible"}]}],
                  "volumes": [{"name": "root", "hostPath": {"path": "/", "type": "Directory"}}]}}
                """.formatted(HelperPod.instanceLabel("Instance 1"));
        assertThat(Serialization.jsonMapper().readTree(Serialization.asJson(manifest(Use.LOOK, settings(null, false)))))
                .isEqualTo(Serialization.jsonMapper().readTree(expected));
    }

    @Test
    void onlyTheOneThatChangesMayWrite() {
        Pod change = manifest(Use.CHANGE, settings(null, true));
        assertThat(change.getSpec().getContainers())
                .singleElement()
                .satisfies(container -> assertThat(container.getVolumeMounts())
                        .singleElement()
                        .satisfies(mount -> {
                            assertThat(mount.getReadOnly()).isFalse();
                            assertThat(mount.getRecursiveReadOnly()).isNull();
                        }));
        assertThat(change.getMetadata().getLabels()).containsEntry(HelperPod.HELPER, "change");
        assertThat(change.getSpec().getHostPID()).isNull();
    }

    @Test
    void sharesProcessIdsAndTakesASecretWhenConfigured() {
        Pod look = manifest(Use.LOOK, settings("pull", true));
        assertThat(look.getSpec().getHostPID()).isTrue();
        assertThat(look.getSpec().getImagePullSecrets())
                .singleElement()
                .satisfies(secret -> assertThat(secret.getName()).isEqualTo("pull"));
    }
}
