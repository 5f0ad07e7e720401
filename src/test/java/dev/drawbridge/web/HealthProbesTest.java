package dev.drawbridge.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.actuate.health.HealthContributorRegistry;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.core.env.Environment;

/** What a kubelet asks, without signing in; its paths are held against the manifests by KubernetesManifestsTest. */
@WebTest
class HealthProbesTest {
    @Autowired
    private Environment environment;

    @Autowired
    private HealthContributorRegistry health;

    private void answers(String path, int code, String status) throws Exception {
        Visitor kubelet = Visitor.to(environment);
        HttpResponse<String> answer = kubelet.send(kubelet.request(path));
        JsonNode body = JsonMapper.builder().build().readTree(answer.body());
        assertThat(answer.statusCode()).as(path).isEqualTo(code);
        assertThat(body.path("status").asText()).as(path).isEqualTo(status);
        assertThat(body.size()).as("no details: %s", body).isEqualTo(1);
    }

    @Test
    void bothProbesAreAnsweredToAnybody() throws Exception {
        answers("/actuator/health/liveness", 200, "UP");
        answers("/actuator/health/readiness", 200, "UP");
    }

    @Test
    void withoutTheDatabaseNoRequestsComeAndNoRestartIsTried() throws Exception {
        HealthContributor database = health.unregisterContributor("db");
        assertThat(database).isNotNull();
        health.registerContributor("db", (HealthIndicator)
                () -> Health.down().withDetail("url", "secret").build());
        try {
            answers("/actuator/health/liveness", 200, "UP");
            answers("/actuator/health/readiness", 503, "DOWN");
        } finally {
            health.unregisterContributor("db");
            health.registerContributor("db", database);
        }
        answers("/actuator/health/readiness", 200, "UP");
    }

    @Test
    void neitherProbeLooksAtTheDisk() throws Exception {
        HealthContributor disk = health.unregisterContributor("diskSpace");
        health.registerContributor(
                "diskSpace", (HealthIndicator) () -> Health.down().build());
        try {
            answers("/actuator/health/liveness", 200, "UP");
            answers("/actuator/health/readiness", 200, "UP");
        } finally {
            health.unregisterContributor("diskSpace");
            health.registerContributor("diskSpace", disk);
        }
    }
}
