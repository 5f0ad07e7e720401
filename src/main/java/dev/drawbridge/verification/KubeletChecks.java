package dev.drawbridge.verification;

import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.containment.ClusterView.KubeletAnswer;
import dev.drawbridge.containment.ClusterView.KubeletPod;
import dev.drawbridge.containment.ClusterView.RunningPod;
import dev.drawbridge.containment.ClusterView.StaticPodView;
import dev.drawbridge.node.AccessPods;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.StaticPodManifest;
import dev.drawbridge.verification.VerificationReport.Check;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * What kubelet has and what runs, beside what the API shows: the API shows no static pod in a namespace that does not exist, and shows one whose
 * manifest was replaced as running while nothing runs. One look for all checks of a kind; faults are thrown.
 */
@Component
class KubeletChecks {
    static final String CONFIGURED = "Kubelet has the static pods of the manifests";
    static final String RUNNING = "Kubelet runs these pods and none besides";
    static final String HIDDEN = "No static pod of kubelet in a namespace that does not exist";
    static final String STARTED = "Static pods run since their manifests";
    static final String PROCESSES = "Processes on the node are those of kubelet's pods";

    static final String EXPECTED_CONFIGURED =
            "the static pods of the baseline's manifests, as the manifests describe them";
    static final String EXPECTED_RUNNING = "every container of these pods, and no pod that kubelet does not know";
    static final String EXPECTED_HIDDEN = "every static pod of kubelet in a namespace of the cluster";
    static final String EXPECTED_STARTED =
            "each container started after its manifest was written, where that changed what it says";
    static final String EXPECTED_PROCESSES = "processes of each static pod, and of no pod that kubelet does not have";

    private static final String FROM = "kubelet through the API server's node proxy, ";
    /** A digest, as kubelet makes them for static pods; anything else was set by a manifest. */
    private static final Pattern MADE_BY_KUBELET = Pattern.compile("[0-9a-f]{32}");

    private final ClusterView cluster;
    private final NodeProcesses processes;
    private final AccessPods accessPods;

    KubeletChecks(ClusterView cluster, NodeProcesses processes, AccessPods accessPods) {
        this.cluster = cluster;
        this.processes = processes;
        this.accessPods = accessPods;
    }

    /**
     * What one look at kubelet gave.
     *
     * @param checks {@link #CONFIGURED}, {@link #RUNNING}, {@link #HIDDEN}
     * @param pods what kubelet answered; null when it may not be asked
     * @param asItIs pods of the manifests that kubelet has exactly so
     */
    record Look(List<Check> checks, KubeletAnswer.@Nullable Pods pods, Set<String> asItIs) {
        static Look notAvailable(String reason) {
            return new Look(
                    List.of(
                            CheckText.notAvailable(CONFIGURED, EXPECTED_CONFIGURED, reason),
                            CheckText.notAvailable(RUNNING, EXPECTED_RUNNING, reason),
                            CheckText.notAvailable(HIDDEN, EXPECTED_HIDDEN, reason)),
                    null,
                    Set.of());
        }

        /** Nothing comes of asking again. */
        boolean refused() {
            return pods == null;
        }
    }

    Look look(NodeName node, List<Wanted> wanted) {
        KubeletAnswer answer = cluster.kubelet(node);
        if (answer instanceof KubeletAnswer.Refused refused) {
            return Look.notAvailable(refused.reason());
        }
        KubeletAnswer.Pods pods = (KubeletAnswer.Pods) answer;
        Set<String> asItIs = new HashSet<>();
        Check configured = configured(pods, wanted, cluster.staticPods(node), asItIs);
        return new Look(List.of(configured, running(pods, wanted), hidden(pods, cluster.namespaces())), pods, asItIs);
    }

