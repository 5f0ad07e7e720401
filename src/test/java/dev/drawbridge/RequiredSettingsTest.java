package dev.drawbridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.mock.env.MockEnvironment;

class RequiredSettingsTest {
    private final MockEnvironment environment = new MockEnvironment();

    @Test
    void namesEverythingAtOnceWhenNothingIsConfigured() {
        MissingSettingsException missing = missing();

        String message =
                new MissingSettingsFailureAnalyzer().analyze(missing, missing).getDescription();
        assertThat(message)
                .contains(
                        "spring.datasource.url",
                        "drawbridge.access.alert-token or drawbridge.access.alert-token-file",
                        "drawbridge.access.users.*",
                        "drawbridge.baseline.url",
                        "drawbridge.baseline.allowed-signers",
                        "drawbridge.baseline.cache-directory",
                        "drawbridge.evidence.directory",
                        "drawbridge.node.ssh.private-key",
                        "drawbridge.node.ssh.known-hosts");
    }

    @Test
    void isContentWithOneOfSeveralWaysToGiveTheToken() {
        everything();
        environment.setProperty("drawbridge.access.detectors.falco.token", "x");

        assertThatCode(this::check).doesNotThrowAnyException();
    }

    @Test
    void takesABlankValueForNone() {
        everything();
        environment.setProperty("drawbridge.access.alert-token", "x");
        environment.setProperty("drawbridge.evidence.directory", " ");

        assertThat(missing().missing())
                .singleElement()
                .satisfies(required -> assertThat(required.anyOf()).containsExactly("drawbridge.evidence.directory"));
    }

    @Test
    void needsForTheNodesWhatTheWaysThatAreUsedNeed() {
        everything();
        environment.setProperty("drawbridge.access.alert-token", "x");
        environment.setProperty("drawbridge.node.access-by-node.worker-1", "POD");
        assertThat(missing().missing())
                .singleElement()
                .satisfies(required -> assertThat(required.anyOf()).containsExactly("drawbridge.node.pod.image"));

        environment.setProperty("drawbridge.node.pod.image", "registry.example.internal/busybox@sha256:0");
        environment.setProperty("drawbridge.node.ssh.private-key", "");
        assertThat(missing().missing())
                .singleElement()
                .satisfies(required -> assertThat(required.anyOf()).containsExactly("drawbridge.node.ssh.private-key"));

        environment.setProperty("drawbridge.node.access", "pod");
        assertThatCode(this::check).doesNotThrowAnyException();
    }

    private void everything() {
        environment.setProperty("spring.datasource.url", "jdbc:postgresql://db/drawbridge");
        environment.setProperty("drawbridge.access.users.ann.password-hash", "{bcrypt}x");
        environment.setProperty("drawbridge.baseline.url", "ssh://git/baseline.git");
        environment.setProperty("drawbridge.baseline.allowed-signers", "/etc/drawbridge/signers");
        environment.setProperty("drawbridge.baseline.cache-directory", "/var/cache/drawbridge");
        environment.setProperty("drawbridge.evidence.directory", "/var/lib/drawbridge");
        environment.setProperty("drawbridge.node.ssh.private-key", "/etc/drawbridge/key");
        environment.setProperty("drawbridge.node.ssh.known-hosts", "/etc/drawbridge/hosts");
    }

    private MissingSettingsException missing() {
        return catchThrowableOfType(MissingSettingsException.class, this::check);
    }

    private void check() {
        ConfigurationPropertySources.attach(environment);
        settings().postProcessBeanFactory(new DefaultListableBeanFactory());
    }

    private RequiredSettings settings() {
        RequiredSettings settings = new RequiredSettings();
        settings.setEnvironment(environment);
        return settings;
    }
}
