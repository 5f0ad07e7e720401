package dev.drawbridge.incident;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.Disposition;
import dev.drawbridge.alert.OwnFindings;
import dev.drawbridge.alert.TestIntake;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.node.TestWrites;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.playbook.TestPlaybooks;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An alert about our own write, and the same alert altered in one way each. */
class OwnWriteTest {
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
    private static final String RULE = "0fe2290a-2664-4c9c-8263-b88904f12f0d";
    private static final String OTHER_RULE = "b11116fd-023c-4718-aeb8-fa9d283fc53b";
    private static final String PATH = "/etc/kubernetes/manifests/etcd.yaml";
    private static final NodePath STAGING = NodePath.of("/etc/kubernetes/.drawbridge/staging");
    private static final Digest CONTENT = Digest.ofText("as it should be");
    private static final NodeName NODE = NodeName.of("cp-1");

    private final TestDatabase database = TestDatabase.h2();
    private final OwnWrites writes = TestWrites.on(database, CLOCK);
    private final List<PlaybookRunner.Start> started = new ArrayList<>();
    private final List<AlertId> told = new ArrayList<>();
    private Incidents incidents;
    private OwnFindings intake;
    private IncidentId incident;
    private int count;

    @BeforeEach
    void anIncidentWhoseFileIsPutBack() {
        TestIntake alerts = TestIntake.on(database, CLOCK);
        incidents = TestIncidents.on(
                database,
                alerts.alerts,
                TestNodes.sandbox(),
                TestPlaybooks.bundled(database),
                new PlaybookRunner() {
                    @Override
                    public void start(Start start) {
                        started.add(start);
                    }

                    @Override
                    public void alertJoined(IncidentId id, Playbook playbook, Alert alert, boolean excluded) {
                        told.add(alert.id());
                    }
                },
                CLOCK,
                alerts.meters);
        intake = alerts.findings(TestIncidents.handler(incidents));
        incident = raise(new Sent().at(NOW.minusSeconds(60))).incident();
        writes.begin(incident, NODE, Map.of(NodePath.of(PATH), CONTENT), STAGING);
        writes.end(incident, NODE, List.of(NodePath.of(PATH)));
        told.clear();
        started.clear();
    }

    @AfterEach
    void close() throws Exception {
        assertThat(TestAudit.on(database, CLOCK).verify()).isInstanceOf(ChainVerdict.Intact.class);
        database.close();
    }

    /** What Elastic tells of our rename; each method changes one thing. */
    private static final class Sent {
        private String rule = RULE;
        private String host = "cp-1";
        private String address = "10.20.0.11";
        private Instant event = NOW;
        private String action = "rename";
        private String path = PATH;
        private String original = STAGING + "/put.a1B2c3";
        private Digest content = null;
        private String executable = "/usr/bin/mv";
        private String name = "mv";
        private String user = "0";

        Sent at(Instant time) {
            event = time;
            return this;
        }

        Sent with(UnaryOperator<Sent> change) {
            return change.apply(this);
        }
    }

    private OwnFindings.Taken raise(Sent sent) {
        Alert alert = new Alert(
                AlertId.of("alert-" + ++count),
                "elastic",
                NOW,
                sent.event,
                sent.rule,
                "Kubernetes Sensitive Configuration File Activity",
                "medium",
                sent.host,
                List.of(sent.address),
                null,
                null,
                true,
                false,
                sent.action,
                sent.path,
                sent.original,
                sent.content,
                new Alert.ProcessFacts(sent.name, sent.executable, 4711L, null, null, List.of()),
                new Alert.UserFacts(sent.user, null, null, null));
        return intake.raise(Actor.detector("kibana"), alert, "{}");
    }

    private void ours(Sent sent) {
        int before = told.size();
        OwnFindings.Taken taken = raise(sent);
        assertThat(taken.disposition()).isEqualTo(Disposition.JOINED);
        assertThat(taken.incident()).isEqualTo(incident);
        assertThat(taken.reason()).startsWith("Drawbridge's own restore of the file");
        assertThat(told).hasSize(before);
        assertThat(started).isEmpty();
    }

    private void real(Sent sent) {
        int before = told.size() + started.size();
        assertThat(String.valueOf(raise(sent).reason())).doesNotContain("own restore");
        assertThat(told.size() + started.size()).isEqualTo(before + 1);
    }

