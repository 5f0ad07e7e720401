package dev.drawbridge.web;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.KnownContainment;
import dev.drawbridge.containment.KnownRights;
import dev.drawbridge.evidence.KnownBags;
import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.guardrail.KnownReplicas;
import dev.drawbridge.guardrail.NodeLabels;
import dev.drawbridge.guardrail.OwnReplicas;
import dev.drawbridge.investigation.KnownFindings;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.recovery.KnownPlans;
import dev.drawbridge.recovery.KnownQuarantine;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.verification.KnownReports;
import dev.drawbridge.workflow.KnownDiagrams;
import dev.drawbridge.workflow.ScriptedInbox;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.camunda.bpm.spring.boot.starter.CamundaBpmAutoConfiguration;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * Everything that answers HTTP, on a real Tomcat and a real database, with the real access rules, intake, incidents, audit
 * trail and guardrails. What works on nodes, clusters and workflows is known answers.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@Import(OwnWrites.class)
@EnableAutoConfiguration(exclude = CamundaBpmAutoConfiguration.class)
@ConfigurationPropertiesScan({
    "dev.drawbridge.access",
    "dev.drawbridge.alert",
    "dev.drawbridge.playbook",
    "dev.drawbridge.incident",
    "dev.drawbridge.guardrail"
})
@ComponentScan(
        basePackages = {
            "dev.drawbridge.audit",
            "dev.drawbridge.alert",
            "dev.drawbridge.playbook",
            "dev.drawbridge.incident",
            "dev.drawbridge.guardrail",
            "dev.drawbridge.access",
            "dev.drawbridge.api",
            "dev.drawbridge.console",
            "dev.drawbridge.web"
        },
        excludeFilters =
                @ComponentScan.Filter(type = FilterType.REGEX, pattern = ".*(Test(\\$.*)?|TestIncidents|TestAudit)"))
public class WebApplication {
    @Bean
    TestClock clock() {
        return new TestClock();
    }

    @Bean
    Ids ids() {
        return () -> UUID.randomUUID().toString();
    }

    @Bean
    PlaybookRunner runner() {
        return new PlaybookRunner() {
            @Override
            public void start(Start start) {}

            @Override
            public void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded) {}
        };
    }

    @Bean
    TestNodes nodes() {
        return TestNodes.sandbox();
    }

    @Bean
    ClusterNodes clusterNodes() {
        return () -> Optional.of(List.of());
    }

    @Bean
    EtcdPods etcdPods() {
        return List::of;
    }

    @Bean
    OwnReplicas ownReplicas() {
        return new KnownReplicas();
    }

    @Bean
    NodeLabels labels() {
        return node -> Optional.of(Map.of());
    }

    @Bean
    ScriptedInbox inbox() {
        return new ScriptedInbox();
    }

    @Bean
    KnownDiagrams diagrams() {
        return new KnownDiagrams();
    }

    @Bean
    KnownContainment containment() {
        return new KnownContainment();
    }

    @Bean
    KnownRights rights() {
        return new KnownRights();
    }

    @Bean
    KnownReports reports() {
        return new KnownReports();
    }

    @Bean
    KnownPlans plans() {
        return new KnownPlans();
    }

    @Bean
    KnownQuarantine quarantine() {
        return new KnownQuarantine();
    }

    @Bean
    KnownReceipts receipts() {
        return new KnownReceipts();
    }

    @Bean
    KnownBags bags(JdbcOperations jdbc, PlatformTransactionManager transactions, AuditTrail audit, TestClock clock)
            throws IOException {
        return new KnownBags(jdbc, transactions, audit, clock);
    }

    @Bean
    KnownFindings findings() {
        return new KnownFindings();
    }
}
