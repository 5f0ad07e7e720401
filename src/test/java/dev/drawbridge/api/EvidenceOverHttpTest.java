package dev.drawbridge.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.evidence.Bags;
import dev.drawbridge.evidence.KnownBags;
import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;

/** Evidence as it leaves: by the API and by the console, to whom, and with which trace. */
@WebTest
class EvidenceOverHttpTest {
    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private KnownBags bags;

    @Autowired
    private KnownReceipts receipts;

    @Autowired
    private AuditTrail audit;

    private Incident incident;
    private Visitor visitor;

    @BeforeEach
    void capture() {
        scene.clear();
        visitor = Visitor.to(environment);
        incident = scene.fullIncident("ordinary text");
        bags.put(incident, Scene.CA_KEY, "the private key");
    }

    private String path() {
        return "/api/v1/incidents/" + incident.id() + "/evidence.zip";
    }

    private HttpRequest.Builder request(String user, String path) {
        return visitor.request(path).header("Authorization", Visitor.basic(user, Visitor.PASSWORD));
    }

    private List<String> exports() {
        return audit.timeline(incident.id(), 0, 500).stream()
                .map(AuditEntry::event)
                .filter(event -> event.action().equals("evidence.export"))
                .map(event -> event.actor().display() + " " + event.phase())
                .toList();
    }

    private void assertBag(HttpResponse<byte[]> answer) throws Exception {
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/zip");
        assertThat(answer.headers().firstValue("Content-Disposition"))
                .hasValue("attachment; filename=\"drawbridge-evidence-" + incident.id() + ".zip\"");
        assertThat(answer.headers().firstValue("Cache-Control").orElseThrow()).contains("no-store");
        Bags bag = Bags.read(answer.body());
        assertThat(bag.problems()).isEmpty();
        assertThat(bag.text("data/1/0001-ca.key")).isEqualTo("the private key");
    }

    @Test
    void whoReadsEvidenceGetsTheBagAndIsWrittenDown() throws Exception {
        for (String user : List.of("auditor", "admin", "responder")) {
            assertBag(visitor.download(request(user, path())));
        }
        assertThat(exports())
                .containsExactly(
                        "person:auditor INTENT",
                        "person:auditor OUTCOME",
                        "person:admin INTENT",
                        "person:admin OUTCOME",
                        "person:responder INTENT",
                        "person:responder OUTCOME");
    }

    @Test
    void whoOnlyRespondsOrApprovesReadsTheIncidentAndNotTheKeys() {
        assertThat(visitor.get("helper", "/api/v1/incidents/" + incident.id()).statusCode())
                .isEqualTo(200);
        HttpResponse<String> refused = visitor.get("helper", path());
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("group-required").doesNotContain("private key");
        assertThat(visitor.send(request("helper", path()).method("HEAD", HttpRequest.BodyPublishers.noBody()))
                        .statusCode())
                .isEqualTo(403);
        assertThat(visitor.send(visitor.request(path())).statusCode()).isEqualTo(401);
        assertThat(visitor.send(visitor.request(path()).header("Authorization", "Bearer " + Visitor.TOKEN))
                        .statusCode())
                .isEqualTo(401);
        assertThat(exports()).isEmpty();
    }

    @Test
    void otherSpellingsOfTheAddressLeadNowhere() {
        for (String address : List.of(
                path() + "/",
                path().replace("evidence", "%65vidence"),
                path().replace(".zip", "%2ezip"),
                path().replace("/evidence", "//evidence"),
                path().replace("/evidence", ";x=1/evidence"),
                path().replace(".zip", ".ZIP"))) {
            assertThat(visitor.get("helper", address).statusCode()).as(address).isIn(400, 403, 404);
        }
        assertThat(exports()).isEmpty();
    }

