package dev.drawbridge.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.KnownPlans;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.TestClock;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.QuarantineReturns;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.web.util.HtmlUtils;

/** Every page of the console as the server renders it. */
@WebTest
class PagesTest {
    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private Incidents incidents;

    @Autowired
    private TestClock clock;

    @Autowired
    private KnownPlans plans;

    private Visitor responder;

    @BeforeEach
    void signIn() {
        scene.clear();
        responder = Visitor.signedIn(environment, "responder");
    }

    private static String ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
        return answer.body();
    }

    /** Nothing that somebody else wrote may be read as markup, and nothing may be evaluated a second time. */
    private static void assertEscaped(String page) {
        assertThat(page)
                .doesNotContain("<script>alert", "onmouseover=\"alert", "</textarea>\"", "49 [[", "[[49]]")
                .doesNotContainPattern("(href|src|action|hx-get)=\"\\s*javascript:")
                .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onmouseover=&quot;alert(1)");
    }

    @Test
    void theStartPageLeadsToTheIncidents() {
        HttpResponse<String> answer = responder.page("/");
        assertThat(answer.statusCode()).isEqualTo(302);
        assertThat(answer.headers().firstValue("Location").orElseThrow()).endsWith("/incidents");
    }

    @Test
    void theSignInPageSaysWhatWentWrongWithoutSayingWhat() {
        Visitor stranger = Visitor.to(environment);
        assertThat(ok(stranger.page("/login"))).contains("name=\"username\"", "name=\"password\"", "name=\"_csrf\"");
        assertThat(ok(stranger.page("/login?error"))).contains("No such name and password.");
        assertThat(ok(stranger.page("/login?wait"))).contains("Too many failed attempts.");
        assertThat(ok(stranger.page("/login?expired"))).contains("nothing was done");
        assertThat(ok(stranger.page("/login?signed-out"))).contains("You are signed out.");
        assertThat(ok(stranger.page("/login"))).doesNotContain("aria-label=\"Console\"");
    }

    @Test
    void whoIsSignedInSeesNoSignInPage() {
        assertThat(responder.page("/login").statusCode()).isEqualTo(302);
    }

    @Test
    void theIncidentsShowStateNodeAndWhatWaits() {
        Incident incident = scene.fullIncident("ordinary text");
        String page = ok(responder.page("/incidents"));
        assertThat(page)
                .contains(
                        "href=\"/incidents/" + incident.id() + "\"",
                        "cp-1",
                        "Awaiting approval",
                        "Approve the plan",
                        "overdue by")
                .contains("<strong>responder</strong>", "responders", "security-operations");
    }

    @Test
    void theIncidentsFilterByNodeAndState() {
        scene.incident("worker-1");
        scene.incident("worker-2");
        assertThat(ok(responder.page("/incidents?node=worker-1&state=open")))
                .contains("worker-1")
                .doesNotContain(">worker-2<");
        assertThat(ok(responder.page("/incidents?state=stalled"))).contains("No incidents.");
        assertThat(ok(responder.page("/incidents?node=" + encode(Scene.HOSTILE))))
                .contains("That is not a node name")
                .doesNotContain("<script>alert");
        assertThat(ok(responder.page("/incidents?state=" + encode(Scene.HOSTILE) + "&after=" + encode("\"><b>"))))
                .contains("worker-1", "worker-2")
                .doesNotContain("\"><b>");
    }

    @Test
    void theIncidentsRefreshByTheirRowsAlone() {
        scene.incident("worker-1");
        String rows = ok(responder.live("/incidents?node=&state=&after="));
        assertThat(rows.strip()).startsWith("<div id=\"rows\"").doesNotContain("<html", "<nav");
        assertThat(rows).contains("worker-1");
    }

    @Test
    void theIncidentsArePagedByKey() {
        for (int i = 0; i < 52; i++) {
            scene.incident("host-" + i);
        }
        String first = ok(responder.page("/incidents"));
        assertThat(first).contains(">host-51<", ">host-2<").doesNotContain(">host-1<");
        Matcher older =
                Pattern.compile("href=\"(/incidents\\?[^\"]*after=[^\"]+)\"").matcher(first);
        assertThat(older.find()).isTrue();
        assertThat(ok(responder.page(older.group(1).replace("&amp;", "&"))))
                .contains(">host-1<", ">host-0<", ">Newest<")
                .doesNotContain(">host-2<");
    }

    @Test
    void anIncidentShowsEverythingThatADecisionNeeds() {
        Incident incident = scene.fullIncident("ordinary text");
        String page = ok(responder.page("/incidents/" + incident.id()));
        assertThat(page)
                .as("where it stands")
                .contains("Awaiting approval", "A person has to agree.", "since the file event", "data-since=")
                .contains("data-diagram=\"kubernetes-config-tampering\"", "data-active=\"callActivity_restore\"")
                .contains("data-src=\"/incidents/" + incident.id() + "/diagrams/kubernetes-config-tampering\"")
                .contains("Restore the files (now)", "3</span> done", "Contain the node (done)")
                .as("what waits")
                .contains("data-task-kind=\"approve-plan\"", "data-task-kind=\"step-failed\"")
                .contains("name=\"reason\"", "<button type=\"submit\" name=\"decision\" value=\"approve\"")
                .contains("Carry out exactly the plan shown on this page.", "name=\"planHash\"")
                .as("what was done")
                .contains("Pods that run already, static pods", "Round", "not passed", "Not available")
                .contains("Contain this node?", "responder2")
                .as("the plan")
                .contains(Scene.EDITED.toString(), Scene.CA_KEY.toString(), "Quarantine", "needs approval")
                .contains("Exposed credentials", "cluster authority: new authority")
                .as("what is known")
                .contains("Process and its ancestry", "Nothing found", "Elasticsearch is not configured")
                .as("evidence, alerts, timeline")
                .contains("items, manifest", "812", "effect.contain", "evidence.capture", "elastic");
    }

    @Test
    void whatHoldsUpTheResponseIsSaidFirst() {
        Incident incident = scene.fullIncident("ordinary text");
        scene.inbox.put(Scene.task(
                "task-early",
                incident.id(),
                "find-source",
                "Find the source of the change",
                "",
                List.of("responders"),
                List.of("done"),
                null,
                clock.instant(),
                clock.instant().minus(Duration.ofHours(9)),
                HumanTask.State.OPEN));
        for (String path : List.of("/incidents/" + incident.id(), "/tasks")) {
            String page = ok(responder.page(path));
            assertThat(page.indexOf(">A step failed<"))
                    .isPositive()
                    .isLessThan(page.indexOf(">Find the source of the change<"));
            assertThat(page.indexOf(">Approve the plan<"))
                    .isPositive()
                    .isLessThan(page.indexOf(">Find the source of the change<"));
            assertThat(page).contains("holds up the response");
        }
        assertThat(ok(responder.page("/incidents/" + incident.id())))
                .contains("The response waits for a person: <a href=\"#task-task-plan-" + incident.id() + "\"");
    }

    @Test
    void whatSomebodyElseWroteIsTextInEveryPartOfAnIncident() {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        assertEscaped(ok(responder.page("/incidents/" + incident.id())));
        assertEscaped(ok(responder.live("/incidents/" + incident.id())));
        assertEscaped(ok(responder.page("/incidents/" + incident.id() + "/timeline")));
        assertEscaped(ok(responder.page("/alerts")));
        assertEscaped(ok(responder.page("/audit")));
        assertThat(ok(responder.page("/incidents"))).doesNotContain("<script>alert");
        assertThat(ok(responder.page("/tasks"))).doesNotContain("<script>alert");
    }

    @Test
    void aDryRunOfAnIncidentIsSaidAndSwitchedWithReasons() {
        String incident = "/incidents/" + scene.incident("worker-1").id().value();
        assertThat(responder.page(incident).body()).doesNotContain("Dry run of this incident");
        responder.submit(incident, incident + "/dry-run", Map.of("reason", " "));
        assertThat(responder.page(incident).body()).contains("Not done: a reason");
        responder.submit(incident, incident + "/dry-run", Map.of("reason", "look <first>"));
        assertThat(responder.page(incident).body())
                .contains("Dry run: nothing is changed", "Dry run of this incident.", "look &lt;first&gt;")
                .contains("End the dry run");
        responder.submit(incident, incident + "/dry-run/end", Map.of("reason", "it is right"));
        assertThat(responder.page(incident).body())
                .contains("The dry run was ended.", "a task asks how it goes on", "Begin the dry run");
        assertThat(Visitor.signedIn(environment, "auditor").page(incident).body())
                .doesNotContain("Begin the dry run");
    }

    @Test
    void theReturnOfAQuarantinedFileIsAskedForOnThePage() {
        var opened = scene.incident("cp-1");
        String incident = "/incidents/" + opened.id().value();
        assertThat(responder.page(incident).body()).doesNotContain("Ask for its return");
        var file = scene.quarantined(opened.id(), Scene.ROGUE, null);
        assertThat(responder.page(incident).body()).contains("Quarantine", "in quarantine", "Ask for its return");
        assertThat(Visitor.signedIn(environment, "auditor").page(incident).body())
                .contains("in quarantine")
                .doesNotContain("Ask for its return");
        String form = incident + "/quarantine/" + file.id() + "/return";
        responder.submit(incident, form, Map.of("reason", "it is our own agent"));
        assertThat(scene.quarantine.asked()).containsExactly(file.id() + " responder it is our own agent");
        assertThat(responder.page(incident).body()).contains("a task asks another person");
        scene.quarantine.answerNext(new QuarantineReturns.Asked.Conflict("asked", "somebody has asked for it"));
        responder.submit(incident, form, Map.of("reason", "once more"));
        assertThat(responder.page(incident).body()).contains("Not done: somebody has asked for it.");
    }

    @Test
    void aHostOfNoKnownNodeIsSaidToBeOne() {
        Incident incident = scene.incident("laptop-of-mallory");
        assertThat(ok(responder.page("/incidents/" + incident.id())))
                .contains("laptop-of-mallory", "nothing can be contained or restored automatically");
        assertThat(ok(responder.page("/incidents"))).contains("unknown host");
    }

    @Test
    void aFreshIncidentSaysWhatHasNotHappenedYet() {
        Incident incident = scene.incident("worker-1");
        assertThat(ok(responder.page("/incidents/" + incident.id())))
                .contains(
                        "Nothing waits for a person.",
                        "Not contained yet.",
                        "Nothing of ours is applied.",
                        "Not verified yet.",
                        "No drift was planned for",
                        "Not investigated yet.",
                        "Nothing was kept yet",
                        "No step was reached yet.");
    }

    @Test
    void aClosedIncidentSaysHowLongItTookAndWhy() {
        Incident incident = scene.incident("worker-1");
        clock.forward(Duration.ofMinutes(4));
        incidents.close(
                Actor.person("approver"), incident.id(), IncidentState.CLOSED_RESOLVED, "restored <b>twice</b>");
        assertThat(ok(responder.page("/incidents/" + incident.id())))
                .contains("Closed resolved", "from file event to close", "4 min", "restored &lt;b&gt;twice&lt;/b&gt;");
        assertThat(ok(responder.page("/incidents"))).contains("closed after 4 min");
    }

    @Test
    void anIncidentRefreshesByItsLivePartAndOnlyWhenSomethingChanged() {
        Incident incident = scene.fullIncident("ordinary text");
        String live = ok(responder.live("/incidents/" + incident.id()));
        assertThat(live.strip()).startsWith("<div id=\"live\"").doesNotContain("<html", "<nav");
        Matcher refresh =
                Pattern.compile("hx-get=\"(/incidents/[^\"]*seen=[^\"]+)\"").matcher(live);
        assertThat(refresh.find()).isTrue();
        String again = refresh.group(1).replace("&amp;", "&");

        HttpResponse<String> nothingNew = responder.live(again);
        assertThat(nothingNew.statusCode()).isEqualTo(204);
        assertThat(nothingNew.body()).isEmpty();

        incidents.move(Actor.SYSTEM, incident.id(), IncidentState.RESTORING, "approved");
        assertThat(ok(responder.live(again))).contains("Restoring");
    }

    @Test
    void aTaskThatDidNotChangeKeepsItsFormWhileThePageRefreshes() {
        Incident incident = scene.fullIncident("ordinary text");
        Pattern form = Pattern.compile("<article[^>]*id=\"(task-task-plan-[^\"]+)\"[^>]*hx-preserve=\"true\"");
        Matcher before = form.matcher(ok(responder.page("/incidents/" + incident.id())));
        assertThat(before.find()).isTrue();
        incidents.move(Actor.SYSTEM, incident.id(), IncidentState.STALLED, "a step failed");
        Matcher after = form.matcher(ok(responder.live("/incidents/" + incident.id())));
        assertThat(after.find()).isTrue();
        assertThat(after.group(1)).isEqualTo(before.group(1));
    }

    @Test
    void whoIsNoCandidateReadsATaskWithoutAForm() {
        Incident incident = scene.fullIncident("ordinary text");
        assertThat(ok(Visitor.signedIn(environment, "auditor").page("/incidents/" + incident.id())))
                .contains("Approve the plan", "You can read this. Deciding is for")
                .doesNotContain("data-task-kind", "name=\"decision\"");
    }

    @Test
    void theDiagramsComeAsTheModelsThatShip() {
        Incident incident = scene.fullIncident("ordinary text");
        HttpResponse<String> model = responder.page("/incidents/" + incident.id() + "/diagrams/restore-files");
        assertThat(model.statusCode()).isEqualTo(200);
        assertThat(model.headers().firstValue("Content-Type").orElseThrow()).startsWith("application/xml");
        assertThat(model.body()).contains("<bpmn:definitions", "BPMNDiagram");
        assertThat(responder
                        .page("/incidents/" + incident.id() + "/diagrams/follow-up")
                        .statusCode())
                .isEqualTo(404);
        assertThat(responder
                        .page("/incidents/" + incident.id() + "/diagrams/..%2f..%2fapplication")
                        .statusCode())
                .isBetween(400, 404);
    }

    @Test
    void aDifferenceIsShownByLine() {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        String at = "/incidents/" + incident.id() + "/diff?path=";
        String page = ok(responder.page(at + encode(Scene.EDITED.toString())));
        assertEscaped(page);
        assertThat(page)
                .contains("<h1 class=\"mono\">/etc/kubernetes/manifests/kube-apiserver.yaml</h1>")
                .contains("class=\"removed\">-    - --anonymous-auth=true<")
                .contains("class=\"added\">+    - --anonymous-auth=false<", "class=\"place\">@@", "class=\"file\">---");
        assertThat(ok(responder.live(at + encode(Scene.EDITED.toString()))).strip())
                .startsWith("<div>")
                .doesNotContain("<html");
        assertThat(ok(responder.page(at + encode(Scene.ROGUE.toString()))))
                .as("only the first two lines are the header, whatever a removed line begins with")
                .contains("class=\"removed\">----<");
        assertThat(ok(responder.page(at + encode(Scene.CA_KEY.toString()))))
                .contains("A key is never shown.")
                .doesNotContain("class=\"diff\"");
        String odd = at + encode(Scene.ODD.toString());
        assertThat(ok(responder.page(odd)))
                .contains("Text not available", "the file was not compared yet")
                .doesNotContain("The text is the same");
        plans.put(
                Scene.ODD,
                new FileComparison(
                        new FileComparison.Text(FileComparison.TextStatus.SAME, "", List.of()),
                        null,
                        List.of("The mode is 0644 on the node, 0600 in the baseline.")));
        assertThat(ok(responder.page(odd))).contains("The text is the same", "The mode is 0644 on the node");
    }

    @Test
    void whoApprovesThePlanReadsWithItWhatWasChangedAndIsWarned() {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        String page = ok(responder.page("/incidents/" + incident.id()));
        assertEscaped(page);
        String task = page.substring(page.indexOf("id=\"waits\""), page.indexOf("id=\"where\""));
        assertThat(task)
                .containsSubsequence(
                        "1. Quarantine",
                        Scene.ROGUE.toString(),
                        "Cannot be compared by meaning",
                        "the file on the node: a key comes twice",
                        "kubelet may still run it",
                        "class=\"removed\">----<",
                        "2. Task",
                        "the file was not compared yet",
                        "3. Restore",
                        Scene.EDITED.toString(),
                        "Warning:",
                        "--anonymous-auth=true lets requests in.",
                        "Container kube-apiserver: flag",
                        "The mode is 0644 on the node.",
                        "class=\"removed\">-    - --anonymous-auth=true<",
                        "4. Restore",
                        Scene.CA_KEY.toString(),
                        "A key is never shown.",
                        "name=\"reason\"");
        String plan = page.substring(page.indexOf("id=\"plan\""), page.indexOf("id=\"found\""));
        assertThat(plan)
                .contains("Warning:", "Container kube-apiserver: flag", "Cannot be compared by meaning")
                .as("its text comes when somebody asks for it")
                .doesNotContain("class=\"diff\"");
    }

    @Test
    void anApprovalOfAnOlderPlanIsNotShownWithTheFilesOfTheNewest() {
        Incident incident = scene.fullIncident("ordinary text");
        RestorePlan plan = plans.newestPlan(incident.id()).orElseThrow();
        plans.put(
                incident.id(),
                plan.node(),
                plan.revision(),
                true,
                plan.madeAt(),
                plan.steps().subList(0, 1));
        String page = ok(responder.page("/incidents/" + incident.id()));
        String task = page.substring(page.indexOf("id=\"waits\""), page.indexOf("id=\"where\""));
        assertThat(task).contains("This is no longer the newest plan").doesNotContain("class=\"diff\"");
    }

    @Test
    void theLinksToDifferencesWorkForEveryNameAFileCanHave() {
        Incident incident = scene.fullIncident("ordinary text");
        String page = ok(responder.page("/incidents/" + incident.id()));
        Matcher links = Pattern.compile("(href|hx-get)=\"(/incidents/[^\"]+/diff\\?[^\"]+)\"")
                .matcher(page);
        Map<String, Integer> found = new TreeMap<>();
        while (links.find()) {
            found.merge(links.group(2), 1, Integer::sum);
            String link = HtmlUtils.htmlUnescape(links.group(2));
            assertThat(responder.page(link).statusCode()).as(link).isEqualTo(200);
        }
        assertThat(found)
                .as(page)
                .hasSize(4)
                .allSatisfy((link, times) -> assertThat(times).isEqualTo(2));
    }

    @Test
    void aDifferenceOfAFileThatIsNotInThePlanIsNotFound() {
        Incident incident = scene.fullIncident("ordinary text");
        String at = "/incidents/" + incident.id() + "/diff?path=";
        for (String path : List.of("/etc/shadow", "../../etc/shadow", "\\x", Scene.HOSTILE, "")) {
            assertThat(responder.page(at + encode(path)).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(responder.page("/incidents/" + incident.id() + "/diff").statusCode())
                .isEqualTo(400);
    }

    @Test
    void theTasksShowTheMostUrgentFirstAndMineApart() {
        Incident incident = scene.fullIncident("ordinary text");
        String mine = ok(responder.page("/tasks"));
        assertThat(mine)
                .contains("For my groups (<span>2</span>)", "All open (<span>3</span>)")
                .contains("href=\"/incidents/" + incident.id() + "#task-task-plan-" + incident.id() + "\"")
                .doesNotContain("Improve detection");
        assertThat(mine.indexOf("A step failed")).isLessThan(mine.indexOf("Approve the plan"));
        assertThat(ok(responder.page("/tasks?show=all"))).contains("Improve detection");
        assertThat(ok(responder.live("/tasks?show=for-me")).strip()).startsWith("<div id=\"rows\"");
        scene.clear();
        assertThat(ok(responder.page("/tasks"))).contains("Nothing waits.");
    }

    @Test
    void theAlertsShowWhatBecameOfEachAndOfferToAnswerAStaleOne() {
        scene.incident("worker-1");
        scene.alert("worker-2", clock.instant().minus(Duration.ofDays(3)), Map.of());
        String page = ok(responder.page("/alerts"));
        assertThat(page).contains("disposition-opened", "disposition-stale", "Answer it, because", "/respond\"");
        assertThat(ok(responder.page("/alerts?disposition=stale")))
                .contains("worker-2")
                .doesNotContain(">worker-1<");
        assertThat(ok(responder.page("/alerts?disposition=" + encode(Scene.HOSTILE))))
                .doesNotContain("<script>alert");
        assertThat(ok(Visitor.signedIn(environment, "auditor").page("/alerts"))).doesNotContain("Answer it, because");
    }

    @Test
    void aStaleAlertIsAnsweredWithAReason() {
        String alert = scene.alert("worker-2", clock.instant().minus(Duration.ofDays(3)), Map.of())
                .path("alertId")
                .asText();
        String respond = "/alerts/" + alert + "/respond";
        responder.submit("/alerts", respond, Map.of("reason", " "));
        assertThat(ok(responder.page("/alerts?disposition=stale"))).contains("Not done: a reason");
        HttpResponse<String> answered =
                responder.submit("/alerts", respond, Map.of("reason", "found it in the night's log"));
        assertThat(answered.headers().firstValue("Location").orElseThrow()).contains("/incidents/");
        assertThat(responder
                        .submit("/alerts", respond, Map.of("reason", "pressed twice"))
                        .headers()
                        .firstValue("Location"))
                .as("one incident, however often it is answered")
                .isEqualTo(answered.headers().firstValue("Location"));
        assertThat(responder
                        .submit("/alerts", "/alerts/no%20id/respond", Map.of("reason", "x"))
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void anAlertThatIsAnsweredAlreadyIsNotAnsweredByHand() {
        String alert = scene.alert("worker-2", clock.instant(), Map.of())
                .path("alertId")
                .asText();
        responder.submit("/alerts", "/alerts/" + alert + "/respond", Map.of("reason", "to be sure"));
        assertThat(ok(responder.page("/alerts?disposition=stale"))).contains("this alert is not stale");
    }

    @Test
    void whatCouldNotBeDecodedIsShownAsText() {
        responder.alert("elastic", "{\"broken\": " + Scene.HOSTILE);
        String page = ok(responder.page("/alerts/dead-letters"));
        assertEscaped(page);
        assertThat(page).contains("elastic", "detector:default");
        assertThat(ok(responder.page("/alerts"))).contains("Not decodable (<span>1</span>)");
    }

    @Test
    void theAuditTrailIsShownAndProven() {
        scene.incident("worker-1");
        assertThat(ok(responder.page("/audit"))).contains("alert.", "detector:default", "hash ");
        assertThat(ok(responder.page("/audit?verify=true"))).contains("Intact:", "Head");
        assertThat(ok(responder.page("/audit?after=0"))).contains("id=\"entry-1\"");
        assertThat(responder.page("/audit?after=x").statusCode()).isEqualTo(400);
    }

    @Test
    void whatIsNotThereIsAPageThatSaysSo() {
        for (String path : List.of(
                "/incidents/none",
                "/incidents/NO+ID",
                "/incidents/none/timeline",
                "/nothing",
                "/alerts/x/y",
                "/audit/x")) {
            HttpResponse<String> answer = responder.page(path);
            assertThat(answer.statusCode()).as(path).isEqualTo(404);
            assertThat(answer.body())
                    .contains("There is nothing at this address.", "href=\"/incidents\"", "<nav")
                    .doesNotContain("Exception", "\tat ", "Whitelabel");
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
