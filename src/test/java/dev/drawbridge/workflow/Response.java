package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.alert.SampleAlerts;
import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.TestNodes;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.web.TestClock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.camunda.bpm.engine.HistoryService;
import org.camunda.bpm.engine.ManagementService;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.TaskService;
import org.camunda.bpm.engine.history.HistoricActivityInstance;
import org.camunda.bpm.engine.runtime.Job;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.http.MediaType;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.request.MockMvcRequestBuilders;
import org.springframework.test.web.servlet.setup.MockMvcBuilders;

/** One response on a node of its own, driven job by job and answer by answer. */
final class Response {
    static final String ROGUE_POD = "elastic-rogue-static-pod.json";
    /** The rogue pod's file, written by a program at its place: suspicious, not malicious. */
    static final Map<String, String> BY_KUBELET =
            Map.of("/process/name", "kubelet", "/process/executable", "/usr/bin/kubelet");

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final MockMvc webhook;
    private final TestClock clock;
    private final Incidents incidents;
    private final AuditTrail audit;
    private final TaskInbox inbox;
    final RuntimeService runtime;
    final ManagementService jobs;
    private final TaskService engineTasks;
    private final HistoryService history;
    final RepositoryService models;
    private final TestNodes nodes;

    final NodeName node;
    private @Nullable IncidentId incident;
    private volatile @Nullable String lastAlert;

    Response(ApplicationContext context) {
        webhook = MockMvcBuilders.standaloneSetup(context.getBean("alertController"))
                .build();
        clock = context.getBean(TestClock.class);
        incidents = context.getBean(Incidents.class);
        audit = context.getBean(AuditTrail.class);
        inbox = context.getBean(TaskInbox.class);
        runtime = context.getBean(RuntimeService.class);
        jobs = context.getBean(ManagementService.class);
        engineTasks = context.getBean(TaskService.class);
        history = context.getBean(HistoryService.class);
        models = context.getBean(RepositoryService.class);
        nodes = context.getBean(TestNodes.class);
        node = NodeName.of("node-" + COUNT.incrementAndGet());
        nodes.add(node.value(), Set.of());
    }

    // ---- alerts

    /** Posts a sample as if the detector had seen it on this node just now. */
    String post(String sample) {
        return post(sample, node.value(), clock.instant().minusSeconds(9), Map.of());
    }

    String post(String sample, Map<String, String> claims) {
        return post(sample, node.value(), clock.instant().minusSeconds(9), claims);
    }

    /** An alert about something that happens now, that is after every step that was taken. */
    String postAboutNow(String sample, Map<String, String> claims) {
        return post(sample, node.value(), clock.instant(), claims);
    }

    /**
     * @param claims by JSON pointer into the alert: what the detector claims instead
     * @return the disposition
     */
    String post(String sample, String host, Instant event, Map<String, String> claims) {
        try {
            ObjectNode envelope = (ObjectNode) JSON.readTree(
                    SampleAlerts.read(sample).replaceAll("2026-01-15T09:1\\d:[\\d.]+Z", event.toString()));
            for (JsonNode one : envelope.withArray("alerts")) {
                ObjectNode alert = (ObjectNode) one;
                alert.withObject("/kibana/alert").put("uuid", UUID.randomUUID().toString());
                alert.withObject("/host").put("name", host).put("hostname", host);
                alert.withObject("/host").withArray("ip").removeAll();
                claims.forEach((pointer, value) -> {
                    int last = pointer.lastIndexOf('/');
                    alert.withObject(pointer.substring(0, last)).put(pointer.substring(last + 1), value);
                });
            }
            var answer = webhook.perform(MockMvcRequestBuilders.post("/api/v1/alerts/elastic")
                            .contentType(MediaType.APPLICATION_JSON)
                            .content(envelope.toString()))
                    .andReturn()
                    .getResponse();
            assertThat(answer.getStatus()).as(answer.getContentAsString()).isEqualTo(202);
            JsonNode taken = JSON.readTree(answer.getContentAsString()).at("/alerts/0");
            if (incident == null && taken.hasNonNull("incidentId")) {
                incident = IncidentId.of(taken.path("incidentId").asText());
            }
            lastAlert = taken.path("alertId").asText();
            return taken.path("disposition").asText();
        } catch (Exception fault) {
            throw new AssertionError(fault);
        }
    }

