package dev.drawbridge.incident;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.AlertHandler;
import dev.drawbridge.alert.DeadLetter;
import dev.drawbridge.alert.Disposition;
import dev.drawbridge.alert.IntakeAdmission;
import dev.drawbridge.alert.SampleAlerts;
import dev.drawbridge.alert.TestIntake;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.ChainVerdict;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.playbook.TestPlaybooks;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.request.MockMvcRequestBuilders;

/** The way of an alert from the webhook to its incident, with everything real but the engine and the cluster. */
abstract class AlertToIncident {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Actor ALICE = Actor.person("alice");

    @TempDir
    Path directory;

    private TestDatabase database;
    private TestNodes nodes;
    private RecordingRunner runner;
    private TestIntake intake;
    private Incidents incidents;
    private MockMvc webhook;

    abstract TestDatabase database();

    /** Stands in for the engine: writes a row in the caller's transaction, as the engine does. */
    private final class RecordingRunner implements PlaybookRunner {
        private final List<Start> started = new CopyOnWriteArrayList<>();
        private final List<AlertId> joined = new CopyOnWriteArrayList<>();
        private volatile String failFor = "";

        @Override
        public void start(Start start) {
            started.add(start);
            assertThat(incidents.alerts(start.incident())).contains(start.alert());
            database.jdbc()
                    .sql("insert into test_execution (incident) values (:incident)")
                    .param("incident", start.incident().value())
                    .update();
            if (start.alert().host().equals(failFor)) {
                throw new IllegalStateException("the engine refuses");
            }
        }

        @Override
        public void alertJoined(IncidentId incident, Playbook playbook, Alert alert, boolean excluded) {
            joined.add(alert.id());
        }
    }

    @BeforeEach
    void open() {
        database = database();
        database.jdbc()
                .sql("create table test_execution (incident varchar(64) primary key)")
                .update();
        nodes = TestNodes.sandbox();
        runner = new RecordingRunner();
        wire(TestPlaybooks.bundled(database));
    }

    private void wire(PlaybookCatalogue playbooks, String... limits) {
        intake = TestIntake.on(database, SampleAlerts.CLOCK, limits);
        incidents =
                TestIncidents.on(database, intake.alerts, nodes, playbooks, runner, SampleAlerts.CLOCK, intake.meters);
        webhook = intake.webhook(TestIncidents.handler(incidents));
    }

    @AfterEach
    void close() throws Exception {
        assertThat(TestAudit.on(database, SampleAlerts.CLOCK).verify()).isInstanceOf(ChainVerdict.Intact.class);
        database.close();
    }

    private static MockHttpServletResponse send(MockMvc to, String source, String type, byte[] body) throws Exception {
        Principal detector = () -> "kibana";
        return to.perform(MockMvcRequestBuilders.post("/api/v1/alerts/" + source)
                        .principal(detector)
                        .contentType(type)
                        .content(body))
                .andReturn()
                .getResponse();
    }

    private JsonNode post(String source, String body) throws Exception {
        MockHttpServletResponse response = send(webhook, source, "application/json", body.getBytes("UTF-8"));
        assertThat(response.getStatus()).as(response.getContentAsString()).isEqualTo(202);
        return JSON.readTree(response.getContentAsByteArray()).get("alerts");
    }

    private JsonNode postSample(String name) throws Exception {
        return post(name.startsWith("falco") ? "falco" : "elastic", SampleAlerts.read(name));
    }

    private static List<String> dispositions(JsonNode alerts) {
        return alerts.findValuesAsText("disposition");
    }

    private static String rogue(String from, String to) {
        String sample = SampleAlerts.read("elastic-rogue-static-pod.json");
        String changed = sample.replace(from, to);
        assertThat(changed).isNotEqualTo(sample);
        return changed;
    }

    private long rows(String table) {
        return database.jdbc()
                .sql("select count(*) from " + table)
                .query(Long.class)
                .single();
    }