    @Test
    void theAlertAboutOurWriteIsJoinedAndNotAnswered() {
        ours(new Sent());
        assertThat(incidents.alerts(incident)).hasSize(2);
        // the verification does not count it as a change after the restore
        assertThat(incidents.alertsAfter(incident, NOW.minusSeconds(30))).isEmpty();
        assertThat(TestAudit.on(database, CLOCK).page(0, 100))
                .anySatisfy(entry -> assertThat(entry.event().action()).isEqualTo("incident.own-write"));
    }

    @Test
    void oneWriteExplainsOneAlertOfEachRule() {
        ours(new Sent());
        Sent other = new Sent();
        other.rule = OTHER_RULE;
        ours(other);
        real(new Sent());
        assertThat(incidents.alertsAfter(incident, NOW.minusSeconds(30))).hasSize(1);
    }

    @Test
    void theContentProvesItWhereThePlaceItCameFromIsNotTold() {
        Sent digest = new Sent();
        digest.original = null;
        digest.content = CONTENT;
        ours(digest);
    }

    @Test
    void aFileThatWasStagedWithOthersKeepsItsNameThere() {
        Sent together = new Sent();
        together.original = STAGING + "/put.a1B2c3/etcd.yaml";
        ours(together);
        Sent another = new Sent();
        another.original = STAGING + "/put.a1B2c3/rogue.yaml";
        real(another);
    }

    @Test
    void pathAndTimeAloneProveNothing() {
        Sent bare = new Sent();
        bare.original = null;
        real(bare);
    }

    @Test
    void whatDiffersInAnythingIsARealAlert() {
        List<UnaryOperator<Sent>> changes = List.of(
                sent -> {
                    sent.content = Digest.ofText("another");
                    return sent;
                },
                sent -> {
                    sent.original = "/tmp/put.a1B2c3";
                    return sent;
                },
                sent -> {
                    sent.original = STAGING + "/../put.a1B2c3";
                    return sent;
                },
                sent -> {
                    sent.original = STAGING + "/rogue.yaml";
                    return sent;
                },
                sent -> {
                    sent.action = "creation";
                    return sent;
                },
                sent -> {
                    sent.action = "";
                    return sent;
                },
                sent -> {
                    sent.executable = "/tmp/mv";
                    return sent;
                },
                sent -> {
                    sent.name = "cp";
                    return sent;
                },
                sent -> {
                    sent.user = "1000";
                    return sent;
                },
                sent -> {
                    sent.path = "/etc/kubernetes/manifests/kube-apiserver.yaml";
                    return sent;
                },
                sent -> sent.at(NOW.minusSeconds(6)),
                sent -> sent.at(NOW.plusSeconds(6)));
        changes.forEach(change -> real(new Sent().with(change)));
        // none of them used the write up
        ours(new Sent());
    }

    @Test
    void anotherNodeIsAnotherNode() {
        Sent other = new Sent();
        other.host = "cp-2";
        other.address = "10.20.0.12";
        real(other);
    }

    @Test
    void theNameOfTheNodeWithTheAddressOfAnotherHostIsNotOurs() {
        Sent elsewhere = new Sent();
        elsewhere.address = "192.0.2.1";
        real(elsewhere);
    }

    @Test
    void anAlertThatComesAfterTheVerifiedIncidentWasClosedOpensNoOther() {
        Actor alice = Actor.person("alice");
        incidents.move(alice, incident, IncidentState.AWAITING_APPROVAL, "verified");
        incidents.close(alice, incident, IncidentState.CLOSED_RESOLVED, "verified twice");
        ours(new Sent());
    }

    @Test
    void whatNobodyVerifiedExplainsNothingOnceItsIncidentIsClosed() {
        incidents.close(Actor.person("alice"), incident, IncidentState.CLOSED_RESOLVED, "not verified");
        real(new Sent());
    }

    @Test
    void aWriteThatWasCutOffExplainsForTheTimeThatOneCanTake() {
        database.jdbc().sql("update own_write set ended_at = null").update();
        ours(new Sent().at(NOW.plusSeconds(100)));
        Sent late = new Sent();
        late.rule = OTHER_RULE;
        real(late.at(NOW.plus(Duration.ofSeconds(130))));
    }
}
