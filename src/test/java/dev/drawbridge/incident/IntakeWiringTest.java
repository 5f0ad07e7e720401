package dev.drawbridge.incident;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.AlertHandler;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.StormLatch;
import dev.drawbridge.guardrail.TestGate;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.playbook.InvalidPlaybooksException;
import dev.drawbridge.playbook.KnownWorkflows;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** The beans of alert, playbook and incident find each other and nothing more than they declare. */
class IntakeWiringTest {
    private final TestDatabase database = TestDatabase.h2();

    @Configuration
    @Import(OwnWrites.class)
    @ConfigurationPropertiesScan({"dev.drawbridge.alert", "dev.drawbridge.playbook", "dev.drawbridge.incident"})
    @ComponentScan(
            basePackages = {
                "dev.drawbridge.alert",
                "dev.drawbridge.playbook",
                "dev.drawbridge.incident",
                "dev.drawbridge.audit"
            },
            excludeFilters = @ComponentScan.Filter(type = FilterType.REGEX, pattern = ".*Test.*"))
    static class Intake {}

    private static final class NoRunner implements PlaybookRunner {
        @Override
        public void start(Start start) {}

        @Override
        public void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded) {}
    }

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withUserConfiguration(Intake.class)
            .withBean(Clock.class, Clock::systemUTC)
            .withBean(Ids.class, () -> () -> "id")
            .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
            .withBean(JdbcOperations.class, () -> new JdbcTemplate(database.dataSource()))
            .withBean(JdbcClient.class, database::jdbc)
            .withBean(PlatformTransactionManager.class, database::transactions)
            .withBean(NodeDirectory.class, TestNodes::sandbox)
            .withBean(PlaybookRunner.class, NoRunner::new)
            .withBean(StormLatch.class, () -> TestGate.latch(database, Clock.systemUTC()))
            .withBean(DryRuns.class, () -> TestGate.dryRuns(database, Clock.systemUTC()));

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    @Test
    void startsWithoutAnyOptionalPart() {
        runner.run(context -> assertThat(context)
                .hasNotFailed()
                .hasSingleBean(AlertHandler.class)
                .hasSingleBean(Incidents.class)
                .hasSingleBean(PlaybookCatalogue.class));
    }

    @Test
    void doesNotStartWithAWorkflowThatTheEngineDoesNotKnow() {
        runner.withBean(KnownWorkflows.class, () -> () -> Set.of("another"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .isInstanceOf(InvalidPlaybooksException.class)
                        .hasMessageContaining("no such workflow"));
    }

    @Test
    void doesNotStartWithABrokenPlaybook(@TempDir Path directory) throws Exception {
        Files.writeString(directory.resolve("own.yaml"), "kind: Playbook\n");
        runner.withPropertyValues("drawbridge.playbook.directory=" + directory)
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasRootCauseInstanceOf(InvalidPlaybooksException.class)
                        .rootCause()
                        .hasMessageContaining("own.yaml:1: the field apiVersion is missing"));
    }
}