    private static Check configured(
            KubeletAnswer.Pods pods, List<Wanted> wanted, List<StaticPodView> mirrors, Set<String> asItIs) {
        Map<String, Wanted> missing = new TreeMap<>();
        wanted.forEach(one -> missing.put(one.key(), one));
        Map<String, Wanted> known = Map.copyOf(missing);
        Map<String, String> hashes = new HashMap<>();
        mirrors.forEach(mirror -> hashes.put(mirror.namespace() + "/" + mirror.name(), mirror.configHash()));
        List<String> wrong = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        for (KubeletPod pod : pods.configured()) {
            seen.add(pod.key() + " " + pod.uid());
            Wanted one = known.get(pod.key());
            if (one == null) {
                wrong.add("unexpected " + pod.key());
                continue;
            }
            if (missing.remove(pod.key()) == null) {
                wrong.add("second " + pod.key());
                asItIs.remove(pod.key());
                continue;
            }
            List<String> problems = problems(pod, one, hashes.get(pod.key()));
            if (problems.isEmpty()) {
                asItIs.add(pod.key());
            }
            wrong.addAll(problems);
        }
        missing.keySet().forEach(key -> wrong.add("missing " + key));
        String proof = FROM + "/pods: " + (seen.isEmpty() ? "none" : CheckText.list(seen));
        String expected = EXPECTED_CONFIGURED + ": "
                + (known.isEmpty() ? "none" : String.join(", ", new TreeSet<>(known.keySet())));
        return wrong.isEmpty()
                ? CheckText.passed(CONFIGURED, expected, "exactly these " + known.size(), proof)
                : CheckText.failed(CONFIGURED, expected, CheckText.list(wrong), proof);
    }

    private static List<String> problems(KubeletPod pod, Wanted wanted, @Nullable String mirror) {
        List<String> problems = new ArrayList<>();
        if (!MADE_BY_KUBELET.matcher(pod.uid()).matches()) {
            problems.add(pod.key() + " has a uid that a manifest set: " + pod.uid());
        }
        // a pod that the API does not show at all is a finding of another check
        if (mirror != null && !mirror.equals(pod.uid())) {
            problems.add(pod.key() + " is not what the API shows: its mirror pod is of " + mirror + ", kubelet has "
                    + pod.uid());
        }
        List<String> different = PodDifference.of(wanted.fields(), pod.fields());
        if (!different.isEmpty()) {
            problems.add(pod.key() + " is not as its manifest says: " + String.join(", ", different));
        }
        return problems;
    }

    private static Check running(KubeletAnswer.Pods pods, List<Wanted> wanted) {
        Map<String, Set<String>> byUid = new TreeMap<>();
        Set<String> known = new HashSet<>(pods.others());
        pods.configured().forEach(pod -> known.add(pod.uid()));
        List<String> wrong = new ArrayList<>();
        for (RunningPod pod : pods.running()) {
            byUid.computeIfAbsent(pod.uid(), none -> new TreeSet<>()).addAll(pod.containers());
            if (!known.contains(pod.uid())) {
                wrong.add("left over: " + pod.key() + " " + pod.uid());
            }
        }
        for (Wanted one : wanted) {
            Set<String> missing = new TreeSet<>(one.containers());
            pods.configured().stream()
                    .filter(pod -> pod.key().equals(one.key()))
                    .forEach(pod -> missing.removeAll(byUid.getOrDefault(pod.uid(), Set.of())));
            if (!missing.isEmpty()) {
                wrong.add("not running: " + one.key() + ", container " + String.join(", ", missing));
            }
        }
        String proof = FROM + "/runningpods/: " + pods.running().size() + " pods, of which kubelet has "
                + pods.configured().size() + " as static pods";
        return wrong.isEmpty()
                ? CheckText.passed(RUNNING, EXPECTED_RUNNING, "all " + wanted.size() + ", and none besides", proof)
                : CheckText.failed(RUNNING, EXPECTED_RUNNING, CheckText.list(wrong), proof);
    }

    private static Check hidden(KubeletAnswer.Pods pods, Set<String> namespaces) {
        List<String> hidden = pods.configured().stream()
                .filter(pod -> !namespaces.contains(pod.namespace()))
                .map(pod -> "pod " + pod.key() + " " + pod.uid())
                .sorted()
                .toList();
        String proof = FROM + "/pods; API server: " + namespaces.size() + " namespaces";
        return hidden.isEmpty()
                ? CheckText.passed(
                        HIDDEN, EXPECTED_HIDDEN, "all " + pods.configured().size(), proof)
                : CheckText.failed(HIDDEN, EXPECTED_HIDDEN, CheckText.list(hidden), proof);
    }