    @ParameterizedTest
    @CsvSource({
        "elastic-rogue-static-pod.json, worker-1, opened",
        "elastic-apiserver-edited.json, cp-1, opened",
        "elastic-ca-key-replaced.json, cp-3, opened",
        "elastic-admin-conf-two-rules.json, cp-2, 'opened,joined'",
        "elastic-ansible-write.json, worker-2, 'opened,joined'",
        "elastic-raw-document.json, worker-3, opened",
        "falco-write-below-etc.json, worker-1, opened",
    })
    void everySampleOpensOneIncidentOnItsNode(String sample, String node, String expected) throws Exception {
        JsonNode answers = postSample(sample);

        assertThat(dispositions(answers)).containsExactly(expected.split(","));
        assertThat(Set.copyOf(answers.findValuesAsText("incidentId"))).hasSize(1);
        Incident incident = incidents
                .find(IncidentId.of(answers.get(0).get("incidentId").asText()))
                .orElseThrow();
        assertThat(incident.node()).isEqualTo(NodeName.of(node));
        assertThat(incident.state()).isEqualTo(IncidentState.OPEN);
        assertThat(incident.playbook()).isEqualTo("kubernetes-config-tampering");
        assertThat(incident.playbookVersion()).matches("1\\.0\\.0\\+[0-9a-f]{12}");
        assertThat(incidents.alerts(incident.id())).hasSize(answers.size());
        assertThat(runner.started).singleElement().satisfies(start -> {
            assertThat(start.node()).isEqualTo(NodeName.of(node));
            assertThat(start.excluded()).isFalse();
            assertThat(start.byPerson()).isFalse();
        });
        assertThat(rows("test_execution")).isEqualTo(1);
    }

    @Test
    void aStormOfTwentyFourAlertsIsOneIncidentPerNode() throws Exception {
        List<String> dispositions = dispositions(postSample("elastic-summary-storm.json"));
        assertThat(dispositions).hasSize(24).containsOnly("opened", "joined");
        assertThat(dispositions.stream().filter("opened"::equals)).hasSize(3);
        assertThat(incidents.page(null, null, null, 10)).hasSize(3);
        assertThat(runner.joined).hasSize(21);
        assertThat(intake.meters
                        .get("drawbridge.alerts")
                        .tag("disposition", "joined")
                        .counter()
                        .count())
                .isEqualTo(21);
        assertThat(intake.meters.get("drawbridge.incidents.open").gauge().value())
                .isEqualTo(3);
    }

    @Test
    void aLateAlertIsSeenBehindAnyNumberOfEarlierOnes() throws Exception {
        IncidentId incident = IncidentId.of(postSample("elastic-rogue-static-pod.json")
                .get(0)
                .path("incidentId")
                .asText());
        Alert first = incidents.alerts(incident).get(0);
        for (int n = 1; n <= Incidents.MOST_ALERTS; n++) {
            copy(first, "flood-" + n, first.eventTime());
        }
        Instant later = first.eventTime().plusSeconds(60);
        copy(first, "late", later);

        assertThat(incidents.alerts(incident)).hasSize(Incidents.MOST_ALERTS);
        assertThat(incidents.alertsAfter(incident, first.eventTime())).hasSize(1);
        assertThat(incidents.alertsAfter(incident, later)).isEmpty();
    }

    private void copy(Alert alert, String id, Instant event) {
        database.jdbc()
                .sql("""
                        insert into alert (id, source, received_at, event_at, host, decoded, raw, disposition, incident_id)
                        select :copy, source, received_at, :event, host, decoded, raw, 'JOINED', incident_id
                        from alert where id = :id""")
                .param("copy", id)
                .param("event", OffsetDateTime.ofInstant(event, ZoneOffset.UTC))
                .param("id", alert.id().value())
                .update();
    }

    @Test
    void theSameAlertAgainIsADuplicateWithItsIncident() throws Exception {
        JsonNode first = postSample("elastic-rogue-static-pod.json").get(0);
        JsonNode second = postSample("elastic-rogue-static-pod.json").get(0);
        assertThat(second.get("disposition").asText()).isEqualTo("duplicate");
        assertThat(second.get("alertId")).isEqualTo(first.get("alertId"));
        assertThat(second.get("incidentId")).isEqualTo(first.get("incidentId"));
        assertThat(runner.started).hasSize(1);
        assertThat(runner.joined).isEmpty();
    }

    @Test
    void answersOnlyWhatTheContractNames() throws Exception {
        JsonNode answer = postSample("elastic-rogue-static-pod.json").get(0);
        assertThat(answer.fieldNames()).toIterable().containsExactlyInAnyOrder("alertId", "disposition", "incidentId");
        JsonNode stale = postSample("elastic-manual-backfill.json").get(0);
        assertThat(stale.fieldNames()).toIterable().containsExactlyInAnyOrder("alertId", "disposition", "reason");
    }

