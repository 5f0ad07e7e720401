package dev.drawbridge.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.web.Chromium;
import dev.drawbridge.web.Scene;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.support.ui.ExpectedConditions;
import org.openqa.selenium.support.ui.WebDriverWait;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;

/** Every page as a person's browser takes it: no refused script or style, no error, nothing wider than the window. */
@WebTest
class BrowserTest {
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    /** What reaches out of the window without a scroll bar of its own, outermost first. */
    private static final String TOO_WIDE = """
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return '';
            const scrolls = (e) => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
            return [...document.body.querySelectorAll('*')]
                .filter((e) => e.getBoundingClientRect().right > width && !scrolls(e.parentElement))
                .map((e) => `${e.tagName}.${e.className}#${e.id}`).slice(0, 20).join(' ') || 'something';
            """;

    private static ChromeDriver chrome;
    private static WebDriverWait wait;

    @Autowired
    private Environment environment;

    @Autowired
    private Scene scene;

    @Autowired
    private Incidents incidents;

    private String address;

    @BeforeAll
    static void start() {
        assumeTrue(Chromium.available(), "the console is not opened: apt-get install chromium chromium-driver");
        chrome = Chromium.start();
        wait = new WebDriverWait(chrome, Duration.ofSeconds(20));
    }

    @AfterAll
    static void stop() {
        if (chrome != null) {
            chrome.quit();
        }
    }

    @BeforeEach
    void arrive() {
        // a page of the test before would ask on for its incident, and its complaint would be ours
        chrome.get("about:blank");
        Chromium.complaints(chrome);
        scene.clear();
        address = Visitor.to(environment).address();
        chrome.get(address + "/login");
        chrome.manage().deleteAllCookies();
        resize(1280);
    }

