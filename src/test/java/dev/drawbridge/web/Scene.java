package dev.drawbridge.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.alert.SampleAlerts;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.KnownContainment;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.evidence.EvidenceItem;
import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.investigation.Finding;
import dev.drawbridge.investigation.KnownFindings;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.recovery.FileAction;
import dev.drawbridge.recovery.FileComparison;
import dev.drawbridge.recovery.FileComparison.Meaning;
import dev.drawbridge.recovery.FileComparison.MeaningStatus;
import dev.drawbridge.recovery.FileComparison.Text;
import dev.drawbridge.recovery.FileComparison.TextStatus;
import dev.drawbridge.recovery.KnownPlans;
import dev.drawbridge.recovery.KnownQuarantine;
import dev.drawbridge.recovery.QuarantinedFile;
import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.verification.KnownReports;
import dev.drawbridge.verification.VerificationReport;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import dev.drawbridge.workflow.HumanTask;
import dev.drawbridge.workflow.KnownDiagrams;
import dev.drawbridge.workflow.ScriptedInbox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Sets up what pages and API show: incidents as attackers and steps of the response would leave them. */
@Component
public class Scene {
    /** What an attacker would like a page, a shell or a template engine to read as more than text. */
    public static final String HOSTILE =
            "<script>alert('x')</script>\" onmouseover=\"alert(1)\nsecond line javascript:alert(2) ${7*7} [[${7*7}]] </textarea>";

    public static final NodePath ROGUE = NodePath.of("/etc/kubernetes/manifests/metrics-agent.yaml");
    public static final NodePath EDITED = NodePath.of("/etc/kubernetes/manifests/kube-apiserver.yaml");
    public static final NodePath CA_KEY = NodePath.of("/etc/kubernetes/pki/ca.key");

    /** A name that a file may really have: quote, angle bracket, newline, and a byte that is no UTF-8. */
    public static final NodePath ODD =
            NodePath.ofBytes("/etc/kubernetes/manifests/a \"<b>'\n\u00ff.yaml".getBytes(StandardCharsets.ISO_8859_1));

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Actor PLAYBOOK = Actor.playbook("kubernetes-config-tampering");

    private final Environment environment;
    private final JdbcClient jdbc;
    private final TestClock clock;
    private final Incidents incidents;
    private final AuditTrail audit;
    public final ScriptedInbox inbox;
    private final KnownDiagrams diagrams;
    private final KnownContainment containment;
    private final KnownReports reports;
    private final KnownPlans plans;
    public final KnownQuarantine quarantine;
    private final KnownReceipts receipts;
    private final KnownFindings findings;

    Scene(
            Environment environment,
            JdbcClient jdbc,
            TestClock clock,
            Incidents incidents,
            AuditTrail audit,
            ScriptedInbox inbox,
            KnownDiagrams diagrams,
            KnownContainment containment,
            KnownReports reports,
            KnownPlans plans,
            KnownQuarantine quarantine,
            KnownReceipts receipts,
            KnownFindings findings) {
        this.environment = environment;
        this.jdbc = jdbc;
        this.clock = clock;
        this.incidents = incidents;
        this.audit = audit;
        this.inbox = inbox;
        this.diagrams = diagrams;
        this.containment = containment;
        this.reports = reports;
        this.plans = plans;
        this.quarantine = quarantine;
        this.receipts = receipts;
        this.findings = findings;
    }

    /** Forgets everything but the audit trail, which cannot. */
    public void clear() {
        List.of(
                        "alert",
                        "incident",
                        "dead_letter",
                        "guardrail_pause",
                        "guardrail_reservation",
                        "guardrail_dry_run_playbook",
                        "guardrail_override")
                .forEach(table -> jdbc.sql("delete from " + table).update());
        inbox.clear();
        diagrams.clear();
        containment.clear();
        reports.clear();
        plans.clear();
        quarantine.clear();
        receipts.clear();
        findings.clear();
    }

    /** An incident on a node, opened by a sample alert as if the detector had seen it just now. */
    public Incident incident(String node) {
        return incident(node, Map.of());
    }

    /** @param text by JSON pointer into the alert: what the detector claims instead */
    public Incident incident(String host, Map<String, String> text) {
        JsonNode answer = alert(host, clock.instant().minusSeconds(9), text);
        assertThat(answer.path("disposition").asText()).as("%s", answer).isEqualTo("opened");
        return incidents.find(IncidentId.of(answer.path("incidentId").asText())).orElseThrow();
    }

