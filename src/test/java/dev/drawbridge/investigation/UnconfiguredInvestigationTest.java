package dev.drawbridge.investigation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnconfiguredInvestigationTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void everyFindingIsNotAvailableAndThatIsKept(String kind) throws Exception {
        try (TestDatabase database = kind.equals("h2") ? TestDatabase.h2() : TestDatabase.postgres()) {
            AuditTrail audit = TestAudit.on(database, Clock.systemUTC());
            ElasticInvestigation investigation = new ElasticInvestigation(
                    Optional.empty(),
                    TestInvestigation.properties(null, "p", "f", "l", Duration.ofSeconds(1)),
                    database.jdbc(),
                    database.transactions(),
                    audit,
                    Clock.systemUTC());

            investigation.investigate(Actor.SYSTEM, INCIDENT, List.of());
            List<Finding> findings =
                    investigation.investigate(Actor.SYSTEM, INCIDENT, List.of(TestInvestigation.roguePod()));

            assertThat(findings)
                    .extracting(Finding::question)
                    .containsExactly("Process and its ancestry", "Logins of the user", "History of the file");
            assertThat(findings).allSatisfy(finding -> {
                assertThat(finding.status()).isEqualTo(Finding.Status.NOT_AVAILABLE);
                assertThat(finding.source()).isEqualTo("Elasticsearch: it is not configured");
            });
            assertThat(investigation.findings(INCIDENT)).isEqualTo(findings);
            assertThat(audit.timeline(INCIDENT, 0, 10)).hasSize(2);
        }
    }
}
