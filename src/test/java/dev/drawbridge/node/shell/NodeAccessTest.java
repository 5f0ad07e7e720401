package dev.drawbridge.node.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.AccessPods;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;

/** How the configuration leads to a way to a node. */
class NodeAccessTest {
    private static final NodeName WORKER = NodeName.of("worker-1");
    private static final SandboxApiServer SERVER = SandboxApiServer.start();
    private static final TestDatabase DATABASE = TestDatabase.h2();

    @ConfigurationPropertiesScan("dev.drawbridge.node")
    @ComponentScan(
            basePackages = "dev.drawbridge.node",
            excludeFilters = {
                @ComponentScan.Filter(type = FilterType.ASSIGNABLE_TYPE, classes = OwnWrites.class),
                @ComponentScan.Filter(type = FilterType.REGEX, pattern = ".*Test\\$.*")
            })
    static class Node {}

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withUserConfiguration(Node.class)
            .withBean(KubernetesClient.class, SERVER::client, definition -> definition.setDestroyMethodName(""))
            .withBean(EffectGate.class, () -> TestGate.open(DATABASE))
            .withBean(AuditTrail.class, () -> TestAudit.on(DATABASE, Clock.systemUTC()))
            .withBean(Clock.class, Clock::systemUTC)
            .withBean(Ids.class, () -> () -> UUID.randomUUID().toString())
            .withBean(NodeDirectory.class, TestNodes::sandbox);

    @AfterAll
    static void stop() throws Exception {
        SERVER.close();
        DATABASE.close();
    }

    @Test
    void nodesAreReachedBySshUnlessSaidOtherwise() {
        runner.run(context -> {
            assertThat(context).hasSingleBean(NodeFiles.class).hasSingleBean(NodeProcesses.class);
            assertThat(context.getBean(NodeShells.class).of(WORKER).access()).isEqualTo(NodeAccess.SSH);
            assertThat(context.getBean(NodeFiles.class).staging())
                    .contains(NodePath.of("/etc/kubernetes/.drawbridge/staging"));
            assertThat(context.getBeanNamesForType(Object.class)).noneMatch(name -> name.contains("helperPodSweep"));
            assertThat(context.getBean(AccessPods.class)
                            .includes("drawbridge-node-access", Map.of("drawbridge.dev/helper", "look")))
                    .as("nobody makes such pods")
                    .isFalse();
        });
    }

    @Test
    void allOrSingleNodesAreReachedByPods() {
        runner.withPropertyValues(
                        "drawbridge.node.access=pod",
                        "drawbridge.node.access-by-node.cp-1=ssh",
                        "drawbridge.node.pod.image=registry.example.internal/busybox@sha256:0")
                .run(context -> {
                    NodeShells shells = context.getBean(NodeShells.class);
                    assertThat(shells.of(WORKER).access()).isEqualTo(NodeAccess.POD);
                    assertThat(shells.of(WORKER).prefix(WORKER)).isEqualTo(NodePath.of("/host"));
                    assertThat(shells.of(NodeName.of("cp-1")).access()).isEqualTo(NodeAccess.SSH);
                    assertThat(context.getBeanNamesForType(Object.class))
                            .anyMatch(name -> name.contains("helperPodSweep"));
                    assertThat(context.getBean(NodeProcesses.class).processes(WORKER, List.of()))
                            .isInstanceOf(NodeProcesses.Snapshot.NotAvailable.class);
                });
    }

    @Test
    void withoutImageNothingIsStarted() {
        runner.withPropertyValues("drawbridge.node.access=pod").run(context -> {
            NodeFiles files = context.getBean(NodeFiles.class);
            assertThatThrownBy(() -> dev.drawbridge.node.NodeUse.in(
                            dev.drawbridge.shared.Actor.SYSTEM,
                            dev.drawbridge.shared.IncidentId.of("one"),
                            () -> files.scan(WORKER, List.of())))
                    .isInstanceOf(NodeAccessException.class)
                    .hasMessageContaining("drawbridge.node.pod.image");
        });
    }

    @Test
    void nonsenseStopsTheStart() {
        for (String value : List.of(
                "drawbridge.node.access=telnet",
                "drawbridge.node.access-by-node.Worker_1=pod",
                "drawbridge.node.work-directory=staging",
                "drawbridge.node.ssh.keep-alive=0s",
                "drawbridge.node.pod.lifetime=1m",
                "drawbridge.node.pod.lifetime=2h",
                "drawbridge.node.pod.start-timeout=0s",
                "drawbridge.node.pod.namespace=Kube System",
                "drawbridge.node.pod.max-concurrent=0")) {
            runner.withPropertyValues(value)
                    .run(context -> assertThat(context).as(value).hasFailed());
        }
    }
}
