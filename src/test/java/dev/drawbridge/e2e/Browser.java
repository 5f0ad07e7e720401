package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.web.Chromium;
import java.time.Duration;
import java.util.List;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.ExpectedConditions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A person at the console, in Debian's Chromium. */
final class Browser implements AutoCloseable {
    private final PackagedApplication application;
    private final ChromeDriver chrome;
    private final WebDriverWait wait;

    private Browser(PackagedApplication application) {
        this.application = application;
        this.chrome = Chromium.start();
        this.wait = new WebDriverWait(chrome, Duration.ofSeconds(30));
    }

    static boolean available() {
        boolean there = Chromium.available();
        if (!there) {
            System.err.println("The story goes without a browser: apt-get install chromium chromium-driver");
        }
        return there;
    }

    static Browser signIn(PackagedApplication application, String user) {
        Browser browser = new Browser(application);
        browser.chrome.get(application.url("/"));
        browser.find(By.name("username")).sendKeys(user);
        browser.find(By.name("password")).sendKeys(PackagedApplication.PASSWORD);
        browser.find(By.cssSelector("button[type=submit]")).click();
        browser.wait.until(ExpectedConditions.not(ExpectedConditions.urlContains("/login")));
        return browser;
    }

    void simulateAttack(String node) {
        chrome.get(application.url("/sandbox"));
        WebElement form = find(By.cssSelector("form[data-node='" + node + "']"));
        form.findElement(By.cssSelector("button")).click();
        wait.until(ExpectedConditions.stalenessOf(form));
    }

    void openIncident(String id) {
        chrome.get(application.url("/incidents/" + id));
        wait.until(ExpectedConditions.presenceOfElementLocated(By.cssSelector(".djs-container svg")));
    }

    void decide(String kind, String decision, String reason) {
        WebElement form = find(By.cssSelector("form[data-task-kind='" + kind + "']"));
        form.findElement(By.name("reason")).sendKeys(reason);
        form.findElement(By.cssSelector("button[name=decision][value=" + decision + "]"))
                .click();
        wait.until(ExpectedConditions.stalenessOf(form));
    }

    private WebElement find(By what) {
        return wait.until(ExpectedConditions.presenceOfElementLocated(what));
    }

    @Override
    public void close() {
        List<LogEntry> log = chrome.manage().logs().get(LogType.BROWSER).getAll();
        chrome.quit();
        assertThat(log)
                .extracting(LogEntry::getMessage)
                .as("violations of the content security policy")
                .noneMatch(message -> message.contains("Content Security Policy"));
    }
}
