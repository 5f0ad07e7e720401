package dev.drawbridge.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.StaticPodManifest;
import dev.drawbridge.shared.StaticPodManifest.Document;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodDifferenceTest {
    /** As kubeadm writes it. */
    private static final String MANIFEST = """
            apiVersion: v1
            kind: Pod
            metadata:
              annotations: {kubeadm.kubernetes.io/etcd.advertise-client-urls: "https://10.20.0.11:2379"}
              creationTimestamp: null
              labels: {component: etcd, tier: control-plane}
              name: etcd
              namespace: kube-system
            spec:
              containers:
              - command: [etcd, --data-dir=/var/lib/etcd]
                image: registry.k8s.io/etcd:3.5.24-0
                name: etcd
                env: [{name: GOMAXPROCS, value: "2"}]
                livenessProbe: {failureThreshold: 8, httpGet: {host: 127.0.0.1, path: /livez, port: probe-port, scheme: HTTP}}
                ports: [{containerPort: 2381, name: probe-port, protocol: TCP}]
                resources: {requests: {cpu: 0.1, memory: 100Mi}}
                securityContext: {privileged: false}
                volumeMounts: [{mountPath: /var/lib/etcd, name: etcd-data}, {mountPath: /etc/pki, name: etcd-data}]
              hostNetwork: true
              hostPID: false
              priorityClassName: system-node-critical
              securityContext: {seccompProfile: {type: RuntimeDefault}}
              volumes: [{hostPath: {path: /var/lib/etcd, type: DirectoryOrCreate}, name: etcd-data}]
            status: {}
            """;

    /** The same as kubelet shows it: with its defaults, in another order, and with its annotations. */
    private static final String KUBELET = """
            kind: Pod
            metadata:
              name: etcd-cp-1
              namespace: kube-system
              uid: 0a1b
              labels: {tier: control-plane, component: etcd}
              annotations:
                kubeadm.kubernetes.io/etcd.advertise-client-urls: "https://10.20.0.11:2379"
                kubernetes.io/config.hash: 0a1b
                kubernetes.io/config.seen: "2026-11-24T10:00:00Z"
                kubernetes.io/config.source: file
            spec:
              volumes: [{name: etcd-data, hostPath: {path: /var/lib/etcd, type: DirectoryOrCreate}}]
              containers:
              - name: etcd
                image: registry.k8s.io/etcd:3.5.24-0
                command: [etcd, --data-dir=/var/lib/etcd]
                env: [{name: GOMAXPROCS, value: "2"}]
                ports: [{name: probe-port, hostPort: 2381, containerPort: 2381, protocol: TCP}]
                resources: {requests: {cpu: 100m, memory: 100Mi}}
                volumeMounts: [{name: etcd-data, mountPath: /var/lib/etcd}, {name: etcd-data, mountPath: /etc/pki}]
                livenessProbe: {httpGet: {path: /livez, port: probe-port, host: 127.0.0.1, scheme: HTTP}, timeoutSeconds: 1, failureThreshold: 8}
                terminationMessagePath: /dev/termination-log
                imagePullPolicy: IfNotPresent
                securityContext: {privileged: false}
              restartPolicy: Always
              dnsPolicy: ClusterFirst
              nodeName: cp-1
              hostNetwork: true
              securityContext: {seccompProfile: {type: RuntimeDefault}}
              tolerations: [{operator: Exists, effect: NoExecute}]
              priorityClassName: system-node-critical
              priority: 2000001000
            """;

    private static Map<String, @Nullable Object> fields(String text) {
        Document document = StaticPodManifest.document(text.getBytes(UTF_8));
        assertThat(document).isInstanceOf(Document.Pod.class);
        return ((Document.Pod) document).fields();
    }

    @Test
    void defaultsAndOrderAreNoDifference() {
        assertThat(PodDifference.of(fields(MANIFEST), fields(KUBELET))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "image: registry.k8s.io/etcd:3.5.24-0|image: evil|spec.containers[etcd].image",
                "--data-dir=/var/lib/etcd]|--data-dir=/var/lib/etcd, --extra]|spec.containers[etcd].command",
                "name: GOMAXPROCS, value: \"2\"|name: GOMAXPROCS, value: \"3\"|spec.containers[etcd].env[GOMAXPROCS].value",
                "env: [|env: [{name: LD_PRELOAD, value: x}, |spec.containers[etcd].env",
                "imagePullPolicy: IfNotPresent|args: [x]|spec.containers[etcd].args",
                "privileged: false|privileged: true|spec.containers[etcd].securityContext.privileged",
                "privileged: false|capabilities: {add: [SYS_ADMIN]}|spec.containers[etcd].securityContext.capabilities",
                "mountPath: /etc/pki|mountPath: /etc|spec.containers[etcd].volumeMounts",
                "mountPath: /etc/pki}|mountPath: /etc/pki}, {name: etcd-data, mountPath: /x}|spec.containers[etcd].volumeMounts",
                "hostPath: {path: /var/lib/etcd|hostPath: {path: /|spec.volumes[etcd-data].hostPath.path",
                "volumes: [|volumes: [{name: root, hostPath: {path: /}}, |spec.volumes",
                "hostNetwork: true|hostNetwork: false|spec.hostNetwork",
                "hostNetwork: true|hostPID: true|spec.hostNetwork",
                "nodeName: cp-1|hostPID: true|spec.hostPID",
                "nodeName: cp-1|hostIPC: true|spec.hostIPC",
                "nodeName: cp-1|initContainers: [{name: x, image: y}]|spec.initContainers",
                "nodeName: cp-1|ephemeralContainers: [{name: x, image: y}]|spec.ephemeralContainers",
                "cpu: 100m|cpu: 200m|spec.containers[etcd].resources.requests.cpu",
                "failureThreshold: 8|failureThreshold: 9|spec.containers[etcd].livenessProbe.failureThreshold",
                "component: etcd|component: other|metadata.labels.component",
                "component: etcd|component: etcd, more: x|metadata.labels",
                "kubernetes.io/config.source: file|x: y|metadata.annotations"
            })
    void everythingElseIsNamed(String from, String to, String field) {
        assertThat(KUBELET).contains(from);
        assertThat(PodDifference.of(fields(MANIFEST), fields(KUBELET.replace(from, to))))
                .contains(field);
    }

    @ParameterizedTest
    @CsvSource({"0.1, 100m", "1, 1000m", "1Gi, 1024Mi", "2, 2"})
    void amountsAreComparedAndNotTheirSpelling(String manifest, String kubelet) {
        assertThat(PodDifference.of(
                        Map.of("spec", Map.of("amount", manifest)), Map.of("spec", Map.of("amount", kubelet))))
                .isEmpty();
    }

    @Test
    void atMostFiveAreListedAndNoneOfTheirValues() {
        assertThat(PodDifference.of(fields(MANIFEST), Map.of()))
                .hasSize(5)
                .noneMatch(field -> field.contains("data-dir"));
    }
}
