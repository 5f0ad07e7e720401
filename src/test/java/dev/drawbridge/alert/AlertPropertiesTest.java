package dev.drawbridge.alert;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class AlertPropertiesTest {
    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withUserConfiguration(Configuration.class);

    @EnableConfigurationProperties(AlertProperties.class)
    static class Configuration {}

    @Test
    void theDefaultsAreThoseOfTheContract() {
        runner.run(context -> {
            AlertProperties limits = context.getBean(AlertProperties.class);
            assertThat(limits.maxAge()).isEqualTo(Duration.ofHours(24));
            assertThat(limits.maxBody().toMegabytes()).isEqualTo(8);
            assertThat(limits.maxAlerts()).isEqualTo(1000);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max-age=0s",
                "max-age=-1h",
                "max-ahead=-1h",
                "max-body=0",
                "max-body=2GB",
                "max-alerts=0",
                "max-depth=1",
                "max-kept=10",
                "max-dead-letters=0",
                "max-concurrent=0",
                "retry-after=500ms",
                "max-wait=-1s",
                "max-age=soon"
            })
    void aValueThatMakesNoSenseStopsTheStart(String property) {
        runner.withPropertyValues("drawbridge.alert." + property)
                .run(context -> assertThat(context).hasFailed());
    }
}
