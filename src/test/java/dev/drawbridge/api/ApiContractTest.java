package dev.drawbridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.containment.KnownRights;
import dev.drawbridge.containment.RungDescription;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.TestClock;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.QuarantineReturns;
import dev.drawbridge.workflow.ScriptedInbox;
import dev.drawbridge.workflow.TaskInbox;
import dev.drawbridge.workflow.TaskOutcome;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What other programs rely on, endpoint by endpoint. */
@WebTest
class ApiContractTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private Incidents incidents;

    @Autowired
    private Pauses pauses;

    @Autowired
    private Overrides overrides;

    @Autowired
    private KnownRights rights;

    @Autowired
    private JdbcClient jdbc;

    @Autowired
    private TestClock clock;

    private Visitor program;

    @BeforeEach
    void arrive() {
        scene.clear();
        program = Visitor.to(environment);
    }

    private JsonNode get(String path) throws Exception {
        HttpResponse<String> answer = program.get("responder", path);
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
        return JSON.readTree(answer.body());
    }

    private JsonNode post(int status, String path, Map<String, ?> body) throws Exception {
        HttpResponse<String> answer = program.post("responder", path, JSON.writeValueAsString(body));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
                .startsWith(status < 300 ? "application/json" : "application/problem+json");
        return JSON.readTree(answer.body());
    }

    private JsonNode problem(int status, String path) throws Exception {
        HttpResponse<String> answer = program.get("responder", path);
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("application/problem+json");
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("title").asText()).isNotEmpty();
        return problem;
    }

    /** Every page of a list, followed by its {@code next} as a program does. */
    private List<JsonNode> all(String path) throws Exception {
        List<JsonNode> items = new ArrayList<>();
        String after = "";
        for (int page = 0; page < 50; page++) {
            JsonNode listing = get(path + after);
            assertThat(listing.has("next")).isTrue();
            listing.path("items").forEach(items::add);
            if (listing.path("next").isNull()) {
                return items;
            }
            after = "&after=" + listing.path("next").asText();
        }
        throw new AssertionError("the pages of " + path + " have no end");
    }

    private static List<String> texts(List<JsonNode> items, String field) {
        return items.stream().map(item -> item.path(field).asText()).toList();
    }

    // ---- incidents

    @Test
    void incidentsAreListedNewestFirstInPages() throws Exception {
        List<String> opened = new ArrayList<>();
        for (String node : List.of("worker-1", "worker-2", "worker-3", "cp-1", "cp-2")) {
            opened.add(0, scene.incident(node).id().value());
        }
        assertThat(texts(all("/api/v1/incidents?limit=2"), "id")).isEqualTo(opened);
        assertThat(texts(all("/api/v1/incidents?limit=5"), "id")).isEqualTo(opened);
        assertThat(get("/api/v1/incidents").toString()).contains("\"next\":null");
    }

    @Test
    void anIncidentThatOpensMeanwhileDoesNotShiftThePages() throws Exception {
        scene.incident("worker-1");
        scene.incident("worker-2");
        JsonNode first = get("/api/v1/incidents?limit=1");
        scene.incident("worker-3");
        JsonNode second =
                get("/api/v1/incidents?limit=1&after=" + first.path("next").asText());
        assertThat(second.at("/items/0/node").asText()).isEqualTo("worker-1");
    }

    @Test
    void incidentsAreFilteredByNodeAndState() throws Exception {
        Incident one = scene.incident("worker-1");
        scene.incident("worker-2");
        incidents.close(Actor.person("approver"), one.id(), IncidentState.CLOSED_RESOLVED, "done");
        Incident again = scene.incident("worker-1");
        assertThat(texts(all("/api/v1/incidents?node=worker-1"), "id"))
                .containsExactly(again.id().value(), one.id().value());
        assertThat(texts(all("/api/v1/incidents?node=worker-1&state=closed-resolved"), "id"))
                .containsExactly(one.id().value());
        assertThat(texts(all("/api/v1/incidents?state=open"), "node")).containsExactly("worker-1", "worker-2");
        assertThat(get("/api/v1/incidents?node=nowhere").path("items")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "state=closed",
                "node=..%2f",
                "node=%3Cscript%3E",
                "after=NO+ID",
                "limit=0",
                "limit=501",
                "limit=x",
                "limit=-1"
            })
    void aFilterThatMeansNothingIsABadRequestAndIsNotRepeated(String query) throws Exception {
        JsonNode problem = problem(400, "/api/v1/incidents?" + query);
        assertThat(problem.path("detail").asText()).doesNotContain("<script>", "NO ID", "../");
    }

    @Test
    void anIncidentHoldsAllThatIsKnownOfIt() throws Exception {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        JsonNode body = get("/api/v1/incidents/" + incident.id());
        assertThat(body.path("id").asText()).isEqualTo(incident.id().value());
        assertThat(body.path("state").asText()).isEqualTo("awaiting-approval");
        assertThat(body.path("node").asText()).isEqualTo("cp-1");
        assertThat(body.path("playbook").asText()).isEqualTo("kubernetes-config-tampering");
        assertThat(body.path("playbookVersion").asText()).startsWith("1.0.0+");
        assertThat(body.path("alerts")).hasSize(1);
        assertThat(body.at("/alerts/0/path").asText()).isEqualTo(Scene.ROGUE.toString());
        assertThat(body.at("/alerts/0/processCommandLine").asText()).contains("<script>alert('x')</script>");
        assertThat(body.at("/plan/hash").asText()).matches("[0-9a-f]{64}");
        assertThat(body.at("/plan/steps")).hasSize(4);
        assertThat(body.at("/plan/steps/0/action").asText()).isEqualTo("quarantine");
        assertThat(body.at("/plan/steps/1/path").asText()).isEqualTo(Scene.ODD.toString());
        assertThat(body.at("/exposedCredentials/0/path").asText()).isEqualTo(Scene.CA_KEY.toString());
        assertThat(body.path("tasks")).hasSize(4);
        assertThat(body.at("/containment/0/rung").asText()).isEqualTo("cordon");
        assertThat(body.at("/verification/0/passed").asBoolean()).isFalse();
        assertThat(body.at("/verification/0/checks/1/status").asText()).isEqualTo("not-available");
        assertThat(body.at("/findings/1/status").asText()).isEqualTo("nothing-found");
        assertThat(body.at("/evidence/manifest").asText()).matches("[0-9a-f]{64}");
        assertThat(texts(list(body.path("timeline")), "action")).contains("incident.open", "effect.contain");
        Instant.parse(body.path("openedAt").asText());
    }

    private int posted(String path, String reason) throws Exception {
        HttpResponse<String> answer =
                program.post("responder", path, JSON.writeValueAsString(Map.of("reason", reason)));
        return answer.statusCode();
    }

    @Test
    void anIncidentIsPutIntoDryRunAndOutOfItWithReasons() throws Exception {
        String path = "/api/v1/incidents/" + scene.incident("worker-1").id().value();
        assertThat(get(path).has("dryRun")).isFalse();
        assertThat(posted(path + "/dry-run/end", "none")).isEqualTo(409);
        assertThat(posted(path + "/dry-run", " ")).isEqualTo(400);
        assertThat(posted(path + "/dry-run", "look first")).isEqualTo(204);
        assertThat(posted(path + "/dry-run", "look first")).isEqualTo(409);
        JsonNode dryRun = get(path).path("dryRun");
        assertThat(dryRun.path("reason").asText()).isEqualTo("look first");
        assertThat(dryRun.path("setBy").asText()).isEqualTo("person:responder");
        assertThat(dryRun.has("endedAt")).isFalse();
        assertThat(posted(path + "/dry-run/end", "")).isEqualTo(400);
        assertThat(posted(path + "/dry-run/end", "it is right")).isEqualTo(204);
        assertThat(get(path).path("dryRun").has("endedAt")).isTrue();
        assertThat(posted("/api/v1/incidents/nothing/dry-run", "look")).isEqualTo(404);
    }

    @Test
    void aQuarantinedFileIsListedAndItsReturnAskedForWithAReason() throws Exception {
        Incident incident = scene.incident("cp-1");
        QuarantinedFile file = scene.quarantined(incident.id(), Scene.ROGUE, null);
        QuarantinedFile back = scene.quarantined(incident.id(), Scene.EDITED, Instant.parse("2026-01-15T10:00:00Z"));
        String path = "/api/v1/incidents/" + incident.id() + "/quarantine";
        JsonNode listed = get(path);
        assertThat(texts(list(listed), "path")).containsExactly(Scene.ROGUE.toString(), Scene.EDITED.toString());
        assertThat(listed.at("/0/id").asText()).isEqualTo(file.id());
        assertThat(listed.at("/0/sha256").asText()).isEqualTo(file.content().hex());
        assertThat(listed.at("/0").has("returnedAt")).isFalse();
        assertThat(listed.at("/1/returnedAt").asText()).isEqualTo("2026-01-15T10:00:00Z");

        assertThat(posted(path + "/" + file.id() + "/return", "it is our own agent"))
                .isEqualTo(202);
        assertThat(scene.quarantine.asked()).containsExactly(file.id() + " responder it is our own agent");
        assertThat(posted(path + "/" + "0".repeat(32) + "/return", "mine")).isEqualTo(404);
        assertThat(posted("/api/v1/incidents/nothing/quarantine/" + file.id() + "/return", "mine"))
                .isEqualTo(404);
        scene.quarantine.answerNext(new QuarantineReturns.Asked.Conflict("returned", "it is back already"));
        HttpResponse<String> conflict = program.post(
                "responder",
                path + "/" + back.id() + "/return",
                JSON.writeValueAsString(Map.of("reason", "once more")));
        assertThat(conflict.statusCode()).isEqualTo(409);
        assertThat(JSON.readTree(conflict.body()).path("rule").asText()).isEqualTo("returned");
        scene.quarantine.answerNext(new QuarantineReturns.Asked.Invalid("a reason is needed"));
        assertThat(posted(path + "/" + file.id() + "/return", " ")).isEqualTo(400);
    }

    @Test
    void thePlanSaysHowEachFileDiffers() throws Exception {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        JsonNode plan = get("/api/v1/incidents/" + incident.id() + "/plan");
        JsonNode inIncident = get("/api/v1/incidents/" + incident.id()).path("plan");
        assertThat(plan.path("hash")).isEqualTo(inIncident.path("hash"));
        assertThat(plan.path("steps")).isEqualTo(inIncident.path("steps"));
        assertThat(texts(list(plan.path("steps")), "order")).containsExactly("1", "2", "3", "4");
        for (String field :
                List.of("path", "drift", "fileClass", "action", "sha256Before", "sha256After", "why", "effect")) {
            assertThat(plan.at("/steps/2/" + field).asText()).as(field).isNotEmpty();
        }
        assertThat(texts(list(plan.path("comparisons")), "path")).isEqualTo(texts(list(plan.path("steps")), "path"));
        JsonNode edited = plan.at("/comparisons/2");
        assertThat(edited.at("/text/status").asText()).isEqualTo("shown");
        assertThat(edited.at("/text/lines").toString()).contains("-    - --anonymous-auth=true");
        assertThat(edited.at("/meaning/status").asText()).isEqualTo("compared");
        assertThat(edited.at("/meaning/warnings/0").asText()).startsWith("--anonymous-auth=true lets requests in.");
        assertThat(edited.at("/meaning/changes/0").asText()).contains("<script>alert('x')</script>");
        assertThat(edited.at("/metadata/0").asText()).startsWith("The mode is 0644");
        assertThat(plan.at("/comparisons/0/meaning/status").asText()).isEqualTo("not-comparable");
        assertThat(plan.at("/comparisons/1/text/status").asText()).isEqualTo("not-available");
        assertThat(plan.at("/comparisons/3/text/status").asText()).isEqualTo("not-shown");
        assertThat(plan.at("/comparisons/3/text/lines")).isEmpty();
        assertThat(plan.at("/comparisons/3").has("meaning")).isFalse();
        assertThat(inIncident.has("comparisons")).isFalse();
    }

    @Test
    void anIncidentWithoutAPlanHasNone() throws Exception {
        problem(404, "/api/v1/incidents/" + scene.incident("worker-1").id() + "/plan");
        problem(404, "/api/v1/incidents/none/plan");
    }

    private static List<JsonNode> list(JsonNode array) {
        List<JsonNode> items = new ArrayList<>();
        array.forEach(items::add);
        return items;
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "NO%20ID", "%3Cscript%3E"})
    void anIncidentThatIsNotThereIsNotFound(String id) throws Exception {
        problem(404, "/api/v1/incidents/" + id);
        problem(404, "/api/v1/incidents/" + id + "/timeline");
    }

    @Test
    void theTimelineIsPagedOldestFirst() throws Exception {
        Incident incident = scene.fullIncident("ordinary text");
        scene.incident("worker-1");
        List<JsonNode> timeline = all("/api/v1/incidents/" + incident.id() + "/timeline?limit=2");
        assertThat(texts(timeline, "action"))
                .startsWith("incident.open")
                .contains("effect.contain", "evidence.capture");
        assertThat(timeline)
                .allMatch(entry ->
                        entry.path("incidentId").asText().equals(incident.id().value()));
        assertThat(timeline)
                .isSortedAccordingTo((one, two) ->
                        Long.compare(one.path("seq").asLong(), two.path("seq").asLong()));
        JsonNode intent = timeline.stream()
                .filter(entry -> entry.path("action").asText().equals("effect.contain"))
                .findFirst()
                .orElseThrow();
        assertThat(intent.path("phase").asText()).isEqualTo("intent");
        assertThat(intent.path("actor").asText()).isEqualTo("playbook:kubernetes-config-tampering");
        problem(400, "/api/v1/incidents/" + incident.id() + "/timeline?after=-1");
        problem(400, "/api/v1/incidents/" + incident.id() + "/timeline?after=x");
    }

    // ---- tasks

    @Test
    void openTasksAreListedInPages() throws Exception {
        Incident incident = scene.fullIncident("ordinary text");
        List<JsonNode> tasks = all("/api/v1/tasks?limit=1");
        assertThat(texts(tasks, "kind")).containsExactly("approve-plan", "step-failed", "improve-detection");
        JsonNode plan = tasks.get(0);
        assertThat(plan.path("incidentId").asText()).isEqualTo(incident.id().value());
        assertThat(plan.path("title").asText()).isEqualTo("Approve the plan");
        assertThat(plan.path("candidates").toString()).isEqualTo("[\"approvers\",\"security-operations\"]");
        assertThat(plan.path("decisions").toString()).isEqualTo("[\"approve\",\"reject\",\"false-positive\"]");
        assertThat(plan.path("planHash").asText()).matches("[0-9a-f]{64}");
        Instant.parse(plan.path("due").asText());
        assertThat(get("/api/v1/tasks/" + plan.path("id").asText())
                        .path("state")
                        .asText())
                .isEqualTo("open");
        problem(404, "/api/v1/tasks/none");
    }

    private String task() {
        return "task-plan-" + scene.fullIncident("ordinary text").id();
    }

    @Test
    void aDecisionReachesTheInboxWithTheSignedInPersonAndTheHashThatWasRead() throws Exception {
        String task = task();
        JsonNode answer = post(
                200,
                "/api/v1/tasks/" + task + "/complete",
                Map.of("decision", "approve", "reason", "  I read it  ", "planHash", "ab", "name", "somebody-else"));
        assertThat(answer.path("id").asText()).isEqualTo(task);
        assertThat(scene.inbox.answers())
                .containsExactly(new ScriptedInbox.Answer(
                        task,
                        new TaskInbox.Person("responder", Set.of("responders", "security-operations")),
                        "approve",
                        "I read it",
                        "ab"));
    }

    @Test
    void aClaimReachesTheInbox() throws Exception {
        String task = task();
        assertThat(post(200, "/api/v1/tasks/" + task + "/claim", Map.of())
                        .path("id")
                        .asText())
                .isEqualTo(task);
        HttpResponse<String> bodiless = program.send(program.request("/api/v1/tasks/" + task + "/claim")
                .header("Authorization", Visitor.basic("responder", Visitor.PASSWORD))
                .POST(java.net.http.HttpRequest.BodyPublishers.noBody()));
        assertThat(bodiless.statusCode()).isEqualTo(200);
        assertThat(scene.inbox.answers()).hasSize(2).allMatch(answer -> answer.decision() == null);
    }

    @ParameterizedTest
    @CsvSource({
        "not-a-candidate, 403",
        "four-eyes, 403",
        "etcd-quorum, 403",
        "claimed-by-another, 403",
        "already-decided, 409",
        "plan-lapsed, 409"
    })
    void whatForbidsADecisionIsNamed(String rule, int status) throws Exception {
        for (String act : List.of("claim", "complete")) {
            scene.inbox.answerNext(
                    status == 403
                            ? new TaskOutcome.Forbidden(rule, "because of " + rule)
                            : new TaskOutcome.Conflict(rule, "because of " + rule));
            JsonNode problem = post(
                    status, "/api/v1/tasks/some-task/" + act, Map.of("decision", "approve", "reason", "looks fine"));
            assertThat(problem.path("rule").asText()).isEqualTo(rule);
            assertThat(problem.path("detail").asText()).isEqualTo("because of " + rule);
        }
    }

    @Test
    void anInvalidDecisionIsABadRequestAndAGoneTaskIsNotFound() throws Exception {
        Map<String, String> decision = Map.of("decision", "explode", "reason", "why not");
        scene.inbox.answerNext(new TaskOutcome.Invalid("The decision is none of the task's."));
        assertThat(post(400, "/api/v1/tasks/some-task/complete", decision)
                        .path("detail")
                        .asText())
                .isEqualTo("The decision is none of the task's.");
        post(404, "/api/v1/tasks/some-task/complete", decision);
        post(404, "/api/v1/tasks/some-task/claim", Map.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"decision\":\"approve\"}",
                "{\"decision\":\"approve\",\"reason\":\"\"}",
                "{\"decision\":\"approve\",\"reason\":\" \\n\\t \"}",
                "{\"decision\":\"approve\",\"reason\":null}",
                "{\"reason\":\"looks fine\"}",
                "{\"decision\":\" \",\"reason\":\"looks fine\"}",
                "{\"decision\":{\"a\":1},\"reason\":\"looks fine\"}",
                "not json",
                ""
            })
    void nothingIsDecidedWithoutADecisionAndAReason(String body) {
        HttpResponse<String> answer = program.post("approver", "/api/v1/tasks/" + task() + "/complete", body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("application/problem+json");
        assertThat(scene.inbox.answers()).isEmpty();
    }

    @Test
    void anEndlessReasonIsRefused() throws Exception {
        post(400, "/api/v1/tasks/" + task() + "/complete", Map.of("decision", "approve", "reason", "x".repeat(4001)));
        assertThat(scene.inbox.answers()).isEmpty();
    }

    @Test
    void anAuditorIsToldTheRuleOfTheInbox() {
        scene.inbox.answerNext(new TaskOutcome.Forbidden("not-a-candidate", "Deciding is for approvers."));
        HttpResponse<String> answer = program.post(
                "auditor", "/api/v1/tasks/some-task/complete", "{\"decision\":\"approve\",\"reason\":\"let me\"}");
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).contains("\"rule\":\"not-a-candidate\"");
    }

    @Test
    void aDecidedTaskSaysHowItWasDecided() throws Exception {
        Incident incident = scene.fullIncident("ordinary text");
        JsonNode task = get("/api/v1/tasks/task-contain-" + incident.id());
        assertThat(task.path("state").asText())
                .isEqualTo(HumanTask.State.COMPLETED.name().toLowerCase());
        assertThat(task.path("decision").asText()).isEqualTo("contain");
        assertThat(task.path("decidedBy").asText()).isEqualTo("responder2");
        assertThat(task.path("reason").asText()).isNotEmpty();
    }

    // ---- alerts

    @Test
    void alertsAreListedWithWhatBecameOfThem() throws Exception {
        scene.incident("worker-1");
        scene.alert("worker-1", clock.instant(), Map.of());
        scene.alert("worker-2", clock.instant().minus(Duration.ofDays(3)), Map.of());
        scene.alert("worker-2", clock.instant(), Map.of("/file/path", "/etc/../root/.ssh/authorized_keys"));
        assertThat(texts(all("/api/v1/alerts?limit=3"), "disposition"))
                .containsExactly("rejected", "stale", "joined", "opened");
        assertThat(texts(all("/api/v1/alerts?disposition=stale"), "host")).containsExactly("worker-2");
        problem(400, "/api/v1/alerts?disposition=lost");
        problem(400, "/api/v1/alerts?after=%20");
    }

    @Test
    void aStaleAlertIsAnsweredForAReason() throws Exception {
        String alert = scene.alert("worker-2", clock.instant().minus(Duration.ofDays(3)), Map.of())
                .path("alertId")
                .asText();
        post(400, "/api/v1/alerts/" + alert + "/respond", Map.of("reason", " "));
        post(400, "/api/v1/alerts/" + alert + "/respond", Map.of());
        post(404, "/api/v1/alerts/none/respond", Map.of("reason", "why"));
        post(400, "/api/v1/alerts/no%20id/respond", Map.of("reason", "why"));
        String incident = post(200, "/api/v1/alerts/" + alert + "/respond", Map.of("reason", "seen in the log"))
                .path("incidentId")
                .asText();
        assertThat(get("/api/v1/incidents/" + incident).path("state").asText()).isEqualTo("open");

        String fresh = scene.alert("worker-3", clock.instant(), Map.of())
                .path("alertId")
                .asText();
        assertThat(post(409, "/api/v1/alerts/" + fresh + "/respond", Map.of("reason", "again"))
                        .path("rule")
                        .asText())
                .isEqualTo("not-stale");
    }

    // ---- audit

    @Test
    void theAuditTrailIsPagedWithoutGaps() throws Exception {
        scene.fullIncident(Scene.HOSTILE);
        List<JsonNode> trail = all("/api/v1/audit?limit=500");
        assertThat(trail).isNotEmpty();
        for (int i = 0; i < trail.size(); i++) {
            assertThat(trail.get(i).path("seq").asLong()).isEqualTo(i + 1);
            assertThat(trail.get(i).path("hash").asText()).matches("[0-9a-f]{64}");
            if (i > 0) {
                assertThat(trail.get(i).path("previous").asText())
                        .isEqualTo(trail.get(i - 1).path("hash").asText());
            }
        }
        problem(400, "/api/v1/audit?after=-1");
        problem(400, "/api/v1/audit?limit=501");
    }

    @Test
    void theChainIsProvenAndTheFirstBadEntryNamed() throws Exception {
        scene.incident("worker-1");
        JsonNode verdict = get("/api/v1/audit/verify");
        assertThat(verdict.path("intact").asBoolean()).isTrue();
        assertThat(verdict.path("entries").asLong()).isPositive();
        assertThat(verdict.path("head").asText()).matches("[0-9a-f]{64}");

        long victim = verdict.path("entries").asLong();
        String reason = jdbc.sql("select reason from audit_entry where seq = ?")
                .param(victim)
                .query(String.class)
                .single();
        tamper(victim, "nothing happened");
        try {
            JsonNode broken = get("/api/v1/audit/verify");
            assertThat(broken.path("intact").asBoolean()).isFalse();
            assertThat(broken.path("firstBad").asLong()).isEqualTo(victim);
            assertThat(broken.path("reason").asText()).isNotEmpty();
            assertThat(Visitor.signedIn(environment, "auditor")
                            .page("/audit?verify=true")
                            .body())
                    .contains("Broken at entry <strong>" + victim + "</strong>");
        } finally {
            tamper(victim, reason);
        }
    }

    private void tamper(long seq, String reason) {
        jdbc.sql("update audit_entry set reason = ? where seq = ?")
                .params(reason, seq)
                .update();
    }

    // ---- guardrails

    @Test
    void theGuardrailsAreToldAndPausesSetAndLifted() throws Exception {
        JsonNode status = get("/api/v1/guardrails");
        assertThat(status.path("dryRun").asBoolean()).isFalse();
        assertThat(status.path("maxContainedNodes").asInt()).isEqualTo(3);
        assertThat(status.path("protectedNodes").toString()).isEqualTo("[\"worker-3\"]");
        assertThat(status.path("protectedLabels").toString()).isEqualTo("[\"drawbridge.dev/protected\"]");

        String ends = clock.instant().plusSeconds(3600).toString();
        JsonNode pause = post(
                201,
                "/api/v1/guardrails/pause",
                Map.of("scope", "node", "target", "cp-1", "reason", "kernel upgrade", "endsAt", ends));
        assertThat(pause.path("setBy").asText()).isEqualTo("person:responder");
        assertThat(get("/api/v1/guardrails").at("/pauses/0/target").asText()).isEqualTo("cp-1");

        String id = pause.path("id").asText();
        post(400, "/api/v1/guardrails/resume", Map.of("id", id));
        post(400, "/api/v1/guardrails/resume", Map.of("id", id, "reason", " "));
        post(400, "/api/v1/guardrails/resume", Map.of("reason", "which one?"));
        String done = JSON.writeValueAsString(Map.of("id", id, "reason", "upgrade done"));
        assertThat(program.post("responder", "/api/v1/guardrails/resume", done).statusCode())
                .isEqualTo(204);
        post(404, "/api/v1/guardrails/resume", Map.of("id", id, "reason", "upgrade done"));
        assertThat(pauses.active()).isEmpty();
    }

    @Test
    void whatTheClusterAllowsIsToldMethodByMethod() throws Exception {
        Instant asked = clock.instant();
        rights.put(asked, Map.of("cordon", ClusterRights.Answer.DENIED), "no RBAC policy matched");
        JsonNode told = get("/api/v1/guardrails").path("clusterRights");
        assertThat(Instant.parse(told.path("askedAt").asText())).isEqualTo(asked);
        assertThat(told.at("/methods/0/method").asText()).isEqualTo("cordon");
        assertThat(told.at("/methods/0/answer").asText()).isEqualTo("denied");
        assertThat(told.at("/methods/0/rights/0").toString())
                .isEqualTo("{\"right\":\"patch nodes\",\"answer\":\"denied\",\"why\":\"no RBAC policy matched\"}");
        rights.clear();
        assertThat(get("/api/v1/guardrails").at("/clusterRights/askedAt").isMissingNode())
                .isTrue();
    }

    @Test
    void theLadderIsToldAsTheReadmeTellsIt() throws Exception {
        JsonNode status = get("/api/v1/guardrails");
        assertThat(status.path("runsAs").asText()).isEqualTo("outside of the cluster");
        List<String> rungs = new ArrayList<>();
        status.path("rungs")
                .forEach(rung -> rungs.add(
                        rung.path("rung").asText() + " by " + rung.path("by").asText()));
        assertThat(rungs)
                .containsExactlyElementsOf(RungDescription.all().stream()
                        .map(rung -> rung.code() + " by " + rung.by())
                        .toList())
                .contains("cordon by drawbridge", "quarantine by restore", "node-credentials by person");
    }

    private static String playbookReason(String playbook, String reason) throws Exception {
        return JSON.writeValueAsString(Map.of("playbook", playbook, "reason", reason));
    }

    @Test
    void anAdministratorSwitchesAPlaybookToDryRunAndBack() throws Exception {
        String playbook = "kubernetes-config-tampering";
        String begin = "/api/v1/guardrails/dry-run";
        assertThat(program.post("responder", begin, playbookReason(playbook, "x"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(program.post("admin", begin, playbookReason("none", "x")).statusCode())
                .isEqualTo(400);
        assertThat(program.post("admin", begin, playbookReason(playbook, " ")).statusCode())
                .isEqualTo(400);
        Incident before = scene.incident("cp-1");
        assertThat(program.post("admin", begin, playbookReason(playbook, "rules are new"))
                        .statusCode())
                .isEqualTo(204);
        assertThat(program.post("admin", begin, playbookReason(playbook, "twice"))
                        .statusCode())
                .isEqualTo(409);
        JsonNode told = get("/api/v1/guardrails").path("dryRunPlaybooks");
        assertThat(told).hasSize(1);
        assertThat(told.at("/0/playbook").asText()).isEqualTo(playbook);
        assertThat(told.at("/0/byFile").asBoolean()).isFalse();
        assertThat(told.at("/0/reason").asText()).isEqualTo("rules are new");
        assertThat(told.at("/0/setBy").asText()).isEqualTo("person:admin");

        Incident opened = scene.incident("cp-2");
        assertThat(get("/api/v1/incidents/" + opened.id()).at("/dryRun/reason").asText())
                .contains("was switched to dry run by admin: rules are new");
        assertThat(get("/api/v1/incidents/" + before.id()).at("/dryRun").isMissingNode())
                .as("opened before it")
                .isTrue();

        String end = begin + "/end";
        assertThat(program.post("responder", end, playbookReason(playbook, "x")).statusCode())
                .isEqualTo(403);
        assertThat(program.post("admin", end, playbookReason("no\0such", "x")).statusCode())
                .isEqualTo(409);
        assertThat(program.post("admin", end, playbookReason(playbook, "they are right"))
                        .statusCode())
                .isEqualTo(204);
        assertThat(program.post("admin", end, playbookReason(playbook, "twice")).statusCode())
                .isEqualTo(409);
        assertThat(get("/api/v1/guardrails").path("dryRunPlaybooks")).isEmpty();
        assertThat(get("/api/v1/incidents/" + scene.incident("cp-3").id())
                        .at("/dryRun")
                        .isMissingNode())
                .isTrue();
        assertThat(get("/api/v1/incidents/" + opened.id()).at("/dryRun/reason").isMissingNode())
                .as("what began in it stays in it")
                .isFalse();
    }

    @Test
    void overridesAreListedWithWhoAgreedAndWhatBecameOfThem() throws Exception {
        for (int n = 1; n <= 3; n++) {
            overrides.grant(
                    new Overrides.Subject(
                            IncidentId.of("i" + n),
                            NodeName.of("cp-1"),
                            Effect.Kind.CONTAIN,
                            "cordon",
                            Set.of("pause")),
                    Scene.HOSTILE,
                    Actor.person("alice"),
                    Actor.person("bob"));
            clock.forward(Duration.ofMinutes(10));
        }
        JsonNode page = get("/api/v1/guardrails/overrides?limit=2");
        assertThat(page.path("items")).hasSize(2);
        JsonNode newest = page.at("/items/0");
        assertThat(newest.path("incidentId").asText()).isEqualTo("i3");
        assertThat(newest.path("state").asText()).isEqualTo("open");
        assertThat(page.at("/items/1/state").asText()).isEqualTo("expired");
        assertThat(newest.path("kind").asText() + newest.path("target").asText())
                .isEqualTo("containcordon");
        assertThat(newest.path("rules").toString()).isEqualTo("[\"pause\"]");
        assertThat(newest.path("reason").asText()).isEqualTo(Scene.HOSTILE);
        assertThat(newest.path("proposer").asText()).isEqualTo("person:alice");
        assertThat(newest.path("approver").asText()).isEqualTo("person:bob");
        assertThat(Instant.parse(newest.path("expiresAt").asText()))
                .isAfter(Instant.parse(newest.path("approvedAt").asText()));
        assertThat(newest.path("usedAt").isMissingNode()).isTrue();
        JsonNode last = get("/api/v1/guardrails/overrides?limit=2&after="
                + page.path("next").asText());
        assertThat(last.at("/items/0/incidentId").asText()).isEqualTo("i1");
        assertThat(last.path("next").isNull()).isTrue();
        problem(400, "/api/v1/guardrails/overrides?limit=0");
        problem(400, "/api/v1/guardrails/overrides?after=%00");
        problem(400, "/api/v1/guardrails/overrides?limit=501");
    }

    @Test
    void aPauseThatWouldHoldNothingBackIsRefused() throws Exception {
        for (Map<String, String> pause : List.of(
                Map.of("scope", "global"),
                Map.of("scope", "global", "reason", " "),
                Map.of("scope", "global", "reason", "x".repeat(2001)),
                Map.of("scope", "global", "reason", "late", "endsAt", "2020-01-01T00:00:00Z"),
                Map.of("scope", "global", "reason", "late", "endsAt", "tomorrow"),
                Map.of("scope", "planet", "reason", "x"),
                Map.of("reason", "x"),
                Map.of("scope", "node", "reason", "x"),
                Map.of("scope", "node", "target", "no node", "reason", "x"),
                Map.of("scope", "node", "target", "worker-99", "reason", "x"),
                Map.of("scope", "playbook", "target", "none", "reason", "x"))) {
            post(400, "/api/v1/guardrails/pause", pause);
        }
        assertThat(pauses.active()).isEmpty();
        post(
                201,
                "/api/v1/guardrails/pause",
                Map.of("scope", "playbook", "target", "kubernetes-config-tampering", "reason", "rule is retuned"));
        post(201, "/api/v1/guardrails/pause", Map.of("scope", "global", "target", "ignored", "reason", "storm"));
        assertThat(pauses.active()).extracting(Pause::target).containsExactly("kubernetes-config-tampering", "");
    }

    @AfterEach
    void letTimePass() {
        clock.forward(Duration.ofMinutes(10));
    }
}