    /** Id of the alert that was posted last. */
    String lastAlert() {
        assertThat(lastAlert).isNotNull();
        return lastAlert;
    }

    // ---- jobs and timers

    /** Runs the one job of this step that waits. */
    Response run(String... activities) {
        for (String activity : activities) {
            jobs.executeJob(job(activity).getId());
        }
        return this;
    }

    /** Lets a timer come due. */
    Response fire(String activity) {
        assertThat(job(activity).getDuedate()).as("%s is a timer", activity).isNotNull();
        return run(activity);
    }

    /** Runs a step until it may not be tried again. */
    Response exhaust(String activity) {
        Job job = job(activity);
        while (job.getRetries() > 0) {
            String id = job.getId();
            try {
                jobs.executeJob(id);
                throw new AssertionError(activity + " did not fail");
            } catch (RuntimeException expected) {
                job = jobs.createJobQuery().jobId(id).singleResult();
            }
        }
        return this;
    }

    Job job(String activity) {
        List<Job> found = processes().stream()
                .flatMap(process -> jobs.createJobQuery().processInstanceId(process.getId()).list().stream())
                .filter(job -> activity(job).equals(activity))
                .toList();
        assertThat(found).as("jobs of %s; waits at %s", activity, waits()).hasSize(1);
        return found.get(0);
    }

    private String activity(Job job) {
        return jobs.createJobDefinitionQuery()
                .jobDefinitionId(job.getJobDefinitionId())
                .singleResult()
                .getActivityId();
    }

    // ---- people

    TaskOutcome answer(String kind, TaskInbox.Person person, String decision, String reason) {
        return inbox.complete(task(kind).id(), person, decision, reason, null);
    }

    /** Answers the one open task of this kind, which must be accepted. */
    Response decide(String kind, TaskInbox.Person person, String decision, String reason) {
        assertThat(answer(kind, person, decision, reason)).isInstanceOf(TaskOutcome.Accepted.class);
        return this;
    }

    HumanTask task(String kind) {
        List<HumanTask> found = open().filter(task -> task.kind().equals(kind)).toList();
        assertThat(found).as("open tasks of kind %s among %s", kind, tasks()).hasSize(1);
        return found.get(0);
    }

    private Stream<HumanTask> open() {
        return inbox.ofIncident(id()).stream().filter(task -> task.state() == HumanTask.State.OPEN);
    }

    /** Kinds of the open tasks, sorted. */
    List<String> tasks() {
        return open().map(HumanTask::kind).sorted().toList();
    }

    List<HumanTask> allTasks() {
        return inbox.ofIncident(id());
    }

    // ---- where it stands

    IncidentId id() {
        assertThat(incident).as("the incident of this response").isNotNull();
        return incident;
    }

    Incident incident() {
        return incidents.find(id()).orElseThrow();
    }

    String state() {
        return incident().state().code();
    }

    /** The open incident of this node, if any: another one when this response's is closed. */
    List<Incident> openIncidents() {
        return incidents.page(node, null, null, 100).stream()
                .filter(one -> !one.state().closed())
                .toList();
    }

    /** From now on this response is about another incident. */
    Response follow(IncidentId other) {
        incident = other;
        return this;
    }

    /** Everything that waits in the response itself: user tasks, jobs and timers, and the called workflows' too. */
    Set<String> waits() {
        return waiting(process -> response().contains(process.getRootProcessInstanceId()));
    }

    /** What waits in the workflows beside the response: investigation and follow-up. */
    Set<String> waitsBeside() {
        Set<String> response = response();
        return waiting(process -> !response.contains(process.getRootProcessInstanceId()));
    }

    private Set<String> response() {
        return processes().stream()
                .filter(process -> key(process).equals("kubernetes-config-tampering"))
                .map(ProcessInstance::getId)
                .collect(Collectors.toSet());
    }

    private Set<String> waiting(Predicate<ProcessInstance> which) {
        List<String> found = new ArrayList<>();
        for (ProcessInstance process : processes().stream().filter(which).toList()) {
            engineTasks.createTaskQuery().processInstanceId(process.getId()).list().stream()
                    .map(task -> task.getTaskDefinitionKey())
                    .forEach(found::add);
            jobs.createJobQuery().processInstanceId(process.getId()).list().stream()
                    .map(this::activity)
                    .forEach(found::add);
        }
        assertThat(found).as("nothing waits twice").doesNotHaveDuplicates();
        return Set.copyOf(found);
    }

