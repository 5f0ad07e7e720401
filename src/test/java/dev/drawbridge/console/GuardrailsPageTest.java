package dev.drawbridge.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.ClusterRights.Answer;
import dev.drawbridge.containment.KnownRights;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.Overrides;
import dev.drawbridge.guardrail.Pause;
import dev.drawbridge.guardrail.Pauses;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.TestClock;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The page on which a person sees the limits and pulls the brake. */
@WebTest
class GuardrailsPageTest {
    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private Pauses pauses;

    @Autowired
    private DryRuns dryRuns;

    @Autowired
    private Overrides overrides;

    @Autowired
    private KnownRights rights;

    @Autowired
    private JdbcClient jdbc;

    @Autowired
    private TestClock clock;

    private Visitor responder;

    @BeforeEach
    void signIn() {
        scene.clear();
        rights.clear();
        responder = Visitor.signedIn(environment, "responder");
    }

    private String page(Visitor visitor) {
        var answer = visitor.page("/guardrails");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    private static Map<String, String> pause(String target, String hours, String reason) {
        return new HashMap<>(Map.of("target", target, "hours", hours, "reason", reason));
    }

    @Test
    void theLimitsAndWhatIsUsedOfThemAreShown() {
        String incident = scene.incident("cp-1").id().value();
        jdbc.sql(
                        "insert into guardrail_reservation (node, incident_id, reserved_at) values ('cp-1', ?, current_timestamp)")
                .param(incident)
                .update();
        assertThat(page(responder))
                .contains("<strong>Live.</strong>", "<strong>1</strong> of at most <strong>3</strong>")
                .contains("href=\"/incidents/" + incident + "\"", "worker-3", "drawbridge.dev/protected")
                .contains("Nothing is paused.");
    }

    @Test
    void aResponderPausesANodeAndLiftsThePauseWithReasons() {
        responder.submit("/guardrails", "/guardrails/pauses", pause("node:cp-1", "4", "kernel upgrade"));
        Pause pause = pauses.active().get(0);
        assertThat(pause.scope()).isEqualTo(Pause.Scope.NODE);
        assertThat(pause.target()).isEqualTo("cp-1");
        assertThat(pause.by()).isEqualTo(Actor.person("responder"));
        assertThat(Duration.between(pause.setAt(), pause.endsAt()))
                .isCloseTo(Duration.ofHours(4), Duration.ofMinutes(1));
        assertThat(page(responder)).contains("Paused: node cp-1.", "Node cp-1", "kernel upgrade", "by responder");

        String lift = "/guardrails/pauses/" + pause.id() + "/lift";
        responder.submit("/guardrails", lift, Map.of("reason", "  "));
        assertThat(page(responder)).contains("Not done: a reason");
        responder.submit("/guardrails", lift, Map.of("reason", "upgrade done"));
        assertThat(page(responder)).contains("The pause is lifted.", "Nothing is paused.");
        responder.submit("/guardrails", lift, Map.of("reason", "again"));
        assertThat(page(responder)).contains("this pause is over already");
    }

    @Test
    void everythingAndAPlaybookCanBePausedUntilSomebodyLiftsIt() {
        responder.submit("/guardrails", "/guardrails/pauses", pause("global:", "0", "storm"));
        responder.submit(
                "/guardrails",
                "/guardrails/pauses",
                pause("playbook:kubernetes-config-tampering", "0", "rule is being retuned"));
        assertThat(pauses.active()).extracting(Pause::scope).containsExactly(Pause.Scope.GLOBAL, Pause.Scope.PLAYBOOK);
        assertThat(pauses.active()).allMatch(pause -> pause.endsAt() == null);
        assertThat(page(responder)).contains("<strong>Everything</strong>", "when lifted", "<strong>Paused.</strong>");
    }

    @Test
    void whatTheClusterDoesNotAllowIsShownMethodByMethod() {
        assertThat(page(responder)).contains("The API server was not asked yet.");
        Map<String, Answer> answers = new LinkedHashMap<>();
        answers.put("read", Answer.ALLOWED);
        answers.put("cordon", Answer.DENIED);
        answers.put("taint", Answer.UNKNOWN);
        rights.put(clock.instant(), answers, Scene.HOSTILE);
        assertThat(page(responder))
                .contains("not supported</span> missing right <strong>patch nodes</strong>")
                .containsPattern("(?s)>read</td>\\s*<td><span class=\"tag rung-applied\">allowed")
                .containsPattern("(?s)>taint</td>\\s*<td><span class=\"tag warn\">not known")
                .contains("&lt;script&gt;alert")
                .doesNotContain("<script>alert", "was not asked yet");
    }

    @Test
    void whatIsNotThereCannotBePaused() {
        for (String target : new String[] {"node:nowhere", "playbook:none", "global", "x:y", "", Scene.HOSTILE}) {
            responder.submit("/guardrails", "/guardrails/pauses", pause(target, "1", "typed & kept"));
            assertThat(page(responder)).contains("Not done: choose what is paused", "typed &amp; kept</textarea>");
        }
        responder.submit("/guardrails", "/guardrails/pauses", pause("global:", "-1", "for ever"));
        responder.submit("/guardrails", "/guardrails/pauses", pause("global:", "999999", "for ever"));
        responder.submit("/guardrails", "/guardrails/pauses", pause("global:", "1", " "));
        responder.submit("/guardrails", "/guardrails/pauses", pause("global:", "1", "x".repeat(2001)));
        assertThat(responder
                        .submit("/guardrails", "/guardrails/pauses", pause("global:", "soon", "x"))
                        .statusCode())
                .isEqualTo(400);
        assertThat(pauses.active()).isEmpty();
    }

    @Test
    void aReasonIsShownAsText() {
        pauses.set(Actor.person("responder"), Pause.Scope.GLOBAL, "", Scene.HOSTILE, null);
        assertThat(page(responder)).contains("&lt;script&gt;alert").doesNotContain("<script>alert");
    }

    @Test
    void whoOnlyReadsHasNoBrake() {
        Visitor auditor = Visitor.signedIn(environment, "auditor");
        assertThat(page(auditor)).contains("Contained nodes").doesNotContain("Set a pause");
        assertThat(auditor.submit("/guardrails", "/guardrails/pauses", pause("global:", "1", "let me"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(pauses.active()).isEmpty();
    }

    @Test
    void anAdministratorHasTheBrakeToo() {
        Visitor.signedIn(environment, "admin")
                .submit("/guardrails", "/guardrails/pauses", pause("global:", "1", "migration"));
        assertThat(pauses.active()).hasSize(1);
        clock.forward(Duration.ofMinutes(61));
        assertThat(pauses.active()).isEmpty();
        assertThat(page(responder)).contains("Nothing is paused.");
    }

    @Test
    void noPauseIsSetWithoutTheTokenOfTheForm() {
        assertThat(responder
                        .post("/guardrails/pauses", pause("global:", "1", "from elsewhere"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(pauses.active()).isEmpty();
    }

    @Test
    void anAdministratorSwitchesAPlaybookToDryRunAndBack() {
        Visitor admin = Visitor.signedIn(environment, "admin");
        assertThat(page(responder))
                .contains("No playbook is in dry run.")
                .doesNotContain("Switch a playbook to dry run");
        Map<String, String> form = Map.of("playbook", "kubernetes-config-tampering", "reason", Scene.HOSTILE);
        assertThat(responder.submit("/guardrails", "/guardrails/dry-run", form).statusCode())
                .isEqualTo(403);
        admin.submit("/guardrails", "/guardrails/dry-run", Map.of("playbook", "none", "reason", "x"));
        assertThat(page(admin)).contains("Not done: choose a playbook.");
        admin.submit(
                "/guardrails", "/guardrails/dry-run", Map.of("playbook", "kubernetes-config-tampering", "reason", " "));
        assertThat(page(admin)).contains("Not done: a reason");
        admin.submit("/guardrails", "/guardrails/dry-run", form);
        assertThat(page(admin))
                .contains("kubernetes-config-tampering begin in dry run", "by admin", "&lt;script&gt;alert")
                .doesNotContain("<script>alert");
        assertThat(dryRuns.switched()).hasSize(1);
        assertThat(responder
                        .submit("/guardrails", "/guardrails/dry-run/end", form)
                        .statusCode())
                .isEqualTo(403);
        admin.submit("/guardrails", "/guardrails/dry-run/end", form);
        assertThat(page(admin)).contains("Incidents that began in dry run stay in it.", "No playbook is in dry run.");
        admin.submit("/guardrails", "/guardrails/dry-run/end", form);
        assertThat(page(admin)).contains("is not switched to dry run");
    }

    @Test
    void overridesAreShownWithWhoAgreed() {
        assertThat(page(responder)).contains("Nothing was overridden.");
        for (int n = 0; n < 21; n++) {
            overrides.grant(
                    new Overrides.Subject(
                            IncidentId.of("i" + n),
                            NodeName.of("cp-1"),
                            Effect.Kind.CONTAIN,
                            "cordon",
                            Set.of("pause")),
                    n == 0 ? "the oldest" : Scene.HOSTILE,
                    Actor.person("alice"),
                    Actor.person("bob"));
            clock.forward(Duration.ofSeconds(1));
        }
        String first = page(responder);
        assertThat(first)
                .contains("proposed by alice, approved by bob", "&lt;script&gt;alert", "href=\"/incidents/i20\"")
                .doesNotContain("<script>alert", "the oldest");
        java.util.regex.Matcher older = java.util.regex.Pattern.compile("/guardrails\\?overrides=[^\"]+")
                .matcher(first);
        assertThat(older.find()).isTrue();
        assertThat(responder.page(older.group()).body()).contains("the oldest").doesNotContain("Older overrides");
    }

    @Test
    void theLadderIsShownWithTheRungThatStopsStaticPods() {
        assertThat(page(responder))
                .contains("<td class=\"mono\">quarantine</td>", "The only rung that stops static pods.")
                .contains("<strong>outside of the cluster</strong>");
    }
}
