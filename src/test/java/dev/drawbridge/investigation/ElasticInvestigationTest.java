package dev.drawbridge.investigation;

import static dev.drawbridge.investigation.Finding.Status.FOUND;
import static dev.drawbridge.investigation.Finding.Status.NOTHING_FOUND;
import static dev.drawbridge.investigation.Finding.Status.NOT_AVAILABLE;
import static dev.drawbridge.investigation.TestInvestigation.AGENT;
import static dev.drawbridge.investigation.TestInvestigation.CONTENT;
import static dev.drawbridge.investigation.TestInvestigation.CP;
import static dev.drawbridge.investigation.TestInvestigation.EVENT;
import static dev.drawbridge.investigation.TestInvestigation.HOST;
import static dev.drawbridge.investigation.TestInvestigation.NOW;
import static dev.drawbridge.investigation.TestInvestigation.PATH;
import static dev.drawbridge.investigation.TestInvestigation.SHELL;
import static dev.drawbridge.investigation.TestInvestigation.SSHD;
import static dev.drawbridge.investigation.TestInvestigation.alert;
import static dev.drawbridge.investigation.TestInvestigation.roguePod;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real Elasticsearch server. */
@ExtendWith(ElasticsearchServer.class)
class ElasticInvestigationTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final Actor ACTOR = Actor.playbook("kubernetes-config-tampering");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

    private final ElasticsearchServer.Node server;
    private final TestDatabase database = TestDatabase.h2();
    private final AuditTrail audit = TestAudit.on(database, CLOCK);
    private EventStreams streams;
    private EventReader reader;

    ElasticInvestigationTest(ElasticsearchServer.Node server) {
        this.server = server;
    }

    @BeforeEach
    void start() {
        streams = new EventStreams(server);
    }

    @AfterEach
    void close() throws Exception {
        if (reader != null) {
            reader.close();
        }
        database.close();
    }

    private ElasticInvestigation investigation() {
        ElasticsearchProperties properties = TestInvestigation.properties(
                server.url(),
                streams.process() + "*",
                streams.file() + "*",
                streams.login() + "*",
                Duration.ofSeconds(20));
        reader = new ElasticsearchConfiguration().eventReader(properties);
        return new ElasticInvestigation(
                Optional.of(reader), properties, database.jdbc(), database.transactions(), audit, CLOCK);
    }

    private List<Finding> ask(Alert... alerts) {
        return investigation().investigate(ACTOR, INCIDENT, List.of(alerts));
    }

    private Finding process(Alert... alerts) {
        return ask(alerts).get(0);
    }

    private Finding logins(Alert... alerts) {
        return ask(alerts).get(1);
    }

    private Finding history(Alert... alerts) {
        return ask(alerts).get(2);
    }

    private static Map<String, Object> event(Instant at, String action, Object... more) {
        Map<String, Object> event = new HashMap<>(Map.of(
                "@timestamp", at.toString(),
                "agent.id", AGENT,
                "host.id", HOST,
                "host.name", "worker-1",
                "event.action", action));
        for (int i = 0; i < more.length; i += 2) {
            event.put((String) more[i], more[i + 1]);
        }
        return event;
    }

    private void seedProcesses() {
        streams.withProcessStream()
                .add(
                        streams.process(),
                        List.of(
                                event(
                                        EVENT.minusSeconds(600),
                                        "exec",
                                        "process.entity_id",
                                        SSHD,
                                        "process.executable",
                                        "/usr/sbin/sshd",
                                        "process.pid",
                                        3001,
                                        "process.args",
                                        List.of("sshd:", "deploy"),
                                        "user.id",
                                        "0",
                                        "user.name",
                                        "root",
                                        "process.entry_leader.entity_id",
                                        SSHD,
                                        "process.entry_leader.entry_meta.type",
                                        "sshd",
                                        "process.entry_leader.entry_meta.source.ip",
                                        "198.51.100.7"),
                                event(
                                        EVENT.minusSeconds(590),
                                        "exec",
                                        "process.entity_id",
                                        SHELL,
                                        "process.executable",
                                        "/usr/bin/bash",
                                        "process.pid",
                                        3002,
                                        "user.id",
                                        "1001",
                                        "user.name",
                                        "deploy",
                                        "process.entry_leader.entity_id",
                                        SSHD,
                                        "process.entry_leader.entry_meta.type",
                                        "sshd",
                                        "process.entry_leader.entry_meta.source.ip",
                                        "198.51.100.7"),
                                event(
                                        EVENT.minusMillis(40),
                                        "fork",
                                        "process.entity_id",
                                        CP,
                                        "process.executable",
                                        "/usr/bin/bash",
                                        "process.pid",
                                        41231),
                                event(
                                        EVENT.minusMillis(30),
                                        "exec",
                                        "process.entity_id",
                                        CP,
                                        "process.executable",
                                        "/usr/bin/cp",
                                        "process.pid",
                                        41231,
                                        "process.args",
                                        List.of("cp", "/tmp/x.yaml", PATH),
                                        "process.hash.sha256",
                                        "ab".repeat(32),
                                        "user.id",
                                        "0",
                                        "user.name",
                                        "root",
                                        "process.real_user.id",
                                        "1001",
                                        "process.real_user.name",
                                        "deploy",
                                        "process.entry_leader.entity_id",
                                        SSHD,
                                        "process.entry_leader.entry_meta.type",
                                        "sshd",
                                        "process.entry_leader.entry_meta.source.ip",
                                        "198.51.100.7"),
                                event(
                                        EVENT.plusSeconds(30),
                                        "exec",
                                        "process.entity_id",
                                        CP,
                                        "process.executable",
                                        "/usr/bin/after-the-write")));
    }

    @Test
    void tellsTheProcessItsAncestorsAndHowTheSessionWasEntered() {
        seedProcesses();

        Finding finding = process(roguePod());

        assertThat(finding.status()).isEqualTo(FOUND);
        assertThat(finding.source()).isEqualTo(streams.process() + "*");
        assertThat(finding.facts())
                .containsExactly(
                        "process /usr/bin/cp (pid 41231): cp /tmp/x.yaml " + PATH
                                + ", user root (really deploy), sha256 " + "ab".repeat(32)
                                + ", 2026-11-24T09:14:07.482Z",
                        "started by /usr/bin/bash (pid 3002), user deploy, 2026-11-24T09:04:17.512Z",
                        "started by /usr/sbin/sshd (pid 3001): sshd: deploy, user root, 2026-11-24T09:04:07.512Z",
                        "session entered by sshd from 198.51.100.7");
    }

    @Test
    void saysWhichAncestorsWereNotSeen() {
        seedProcesses();

        Finding finding =
                process(alert(AGENT, HOST, "worker-1", PATH, CP, List.of("ent-unseen"), "root", "deploy", CONTENT));

        assertThat(finding.status()).isEqualTo(FOUND);
        assertThat(finding.facts()).last().isEqualTo("no start seen of 1 of them: ent-unseen");
    }

    @Test
    void findsNothingWhenTheHostsEventsHoldNoSuchProcess() {
        seedProcesses();

        Finding finding =
                process(alert(AGENT, HOST, "worker-1", PATH, "ent-other", List.of(), "root", "deploy", CONTENT));

        assertThat(finding.status()).isEqualTo(NOTHING_FOUND);
        assertThat(finding.facts()).isEmpty();
    }

    @Test
    void neverTakesAnotherHostsProcessForThisOnes() {
        seedProcesses();

        Finding finding =
                process(alert("another-agent", HOST, "worker-1", PATH, CP, List.of(), "root", "deploy", CONTENT));

        assertThat(finding.status()).isEqualTo(NOT_AVAILABLE);
        assertThat(finding.source()).contains("there are no such events at all");
    }

    @Test
    void isNotAvailableWhenTheStreamDoesNotExist() {
        assertThat(ask(roguePod())).allSatisfy(finding -> {
            assertThat(finding.status()).isEqualTo(NOT_AVAILABLE);
            assertThat(finding.facts()).isEmpty();
            assertThat(finding.source()).contains("there is no such index, or it may not be read");
        });
    }

    @Test
    void isNotAvailableWhenTheHostHasNoEventsInTheWindow() {
        streams.withProcessStream()
                .add(
                        streams.process(),
                        List.of(event(
                                EVENT.minus(Duration.ofDays(8)),
                                "exec",
                                "process.entity_id",
                                CP,
                                "process.executable",
                                "/usr/bin/cp")));

        assertThat(process(roguePod()).status()).isEqualTo(NOT_AVAILABLE);
    }

    @Test
    void isNotAvailableWhenTheAlertNamesNoProcess() {
        seedProcesses();

        assertThat(process(alert(AGENT, HOST, "worker-1", PATH, null, List.of(), "root", null, CONTENT))
                        .status())
                .isEqualTo(NOT_AVAILABLE);
    }

    private void seedLogins(int failures) {
        List<Map<String, Object>> logins = new ArrayList<>();
        logins.add(event(
                EVENT.minusSeconds(601),
                "ssh_login",
                "event.category",
                List.of("authentication", "session"),
                "event.outcome",
                "success",
                "user.name",
                "deploy",
                "source.ip",
                "198.51.100.7",
                "system.auth.ssh.method",
                "password"));
        IntStream.range(0, failures)
                .forEach(i -> logins.add(event(
                        EVENT.minusSeconds(60).minusMillis(i),
                        "ssh_login",
                        "event.category",
                        List.of("authentication"),
                        "event.outcome",
                        "failure",
                        "user.name",
                        "deploy",
                        "source.ip",
                        i % 3 == 0 ? "203.0.113.9" : "203.0.113.8")));
        logins.add(event(
                EVENT.minus(Duration.ofHours(25)),
                "ssh_login",
                "event.outcome",
                "success",
                "user.name",
                "deploy",
                "source.ip",
                "192.0.2.1"));
        logins.add(event(EVENT.minusSeconds(5), "sudo", "user.name", "deploy"));
        streams.withLoginStream().add(streams.login(), logins);
    }

    @Test
    void tellsTheLoginsOfBothUsersAndTheSessions() {
        seedProcesses();
        seedLogins(3);

        Finding finding = logins(roguePod());

        assertThat(finding.status()).isEqualTo(FOUND);
        assertThat(finding.facts())
                .containsExactly(
                        "login of deploy from 198.51.100.7 by password (ssh_login, success), 2026-11-24T09:04:06.512Z",
                        "3 failed logins, the last 2026-11-24T09:13:07.512Z, from 203.0.113.8 (2) 203.0.113.9 (1)",
                        "session entered by sshd from 198.51.100.7, user root (really deploy), last seen"
                                + " 2026-11-24T09:14:07.482Z");
    }

    @Test
    void aFloodOfFailedLoginsDoesNotHideTheOneThatSucceeded() {
        seedLogins(400);

        Finding finding = logins(roguePod());

        assertThat(finding.status()).isEqualTo(FOUND);
        assertThat(finding.facts()).anyMatch(fact -> fact.startsWith("login of deploy from 198.51.100.7"));
        assertThat(finding.facts()).anyMatch(fact -> fact.startsWith("100 or more failed logins"));
        // the sensor's own events are missing here, and that is said as well
        assertThat(finding.facts()).first().asString().startsWith("not available: " + streams.process());
    }

    @Test
    void findsNoLoginOnlyWhereBothSourcesCouldBeAsked() {
        seedLogins(1);
        Alert someoneElse = alert(AGENT, HOST, "worker-1", PATH, CP, List.of(), "backup", null, CONTENT);

        assertThat(logins(someoneElse).status()).isEqualTo(NOT_AVAILABLE);

        streams.withProcessStream()
                .add(
                        streams.process(),
                        List.of(event(
                                EVENT.minusSeconds(10),
                                "exec",
                                "process.entity_id",
                                "ent-cron",
                                "user.id",
                                "0",
                                "user.name",
                                "root",
                                "process.entry_leader.entry_meta.type",
                                "init")));
        assertThat(logins(someoneElse).status()).isEqualTo(NOTHING_FOUND);
    }

    private void seedFiles() {
        streams.withFileStream()
                .add(
                        streams.file(),
                        List.of(
                                event(
                                        EVENT.minus(Duration.ofDays(40)),
                                        "creation",
                                        "file.path",
                                        PATH,
                                        "file.hash.sha256",
                                        "cd".repeat(32),
                                        "process.executable",
                                        "/usr/bin/kubeadm",
                                        "user.name",
                                        "root"),
                                event(
                                        EVENT.minusSeconds(60),
                                        "rename",
                                        "file.path",
                                        "/etc/kubernetes/manifests/elsewhere.yaml",
                                        "file.Ext.original.path",
                                        PATH,
                                        "process.executable",
                                        "/usr/bin/mv"),
                                event(EVENT.minus(Duration.ofDays(91)), "creation", "file.path", PATH),
                                event(EVENT.minusSeconds(9), "creation", "file.path", "/etc/kubernetes/admin.conf"),
                                event(
                                        EVENT.minusSeconds(20),
                                        "creation",
                                        "host.id",
                                        "another-host",
                                        "host.name",
                                        "worker-9",
                                        "file.path",
                                        "/etc/kubernetes/manifests/m.yaml",
                                        "file.hash.sha256",
                                        CONTENT.hex())));
    }

    @Test
    void tellsTheHistoryOfTheFileAndWhereElseTheContentIs() {
        seedFiles();

        Finding finding = history(roguePod());

        assertThat(finding.status()).isEqualTo(FOUND);
        assertThat(finding.facts())
                .containsExactly(
                        "2026-11-24T09:13:07.512Z rename of /etc/kubernetes/manifests/elsewhere.yaml (was " + PATH
                                + ") by /usr/bin/mv",
                        "2026-10-15T09:14:07.512Z creation of " + PATH + " by /usr/bin/kubeadm, user root, sha256 "
                                + "cd".repeat(32),
                        "the same content on another host: worker-9, 2026-11-24T09:13:47.512Z creation of"
                                + " /etc/kubernetes/manifests/m.yaml, sha256 " + CONTENT.hex());
    }

    @Test
    void findsNoHistoryOfAFileThatWasNeverTouched() {
        seedFiles();
        Digest elsewhere = Digest.ofText("nowhere else");

        Finding finding = history(alert(
                AGENT, HOST, "worker-1", "/etc/kubernetes/manifests/new.yaml", CP, List.of(), "root", null, elsewhere));

        assertThat(finding.status()).isEqualTo(NOTHING_FOUND);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "/etc/kubernetes/*",
                "/etc/kubernetes/manifests/metrics-agent.yam?",
                "\" OR file.path:* OR \"",
                "\"}},{\"match_all\":{}}",
                "/.*/",
                "{{#toJson}}x{{/toJson}}",
                "a\u0000b\u202ec\nd",
                "\ud800 lone surrogate"
            })
    void textOfAnAlertIsOnlyEverAValue(String hostile) {
        seedProcesses();
        seedLogins(1);
        seedFiles();

        List<Finding> findings = ask(alert(
                AGENT, HOST, "worker-1", hostile, hostile, List.of(hostile), hostile, hostile, Digest.ofText("none")));

        assertThat(findings.get(0).status()).isEqualTo(NOTHING_FOUND);
        assertThat(findings.get(2).status()).isEqualTo(NOTHING_FOUND);
        // the numeric ids of the sample still belong to somebody's sessions; no login carries the hostile name
        assertThat(findings.get(1).facts()).noneMatch(fact -> fact.startsWith("login of"));
    }

    @Test
    void hostileHostsFindNothingOfOthers() {
        seedProcesses();
        seedLogins(1);
        seedFiles();

        assertThat(ask(alert("*", "*", "worker-*", PATH, CP, List.of(SHELL), "deploy", null, CONTENT)))
                .extracting(Finding::status)
                // the digest is looked for on "other" hosts, which then is every host
                .containsExactly(NOT_AVAILABLE, NOT_AVAILABLE, FOUND);
    }

    @Test
    void hugeAndManyValuesAreLeftOutAndThatIsSaid() {
        seedFiles();
        String huge = "/etc/kubernetes/" + "x".repeat(40_000);
        List<Alert> storm = new ArrayList<>(
                List.of(alert(AGENT, HOST, "worker-1", huge, huge, List.of(huge), huge, huge, CONTENT)));
        IntStream.range(0, 500)
                .forEach(i -> storm.add(alert(
                        AGENT,
                        HOST,
                        "worker-1",
                        "/etc/kubernetes/pki/" + i,
                        "ent-" + i,
                        List.of(),
                        "root",
                        null,
                        null)));

        List<Finding> findings = investigation().investigate(ACTOR, INCIDENT, storm);

        assertThat(findings.get(2).facts())
                .contains("not available: Elasticsearch: the alerts name more processes, paths or contents than were"
                        + " looked up");
        assertThat(findings).allSatisfy(finding -> assertThat(finding.source()).hasSizeLessThanOrEqualTo(1000));
    }

    @Test
    void storedTextThatWouldFoolAReaderIsMadeVisible() {
        streams.withProcessStream()
                .add(
                        streams.process(),
                        List.of(event(
                                EVENT.minusSeconds(1),
                                "exec",
                                "process.entity_id",
                                CP,
                                "process.executable",
                                "/tmp/\u202etxt.sh",
                                "process.args",
                                List.of("<script>alert(1)</script>", "line\nbreak", "z".repeat(30_000)))));

        Finding finding = process(roguePod());

        assertThat(finding.facts().get(0))
                .startsWith("process /tmp/\\u{202e}txt.sh (pid ?): <script>alert(1)</script> line\\u{a}break zzz")
                .hasSizeLessThan(500);
    }

    @Test
    void readsDottedKeysAndArraysAsWell() throws Exception {
        seedProcesses();
        ObjectNode flat = (ObjectNode) new ObjectMapper().readTree("""
                {"@timestamp": "%s", "agent.id": "%s", "event.action": ["exec", "end"],
                 "process.entity_id": "ent-flat", "process": {"hash.sha256": ["cafe"], "pid": ["7"]},
                 "process.executable": ["/usr/bin/tee"], "user.name": ["root"]}""".formatted(EVENT, AGENT));
        streams.addDocuments(streams.process(), List.of(flat));

        Finding finding = process(alert(AGENT, HOST, "worker-1", PATH, "ent-flat", List.of(), "root", null, CONTENT));

        assertThat(finding.facts()).first().isEqualTo("process /usr/bin/tee (pid 7), user root, sha256 cafe, " + EVENT);
    }

    @Test
    void aShardThatCannotBeReadMakesItsQuestionNotAvailableAndNoOther() {
        seedProcesses();
        seedFiles();
        // a second index of the pattern whose only shard no node may hold
        server.send("PUT", "/_index_template/red-" + streams.file(), """
                {"index_patterns": ["%s-red"], "priority": 600, "template": {"settings": {"number_of_replicas": 0,
                 "index.routing.allocation.require.rack": "nowhere"}}}""".formatted(streams.file()));
        server.send("PUT", "/" + streams.file() + "-red?wait_for_active_shards=0&timeout=0s", "{}");

        List<Finding> findings = ask(roguePod());

        assertThat(findings.get(0).status()).isEqualTo(FOUND);
        assertThat(findings.get(2).status()).isEqualTo(NOT_AVAILABLE);
        server.send("DELETE", "/" + streams.file() + "-red", "");
    }

    @Test
    void aFieldThatIsNotAKeywordMakesTheQuestionNotAvailable() {
        server.send("PUT", "/" + streams.process(), "{\"mappings\": {\"dynamic\": false}}");
        server.send("POST", "/" + streams.process() + "/_doc?refresh=true", "{\"@timestamp\": \"" + EVENT + "\"}");

        assertThat(process(roguePod()).status()).isEqualTo(NOT_AVAILABLE);
    }

    @Test
    void keepsTheNewestFindingsAndPutsTheirDigestIntoTheAuditTrail() {
        seedProcesses();
        ElasticInvestigation investigation = investigation();
        assertThat(investigation.findings(INCIDENT)).isEmpty();

        investigation.investigate(
                ACTOR,
                INCIDENT,
                List.of(alert(AGENT, HOST, "worker-1", PATH, "ent-other", List.of(), "root", null, CONTENT)));
        List<Finding> second = investigation.investigate(ACTOR, INCIDENT, List.of(roguePod()));

        assertThat(investigation.findings(INCIDENT)).isEqualTo(second);
        List<String> kept = database.jdbc()
                .sql("select findings from investigation order by round")
                .query(String.class)
                .list();
        assertThat(audit.timeline(INCIDENT, 0, 10))
                .extracting(entry -> entry.event().evidence())
                .containsExactly(Digest.ofText(kept.get(0)), Digest.ofText(kept.get(1)));
    }
}
