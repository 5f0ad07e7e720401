package dev.drawbridge.access;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.alert.SampleAlerts;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.TestClock;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;

/** The three doors, seen from outside: detectors with a token, programs with a password, people with a session. */
@WebTest
class DoorsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String ALERTS = "/api/v1/alerts/elastic";

    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private AuditTrail audit;

    @Autowired
    private TestClock clock;

    private Visitor visitor;

    @BeforeEach
    void arrive() {
        scene.clear();
        visitor = Visitor.to(environment);
    }

    /** Whoever was held back in one test is free in the next, and no verified password is remembered. */
    @AfterEach
    void letTimePass() {
        clock.forward(Duration.ofMinutes(10));
    }

    private static JsonNode problem(HttpResponse<String> answer, int status) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("application/problem+json");
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(answer.body()).doesNotContain("Exception", "\tat ", "org.springframework", "trace");
        return problem;
    }

    private HttpResponse<String> postAlert(String authorization) {
        HttpRequest.Builder request = visitor.request(ALERTS)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(SampleAlerts.read("elastic-rogue-static-pod.json")));
        return visitor.send(authorization == null ? request : request.header("Authorization", authorization));
    }

    // ---- detectors

    @Test
    void anAlertWithoutATokenIsRefusedAndSaysWhichSchemeIsWanted() throws Exception {
        HttpResponse<String> answer = postAlert(null);
        problem(answer, 401);
        assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer realm=\"drawbridge alerts\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer",
                "Bearer ",
                "Bearer test-token-of-the-default-detecto",
                "Bearer test-token-of-the-default-detectorr",
                "Bearer TEST-TOKEN-OF-THE-DEFAULT-DETECTOR",
                "Basic test-token-of-the-default-detector",
                "test-token-of-the-default-detector"
            })
    void anAlertWithAnythingButTheTokenIsRefused(String authorization) throws Exception {
        problem(postAlert(authorization), 401);
        assertThat(postAlert("Bearer " + "x".repeat(5000)).statusCode()).isIn(400, 401);
    }

    @Test
    void aPersonsPasswordIsNoToken() throws Exception {
        problem(postAlert(Visitor.basic("responder", Visitor.PASSWORD)), 401);
    }

    @Test
    void aTokenInTheAddressIsNone() throws Exception {
        HttpRequest.Builder request = visitor.request(ALERTS + "?access_token=" + Visitor.TOKEN)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{}"));
        problem(visitor.send(request), 401);
    }

    @Test
    void eachDetectorIsKnownByItsOwnToken() {
        for (Map.Entry<String, String> known : Map.of(
                        Visitor.TOKEN, "detector:default", Visitor.FALCO_TOKEN, "detector:falco-1")
                .entrySet()) {
            scene.clear();
            long before = audit.lastSeq();
            assertThat(postAlert("bearer " + known.getKey()).statusCode()).isEqualTo(202);
            assertThat(audit.page(before, 10))
                    .isNotEmpty()
                    .allMatch(entry -> entry.event().actor().display().equals(known.getValue()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/incidents",
                "/api/v1/tasks",
                "/api/v1/alerts",
                "/api/v1/audit",
                "/api/v1/guardrails",
                "/v3/api-docs",
                "/actuator/prometheus"
            })
    void aDetectorReadsNothing(String path) throws Exception {
        problem(visitor.send(visitor.request(path).header("Authorization", "Bearer " + Visitor.TOKEN)), 401);
    }

    @Test
    void aDetectorDecidesNothing() throws Exception {
        for (String path :
                List.of("/api/v1/tasks/x/claim", "/api/v1/tasks/x/complete", "/api/v1/alerts/x/respond", "/api/v1/x")) {
            HttpRequest.Builder request = visitor.request(path)
                    .header("Authorization", "Bearer " + Visitor.TOKEN)
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{}"));
            problem(visitor.send(request), 401);
        }
    }

    // ---- programs

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/incidents",
                "/api/v1/incidents/x",
                "/api/v1/incidents/x/timeline",
                "/api/v1/tasks",
                "/api/v1/alerts",
                "/api/v1/audit",
                "/api/v1/audit/verify",
                "/api/v1/guardrails",
                "/v3/api-docs",
                "/v3/api-docs.yaml",
                "/actuator",
                "/actuator/info",
                "/actuator/prometheus",
                "/actuator/env",
                "/api/anything"
            })
    void nothingIsReadWithoutACredential(String path) throws Exception {
        HttpResponse<String> answer = visitor.send(visitor.request(path));
        problem(answer, 401);
        assertThat(answer.headers().firstValue("WWW-Authenticate"))
                .hasValue("Basic realm=\"drawbridge\", charset=\"UTF-8\"");
    }

    @Test
    void aWrongPasswordAndAnUnknownNameAreToldTheSame() throws Exception {
        HttpResponse<String> wrong = visitor.send(visitor.request("/api/v1/tasks")
                .header("Authorization", Visitor.basic("responder", "wrong-password-1")));
        HttpResponse<String> unknown = visitor.send(visitor.request("/api/v1/tasks")
                .header("Authorization", Visitor.basic("nobody-of-ours", "wrong-password-1")));
        problem(wrong, 401);
        assertThat(unknown.statusCode()).isEqualTo(401);
        assertThat(unknown.body()).isEqualTo(wrong.body());
        assertThat(unknown.headers().firstValue("WWW-Authenticate"))
                .isEqualTo(wrong.headers().firstValue("WWW-Authenticate"));
    }

    @Test
    void aMalformedCredentialIsRefused() throws Exception {
        for (String header : List.of("Basic", "Basic !!!", "Basic bm9jb2xvbg==", Visitor.basic("", ""))) {
            problem(visitor.send(visitor.request("/api/v1/tasks").header("Authorization", header)), 401);
        }
    }

    @Test
    void theApiKnowsNoSessionAndStartsNone() throws Exception {
        Visitor signedIn = Visitor.signedIn(environment, "responder");
        problem(signedIn.send(signedIn.request("/api/v1/tasks")), 401);
        assertThat(visitor.get("responder", "/api/v1/tasks").headers().map()).doesNotContainKey("set-cookie");
    }

    @Test
    void anAuditorReadsEverythingAndChangesNothing() throws Exception {
        for (String path : List.of(
                "/api/v1/incidents",
                "/api/v1/tasks",
                "/api/v1/alerts",
                "/api/v1/audit",
                "/api/v1/audit/verify",
                "/api/v1/guardrails",
                "/v3/api-docs",
                "/actuator/prometheus")) {
            assertThat(visitor.get("auditor", path).statusCode()).as(path).isEqualTo(200);
        }
        for (String path : List.of(
                "/api/v1/alerts/x/respond",
                "/api/v1/guardrails/pause",
                "/api/v1/guardrails/resume",
                "/api/v1/incidents/x/dry-run",
                "/api/v1/incidents/x/dry-run/end",
                "/api/v1/incidents/x/quarantine/x/return",
                "/api/v1/anything")) {
            JsonNode problem = problem(visitor.post("auditor", path, "{\"reason\":\"let me\"}"), 403);
            assertThat(problem.path("rule").asText()).isEqualTo("group-required");
        }
    }

    @Test
    void whoGuessesIsHeldBackAndTheRightPasswordDoesNotHelpMeanwhile() throws Exception {
        for (int i = 0; i < 5; i++) {
            problem(
                    visitor.send(visitor.request("/api/v1/tasks")
                            .header("Authorization", Visitor.basic("approver", "guess-" + i))),
                    401);
        }
        HttpResponse<String> held = visitor.send(
                visitor.request("/api/v1/tasks").header("Authorization", Visitor.basic("approver", Visitor.PASSWORD)));
        problem(held, 429);
        assertThat(Integer.parseInt(held.headers().firstValue("Retry-After").orElseThrow()))
                .isBetween(1, 300);
        assertThat(visitor.get("auditor", "/api/v1/tasks").statusCode())
                .as("somebody else at the same address")
                .isEqualTo(200);
        assertThat(audit.page(audit.lastSeq() - 1, 1).get(0).event().action()).isEqualTo("access.hold-back");

        clock.forward(Duration.ofMinutes(5).plusSeconds(1));
        assertThat(visitor.get("approver", "/api/v1/tasks").statusCode()).isEqualTo(200);
    }

    @Test
    void whoTriesOnePasswordOnManyNamesIsHeldBackToo() {
        List<Integer> answers = new ArrayList<>();
        for (int i = 0; i < 51; i++) {
            answers.add(visitor.send(visitor.request("/api/v1/tasks")
                            .header("Authorization", Visitor.basic("name-" + i, "Spring2026!")))
                    .statusCode());
        }
        assertThat(answers.subList(0, 50)).containsOnly(401);
        assertThat(answers.get(50)).isEqualTo(429);
    }

    // ---- people

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "/incidents", "/incidents/x", "/tasks", "/alerts", "/audit", "/guardrails", "/nothing"})
    void pagesLeadToTheSignInPage(String path) {
        HttpResponse<String> answer = visitor.page(path);
        assertThat(answer.statusCode()).isEqualTo(302);
        assertThat(answer.headers().firstValue("Location").orElseThrow()).endsWith("/login");
    }

    @Test
    void aPartOfAPageIsNotReplacedByTheSignInForm() {
        HttpResponse<String> answer = visitor.live("/tasks");
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("HX-Refresh")).hasValue("true");
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void afterSigningInThePageOpensThatWasAskedFor() {
        visitor.page("/tasks?show=all");
        HttpResponse<String> signedIn = visitor.signIn("responder", Visitor.PASSWORD);
        assertThat(signedIn.headers().firstValue("Location").orElseThrow()).endsWith("/tasks?show=all");
    }

    @Test
    void theSessionsCookieIsOutOfReachOfScriptsAndOfOtherSites() {
        visitor.page("/login");
        HttpResponse<String> signedIn = visitor.signIn("responder", Visitor.PASSWORD);
        List<String> cookies = signedIn.headers().allValues("Set-Cookie");
        assertThat(cookies).as("a new session at sign-in").anyMatch(cookie -> cookie.startsWith("JSESSIONID="));
        assertThat(cookies)
                .allSatisfy(cookie -> assertThat(cookie).contains("; HttpOnly").contains("; SameSite=Lax"));
        assertThat(visitor.page("/tasks").body()).doesNotContain("jsessionid");
    }

    @Test
    void wrongPasswordAndUnknownNameLeadToTheSamePage() {
        String wrong = location(visitor.signIn("responder", "wrong-password-2"));
        String unknown = location(visitor.signIn("nobody-of-ours", "wrong-password-2"));
        assertThat(wrong).isEqualTo(unknown).endsWith("/login?error");
    }

    @Test
    void whoGuessesAtTheConsoleIsHeldBack() {
        for (int i = 0; i < 5; i++) {
            assertThat(location(visitor.signIn("admin", "guess-" + i))).endsWith("/login?error");
        }
        assertThat(location(visitor.signIn("admin", Visitor.PASSWORD))).endsWith("/login?wait");
    }

    @Test
    void signingInAndOutIsRecordedAndEndsTheSession() {
        Visitor responder = Visitor.signedIn(environment, "responder");
        assertThat(audit.page(audit.lastSeq() - 1, 1).get(0).event().action()).isEqualTo("access.sign-in");
        assertThat(location(responder.submit("/tasks", "/logout", Map.of()))).endsWith("/login?signed-out");
        assertThat(responder.page("/tasks").statusCode()).isEqualTo(302);
    }

    @Test
    void aSessionEndsALifetimeAfterSignInAlsoWhenItIsUsed() {
        Visitor responder = Visitor.signedIn(environment, "responder");
        for (int hour = 0; hour < 11; hour++) {
            clock.forward(Duration.ofHours(1));
            assertThat(responder.page("/tasks").statusCode()).isEqualTo(200);
        }
        clock.forward(Duration.ofHours(1));
        assertThat(responder.page("/tasks").statusCode()).isEqualTo(302);
    }

    @Test
    void nothingIsChangedWithoutTheTokenOfTheForm() {
        Visitor responder = Visitor.signedIn(environment, "responder");
        String task = scene.fullIncident("ordinary text").id().value();
        for (String path : List.of(
                "/incidents/" + task + "/tasks/task-plan-" + task,
                "/incidents/" + task + "/tasks/task-plan-" + task + "/claim",
                "/alerts/x/respond",
                "/guardrails/pauses",
                "/incidents/" + task + "/dry-run/end",
                "/incidents/" + task + "/quarantine/x/return",
                "/logout")) {
            HttpResponse<String> answer =
                    responder.post(path, Map.of("decision", "approve", "reason", "from elsewhere"));
            assertThat(answer.statusCode()).as(path).isEqualTo(403);
            assertThat(answer.body()).contains("The form was older than your session");
        }
        assertThat(scene.inbox.answers()).isEmpty();
        assertThat(location(visitor.post("/guardrails/pauses", Map.of("reason", "x"))))
                .as("after the session's end")
                .endsWith("/login?expired");
    }

    @Test
    void anAuditorDecidesNothingAtTheConsole() {
        Visitor auditor = Visitor.signedIn(environment, "auditor");
        String incident = scene.fullIncident("ordinary text").id().value();
        HttpResponse<String> answer = auditor.submit(
                "/tasks",
                "/incidents/" + incident + "/tasks/task-plan-" + incident,
                Map.of("decision", "approve", "reason", "let me"));
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).contains("None of your groups may do this.");
        assertThat(scene.inbox.answers()).isEmpty();
    }

    @Test
    void theConsoleTakesNoBasicCredential() {
        assertThat(visitor.get("responder", "/incidents").statusCode()).isEqualTo(302);
    }

    // ---- headers, health, errors

    @ParameterizedTest
    @ValueSource(strings = {"/login", "/api/v1/tasks", "/actuator/health", "/assets/console.js", "/nothing"})
    void everyAnswerCarriesTheSecurityHeaders(String path) {
        HttpResponse<String> answer = visitor.page(path);
        assertThat(answer.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'")
                .contains("base-uri 'none'", "form-action 'self'")
                .doesNotContain("unsafe-inline", "unsafe-eval", "*", "http:");
        assertThat(answer.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(answer.headers().firstValue("X-Frame-Options")).hasValue("DENY");
        assertThat(answer.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
        assertThat(answer.headers().firstValue("Cross-Origin-Opener-Policy")).hasValue("same-origin");
        assertThat(answer.headers().firstValue("Permissions-Policy")).isPresent();
        assertThat(answer.headers().map()).doesNotContainKeys("server", "x-powered-by");
    }

    @Test
    void pagesAreNotKeptByCaches() {
        assertThat(Visitor.signedIn(environment, "responder")
                        .page("/tasks")
                        .headers()
                        .firstValue("Cache-Control")
                        .orElseThrow())
                .contains("no-store");
    }

    @Test
    void healthIsOpenAndTellsNoDetails() throws Exception {
        HttpResponse<String> health = visitor.send(visitor.request("/actuator/health"));
        assertThat(health.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(health.body()).path("status").asText()).isEqualTo("UP");
        assertThat(health.body()).doesNotContain("H2", "database", "components");
    }

    @Test
    void metricsAreForPeopleOfAnyGroupAndOtherActuatorsDoNotExist() throws Exception {
        assertThat(visitor.get("auditor", "/actuator/prometheus").body()).contains("drawbridge_", "jvm_memory");
        for (String path : List.of("/actuator/env", "/actuator/heapdump", "/actuator/loggers", "/actuator/beans")) {
            problem(visitor.get("admin", path), 404);
        }
    }

    @Test
    void aProgramsErrorIsAProblemWithoutAnyExceptionsText() throws Exception {
        problem(visitor.get("responder", "/api/v1/nothing"), 404);
        problem(visitor.post("responder", "/api/v1/tasks", "{}"), 405);
        problem(visitor.post("responder", "/api/v1/tasks/x/complete", "{\"decision\":"), 400);
        problem(visitor.post("responder", "/api/v1/tasks/x/complete", "[]"), 400);
        problem(visitor.get("responder", "/api/v1/incidents?limit=many"), 400);
        problem(visitor.get("responder", "/api/v1/incidents?limit=0"), 400);
        HttpRequest.Builder text = visitor.request("/api/v1/tasks/x/complete")
                .header("Authorization", Visitor.basic("responder", Visitor.PASSWORD))
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("approve"));
        problem(visitor.send(text), 415);
    }

    @Test
    void aFaultOfOursIsToldWithoutItsCause() throws Exception {
        scene.inbox.failNext("jdbc:postgresql://secret-host/ refused " + Scene.HOSTILE);
        JsonNode problem = problem(visitor.get("responder", "/api/v1/tasks/any"), 500);
        assertThat(problem.toString()).doesNotContain("secret-host").contains("It is in the log");

        scene.inbox.failNext("jdbc:postgresql://secret-host/ refused " + Scene.HOSTILE);
        HttpResponse<String> page = Visitor.signedIn(environment, "responder").page("/tasks");
        assertThat(page.statusCode()).isEqualTo(500);
        assertThat(page.body())
                .contains("Something went wrong on our side.")
                .doesNotContain("secret-host", "Exception", "\tat ");
    }

    private static String location(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(302);
        return answer.headers().firstValue("Location").orElseThrow();
    }
}