    /** Posts an alert about a file event and returns what became of it. */
    public JsonNode alert(String host, Instant event, Map<String, String> text) {
        try {
            ObjectNode envelope = (ObjectNode) JSON.readTree(SampleAlerts.read("elastic-rogue-static-pod.json")
                    .replace("2026-01-15T09:16:02.100Z", event.plusSeconds(2).toString())
                    .replaceAll("2026-01-15T09:1\\d:[\\d.]+Z", event.toString())
                    .replace("13d35c6c431cdd78623404dfaed65d9e949671ea36b2d8f15a54bda359dc13da", uuid()));
            ObjectNode alert = (ObjectNode) envelope.withArray("alerts").get(0);
            alert.withObject("/host").put("name", host).put("hostname", host);
            alert.withObject("/host").withArray("ip").removeAll();
            text.forEach((pointer, value) -> {
                int last = pointer.lastIndexOf('/');
                ObjectNode parent = last == 0 ? alert : alert.withObject(pointer.substring(0, last));
                parent.put(pointer.substring(last + 1), value);
            });
            var answer = Visitor.to(environment).alert("elastic", envelope.toString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            return JSON.readTree(answer.body()).at("/alerts/0");
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static String uuid() {
        return UUID.randomUUID().toString().replace("-", "").repeat(2);
    }

    /** A file that a restore of the incident moved away. */
    public QuarantinedFile quarantined(IncidentId incident, NodePath path, @Nullable Instant returnedAt) {
        Digest content = Digest.ofText("rogue");
        QuarantinedFile file = new QuarantinedFile(
                Quarantined.id(incident, path, content),
                incident,
                NodeName.of("cp-1"),
                path,
                content,
                clock.instant().truncatedTo(ChronoUnit.MICROS),
                returnedAt);
        quarantine.put(file);
        return file;
    }

    /** Everything that an incident can show, waiting for the approval of its plan; {@code said} is in every text of somebody else. */
    public Incident fullIncident(String said) {
        Incident opened = incident(
                "cp-1",
                Map.of(
                        "/process/command_line", said,
                        "/process/name", said,
                        "/process/executable", "/tmp/" + said,
                        "/user/name", said,
                        "/kibana/alert/rule/name", said));
        IncidentId id = opened.id();
        NodeName node = NodeName.of("cp-1");
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        incidents.move(PLAYBOOK, id, IncidentState.CONTAINED, "all rungs are applied");
        incidents.move(PLAYBOOK, id, IncidentState.AWAITING_APPROVAL, "the plan touches an authority's key");
        containment.put(
                id,
                new Containment.AppliedRung(Rung.CORDON, "applied", "unschedulable since just now", "{}", now),
                new Containment.AppliedRung(Rung.TAINT, "already", said, "{}", now),
                new Containment.AppliedRung(Rung.LABEL, "refused", "protected-nodes: " + said, "{}", now));
        quarantined(id, ODD, null);
        RestorePlan plan = plan(id, node, said, now);
        diff(said);
        receipts.put(
                id,
                node,
                EvidenceItem.kept(
                        EvidenceItem.Kind.FILE, ROGUE.toString(), Digest.ofText("rogue"), 812, now, "0:0 0644 " + said),
                EvidenceItem.kept(EvidenceItem.Kind.FILE, ODD.toString(), Digest.ofText("odd"), 12, now, said),
                EvidenceItem.notAvailable(EvidenceItem.Kind.PROCESSES, "processes of the node", now, said));
        findings.put(
                id,
                new Finding(
                        "Process and its ancestry",
                        Finding.Status.FOUND,
                        List.of("bash (pid 4711) started " + said),
                        "logs-endpoint.events.*"),
                new Finding("Logins of the user", Finding.Status.NOTHING_FOUND, List.of(), "logs-system.auth-*"),
                new Finding(
                        "History of the file",
                        Finding.Status.NOT_AVAILABLE,
                        List.of(),
                        "Elasticsearch is not configured"));
        reports.put(id, report(1, now, said, Status.FAILED, Status.NOT_AVAILABLE), report(2, now, said, Status.PASSED));
        tasks(id, plan, said, now);
        diagrams.put(
                id,
                "kubernetes-config-tampering",
                "Kubernetes configuration was changed on a node",
                Set.of("callActivity_restore"),
                Set.of("startEvent_alert", "businessRuleTask_triage", "callActivity_contain"),
                Set.of());
        diagrams.put(
                id,
                "restore-files",
                "Restore files",
                Set.of("userTask_approvePlan"),
                Set.of(),
                Set.of("serviceTask_restore"));
        audit.record(AuditEvent.intent(PLAYBOOK, "effect.contain", "cordon", "no guardrail objects")
                .on(id, node)
                .with("request", said));
        audit.record(AuditEvent.outcome(PLAYBOOK, "evidence.capture", said, said)
                .on(id, node)
                .withEvidence(Digest.ofText("manifest")));
        return incidents.find(id).orElseThrow();
    }

    private RestorePlan plan(IncidentId id, NodeName node, String said, Instant now) {
        BaselineRevision revision =
                new BaselineRevision("4f1c2b7a9d3e5f60718293a4b5c6d7e8f9012345", "SHA256:abcDEF", "main");
        return plans.put(
                id,
                node,
                revision,
                true,
                now,
                List.of(
                        step(ROGUE, Drift.Kind.UNEXPECTED, FileAction.QUARANTINE, "rogue", null, said),
                        step(ODD, Drift.Kind.UNEXPECTED, FileAction.TASK, null, null, said),
                        step(EDITED, Drift.Kind.MODIFIED, FileAction.RESTORE, "edited", "apiserver", said),
                        step(CA_KEY, Drift.Kind.MODIFIED, FileAction.RESTORE, "other key", "ca key", said)));
    }

    private static RestorePlan.Step step(
            NodePath path,
            Drift.Kind drift,
            FileAction action,
            @Nullable String before,
            @Nullable String after,
            String said) {
        return new RestorePlan.Step(
                path,
                drift,
                FileClass.of(path),
                action,
                before == null ? null : Digest.ofText(before),
                after == null ? null : Digest.ofText(after),
                "The baseline says otherwise. " + said,
                "kubelet restarts the static pod. " + said);
    }

    private void diff(String said) {
        List<String> lines = new ArrayList<>(List.of(
                "--- /etc/kubernetes/manifests/kube-apiserver.yaml",
                "+++ main",
                "@@ -1,3 +1,3 @@",
                "     - kube-apiserver",
                "-    - --anonymous-auth=true",
                "+    - --anonymous-auth=false"));
        said.lines().forEach(line -> lines.add("-" + line));
        plans.put(
                EDITED,
                new FileComparison(
                        new Text(TextStatus.SHOWN, "only the first lines. " + said, lines),
                        new Meaning(
                                MeaningStatus.COMPARED,
                                "",
                                List.of("Container kube-apiserver: flag " + said),
                                List.of("--anonymous-auth=true lets requests in. " + said)),
                        List.of("The mode is 0644 on the node. " + said)));
        plans.put(
                ROGUE,
                new FileComparison(
                        new Text(TextStatus.SHOWN, "", List.of("--- on the node", "+++ baseline", "----", "-" + said)),
                        new Meaning(
                                MeaningStatus.NOT_COMPARABLE,
                                "the file on the node: a key comes twice",
                                List.of(),
                                List.of()),
                        List.of()));
        plans.put(
                CA_KEY,
                new FileComparison(
                        new Text(TextStatus.NOT_SHOWN, "A key is never shown.", List.of()), null, List.of()));
    }

    private static VerificationReport report(int round, Instant now, String said, Status... statuses) {
        List<Check> checks = new ArrayList<>();
        for (Status status : statuses) {
            checks.add(new Check("Files of the watched set", "as in main@4f1c2b7a9d3e", said, status, "scan " + said));
        }
        return new VerificationReport(round, now, checks, Digest.ofText("report " + round));
    }

    private void tasks(IncidentId id, RestorePlan plan, String said, Instant now) {
        inbox.put(
                task(
                        "task-contain-" + id,
                        id,
                        "decide-containment",
                        "Contain this node?",
                        said,
                        List.of("responders"),
                        List.of("contain", "false-positive"),
                        null,
                        now.minusSeconds(60),
                        now.minusSeconds(30),
                        HumanTask.State.COMPLETED),
                task(
                        "task-plan-" + id,
                        id,
                        "approve-plan",
                        "Approve the plan",
                        "4 files. " + said,
                        List.of("approvers", "security-operations"),
                        List.of("approve", "reject", "false-positive"),
                        plan.hash().hex(),
                        now,
                        now.plus(Duration.ofMinutes(30)),
                        HumanTask.State.OPEN),
                task(
                        "task-failed-" + id,
                        id,
                        "step-failed",
                        "A step failed",
                        said,
                        List.of("responders"),
                        List.of("retry", "skip", "abort"),
                        null,
                        now,
                        now.minus(Duration.ofMinutes(3)),
                        HumanTask.State.OPEN),
                task(
                        "task-detection-" + id,
                        id,
                        "improve-detection",
                        "Improve detection",
                        "",
                        List.of("approvers"),
                        List.of("done", "not-needed"),
                        null,
                        now,
                        null,
                        HumanTask.State.OPEN));
    }

    /** A task in any state; a completed one was decided by {@code responder2}. */
    public static HumanTask task(
            String id,
            IncidentId incident,
            String kind,
            String title,
            String description,
            List<String> candidates,
            List<String> decisions,
            @Nullable String planHash,
            Instant createdAt,
            @Nullable Instant due,
            HumanTask.State state) {
        boolean decided = state == HumanTask.State.COMPLETED;
        return new HumanTask(
                id,
                incident,
                kind,
                title,
                description,
                candidates,
                decisions,
                planHash,
                createdAt,
                due,
                null,
                state,
                decided ? decisions.get(0) : null,
                decided ? "reason: " + description : null,
                decided ? "responder2" : null,
                decided ? createdAt.plusSeconds(5) : null);
    }
}