    @Test
    void whoAsksWhatThereIsGetsNothingAndDidNotTakeIt() {
        HttpResponse<String> answer =
                visitor.send(request("auditor", path()).method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/zip");
        assertThat(exports()).isEmpty();
    }

    @Test
    void whatBreaksInTheMiddleIsNotTakenForTheWhole() throws Exception {
        StringBuilder large = new StringBuilder();
        for (int i = 0; large.length() < 200_000; i++) {
            large.append(Digest.ofText("line " + i)).append('\n');
        }
        bags.put(incident, Scene.EDITED, large.toString());
        String unreadable = "cannot be read " + incident.id();
        bags.put(incident, Scene.ROGUE, unreadable);
        bags.spoil(unreadable);

        assertThatThrownBy(() -> visitor.download(request("auditor", path())))
                .as("the answer has no end")
                .hasCauseInstanceOf(IOException.class);
        assertThat(exports()).containsExactly("person:auditor INTENT", "person:auditor OUTCOME");
        assertThat(audit.timeline(incident.id(), 0, 500))
                .last()
                .satisfies(entry -> assertThat(entry.event().reason()).startsWith("broken off"));
    }

    @Test
    void whereNothingWasCapturedThereIsNothing() {
        String other = scene.incident("worker-2").id().value();
        for (String id : List.of(other, "nothing", "NO+ID")) {
            HttpResponse<String> answer = visitor.get("auditor", "/api/v1/incidents/" + id + "/evidence.zip");
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
                    .startsWith("application/problem+json");
        }
    }

    @Test
    void aDamagedReceiptIsShownAndNoError() throws Exception {
        receipts.spoil(incident.id());
        HttpResponse<String> answer = visitor.get("auditor", "/api/v1/incidents/" + incident.id());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"damaged\":true", "\"items\":[]");
        HttpResponse<String> page = Visitor.signedIn(environment, "auditor").page("/incidents/" + incident.id());
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<span class=\"tag check-failed\">damaged</span>", "Download evidence");
        assertThat(visitor.download(request("auditor", path())).statusCode()).isEqualTo(200);
    }

    @Test
    void theConsoleHandsItOutByAButtonToThoseWhoMayHaveIt() throws Exception {
        String page = "/incidents/" + incident.id();
        Visitor auditor = Visitor.signedIn(environment, "auditor");
        assertThat(auditor.page(page).body()).contains("action=\"" + page + "/evidence.zip\"", "Download evidence");
        assertBag(auditor.press(page, page + "/evidence.zip"));
        assertThat(exports()).containsExactly("person:auditor INTENT", "person:auditor OUTCOME");

        Visitor helper = Visitor.signedIn(environment, "helper");
        assertThat(helper.page(page).body()).contains("manifest").doesNotContain("Download evidence");
        HttpResponse<byte[]> refused = helper.press(page, page + "/evidence.zip");
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(new String(refused.body(), StandardCharsets.UTF_8)).contains("None of your groups may do this.");
        assertThat(exports()).hasSize(2);
    }

    @Test
    void noOtherSiteFetchesItInSomebodysName() {
        String page = "/incidents/" + incident.id() + "/evidence.zip";
        Visitor auditor = Visitor.signedIn(environment, "auditor");
        assertThat(auditor.page(page).statusCode()).as("by a link").isIn(404, 405);
        assertThat(auditor.post(page, java.util.Map.of()).statusCode())
                .as("by a form without the token")
                .isEqualTo(403);
        assertThat(exports()).isEmpty();
    }

    @Test
    void theReceiptSaysWhatIsNotAvailable() {
        String page = Visitor.signedIn(environment, "helper")
                .page("/incidents/" + incident.id())
                .body();
        assertThat(page).contains("processes of the node", "not available: ordinary text", "playbook:test");
        assertThat(visitor.get("helper", "/api/v1/incidents/" + incident.id()).body())
                .contains("\"kind\":\"processes\"", "\"state\":\"not-available\"", "\"capturedBy\":\"playbook:test\"");
    }
}
