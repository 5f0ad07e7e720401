package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class ContainmentPropertiesTest {
    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Settings.class);

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(ContainmentProperties.class)
    static class Settings {}

    @Test
    void theDefaultsKeepWhatWouldBeLostAndWhatTheClusterNeeds() {
        application.run(context -> {
            ContainmentProperties properties = context.getBean(ContainmentProperties.class);
            assertThat(properties.drain())
                    .isEqualTo(new ContainmentProperties.Drain(Duration.ofMinutes(2), null, false, false));
            assertThat(properties.network().policiesEnforced()).isFalse();
            assertThat(properties.network().exempt())
                    .containsExactly(
                            new ContainmentProperties.Exempt("kube-system", "k8s-app", "kube-dns"),
                            new ContainmentProperties.Exempt("drawbridge", "app.kubernetes.io/name", "drawbridge"));
        });
    }

    @Test
    void tolerationsAreReadFromTheirShortForm() {
        application
                .withPropertyValues("drawbridge.containment.taint.tolerations=kube-system *, * example.org/key")
                .run(context -> assertThat(context.getBean(ContainmentProperties.class)
                                .taint()
                                .tolerations())
                        .containsExactly(new Tolerated("kube-system", "*"), new Tolerated("*", "example.org/key")));
        application.run(context -> assertThat(
                        context.getBean(ContainmentProperties.class).taint().tolerations())
                .containsExactly(new Tolerated("*", "*")));
    }

    @Test
    void exemptPodsAreReadFromTheirShortForm() {
        application
                .withPropertyValues("drawbridge.containment.network.exempt=git/app.kubernetes.io/name=gitea, a/b=")
                .run(context -> assertThat(context.getBean(ContainmentProperties.class)
                                .network()
                                .exempt())
                        .containsExactly(
                                new ContainmentProperties.Exempt("git", "app.kubernetes.io/name", "gitea"),
                                new ContainmentProperties.Exempt("a", "b", "")));
    }

    @Test
    void whatStaysOpenIsReadFromItsShortForm() {
        application
                .withPropertyValues("drawbridge.containment.network.allow-in=192.0.2.0/24 tcp/22, 2001:db8::/32 udp/53,"
                        + " nodes tcp/10250, drawbridge/app=drawbridge tcp/22")
                .run(context -> assertThat(context.getBean(ContainmentProperties.class)
                                .network()
                                .allowIn())
                        .containsExactly(
                                new Allowed(new Allowed.Peer.Cidr("192.0.2.0/24"), "TCP", 22),
                                new Allowed(new Allowed.Peer.Cidr("2001:db8::/32"), "UDP", 53),
                                new Allowed(new Allowed.Peer.Nodes(), "TCP", 10250),
                                new Allowed(
                                        new Allowed.Peer.Pods(
                                                new ContainmentProperties.Exempt("drawbridge", "app", "drawbridge")),
                                        "TCP",
                                        22)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "drain.deadline=0s",
                "drain.deadline=61m",
                "drain.grace=0s",
                "taint.tolerations=kube-system",
                "network.exempt=everything",
                "network.exempt=Upper/a=b",
                "network.allow-in=192.0.2.0/24",
                "network.allow-in=192.0.2.0/33 tcp/22",
                "network.allow-in=256.0.2.0/24 tcp/22",
                "network.allow-in=2001:db8::/129 tcp/22",
                "network.allow-in=bastion.example.org tcp/22",
                "network.allow-out=192.0.2.0/24 sctp/22",
                "network.allow-out=192.0.2.0/24 tcp/0",
                "network.allow-out=192.0.2.0/24 tcp/65536",
                "network.cilium-namespace=kube-system/cilium"
            })
    void whatMakesNoSenseStopsTheStart(String setting) {
        application
                .withPropertyValues("drawbridge.containment." + setting)
                .run(context -> assertThat(context).hasFailed());
    }
}