    /**
     * Whether what runs was started after the file was written that describes it. A manifest that was written later and says the same restarts
     * nothing, and need not: then kubelet has the pod as the manifest describes it.
     */
    static Check started(Look look, List<Wanted> wanted, NodeScan scan) {
        Map<NodePath, ScannedFile> files =
                scan.files().at(wanted.stream().map(Wanted::path).toList());
        List<String> wrong = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        for (Wanted one : wanted) {
            Optional<KubeletPod> pod = look.pods().configured().stream()
                    .filter(candidate -> candidate.key().equals(one.key()))
                    .findFirst();
            ScannedFile file = files.get(one.path());
            if (file == null) {
                wrong.add(one.key() + ": " + one.path() + " is not there");
            } else if (pod.isEmpty() || !pod.get().startedAt().keySet().containsAll(one.containers())) {
                wrong.add(one.key() + " is not said to be running");
            } else {
                Instant first = pod.get().startedAt().values().stream()
                        .min(Instant::compareTo)
                        .orElse(Instant.EPOCH);
                Instant written = Instant.ofEpochSecond(file.modifiedAt());
                if (!first.isBefore(written)) {
                    seen.add(one.key() + " since " + first + ", manifest of " + written);
                } else if (look.asItIs().contains(one.key())) {
                    seen.add(one.key() + " since " + first + ", manifest of " + written
                            + " says the same as the one that it was started from");
                } else {
                    wrong.add(one.key() + " runs since " + first + ", its manifest was written at " + written);
                }
            }
        }
        String proof = FROM + "/pods; scan of " + scan.at() + ": " + (seen.isEmpty() ? "none" : CheckText.list(seen));
        return wrong.isEmpty()
                ? CheckText.passed(STARTED, EXPECTED_STARTED, "all " + wanted.size(), proof)
                : CheckText.failed(STARTED, EXPECTED_STARTED, CheckText.list(wrong), proof);
    }

    /**
     * By node access and not by kubelet's word: the kernel says which pod a process belongs to.
     *
     * @param pods what kubelet has; null when it may not be asked, then mirror pods tell the static ones
     */
    Check processes(NodeName node, List<Wanted> wanted, KubeletAnswer.@Nullable Pods pods) {
        Map<String, String> uids = new TreeMap<>();
        if (pods == null) {
            cluster.staticPods(node).forEach(pod -> uids.put(pod.configHash(), pod.namespace() + "/" + pod.name()));
        } else {
            pods.configured().forEach(pod -> uids.put(pod.uid(), pod.key()));
        }
        Snapshot snapshot = processes.processes(node, List.of(StaticPodManifest.directory()));
        if (snapshot instanceof Snapshot.NotAvailable not) {
            return CheckText.outOfReach(PROCESSES, EXPECTED_PROCESSES, not.reason());
        }
        Snapshot.Seen seen = (Snapshot.Seen) snapshot;
        Map<String, List<NodeProcess>> byPod = new TreeMap<>();
        seen.processes().stream()
                .filter(process -> process.pod() != null)
                .forEach(process -> byPod.computeIfAbsent(process.pod(), none -> new ArrayList<>())
                        .add(process));
        List<String> wrong = new ArrayList<>();
        byPod.forEach((uid, of) -> {
            boolean known = uids.containsKey(uid)
                    || (pods == null
                            ? !MADE_BY_KUBELET.matcher(uid).matches()
                            : pods.others().contains(uid))
                    // whoever could hide behind it could hide behind any other pod
                    || accessPods.inUse(uid);
            if (!known) {
                NodeProcess one = of.get(0);
                wrong.add("left over: " + of.size() + " processes of pod " + uid + ", among them " + one.id() + " "
                        + one.name());
            }
        });
        for (Wanted one : wanted) {
            if (uids.entrySet().stream()
                    .noneMatch(uid -> uid.getValue().equals(one.key()) && byPod.containsKey(uid.getKey()))) {
                wrong.add("no process of " + one.key());
            }
        }
        String proof = "node access, /proc: " + seen.processes().size() + " processes, " + byPod.size() + " pods";
        if (!wrong.isEmpty()) {
            return CheckText.failed(PROCESSES, EXPECTED_PROCESSES, CheckText.list(wrong), proof);
        }
        return seen.gaps().isEmpty()
                ? CheckText.passed(PROCESSES, EXPECTED_PROCESSES, "all " + wanted.size() + ", and none besides", proof)
                : CheckText.notAvailable(PROCESSES, EXPECTED_PROCESSES, CheckText.list(seen.gaps()));
    }
}
