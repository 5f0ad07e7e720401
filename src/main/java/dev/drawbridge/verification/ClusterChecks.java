package dev.drawbridge.verification;

import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.containment.ClusterView.StaticPodView;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import dev.drawbridge.verification.VerificationReport.Check;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.springframework.stereotype.Component;

/** One look at the cluster for each check. Faults are thrown: the caller knows whether to look again. */
@Component
class ClusterChecks {
    static final String STATIC_PODS = "Static pods are those of the manifests";
    static final String NAMESPACES = "No static pod in a namespace that does not exist";
    static final String EXPECTED_NAMESPACES = "every manifest on the node names a namespace of the cluster";
    static final String UIDS = "No manifest sets metadata.uid";
    static final String EXPECTED_UIDS = "every manifest on the node leaves its uid to kubelet";
    static final String NODE_READY = "Node is Ready";
    static final String API_SERVER = "API server answers /readyz";

    private final ClusterView cluster;

    ClusterChecks(ClusterView cluster) {
        this.cluster = cluster;
    }

    Check nodeReady(NodeName node) {
        String expected = "condition Ready is True";
        return cluster.node(node)
                .map(view -> {
                    String found = "condition Ready is " + view.ready();
                    String proof = "API server: node " + view.name() + ", uid " + view.uid();
                    // Unknown is an answer too: the cluster has stopped hearing from this kubelet
                    return view.ready().equals("True")
                            ? CheckText.passed(NODE_READY, expected, found, proof)
                            : CheckText.failed(NODE_READY, expected, found, proof);
                })
                .orElseGet(
                        () -> CheckText.failed(NODE_READY, expected, "no node of this name", "API server: not found"));
    }

    Check apiServer() {
        String expected = "ok";
        return cluster.apiServerReady()
                ? CheckText.passed(API_SERVER, expected, "ok", "API server: /readyz")
                : CheckText.failed(API_SERVER, expected, "not ready", "API server: /readyz");
    }

    /**
     * Compares the pods of the manifests with the mirror pods in both directions. A mirror is what kubelet said last: after a
     * manifest was replaced it shows the old pod for some seconds, which is why a workflow verifies twice.
     *
     * @param expected pods of the baseline's manifests
     * @param proof where they come from
     */
    Check staticPods(NodeName node, List<StaticPod> expected, String proof) {
        Set<String> missing = new TreeSet<>();
        expected.forEach(pod -> missing.add(pod.key()));
        Set<String> wanted = Set.copyOf(missing);
        String wantedText = wanted.isEmpty() ? "no static pod" : CheckText.list(List.copyOf(missing)) + "\nall Running";
        List<String> wrong = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        for (StaticPodView pod : cluster.staticPods(node)) {
            String key = pod.namespace() + "/" + pod.name();
            seen.add(key + " " + pod.configHash());
            missing.remove(key);
            if (!wanted.contains(key)) {
                wrong.add("unexpected " + key);
            } else if (!keys.add(key)) {
                wrong.add("second mirror of " + key);
            } else if (!pod.phase().equals("Running")) {
                wrong.add(key + " is " + pod.phase());
            }
        }
        missing.forEach(key -> wrong.add("missing " + key));
        String proofText = proof + "; API server, mirror pods with their hash: "
                + (seen.isEmpty() ? "none" : CheckText.list(seen));
        return wrong.isEmpty()
                ? CheckText.passed(STATIC_PODS, wantedText, "exactly these " + wanted.size(), proofText)
                : CheckText.failed(STATIC_PODS, wantedText, CheckText.list(wrong), proofText);
    }

    /**
     * Kubelet runs such a pod and the API does not show it, so only its file gives it away.
     *
     * @param found pods of the manifests on the node, by what is shown for their file
     * @param unread files that could not be read as manifests
     */
    Check namespaces(Map<String, StaticPod> found, List<String> unread, String proof) {
        String expected = EXPECTED_NAMESPACES;
        Set<String> namespaces = cluster.namespaces();
        Map<String, String> hidden = new TreeMap<>();
        found.forEach((file, pod) -> {
            if (!namespaces.contains(pod.namespace())) {
                hidden.put(file, "pod " + pod.key());
            }
        });
        if (!hidden.isEmpty()) {
            List<String> lines = hidden.entrySet().stream()
                    .map(entry -> entry.getKey() + ": " + entry.getValue())
                    .toList();
            return CheckText.failed(NAMESPACES, expected, CheckText.list(lines), proof);
        }
        if (!unread.isEmpty()) {
            return CheckText.notAvailable(NAMESPACES, expected, CheckText.list(unread));
        }
        return CheckText.passed(
                NAMESPACES,
                expected,
                "all " + found.size() + " pods",
                proof + "; API server: " + namespaces.size() + " namespaces");
    }

    /**
     * With a uid of its own a pod keeps it through changes: kubelet does not apply them all, and its mirror shows what no longer is.
     *
     * @param found and unread as for {@link #namespaces}
     */
    static Check uids(Map<String, StaticPod> found, List<String> unread, String proof) {
        List<String> set = new TreeMap<>(found)
                .entrySet().stream()
                        .filter(entry -> entry.getValue().declaresUid())
                        .map(entry ->
                                entry.getKey() + ": pod " + entry.getValue().key())
                        .toList();
        if (!set.isEmpty()) {
            return CheckText.failed(UIDS, EXPECTED_UIDS, CheckText.list(set), proof);
        }
        return unread.isEmpty()
                ? CheckText.passed(UIDS, EXPECTED_UIDS, "none of " + found.size() + " sets it", proof)
                : CheckText.notAvailable(UIDS, EXPECTED_UIDS, CheckText.list(unread));
    }
}
