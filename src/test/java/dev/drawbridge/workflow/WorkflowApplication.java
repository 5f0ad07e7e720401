package dev.drawbridge.workflow;

import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.EtcdPods;
import dev.drawbridge.guardrail.KnownReplicas;
import dev.drawbridge.guardrail.NodeLabels;
import dev.drawbridge.guardrail.OwnReplicas;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.web.TestClock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.annotation.Import;

/**
 * The real engine with the real models, intake, incidents, playbooks, guardrails and audit trail, on a real database. Nodes,
 * cluster and Elasticsearch are scripted, and no job runs before a test says so.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@Import(OwnWrites.class)
@EnableAutoConfiguration
@ConfigurationPropertiesScan({
    "dev.drawbridge.alert",
    "dev.drawbridge.playbook",
    "dev.drawbridge.incident",
    "dev.drawbridge.guardrail",
    "dev.drawbridge.workflow"
})
@ComponentScan(
        basePackages = {
            "dev.drawbridge.audit",
            "dev.drawbridge.alert",
            "dev.drawbridge.playbook",
            "dev.drawbridge.incident",
            "dev.drawbridge.guardrail",
            "dev.drawbridge.workflow"
        },
        excludeFilters =
                @ComponentScan.Filter(type = FilterType.REGEX, pattern = ".*(Test(\\$.*)?|TestIncidents|TestAudit)"))
class WorkflowApplication {
    @Bean
    TestClock clock() {
        return new TestClock();
    }

    @Bean
    Ids ids() {
        return () -> UUID.randomUUID().toString();
    }

    @Bean
    TestNodes nodes() {
        return new TestNodes();
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
    KnownReceipts receipts() {
        return new KnownReceipts();
    }

    @Bean
    ScriptedContainment containment() {
        return new ScriptedContainment();
    }

    @Bean
    ScriptedRecovery recovery(KnownReceipts receipts) {
        return new ScriptedRecovery(receipts);
    }

    @Bean
    ScriptedQuarantine quarantine() {
        return new ScriptedQuarantine();
    }

    @Bean
    ScriptedVerification verification() {
        return new ScriptedVerification();
    }

    @Bean
    ScriptedInvestigation investigation() {
        return new ScriptedInvestigation();
    }
}
