package dev.drawbridge.investigation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

class ElasticsearchPropertiesTest {
    private static final String PREFIX = "drawbridge.investigation.elasticsearch.";

    @Configuration
    @EnableConfigurationProperties(ElasticsearchProperties.class)
    @Import(ElasticsearchConfiguration.class)
    static class Context {}

    private final ApplicationContextRunner runner = new ApplicationContextRunner().withUserConfiguration(Context.class);

    private ApplicationContextRunner with(String... properties) {
        ApplicationContextRunner result = runner;
        for (String property : properties) {
            result = result.withPropertyValues(PREFIX + property);
        }
        return result;
    }

    @Test
    void nothingConfiguredMeansNoReader() {
        runner.run(context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean(EventReader.class);
            assertThat(context.getBean(ElasticsearchProperties.class).configured())
                    .isFalse();
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost:9200",
                "http://127.0.0.1:9200",
                "http://[::1]:9200",
                "https://es.internal:9200/es"
            })
    void aServerThatIsDownDoesNotHoldUpTheStart(String url) {
        with("url=" + url, "api-key=aWQ6c2VjcmV0")
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(EventReader.class));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://es.internal:9200|must be https",
                "http://127.0.0.1.evil.example:9200|must be https",
                "https://user:secret@es.internal:9200|must not hold credentials",
                "https://es.internal:9200?a=b|must not hold credentials",
                "ftp://es.internal|must be http",
                "es.internal:9200|must be http",
                "https:///nohost|must be http"
            })
    void refusesUrlsThatWouldLeakOrLeadNowhere(String url, String why) {
        with("url=" + url, "api-key=aWQ6c2VjcmV0")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining(why)
                        .hasMessageNotContaining("aWQ6c2VjcmV0"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "process-indices=logs-x/_search",
                "process-indices=-logs-*",
                "process-indices=LOGS",
                "file-indices=a b",
                "login-indices=",
                "request-timeout=0s",
                "request-timeout=-1s",
                "connect-timeout=1h",
                "time-budget=1d",
                "process-window=0d",
                "max-events=0",
                "max-events=100000",
                "api-key-file=/nowhere",
                "ca-certificate=/nowhere",
                "api-key=not encoded"
            })
    void refusesWhatCannotWork(String property) {
        with("url=https://es.internal:9200", property)
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void refusesAKeyWithoutUrlAndTwoKeys() {
        with("api-key=aWQ6c2VjcmV0").run(context -> assertThat(context).hasFailed());
        with("url=https://es.internal", "api-key=aWQ6c2VjcmV0", "api-key-file=/key")
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void anEmptyOrBrokenCertificateStopsTheStartAndNamesTheProperty(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("ca.pem"), "no certificate");
        with("url=https://es.internal:9200", "ca-certificate=" + file)
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining(PREFIX + "ca-certificate is no readable PEM certificate"));
    }
}
