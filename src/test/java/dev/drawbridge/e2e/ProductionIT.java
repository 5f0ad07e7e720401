package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.Manifests;
import dev.drawbridge.containment.Right;
import dev.drawbridge.evidence.Bags;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped jar without the sandbox: real parts, by configuration only, and two instances of which one dies. */
class ProductionIT {
    private final List<PackagedApplication> started = new ArrayList<>();

    @TempDir
    Path temp;

    private void stop() throws Exception {
        for (PackagedApplication application : started) {
            application.close();
        }
    }

    @Test
    void withNothingConfiguredItStopsAtOnceAndNamesWhatIsMissing() throws Exception {
        File log = temp.resolve("log").toFile();
        ProcessBuilder java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        System.getProperty("drawbridge.jar"))
                .directory(Files.createDirectories(temp.resolve("empty")).toFile())
                .redirectErrorStream(true)
                .redirectOutput(log);
        java.environment().keySet().removeIf(name -> name.matches("(SPRING|DRAWBRIDGE|KUBERNETES)_.*"));
        Process process = java.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS))
                    .as("it stops by itself")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isNotZero();
        assertThat(Files.readString(log.toPath()))
                .contains(
                        "spring.datasource.url",
                        "drawbridge.access.alert-token or drawbridge.access.alert-token-file",
                        "drawbridge.access.users.*",
                        "drawbridge.baseline.url",
                        "drawbridge.baseline.allowed-signers",
                        "drawbridge.baseline.cache-directory",
                        "drawbridge.evidence.directory",
                        "drawbridge.node.ssh.private-key",
                        "drawbridge.node.ssh.known-hosts")
                .doesNotContain("\tat ");
        assertThat(temp.resolve("empty")).isEmptyDirectory();
    }

    @Test
    void theWholeJobOnRealPartsAcrossTheDeathOfOneOfTwoInstances() throws Exception {
        try (Site site = Site.open(temp)) {
            try {
                respond(site);
            } finally {
                // before what they are connected to
                stop();
            }
        }
    }

    private void respond(Site site) throws Exception {
        site.cordonAsSomebodyElse();
        Map<String, String> baseline = site.files();
        Map<String, PackagedApplication> instances = new HashMap<>();
        for (String name : List.of("a", "b")) {
            PackagedApplication instance =
                    PackagedApplication.configured(temp.resolve(name + ".log"), site.environment(name));
            started.add(instance);
            instance.start();
            instances.put(name, instance);
        }
        site.put(
                "etc/kubernetes/manifests/metrics-agent.yaml",
                Files.readString(Path.of("src/test/resources/e2e/rogue-static-pod.yaml")));
        site.put("etc/kubernetes/kubelet.conf", "apiVersion: v1\nkind: Config\ncurrent-context: theirs\n");
        site.put("etc/kubernetes/pki/ca.crt", "their authority\n");
        Files.delete(site.root.resolve("etc/kubernetes/manifests/api-proxy.yaml"));

        Api first = new Api(instances.get("a"));
        Api.Answer answer = first.postAlert("elastic", Samples.current("elastic-rogue-static-pod.json"));
        assertThat(answer.status()).isEqualTo(202);
        String incident = answer.body().at("/alerts/0/incidentId").asText();
        assertThat(new Api(instances.get("b"))
                        .postAlert("elastic", Samples.current("elastic-rogue-static-pod.json"))
                        .body()
                        .at("/alerts/0/disposition")
                        .asText())
                .as("the other instance knows it")
                .isEqualTo("duplicate");

        // whoever restores is killed in the middle of it; the other one takes over when the lock is over
        String dead = site.awaitHeld();
        assertContained(site);
        instances.get(dead).kill();
        site.lose();
        Api survivor = new Api(instances.get(dead.equals("a") ? "b" : "a"));
        survivor.awaitState(incident, "awaiting-approval");
        assertThat(site.files()).isEqualTo(baseline);
        assertContained(site);

        PackagedApplication again = instances.get(dead);
        again.start();
        Api back = new Api(again);
        JsonNode approval = back.awaitTask(incident, "approve-return");
        Map<String, Object> decision = Map.of("decision", "approve", "reason", "verified, looks right");
        String path = "/api/v1/tasks/" + approval.path("id").asText() + "/complete";
        assertThat(back.post("auditor", path, decision).status()).isEqualTo(403);
        assertThat(back.post("approver", path, decision).status()).isEqualTo(200);
        survivor.awaitState(incident, "closed-resolved");

        assertThat(site.files()).isEqualTo(baseline);
        assertThat(site.clusterNode().getSpec().getUnschedulable())
                .as("somebody else's cordon stays")
                .isTrue();
        assertThat(site.clusterNode().toString()).doesNotContain("drawbridge.dev/contained");
        assertEffectsOnce(survivor, incident);
        Set<Right> asked = site.asked();
        assertThat(asked).as("it asks for its own rights").containsAll(Manifests.EVERYBODY);
        asked.removeAll(Manifests.EVERYBODY);
        assertThat(asked)
                .as("what the manifests for a Drawbridge outside the cluster grant")
                .isEqualTo(Manifests.granted(Manifests.build(Manifests.ROOT.resolve("outside"))));
        assertEvidence(survivor, incident);
        assertOneOfTwoEnginesTakesTheLastSlot(site, survivor, back);
    }

    /** Both instances run, one node may be contained, and alerts about four others come to both at once. */
    private static void assertOneOfTwoEnginesTakesTheLastSlot(Site site, Api one, Api other) throws Exception {
        List<String> nodes = List.copyOf(Site.OTHERS.keySet());
        CyclicBarrier start = new CyclicBarrier(nodes.size());
        ExecutorService detectors = Executors.newFixedThreadPool(nodes.size());
        List<Future<String>> posted = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            String node = nodes.get(i);
            Api instance = i % 2 == 0 ? one : other;
            String alert = Samples.about(node, Site.OTHERS.get(node));
            posted.add(detectors.submit(() -> {
                start.await();
                return instance.postAlert("elastic", alert)
                        .body()
                        .at("/alerts/0/incidentId")
                        .asText();
            }));
        }
        Map<String, String> verdicts = new TreeMap<>();
        for (Future<String> each : posted) {
            String incident = each.get();
            verdicts.put(incident, one.awaitFirstVerdict(incident));
        }
        detectors.shutdown();
        assertThat(verdicts.values())
                .containsExactlyInAnyOrder("Allowed", "NeedsApproval", "NeedsApproval", "NeedsApproval");
        verdicts.forEach((incident, verdict) -> {
            if (verdict.equals("NeedsApproval")) {
                one.awaitTask(incident, "containment-refused");
            } else {
                Awaitility.await()
                        .until(() -> !one.get("auditor", "/api/v1/incidents/" + incident)
                                .body()
                                .path("state")
                                .asText()
                                .equals("open"));
            }
        });
        assertThat(nodes.stream()
                        .filter(node -> Boolean.TRUE.equals(
                                site.clusterNode(node).getSpec().getUnschedulable())))
                .hasSize(1);
        assertThat(other.get("auditor", "/api/v1/audit/verify")
                        .body()
                        .path("intact")
                        .asBoolean())
                .isTrue();
    }

    /** What was there before the restore, and what stood around it, as a bag that verifies. */
    private static void assertEvidence(Api api, String incident) throws Exception {
        Bags bag = Bags.read(api.download("auditor", "/api/v1/incidents/" + incident + "/evidence.zip"));
        assertThat(bag.problems()).isEmpty();
        assertThat(bag.files()).anySatisfy(file -> {
            assertThat(file).endsWith("-ca.crt");
            assertThat(bag.text(file)).isEqualTo("their authority\n");
        });
        assertThat(bag.files()).anySatisfy(file -> {
            assertThat(file).endsWith("-node.json");
            assertThat(bag.text(file)).contains("\"name\":\"" + Site.NODE);
        });
        assertThat(bag.lines("custody.jsonl"))
                .anySatisfy(line -> assertThat(line)
                        .contains(
                                "\"kind\":\"processes\"",
                                "\"problem\":\"not available: there is no /proc below the root"))
                .anySatisfy(line -> assertThat(line)
                        .contains("\"kind\":\"events\"", "0 events")
                        .doesNotContain("\"problem\""));
        assertThat(bag.lines("handling.jsonl"))
                .anySatisfy(line -> assertThat(line).contains("evidence.capture", "playbook:"))
                .anySatisfy(line -> assertThat(line).contains("evidence.export", "person:auditor"));
    }

    private static void assertContained(Site site) {
        assertThat(site.clusterNode().getSpec().getUnschedulable()).isTrue();
        assertThat(site.clusterNode().getSpec().getTaints())
                .anySatisfy(taint -> assertThat(taint.getKey()).isEqualTo("drawbridge.dev/contained"));
    }

    /**
     * No effect twice. Outcomes join their step's transaction, so the step that was killed left intents without one: what it had
     * done, the rerun says ({@code already-done}) and does not do again; what was cut short, it begins once more.
     */
    private static void assertEffectsOnce(Api api, String incident) {
        Map<String, List<String>> phases = new TreeMap<>();
        List<String> alreadyDone = new ArrayList<>();
        for (JsonNode entry : api.get("auditor", "/api/v1/incidents/" + incident + "/timeline?limit=500")
                .body()
                .path("items")) {
            String action = entry.path("action").asText();
            String subject = entry.path("subject").asText();
            if (action.startsWith("effect.")) {
                phases.computeIfAbsent(action + " " + subject, key -> new ArrayList<>())
                        .add(entry.path("phase").asText());
            } else if (action.equals("recovery.already-done")) {
                alreadyDone.add(subject);
            }
        }
        phases.forEach((effect, seen) -> {
            String subject = effect.substring(effect.indexOf(' ') + 1);
            if (!effect.matches("effect\\.(restore|quarantine)-file .*")) {
                assertThat(seen).as(effect).containsExactly("intent", "outcome");
            } else if (alreadyDone.contains(subject)) {
                assertThat(seen).as(effect).containsOnly("intent");
            } else {
                assertThat(seen).as(effect).endsWith("intent", "outcome").containsOnlyOnce("outcome");
            }
        });
        assertThat(alreadyDone).as("done before the power cut: %s", phases).hasSizeGreaterThanOrEqualTo(2);
        assertThat(phases.values()).as("cut short and begun again").anyMatch(seen -> seen.size() >= 3);
        assertThat(phases.keySet())
                .anyMatch(effect -> effect.startsWith("effect.contain"))
                .anyMatch(effect -> effect.startsWith("effect.release"))
                .filteredOn(effect -> effect.startsWith("effect.restore-file"))
                .hasSize(3);
        assertThat(api.get("auditor", "/api/v1/audit/verify")
                        .body()
                        .path("intact")
                        .asBoolean())
                .isTrue();
    }
}