    private String key(ProcessInstance process) {
        return models.getProcessDefinition(process.getProcessDefinitionId()).getKey();
    }

    List<ProcessInstance> processes() {
        return runtime.createProcessInstanceQuery()
                .processInstanceBusinessKey(id().value())
                .list();
    }

    /** Asserts that exactly this waits in the response. */
    Response isAt(String... activities) {
        assertThat(waits()).containsExactlyInAnyOrder(activities);
        return this;
    }

    Response is(IncidentState state) {
        assertThat(incident().state()).isEqualTo(state);
        return this;
    }

    /** Activities that were entered and left in the order in which they were, in all workflows of the incident. */
    List<String> path() {
        return activities().map(HistoricActivityInstance::getActivityId).toList();
    }

    Response went(String... activities) {
        assertThat(path()).contains(activities);
        return this;
    }

    Response neverWent(String... activities) {
        assertThat(path()).doesNotContain(activities);
        return this;
    }

    private Stream<HistoricActivityInstance> activities() {
        return history.createHistoricProcessInstanceQuery().processInstanceBusinessKey(id().value()).list().stream()
                .flatMap(process ->
                        history
                                .createHistoricActivityInstanceQuery()
                                .processInstanceId(process.getId())
                                .list()
                                .stream());
    }

    @Nullable
    Object variable(String name) {
        return runtime.getVariable(response().iterator().next(), name);
    }

    /** Changes a variable in every workflow of the response. */
    Response set(String name, @Nullable Object value) {
        processes().forEach(process -> runtime.setVariable(process.getId(), name, value));
        return this;
    }

    // ---- what is written down

    /** {@code action subject} of every entry, in order. */
    List<String> audited() {
        return timeline()
                .map(entry -> entry.event().action() + " " + entry.event().subject())
                .toList();
    }

    Stream<AuditEntry> timeline() {
        return audit.timeline(id(), 0, 1000).stream();
    }

    /** The states that the incident went through, in order. */
    List<String> states() {
        return timeline()
                .filter(entry -> Set.of("incident.move", "incident.close")
                        .contains(entry.event().action()))
                .map(entry -> entry.event().subject())
                .toList();
    }

    // ---- the ordinary way to a place

    /** Up to the end of the containment. */
    Response contained() {
        assertThat(post(ROGUE_POD)).isEqualTo("opened");
        return run("serviceTask_applyRung", "serviceTask_applyRung", "serviceTask_applyRung");
    }

    /** Up to the first look at the node's files. */
    Response toRestore() {
        return contained().run("serviceTask_startInvestigation");
    }

    /** From the first look to the task that asks for the approval of the return. */
    Response restoredAndVerified() {
        return run(
                "serviceTask_findDrift",
                "serviceTask_captureEvidence",
                "serviceTask_restoreFiles",
                "serviceTask_verify",
                "intermediateCatchEvent_soak",
                "serviceTask_verifyAgain");
    }

    /** Up to the task that asks for the approval of the return. */
    Response toApproval() {
        return toRestore().restoredAndVerified().isAt("userTask_approveReturn", "boundaryEvent_returnOverdue");
    }

    Response released() {
        return run("serviceTask_releaseRung", "serviceTask_releaseRung", "serviceTask_releaseRung");
    }

    /** From an approved return to the end. */
    Response toEnd() {
        return released().run("serviceTask_startFollowUp", "endEvent_closed").isAt();
    }

    /**
     * Goes on as if this activity had ended and left a variable behind. For what no delegate says, but somebody could write
     * into a model.
     */
    Response pretend(String activity, String variable, @Nullable Object value) {
        ProcessInstance process = processes().stream()
                .filter(one -> runtime.getActiveActivityIds(one.getId()).contains(activity)
                        || jobs.createJobQuery().processInstanceId(one.getId()).list().stream()
                                .anyMatch(job -> activity(job).equals(activity)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing is at " + activity + " but at " + waits()));
        runtime.setVariable(process.getId(), variable, value);
        runtime.createProcessInstanceModification(process.getId())
                .cancelAllForActivity(activity)
                .startAfterActivity(activity)
                .execute();
        return this;
    }
}