    private static void resize(int width) {
        chrome.manage().window().setSize(new Dimension(width, 1000));
        // headless Chromium keeps a minimal width of its own windows; the page is what counts
        chrome.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 1000, "deviceScaleFactor", 1, "mobile", false));
    }

    private void signIn(String user) {
        chrome.get(address + "/login");
        chrome.findElement(By.name("username")).sendKeys(user);
        chrome.findElement(By.name("password")).sendKeys(Visitor.PASSWORD);
        chrome.findElement(By.cssSelector("button[type=submit]")).click();
        wait.until(ExpectedConditions.urlContains("/incidents"));
        Chromium.complaints(chrome);
    }

    private void open(String path) {
        chrome.get(address + path);
    }

    private WebElement find(String css) {
        return wait.until(ExpectedConditions.presenceOfElementLocated(By.cssSelector(css)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1280, 400})
    void noPageComplainsOrIsWiderThanTheWindow(int width) throws Exception {
        Incident incident = scene.fullIncident(Scene.HOSTILE);
        scene.incident("laptop-of-mallory");
        scene.alert("worker-2", java.time.Instant.parse("2026-01-15T09:16:10Z"), Map.of());
        Visitor.to(environment).alert("elastic", "{\"broken\": " + Scene.HOSTILE);
        resize(width);
        look("sign-in", "/login", width);
        signIn("responder");
        String at = "/incidents/" + incident.id();
        look("incidents", "/incidents", width);
        look("tasks", "/tasks?show=all", width);
        look("alerts", "/alerts", width);
        look("dead-letters", "/alerts/dead-letters", width);
        look("guardrails", "/guardrails", width);
        look("audit", "/audit?verify=true", width);
        look("timeline", at + "/timeline", width);
        look("difference", at + "/diff?path=" + encode(Scene.EDITED.toString()), width);
        open(at);
        find(".djs-container svg");
        look("incident", at, width);
        find(".djs-container svg");
    }

    private void look(String name, String path, int width) throws Exception {
        open(path);
        if (name.equals("incident")) {
            find(".djs-container svg");
        }
        Files.createDirectories(SCREENSHOTS);
        long height = (Long) chrome.executeScript("return document.documentElement.scrollHeight");
        chrome.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", Math.min(height, 9000), "deviceScaleFactor", 1, "mobile", false));
        Files.write(SCREENSHOTS.resolve(name + "-" + width + ".png"), chrome.getScreenshotAs(OutputType.BYTES));
        resize(width);
        assertThat(Chromium.complaints(chrome)).as(name).isEmpty();
        assertThat(chrome.executeScript(TOO_WIDE)).as("too wide in " + name).isEqualTo("");
    }

    @Test
    void thePageFollowsTheIncidentAndKeepsWhatIsBeingTyped() {
        Incident incident = scene.fullIncident("ordinary text");
        signIn("responder");
        open("/incidents/" + incident.id());
        find(".djs-container svg");
        WebElement form = find("form[data-task-kind='approve-plan']");
        form.findElement(By.name("reason")).sendKeys("half a sentence");
        WebElement difference = find("a.more");
        difference.click();
        find(".plan .diff");

        incidents.move(Actor.SYSTEM, incident.id(), IncidentState.RESTORING, "approved elsewhere");
        find(".head .state-restoring");
        assertThat(find("form[data-task-kind='approve-plan'] [name=reason]").getDomProperty("value"))
                .isEqualTo("half a sentence");
        assertThat(chrome.findElements(By.cssSelector(".plan .diff")))
                .as("an opened difference")
                .hasSize(1);
        assertThat(chrome.findElements(By.cssSelector(".djs-container svg"))).isNotEmpty();
        assertThat(find("#announce").getDomProperty("textContent")).isEqualTo("The incident is now: Restoring.");
        assertThat(Chromium.complaints(chrome)).isEmpty();
    }

    @Test
    void everyWorkflowOfTheIncidentIsDrawnWithItsMarks() {
        Incident incident = scene.fullIncident("ordinary text");
        signIn("responder");
        open("/incidents/" + incident.id());
        find(".djs-container svg");
        assertThat(find("[data-element-id=callActivity_restore]").getDomAttribute("class"))
                .contains("mark-active");
        assertThat(find("[data-element-id=callActivity_contain]").getDomAttribute("class"))
                .contains("mark-done");
        List<WebElement> tabs = chrome.findElements(By.cssSelector("[role=tab]"));
        assertThat(tabs).hasSize(2);
        tabs.get(1).click();
        find("#panel-restore-files .djs-container svg");
        assertThat(find("[data-element-id=userTask_approvePlan]").getDomAttribute("class"))
                .contains("mark-active");
        assertThat(Chromium.complaints(chrome)).isEmpty();
    }

    @Test
    void aDecisionIsSentOnceWithItsReasonAndTheHashOfThePlan() {
        Incident incident = scene.fullIncident("ordinary text");
        signIn("responder");
        open("/incidents/" + incident.id());
        WebElement form = find("form[data-task-kind='approve-plan']");
        form.findElement(By.name("reason")).sendKeys("compared with the change request");
        form.findElement(By.cssSelector("button[name=decision][value=approve]")).click();
        wait.until(ExpectedConditions.stalenessOf(form));
        assertThat(find(".flash.notice").getText()).contains("Approve");
        assertThat(scene.inbox.answers()).singleElement().satisfies(answer -> {
            assertThat(answer.decision()).isEqualTo("approve");
            assertThat(answer.reason()).isEqualTo("compared with the change request");
            assertThat(answer.planHash()).matches("[0-9a-f]{64}");
            assertThat(answer.person().name()).isEqualTo("responder");
        });
        assertThat(Chromium.complaints(chrome)).isEmpty();
    }

    @Test
    void workBesideTheResponseIsFoldedUntilSomebodyComesForIt() {
        Incident incident = scene.fullIncident("ordinary text");
        signIn("approver");
        open("/incidents/" + incident.id());
        assertThat(find("form[data-task-kind='approve-plan'] [name=reason]").isDisplayed())
                .isTrue();
        assertThat(find("form[data-task-kind='improve-detection'] [name=reason]")
                        .isDisplayed())
                .isFalse();
        open("/tasks");
        chrome.findElement(By.linkText("Improve detection")).click();
        wait.until(ExpectedConditions.visibilityOfElementLocated(
                By.cssSelector("form[data-task-kind='improve-detection'] [name=reason]")));
    }

    @Test
    void aDecisionWithoutAReasonStaysOnThePage() {
        Incident incident = scene.fullIncident("ordinary text");
        signIn("responder");
        open("/incidents/" + incident.id());
        WebElement form = find("form[data-task-kind='approve-plan']");
        form.findElement(By.cssSelector("button[name=decision][value=approve]")).click();
        assertThat(chrome.findElements(By.cssSelector("form[data-task-kind='approve-plan'] :invalid")))
                .isNotEmpty();
        assertThat(scene.inbox.answers()).isEmpty();
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
