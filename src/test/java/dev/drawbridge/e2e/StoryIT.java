package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.evidence.Bags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.TestWatcher;
import org.junit.jupiter.api.io.TempDir;

/** The whole job as README tells it, with the shipped jar, a real browser, HTTP, and a power cut in the middle. */
@ExtendWith(StoryIT.LogOnFailure.class)
class StoryIT {
    private static PackagedApplication application;

    @TempDir
    Path temp;

    @AfterEach
    void stop() throws Exception {
        application.close();
    }

    @Test
    void anAttackIsContainedRestoredVerifiedAndReleasedByASecondPersonAcrossAPowerCut() throws Exception {
        application = new PackagedApplication(temp.resolve("sandbox"));
        application.start();
        Api api = new Api(application);
        Map<String, byte[]> before = kubernetesFiles("cp-1");
        boolean browser = Browser.available();

        // a responder presses the button
        if (browser) {
            try (Browser responder = Browser.signIn(application, "responder")) {
                responder.simulateAttack("cp-1");
            }
        } else {
            assertThat(api.post("responder", "/api/v1/sandbox/attacks", Map.of("node", "cp-1"))
                            .status())
                    .isBetween(200, 202);
        }
        assertThat(kubernetesFiles("cp-1").keySet()).isNotEqualTo(before.keySet());
        String incident = api.openIncident("cp-1");

        // a CA key was replaced: the plan waits for a person, and the power fails while it does
        JsonNode plan = api.awaitTask(incident, "approve-plan");
        application.kill();
        application.start();
        assertThat(api.node("cp-1").path("unschedulable").asBoolean())
                .as("still cordoned after the power cut")
                .isTrue();
        assertThat(api.node("cp-1").path("taints").toString()).contains("drawbridge.dev/contained");
        assertThat(api.awaitTask(incident, "approve-plan").path("id").asText())
                .isEqualTo(plan.path("id").asText());

        // who is no candidate may not decide, and nobody without a reason
        assertThat(complete(api, "auditor", plan, "approve", "let me").status()).isEqualTo(403);
        assertThat(complete(api, "approver", plan, "approve", " ").status()).isEqualTo(400);
        assertThat(complete(api, "approver", plan, "approve", "the files are the baseline's")
                        .status())
                .isEqualTo(200);

        // and again in the middle of the restore: steps are keyed, a rerun finishes
        application.kill();
        application.start();
        api.awaitState(incident, "awaiting-approval");
        JsonNode approval = api.awaitTask(incident, "approve-return");
        assertSameFiles(before, kubernetesFiles("cp-1"));
        assertThat(api.node("cp-1").path("unschedulable").asBoolean()).isTrue();

        // four eyes: the one who approved the plan is refused, by name of the rule
        Api.Answer refused = complete(api, "approver", approval, "approve", "I approve my own plan");
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.body().toString()).contains("four-eyes");
        if (browser) {
            try (Browser second = Browser.signIn(application, "approver2")) {
                second.openIncident(incident);
                second.decide("approve-return", "approve", "verified twice, looks right");
            }
        } else {
            complete(api, "approver2", approval, "approve", "verified twice, looks right");
        }
        JsonNode closed = api.awaitState(incident, "closed-resolved");

        assertThat(api.node("cp-1").path("unschedulable").asBoolean()).isFalse();
        assertThat(api.node("cp-1").path("taints").toString()).doesNotContain("drawbridge.dev");
        assertThat(closed.path("alerts")).isNotEmpty();
        List<String> actions = new ArrayList<>();
        api.get("auditor", "/api/v1/incidents/" + incident + "/timeline?limit=500")
                .body()
                .path("items")
                .forEach(entry -> actions.add(entry.path("action").asText()));
        assertThat(actions)
                .contains("effect.contain", "effect.restore-file", "effect.quarantine-file", "effect.release");
        assertThat(api.get("auditor", "/api/v1/audit/verify").body().toString()).contains("\"intact\":true");
        Bags evidence = Bags.read(api.download("auditor", "/api/v1/incidents/" + incident + "/evidence.zip"));
        assertThat(evidence.problems()).isEmpty();
        assertThat(evidence.files())
                .anyMatch(file -> file.endsWith("-ca.key"))
                .anyMatch(file -> file.endsWith("-static-pod.json"));
        assertThat(Files.readString(application.log()))
                .as("no secret in the log but the sandbox's own announcement")
                .doesNotContain("BEGIN EC PRIVATE KEY", "BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY");
    }

    @Test
    void aPostedAlertForAWorkerNeedsNobodyUntilTheReturnToService() throws Exception {
        application = new PackagedApplication(temp.resolve("sandbox"));
        application.start();
        Api api = new Api(application);
        Path manifests = application.node("worker-1").resolve("etc/kubernetes/manifests");
        Files.copy(
                Path.of("src/test/resources/e2e/rogue-static-pod.yaml"),
                manifests.resolve("metrics-agent.yaml"),
                StandardCopyOption.REPLACE_EXISTING);

        Api.Answer answer = api.postAlert("elastic", Samples.current("elastic-rogue-static-pod.json"));
        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.body().at("/alerts/0/disposition").asText()).isEqualTo("opened");
        String incident = answer.body().at("/alerts/0/incidentId").asText();
        Api.Answer again = api.postAlert("elastic", Samples.current("elastic-rogue-static-pod.json"));
        assertThat(again.body().at("/alerts/0/disposition").asText()).isEqualTo("duplicate");

        api.awaitState(incident, "awaiting-approval");
        assertThat(manifests.resolve("metrics-agent.yaml")).doesNotExist();
        try (Stream<Path> left = Files.list(manifests)) {
            assertThat(left).isEmpty();
        }
        JsonNode approval = api.awaitTask(incident, "approve-return");
        assertThat(complete(api, "responder", approval, "approve", "looks fine").status())
                .isEqualTo(403);
        assertThat(complete(api, "approver", approval, "approve", "looks fine").status())
                .isEqualTo(200);
        api.awaitState(incident, "closed-resolved");
        assertThat(api.node("worker-1").path("unschedulable").asBoolean()).isFalse();
    }

    private static Api.Answer complete(Api api, String user, JsonNode task, String decision, String reason) {
        Map<String, Object> body = new HashMap<>(Map.of("decision", decision, "reason", reason));
        if (task.hasNonNull("planHash")) {
            body.put("planHash", task.path("planHash").asText());
        }
        return api.post(user, "/api/v1/tasks/" + task.path("id").asText() + "/complete", body);
    }

    private static Map<String, byte[]> kubernetesFiles(String node) throws IOException {
        Path root = application.node(node).resolve("etc/kubernetes");
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(root)) {
            // Drawbridge's own staging and quarantine, beside what is watched
            Path own = root.resolve(".drawbridge");
            for (Path file : walk.filter(Files::isRegularFile)
                    .filter(file -> !file.startsWith(own))
                    .toList()) {
                files.put(root.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return files;
    }

    private static void assertSameFiles(Map<String, byte[]> expected, Map<String, byte[]> found) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((path, content) -> assertThat(found.get(path)).as(path).isEqualTo(content));
    }

    static final class LogOnFailure implements TestWatcher {
        @Override
        public void testFailed(org.junit.jupiter.api.extension.ExtensionContext context, Throwable cause) {
            try {
                System.err.println(application.logTail());
            } catch (IOException noLog) {
                System.err.println("no log: " + noLog.getMessage());
            }
        }
    }
}