    @ParameterizedTest
    @CsvSource({
        "\"original_time\": \"2026-01-15T09:14:07.512Z\", \"original_time\": \"2026-01-14T09:16:09Z\", older",
        "\"original_time\": \"2026-01-15T09:14:07.512Z\", \"original_time\": \"2026-01-16T09:16:11Z\", future",
        "\"type\": \"scheduled\", \"type\": \"manual\", manual",
        "\"agent_id_status\": \"verified\", \"agent_id_status\": \"mismatch\", verified",
    })
    void whatDoesNotTellOfNowIsStaleAndStartsNothing(String from, String to, String reason) throws Exception {
        JsonNode answer = post("elastic", rogue(from, to)).get(0);
        assertThat(answer.get("disposition").asText()).isEqualTo("stale");
        assertThat(answer.get("reason").asText()).contains(reason);
        assertThat(answer.has("incidentId")).isFalse();
        assertThat(runner.started).isEmpty();
        assertThat(intake.alerts.page(Disposition.STALE, null, 10)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-01-14T09:16:10Z, opened",
        "2026-01-16T09:16:10Z, opened",
    })
    void theEdgesOfTheTimeWindowAreFresh(String time, String expected) throws Exception {
        JsonNode answers = post(
                "elastic",
                rogue("\"original_time\": \"2026-01-15T09:14:07.512Z\"", "\"original_time\": \"" + time + "\""));
        assertThat(dispositions(answers)).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/kubernetes/manifests/../../passwd, outside",
        "/etc/kubernetes/manifests/../../../../etc/shadow, outside",
        "/etc/kubernetes/manifests/.., outside",
        "/etc/kubernetes/manifests, outside",
        "/etc/kubernetes/tmp/x.conf, outside",
        "etc/kubernetes/manifests/x.yaml, absolute",
        "'', no file",
    })
    void aPathThatLeavesTheWatchedSetIsRejected(String path, String reason) throws Exception {
        JsonNode answer = post(
                        "elastic",
                        rogue(
                                "\"path\": \"/etc/kubernetes/manifests/metrics-agent.yaml\"",
                                "\"path\": \"" + path + "\""))
                .get(0);
        assertThat(answer.get("disposition").asText()).isEqualTo("rejected");
        assertThat(answer.get("reason").asText()).contains(reason);
        assertThat(runner.started).isEmpty();
        assertThat(rows("incident")).isZero();
        assertThat(intake.alerts.page(Disposition.REJECTED, null, 10)).hasSize(1);
    }

    @Test
    void aDetourThatEndsInTheWatchedSetIsNormalised() throws Exception {
        JsonNode answers = post(
                "elastic",
                rogue(
                        "\"path\": \"/etc/kubernetes/manifests/metrics-agent.yaml\"",
                        "\"path\": \"//etc/./kubernetes/pki/../manifests//a b'\\\"\\n.yaml\""));
        assertThat(dispositions(answers)).containsExactly("opened");
        assertThat(runner.started.get(0).alert().normalisedPath().orElseThrow())
                .hasToString("/etc/kubernetes/manifests/a b'\"\\x0a.yaml");
    }

    @Test
    void aRuleThatNoPlaybookAnswersIsUnmatched() throws Exception {
        assertThat(dispositions(post("elastic", rogue("0fe2290a-2664", "0fe2290a-2665"))))
                .containsExactly("unmatched");
        assertThat(rows("incident")).isZero();
    }

    @Test
    void anUnknownHostOpensAnIncidentWithoutNode() throws Exception {
        JsonNode answer = post("elastic", rogue("\"worker-1\"", "\"worker-9\"")).get(0);
        assertThat(answer.get("disposition").asText()).isEqualTo("opened");
        assertThat(answer.get("reason").asText()).contains("no known node");
        assertThat(runner.started.get(0).node()).isNull();
        assertThat(incidents.page(null, null, null, 10).get(0).host()).isEqualTo("worker-9");

        // the same unknown host again, written in capitals, joins it
        String again = rogue("\"worker-1\"", "\"WORKER-9\"").replace("13d35c6c", "00000000");
        assertThat(dispositions(post("elastic", again))).containsExactly("joined");
    }

    @Test
    void aHostWithANodesNameButNoneOfItsAddressesIsNotThatNode() throws Exception {
        JsonNode spoofed =
                post("elastic", rogue("\"10.20.0.21\"", "\"10.99.0.21\"")).get(0);
        assertThat(spoofed.get("reason").asText()).contains("none of its addresses");
        assertThat(runner.started.get(0).node()).isNull();

        // and the node itself still gets an incident of its own
        JsonNode real = post("elastic", rogue("13d35c6c", "00000000")).get(0);
        assertThat(real.get("disposition").asText()).isEqualTo("opened");
        assertThat(real.get("incidentId")).isNotEqualTo(spoofed.get("incidentId"));
        assertThat(runner.started.get(1).node()).isEqualTo(NodeName.of("worker-1"));
    }

    @Test
    void aFullHostNameNeedsTheAddressToProveIt() throws Exception {
        post("elastic", rogue("\"worker-1\"", "\"worker-1.example.internal\""));
        assertThat(runner.started.get(0).node()).isEqualTo(NodeName.of("worker-1"));
        post(
                "elastic",
                rogue("\"worker-1\"", "\"worker-1.evil.example\"")
                        .replace("10.20.0.21", "10.99.0.1")
                        .replace("13d35c6c", "00000000"));
        assertThat(runner.started.get(1).node()).isNull();
    }

    @Test
    void aHostNameWithSlashesOrCommandsIsNoNode() throws Exception {
        post("elastic", rogue("\"worker-1\"", "\"../worker-1; reboot\""));
        assertThat(runner.started.get(0).node()).isNull();
    }

    @Test
    void whileTheClusterCannotBeReadTheNodeIsTakenAsNamed() throws Exception {
        nodes.fail();
        assertThat(dispositions(postSample("elastic-rogue-static-pod.json"))).containsExactly("opened");
        assertThat(runner.started.get(0).node()).isEqualTo(NodeName.of("worker-1"));
    }

    @Test
    void anExcludedWriteIsStillAnIncident() throws Exception {
        String playbook = Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml"))
                .replace("exclusions: []", """
                        exclusions:
                            - reason: Ansible
                              executables: [/usr/bin/python3.10]
                              users: [deploy]
                              hosts: ["worker-*"]
                              changeWindows: ["Thu 09:00-10:00"]""");
        Files.writeString(directory.resolve("own.yaml"), playbook);
        wire(TestPlaybooks.from(database, directory));

        JsonNode answers = postSample("elastic-ansible-write.json");
        assertThat(dispositions(answers)).containsExactly("excluded", "excluded");
        assertThat(Set.copyOf(answers.findValuesAsText("incidentId"))).hasSize(1);
        assertThat(runner.started.get(0).excluded()).isTrue();
        // the same program by another user is not excluded
        String other = SampleAlerts.read("elastic-ansible-write.json")
                .replace("\"deploy\"", "\"mallory\"")
                .replace("72c8135e", "00000000")
                .replace("a102581f", "00000001");
        assertThat(dispositions(post("elastic", other))).containsExactly("joined", "joined");
    }

    @Test
    void sixteenClientsWithTheSameAlertOpenOneIncident() throws Exception {
        String body = SampleAlerts.read("elastic-rogue-static-pod.json");
        List<String> answers = atOnce(IntStream.range(0, 16).mapToObj(i -> body).toList());
        assertThat(answers.stream().filter("opened"::equals)).hasSize(1);
        assertThat(answers.stream().filter("duplicate"::equals)).hasSize(15);
        assertThat(rows("incident")).isEqualTo(1);
        assertThat(rows("alert")).isEqualTo(1);
        assertThat(rows("test_execution")).isEqualTo(1);
    }

    @Test
    void manyAlertsOfFewNodesAtOnceOpenOneIncidentPerNode() throws Exception {
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            bodies.add(rogue("13d35c6c", String.format("%08x", i))
                    .replace("worker-1", "worker-" + (1 + i % 3))
                    .replace("10.20.0.21", "10.20.0.2" + (1 + i % 3)));
        }
        List<String> answers = atOnce(bodies);
        assertThat(answers.stream().filter("opened"::equals)).hasSize(3);
        assertThat(answers.stream().filter("joined"::equals)).hasSize(57);
        assertThat(rows("incident")).isEqualTo(3);
        assertThat(rows("alert")).isEqualTo(60);
    }

    private List<String> atOnce(List<String> bodies) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(Math.min(30, bodies.size()));
        CountDownLatch start = new CountDownLatch(1);
        try {
            List<Future<String>> answers = new ArrayList<>();
            for (String body : bodies) {
                Callable<String> client = () -> {
                    start.await();
                    return post("elastic", body).get(0).get("disposition").asText();
                };
                answers.add(clients.submit(client));
            }
            start.countDown();
            List<String> dispositions = new ArrayList<>();
            for (Future<String> answer : answers) {
                dispositions.add(answer.get());
            }
            return dispositions;
        } finally {
            clients.shutdown();
        }
    }

    @Test
    void whatTheEngineRefusesLeavesNothingBehindAndIsAskedForAgain() throws Exception {
        runner.failFor = "worker-1";
        MockHttpServletResponse response = send(
                webhook,
                "elastic",
                "application/json",
                SampleAlerts.read("elastic-summary-storm.json").getBytes("UTF-8"));

        assertThat(response.getStatus()).isEqualTo(503);
        assertThat(response.getHeader("Retry-After")).matches("[0-9]+");
        assertThat(response.getContentAsString()).doesNotContain("IllegalState").doesNotContain("at dev.");
        // the other nodes were answered all the same, and nothing half-done is left of the failed ones
        assertThat(incidents.page(null, null, null, 10))
                .extracting(Incident::host)
                .containsExactlyInAnyOrder("worker-2", "worker-3");
        assertThat(rows("test_execution")).isEqualTo(2);
        assertThat(rows("alert")).isEqualTo(16);
        assertThat(intake.alerts.deadLetterCount()).isEqualTo(8);

        runner.failFor = "";
        List<String> again = dispositions(postSample("elastic-summary-storm.json"));
        assertThat(again.stream().filter("duplicate"::equals)).hasSize(16);
        assertThat(again.stream().filter("opened"::equals)).hasSize(1);
    }

    @Test
    void aBrokenTemplateIsKeptAndCounted() throws Exception {
        byte[] broken = SampleAlerts.read("broken-mustache.txt").getBytes("UTF-8");
        MockHttpServletResponse response = send(webhook, "elastic", "application/json", broken);
        assertThat(response.getStatus()).isEqualTo(400);
        assertThat(response.getContentType()).isEqualTo("application/problem+json");
        JsonNode problem = JSON.readTree(response.getContentAsByteArray());
        assertThat(problem.get("rule").asText()).isEqualTo("not-decodable");
        assertThat(problem.get("detail").asText()).isNotBlank();

        send(webhook, "elastic", "application/json", broken);
        DeadLetter letter = intake.alerts.deadLetters(null, 10).get(0);
        assertThat(letter.id()).isEqualTo(problem.get("deadLetter").asLong());
        assertThat(letter.content()).startsWith("error rendering mustache template");
        assertThat(letter.encoding()).isEqualTo("text");
        assertThat(letter.actor()).isEqualTo("detector:kibana");
        assertThat(letter.times()).isEqualTo(2);
        assertThat(intake.alerts.deadLetterCount()).isEqualTo(1);
        assertThat(intake.meters.get("drawbridge.alerts.dead.letters").counter().count())
                .isEqualTo(2);
    }

    @Test
    void deadLettersAreBoundedAndMayBeBinary() throws Exception {
        wire(TestPlaybooks.bundled(database), "max-dead-letters=3", "max-kept=2000");
        for (int i = 0; i < 6; i++) {
            send(webhook, "elastic", "application/json", ("no JSON " + i).getBytes("UTF-8"));
        }
        byte[] binary = new byte[5000];
        binary[0] = (byte) 0xff;
        send(webhook, "elastic", "application/json", binary);
        List<DeadLetter> letters = intake.alerts.deadLetters(null, 10);
        assertThat(letters).hasSize(3);
        assertThat(letters.get(0).encoding()).isEqualTo("base64");
        assertThat(letters.get(0).size()).isEqualTo(5000);
        assertThat(java.util.Base64.getDecoder().decode(letters.get(0).content()))
                .hasSize(2000);
        assertThat(intake.alerts.deadLetters(letters.get(0).id(), 10)).hasSize(2);
    }

    @Test
    void oneBadAlertDoesNotLoseTheGoodOnes() throws Exception {
        String document = SampleAlerts.read("elastic-raw-document.json");
        JsonNode answers = post("elastic", "{\"alerts\":[{\"no\":\"alert\"}, 7, " + document + "]}");
        assertThat(dispositions(answers)).containsExactly("rejected", "rejected", "opened");
        assertThat(answers.get(0).get("alertId").asText()).matches("[0-9a-f]{64}");
        assertThat(answers.get(0).get("reason").asText()).contains("time");
        assertThat(intake.alerts.deadLetterCount()).isEqualTo(2);
    }

    @Test
    void refusesWhatIsNoRequestForIt() throws Exception {
        byte[] body = SampleAlerts.read("elastic-rogue-static-pod.json").getBytes("UTF-8");
        assertProblem(send(webhook, "splunk", "application/json", body), 404);
        for (String type :
                List.of("text/plain", "application/x-www-form-urlencoded", "application/json;charset=utf-16", "*/*")) {
            assertProblem(send(webhook, "elastic", type, body), 415);
        }
        assertThat(send(webhook, "elastic", "application/json;charset=UTF-8", body)
                        .getStatus())
                .isEqualTo(202);
        wire(TestPlaybooks.bundled(database), "max-body=4KB");
        assertProblem(send(webhook, "elastic", "application/json", body), 413);
        assertThat(rows("dead_letter")).isZero();
    }

    @Test
    void aBodyOfExactlyTheLimitIsTakenAndOneByteMoreIsNot() throws Exception {
        wire(TestPlaybooks.bundled(database));
        byte[] body = "{\"alerts\":[]}".getBytes("UTF-8");
        byte[] full = new byte[8 * 1024 * 1024];
        java.util.Arrays.fill(full, (byte) ' ');
        System.arraycopy(body, 0, full, 0, body.length);
        assertThat(send(webhook, "elastic", "application/json", full).getStatus())
                .isEqualTo(202);
        byte[] more = java.util.Arrays.copyOf(full, full.length + 1);
        more[full.length] = ' ';
        assertProblem(send(webhook, "elastic", "application/json", more), 413);
    }

    private static void assertProblem(MockHttpServletResponse response, int status) throws Exception {
        assertThat(response.getStatus()).isEqualTo(status);
        assertThat(response.getContentType()).isEqualTo("application/problem+json");
        assertThat(JSON.readTree(response.getContentAsByteArray()).get("status").asInt())
                .isEqualTo(status);
    }

    @Test
    void aBacklogIsAnswered429WithWholeSeconds() throws Exception {
        IntakeAdmission full =
                () -> Optional.of(new IntakeAdmission.Overload("200 nodes wait", Duration.ofMillis(300)));
        MockHttpServletResponse response = send(
                intake.webhook(TestIncidents.handler(incidents), full),
                "elastic",
                "application/json",
                SampleAlerts.read("elastic-rogue-static-pod.json").getBytes("UTF-8"));
        assertProblem(response, 429);
        assertThat(response.getHeader("Retry-After")).isEqualTo("1");
        assertThat(rows("alert")).isZero();
    }

    @Test
    void whoFindsNoTurnIsAnswered429() throws Exception {
        wire(TestPlaybooks.bundled(database), "max-concurrent=1", "max-wait=50ms", "retry-after=7s");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AlertHandler slow = (alert, keep) -> {
            inside.countDown();
            try {
                leave.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            keep.accept(new AlertHandler.Handled(Disposition.UNMATCHED, null, null));
        };
        MockMvc busy = intake.webhook(slow);
        byte[] body = SampleAlerts.read("elastic-rogue-static-pod.json").getBytes("UTF-8");
        ExecutorService other = Executors.newSingleThreadExecutor();
        Future<MockHttpServletResponse> first = other.submit(() -> send(busy, "elastic", "application/json", body));
        inside.await();
        MockHttpServletResponse second = send(busy, "elastic", "application/json", body);
        leave.countDown();
        assertProblem(second, 429);
        assertThat(second.getHeader("Retry-After")).isEqualTo("7");
        assertThat(first.get().getStatus()).isEqualTo(202);
        other.shutdown();
    }

    @Test
    void withoutADatabaseNothingIsAcknowledged() throws Exception {
        TestDatabase gone = TestDatabase.h2();
        gone.close();
        TestIntake unkept = TestIntake.on(gone, SampleAlerts.CLOCK);
        MockMvc broken = unkept.webhook(TestIncidents.handler(incidents));
        for (String sample : List.of("elastic-summary-storm.json", "broken-mustache.txt")) {
            MockHttpServletResponse response = send(
                    broken,
                    "elastic",
                    "application/json",
                    SampleAlerts.read(sample).getBytes("UTF-8"));
            assertProblem(response, 503);
            assertThat(response.getHeader("Retry-After")).isEqualTo("10");
        }
    }

    @Test
    void aPersonAnswersAStaleAlertOnce() throws Exception {
        AlertId stale = AlertId.of(
                postSample("elastic-manual-backfill.json").get(0).get("alertId").asText());

        IncidentId incident =
                incidents.respond(ALICE, stale, "seen in the old logs").orElseThrow();
        assertThat(incidents.respond(ALICE, stale, "again")).hasValue(incident);
        assertThat(runner.started)
                .singleElement()
                .satisfies(start -> assertThat(start.byPerson()).isTrue());
        assertThat(incidents.alerts(incident)).extracting(Alert::id).containsExactly(stale);
        assertThat(intake.alerts.find(stale).orElseThrow().disposition()).isEqualTo(Disposition.STALE);
        assertThat(intake.alerts.find(stale).orElseThrow().incident()).isEqualTo(incident);
        assertThat(timeline(incident)).anySatisfy(entry -> {
            assertThat(entry.event().actor()).isEqualTo(ALICE);
            assertThat(entry.event().action()).isEqualTo("incident.open");
            assertThat(entry.event().reason()).isEqualTo("seen in the old logs");
        });
    }

    @Test
    void nobodyCanAnswerWhatIsNotStale() throws Exception {
        AlertId fresh = AlertId.of(postSample("elastic-rogue-static-pod.json")
                .get(0)
                .get("alertId")
                .asText());
        assertThat(incidents.respond(ALICE, fresh, "again")).isEmpty();
        assertThat(incidents.respond(ALICE, AlertId.of("unknown"), "what")).isEmpty();
    }

    private List<AuditEntry> timeline(IncidentId incident) {
        return TestAudit.on(database, SampleAlerts.CLOCK).timeline(incident, 0, 100);
    }

    private IncidentId opened() throws Exception {
        return IncidentId.of(postSample("elastic-rogue-static-pod.json")
                .get(0)
                .get("incidentId")
                .asText());
    }

    @Test
    void anIncidentMovesThroughItsStatesAndTheTimelineTellsOfIt() throws Exception {
        IncidentId id = opened();
        for (IncidentState state : List.of(
                IncidentState.CONTAINED,
                IncidentState.RESTORING,
                IncidentState.VERIFYING,
                IncidentState.VERIFYING,
                IncidentState.RESTORING,
                IncidentState.VERIFYING,
                IncidentState.AWAITING_APPROVAL)) {
            incidents.move(Actor.SYSTEM, id, state, "step");
        }
        incidents.close(ALICE, id, IncidentState.CLOSED_RESOLVED, "all well");
        incidents.close(ALICE, id, IncidentState.CLOSED_FALSE_POSITIVE, "again");

        Incident closed = incidents.find(id).orElseThrow();
        assertThat(closed.state()).isEqualTo(IncidentState.CLOSED_RESOLVED);
        assertThat(closed.resolution()).isEqualTo("all well");
        assertThat(closed.closedAt()).isEqualTo(SampleAlerts.CLOCK.instant());
        assertThat(timeline(id))
                .filteredOn(entry -> entry.event().action().equals("incident.move"))
                .hasSize(6);
        assertThatThrownBy(() -> incidents.move(ALICE, id, IncidentState.CONTAINED, "too late"))
                .isInstanceOf(IllegalStateException.class);
        // from the file event to the clock of the test, once each however often it was restored
        assertThat(intake.meters.get("drawbridge.time.to.contain").timer().count())
                .isEqualTo(1);
        assertThat(intake.meters.get("drawbridge.time.to.restore").timer().count())
                .isEqualTo(1);
        assertThat(intake.meters
                        .get("drawbridge.time.to.verify")
                        .timer()
                        .totalTime(java.util.concurrent.TimeUnit.MILLISECONDS))
                .isEqualTo(122_488);
    }

    @Test
    void nothingReturnsToOpenButWhatStalledThere() throws Exception {
        IncidentId id = opened();
        incidents.move(Actor.SYSTEM, id, IncidentState.STALLED, "the node does not answer");
        incidents.resume(ALICE, id, "it answers again");
        assertThat(incidents.find(id).orElseThrow().state()).isEqualTo(IncidentState.OPEN);
        incidents.move(Actor.SYSTEM, id, IncidentState.CONTAINED, "step");
        incidents.resume(ALICE, id, "nothing to resume");
        assertThat(incidents.find(id).orElseThrow().state()).isEqualTo(IncidentState.CONTAINED);
        assertThatThrownBy(() -> incidents.move(ALICE, id, IncidentState.OPEN, "back"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> incidents.move(ALICE, id, IncidentState.CLOSED_RESOLVED, "no resolution"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> incidents.close(ALICE, id, IncidentState.STALLED, "no"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> incidents.move(ALICE, IncidentId.of("none"), IncidentState.STALLED, "no"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anAlertThatMeetsTheClosingOfItsIncidentOpensANewOne() throws Exception {
        IncidentId id = opened();
        String second = rogue("13d35c6c", "00000000");
        ExecutorService other = Executors.newSingleThreadExecutor();
        CountDownLatch closed = new CountDownLatch(1);
        Future<String> answer = other.submit(() -> {
            closed.await();
            return post("elastic", second).get(0).get("disposition").asText();
        });
        database.transaction().executeWithoutResult(status -> {
            // closed but not committed while the alert looks for its incident
            incidents.close(ALICE, id, IncidentState.CLOSED_RESOLVED, "done");
            closed.countDown();
            org.awaitility.Awaitility.await().pollDelay(Duration.ofMillis(400)).until(() -> !answer.isDone());
        });
        assertThat(answer.get()).isEqualTo("opened");
        assertThat(incidents.page(NodeName.of("worker-1"), null, null, 10)).hasSize(2);
        other.shutdown();
    }

    @Test
    void aMoveThatIsRolledBackLeavesNeitherStateNorMetric() throws Exception {
        IncidentId id = opened();
        database.transaction().executeWithoutResult(status -> {
            incidents.move(Actor.SYSTEM, id, IncidentState.CONTAINED, "step");
            status.setRollbackOnly();
        });
        assertThat(incidents.find(id).orElseThrow().state()).isEqualTo(IncidentState.OPEN);
        assertThat(intake.meters.get("drawbridge.time.to.contain").timer().count())
                .isZero();
    }

    @Test
    void pagesGoByKeyNewestFirst() throws Exception {
        postSample("elastic-summary-storm.json");
        List<Incident> all = incidents.page(null, null, null, 10);
        assertThat(all).extracting(Incident::host).containsExactly("worker-3", "worker-2", "worker-1");
        assertThat(incidents.page(null, null, all.get(0).id(), 1)).containsExactly(all.get(1));
        assertThat(incidents.page(NodeName.of("worker-1"), IncidentState.OPEN, null, 10))
                .containsExactly(all.get(2));
        assertThat(incidents.page(null, IncidentState.STALLED, null, 10)).isEmpty();
        assertThat(incidents.page(null, null, IncidentId.of("unknown"), 10)).isEmpty();

        var alerts = intake.alerts.page(null, null, 20);
        assertThat(alerts).hasSize(20);
        assertThat(intake.alerts.page(null, alerts.get(19).alert().id(), 20)).hasSize(4);
        assertThat(intake.alerts.page(Disposition.OPENED, null, 20)).hasSize(3);
        assertThat(intake.alerts.raw(alerts.get(0).alert().id()).orElseThrow()).startsWith("{\"_id\":");
        assertThat(intake.alerts.find(alerts.get(0).alert().id()).orElseThrow().alert())
                .isEqualTo(alerts.get(0).alert());
    }

    @ParameterizedTest
    @ValueSource(strings = {"worker-1", "WORKER-1"})
    void theNameOfANodeIsComparedWithoutCase(String host) throws Exception {
        String sample = SampleAlerts.read("elastic-rogue-static-pod.json").replace("\"worker-1\"", "\"" + host + "\"");
        post("elastic", sample);
        assertThat(runner.started.get(0).node()).isEqualTo(NodeName.of("worker-1"));
    }
}
