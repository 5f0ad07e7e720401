package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's walk-through: OpenSSH's server, Debian's etckeeper and Git, the shipped jar and its commands. */
class WalkthroughIT {
    @TempDir
    Path temp;

    @Test
    void whatWasTamperedWithIsFoundAndEqualAgainAlthoughEtckeeperCommittedIt() throws Exception {
        try (Site site = Site.withEtckeeper(temp)) {
            // no write of this story is lost
            site.lose();
            site.walk("etckeeper");
            String captured = site.walk("capture");
            assertThat(captured)
                    .contains(
                            "nothing\n",
                            "refs/tags/baseline/worker-1 is ",
                            "not pushed; when you have looked at it",
                            "worker-1: refs/tags/baseline/worker-1 is ");
            Map<String, String> good = site.files();
            PackagedApplication application =
                    PackagedApplication.configured(temp.resolve("a.log"), site.environment("a"));
            try {
                application.start();
                assertThat(site.walk("tamper"))
                        .contains("+# theirs", "+  name: metrics-agent", "+maybe chmod 0666 '")
                        .contains("preview: nothing was committed")
                        .as("the autocommit did not move the baseline")
                        .contains(baselineOf(captured))
                        .as("Drawbridge has started with the database by now, and accepted nothing yet")
                        .contains(baselineOf(captured) + "; no revision was accepted before");
                assertThat(captured).contains(baselineOf(captured) + "; not judged: ");
                assertThat(site.files()).isNotEqualTo(good);
                respond(site, new Api(application));
                assertThat(site.files()).isEqualTo(good);
                String equal = site.walk("equal");
                assertThat(equal)
                        .contains("changed since the last capture:\nnothing\n")
                        .doesNotContain(" | ");
            } finally {
                application.close();
            }
        }
    }

    /** Tag, commit, signer and number of files, as {@code baseline verify} said last. */
    private static String baselineOf(String said) {
        String line = said.substring(said.lastIndexOf("worker-1: refs/tags/"));
        return line.substring(0, line.indexOf(" files;") + " files".length());
    }

    private static void respond(Site site, Api api) throws Exception {
        Api.Answer answer = api.postAlert("elastic", Samples.current("elastic-rogue-static-pod.json"));
        assertThat(answer.status()).isEqualTo(202);
        String incident = answer.body().at("/alerts/0/incidentId").asText();
        api.awaitState(incident, "awaiting-approval");
        Map<String, String> actions = new TreeMap<>();
        for (JsonNode entry : api.get("auditor", "/api/v1/incidents/" + incident + "/timeline?limit=500")
                .body()
                .path("items")) {
            if (entry.path("action").asText().matches("effect\\.(restore|quarantine)-file")
                    && entry.path("phase").asText().equals("outcome")) {
                actions.put(entry.path("subject").asText(), entry.path("action").asText());
            }
        }
        assertThat(actions)
                .isEqualTo(Map.of(
                        "/etc/kubernetes/manifests/metrics-agent.yaml", "effect.quarantine-file",
                        "/etc/kubernetes/pki/ca.crt", "effect.restore-file",
                        "/etc/kubernetes/kubelet.conf", "effect.restore-file"));
        assertThat(site.clusterNode().getSpec().getUnschedulable()).isTrue();
    }
}
