package dev.drawbridge.workflow;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.geom.Rectangle2D;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.camunda.bpm.model.bpmn.BpmnModelInstance;
import org.camunda.bpm.model.bpmn.instance.BoundaryEvent;
import org.camunda.bpm.model.bpmn.instance.CallActivity;
import org.camunda.bpm.model.bpmn.instance.CatchEvent;
import org.camunda.bpm.model.bpmn.instance.EndEvent;
import org.camunda.bpm.model.bpmn.instance.Error;
import org.camunda.bpm.model.bpmn.instance.ErrorEventDefinition;
import org.camunda.bpm.model.bpmn.instance.ExclusiveGateway;
import org.camunda.bpm.model.bpmn.instance.FlowElement;
import org.camunda.bpm.model.bpmn.instance.FlowNode;
import org.camunda.bpm.model.bpmn.instance.MessageEventDefinition;
import org.camunda.bpm.model.bpmn.instance.Process;
import org.camunda.bpm.model.bpmn.instance.ScriptTask;
import org.camunda.bpm.model.bpmn.instance.SequenceFlow;
import org.camunda.bpm.model.bpmn.instance.ServiceTask;
import org.camunda.bpm.model.bpmn.instance.StartEvent;
import org.camunda.bpm.model.bpmn.instance.SubProcess;
import org.camunda.bpm.model.bpmn.instance.ThrowEvent;
import org.camunda.bpm.model.bpmn.instance.TimerEventDefinition;
import org.camunda.bpm.model.bpmn.instance.UserTask;
import org.camunda.bpm.model.bpmn.instance.bpmndi.BpmnEdge;
import org.camunda.bpm.model.bpmn.instance.bpmndi.BpmnShape;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaExecutionListener;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaFailedJobRetryTimeCycle;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaProperty;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaScript;
import org.camunda.bpm.model.bpmn.instance.camunda.CamundaTaskListener;
import org.camunda.bpm.model.bpmn.instance.dc.Bounds;
import org.camunda.bpm.model.bpmn.instance.di.Waypoint;
import org.camunda.bpm.model.dmn.Dmn;
import org.camunda.bpm.model.dmn.DmnModelInstance;
import org.camunda.bpm.model.dmn.HitPolicy;
import org.camunda.bpm.model.dmn.instance.Decision;
import org.camunda.bpm.model.dmn.instance.DecisionTable;
import org.camunda.bpm.model.dmn.instance.Rule;
import org.camunda.bpm.model.xml.instance.ModelElementInstance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** What must be true of every model, whoever draws it. */
@WorkflowTest
class WorkflowModelTest {
    private static final Pattern BEAN = Pattern.compile("\\$\\{([a-z][A-Za-z]*)}");
    /** Strict, because {@code ==} of expressions takes the boolean false for any text that is not "true". */
    private static final String TERM =
            "(?:(?:'[a-z-]+'|true|false)\\.equals\\(execution\\.getVariable\\('[a-zA-Z]+'\\)\\)|deadlines\\.[a-zA-Z]+\\(execution\\))";

    private static final Pattern CONDITION = Pattern.compile("\\$\\{" + TERM + "(?: (?:and|or) " + TERM + ")*}");

    /** From the most to the least urgent: what contains is never behind anything else. */
    private static final List<Set<String>> URGENCY = List.of(
            Set.of("applyRung"),
            Set.of("releaseRung", "closeIncident"),
            Set.of("captureEvidence", "startInvestigation"),
            Set.of("findDrift", "restoreFiles", "scanForDrift"),
            Set.of("verifyNode"),
            Set.of("investigate"),
            Set.of("startFollowUp", "assessExposure", "findQuarantined", "returnFile"));

    @Autowired
    ApplicationContext context;

    static List<Path> models() {
        return Models.files(".bpmn");
    }

    private static BpmnModelInstance read(Path file) {
        return Bpmn.readModelFromFile(file.toFile());
    }

    private static <T extends ModelElementInstance> Collection<T> all(Path file, Class<T> type) {
        return read(file).getModelElementsByType(type);
    }

    private static <T extends ModelElementInstance> List<T> everywhere(Class<T> type) {
        return models().stream().flatMap(file -> all(file, type).stream()).toList();
    }

    private static Process process(Path file) {
        Collection<Process> processes = all(file, Process.class);
        assertThat(processes).as("one process in a file").hasSize(1);
        return processes.iterator().next();
    }

    private static String name(String id) {
        return id.substring(id.indexOf('_') + 1);
    }

    // ---- names

    @ParameterizedTest
    @MethodSource("models")
    void aProcessIsNamedLikeItsFileAndKeepsItsHistoryForALimitedTime(Path file) {
        Process process = process(file);
        assertThat(file.getFileName()).hasToString(process.getId() + ".bpmn");
        assertThat(process.isExecutable()).isTrue();
        assertThat(process.getName()).isNotBlank();
        assertThat(process.getCamundaHistoryTimeToLiveString()).matches("P\\d+D");
        assertThat(process.getDocumentations()).as("says what it is for").isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("models")
    void idsFollowTheConvention(Path file) {
        for (FlowNode node : all(file, FlowNode.class)) {
            assertThat(node.getId())
                    .startsWith(node.getElementType().getTypeName() + "_")
                    .matches("[a-zA-Z]+_[a-zA-Z]+");
        }
        for (SequenceFlow flow : all(file, SequenceFlow.class)) {
            assertThat(flow.getId())
                    .isEqualTo("flow_" + name(flow.getSource().getId()) + "_"
                            + name(flow.getTarget().getId()));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void everythingThatPeopleReadHasAName(Path file) {
        all(file, FlowNode.class).stream()
                .filter(node -> !node.getElementType().getTypeName().equals("parallelGateway"))
                .filter(node -> !node.getId().equals("exclusiveGateway_rotated"))
                .forEach(node -> assertThat(node.getName()).as(node.getId()).isNotBlank());
    }

    // ---- delegates

    private static Stream<String> delegateExpressions() {
        return Stream.concat(
                everywhere(ServiceTask.class).stream().map(ServiceTask::getCamundaDelegateExpression),
                everywhere(ThrowEvent.class).stream()
                        .flatMap(event -> event.getEventDefinitions().stream())
                        .filter(MessageEventDefinition.class::isInstance)
                        .map(definition -> ((MessageEventDefinition) definition).getCamundaDelegateExpression()));
    }

    private static String bean(String expression) {
        var matched = BEAN.matcher(expression);
        assertThat(matched.matches()).as("%s is a plain name", expression).isTrue();
        return matched.group(1);
    }

    @Test
    void everyServiceTaskAndThrowingEventIsABeanOfOurs() {
        delegateExpressions().forEach(expression -> {
            assertThat(expression).isNotNull();
            assertThat(context.getBean(bean(expression), JavaDelegate.class)
                            .getClass()
                            .getPackage())
                    .isEqualTo(WorkflowModelTest.class.getPackage());
        });
    }

    @ParameterizedTest
    @MethodSource("models")
    void nothingElseIsExecutedFromAModel(Path file) {
        assertThat(all(file, ScriptTask.class)).isEmpty();
        assertThat(all(file, CamundaScript.class)).isEmpty();
        assertThat(all(file, CamundaExecutionListener.class)).isEmpty();
        assertThat(all(file, CamundaTaskListener.class)).isEmpty();
        for (ServiceTask task : all(file, ServiceTask.class)) {
            assertThat(task.getCamundaClass()).isNull();
            assertThat(task.getCamundaExpression()).isNull();
            assertThat(task.getCamundaType()).isNull();
        }
        for (SequenceFlow flow : all(file, SequenceFlow.class)) {
            if (flow.getConditionExpression() != null) {
                assertThat(flow.getConditionExpression().getLanguage()).isNull();
                assertThat(flow.getConditionExpression().getTextContent())
                        .as(flow.getId())
                        .matches(CONDITION);
            }
        }
    }

    // ---- jobs

    private static String retryCycle(FlowNode node) {
        return Optional.ofNullable(node.getExtensionElements())
                .flatMap(extensions -> extensions.getChildElementsByType(CamundaFailedJobRetryTimeCycle.class).stream()
                        .findFirst())
                .map(ModelElementInstance::getTextContent)
                .orElse("");
    }

    /** The bean of a node that works, empty for what only waits or decides. */
    private static Optional<String> work(FlowNode node) {
        if (node instanceof ServiceTask task) {
            return Optional.of(bean(task.getCamundaDelegateExpression()));
        }
        return node instanceof EndEvent end
                ? end.getEventDefinitions().stream()
                        .filter(MessageEventDefinition.class::isInstance)
                        .map(definition -> bean(((MessageEventDefinition) definition).getCamundaDelegateExpression()))
                        .findFirst()
                : Optional.empty();
    }

    @ParameterizedTest
    @MethodSource("models")
    void whatWorksIsAJobOfItsOwnThatIsTriedAgain(Path file) {
        for (FlowNode node : all(file, FlowNode.class)) {
            Optional<String> bean = work(node);
            if (bean.isEmpty() || bean.get().equals("escalate")) {
                assertThat(node.isCamundaAsyncBefore()).as(node.getId()).isFalse();
            } else if (!node.getId().equals("endEvent_closedExcluded")) {
                assertThat(node.isCamundaAsyncBefore()).as(node.getId()).isTrue();
                assertThat(retryCycle(node)).as(node.getId()).matches("R\\d/PT\\d+S");
            }
            assertThat(node.isCamundaAsyncAfter()).as(node.getId()).isFalse();
            assertThat(node.isCamundaExclusive()).as(node.getId()).isTrue();
        }
    }

    @Test
    void onlyEscalatingRunsInTheJobOfItsTimer() {
        everywhere(ServiceTask.class).stream()
                .filter(task -> !task.isCamundaAsyncBefore())
                .forEach(task -> assertThat(task.getIncoming())
                        .allSatisfy(flow -> assertThat(timer(flow.getSource())).isTrue()));
    }

    @Test
    void whatIsMoreUrgentHasTheHigherPriority() {
        Map<String, Set<Integer>> priorities = everywhere(FlowNode.class).stream()
                .filter(FlowNode::isCamundaAsyncBefore)
                .collect(toMap(
                        node -> work(node).orElseThrow(),
                        node -> Set.of(Integer.parseInt(node.getCamundaJobPriority())),
                        (one, other) ->
                                Stream.concat(one.stream(), other.stream()).collect(toSet())));
        assertThat(priorities.keySet())
                .isEqualTo(URGENCY.stream().flatMap(Set::stream).collect(toSet()));
        int above = Integer.MAX_VALUE;
        for (Set<String> level : URGENCY) {
            Set<Integer> found = level.stream()
                    .flatMap(bean -> priorities.get(bean).stream())
                    .collect(toSet());
            assertThat(found).as("%s", level).hasSize(1);
            assertThat(found.iterator().next()).as("%s", level).isLessThan(above);
            above = found.iterator().next();
        }
    }

    @Test
    void nothingButARungHasThePriorityOfContainment() {
        for (Path file : models()) {
            Process process = process(file);
            if (!process.getId().equals("contain-node")) {
                assertThat(process.getCamundaJobPriority())
                        .as("the timers of %s", process.getId())
                        .isNotNull()
                        .satisfies(
                                priority -> assertThat(Long.parseLong(priority)).isLessThan(100));
            }
        }
    }

    // ---- people

    private static String kind(UserTask task) {
        return task.getExtensionElements() == null
                ? ""
                : task.getExtensionElements().getElementsQuery().list().stream()
                        .flatMap(element -> element.getChildElementsByType(CamundaProperty.class).stream())
                        .filter(property -> "kind".equals(property.getCamundaName()))
                        .map(CamundaProperty::getCamundaValue)
                        .findFirst()
                        .orElse("");
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyUserTaskIsAQuestionOfAKnownKind(Path file) {
        for (UserTask task : all(file, UserTask.class)) {
            assertThat(TaskKind.ofCode(kind(task))).as(task.getId()).isPresent();
            assertThat(task.getCamundaAssignee())
                    .as("who may answer is not said in a model")
                    .isNull();
            assertThat(task.getCamundaCandidateGroups()).isNull();
            assertThat(task.getCamundaCandidateUsers()).isNull();
        }
    }

    // ---- errors and gateways

    @Test
    void everyErrorThatIsThrownIsCaughtByWhoeverCalls() {
        Map<String, Process> processes = everywhere(Process.class).stream().collect(toMap(Process::getId, one -> one));
        for (CallActivity call : everywhere(CallActivity.class)) {
            assertThat(processes).containsKey(call.getCalledElement());
            assertThat(call.getCamundaCalledElementBinding()).as(call.getId()).isEqualTo("deployment");
            Set<String> thrown =
                    codes(processes.get(call.getCalledElement()).getChildElementsByType(EndEvent.class).stream()
                            .flatMap(end -> end.getEventDefinitions().stream()));
            Set<String> caught = codes(boundary(call).flatMap(event -> event.getEventDefinitions().stream()));
            assertThat(caught).as(call.getId()).isEqualTo(thrown);
        }
    }

    private static Set<String> codes(Stream<? extends ModelElementInstance> definitions) {
        return definitions
                .filter(ErrorEventDefinition.class::isInstance)
                .map(definition -> ((ErrorEventDefinition) definition).getError())
                .map(Error::getErrorCode)
                .collect(toSet());
    }

    private static Stream<BoundaryEvent> boundary(FlowNode host) {
        return host.getModelInstance().getModelElementsByType(BoundaryEvent.class).stream()
                .filter(event -> event.getAttachedTo().equals(host));
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyGatewayHasADefaultThatIsCareful(Path file) {
        for (ExclusiveGateway gateway : all(file, ExclusiveGateway.class)) {
            if (gateway.getOutgoing().size() < 2) {
                continue;
            }
            assertThat(gateway.getDefault()).as(gateway.getId()).isNotNull();
            assertThat(gateway.getDefault().getConditionExpression())
                    .as(gateway.getId())
                    .isNull();
            FlowNode target = gateway.getDefault().getTarget();
            assertThat(releases(target))
                    .as("the default of %s", gateway.getId())
                    .isFalse();
            assertThat(work(target))
                    .as("the default of %s", gateway.getId())
                    .isNotEqualTo(Optional.of("restoreFiles"))
                    .isNotEqualTo(Optional.of("returnFile"));
            gateway.getOutgoing().stream()
                    .filter(flow -> !flow.equals(gateway.getDefault()))
                    .forEach(flow -> assertThat(flow.getConditionExpression())
                            .as(flow.getId())
                            .isNotNull());
        }
    }

    // ---- release

    private static boolean releases(FlowNode node) {
        return node instanceof CallActivity call && call.getCalledElement().equals("release-node")
                || work(node).equals(Optional.of("releaseRung"));
    }

    private static boolean approves(FlowNode node) {
        return node instanceof UserTask task && kind(task).equals("approve-return");
    }

    private static boolean timer(FlowNode node) {
        return node instanceof CatchEvent event
                && event.getEventDefinitions().stream().anyMatch(TimerEventDefinition.class::isInstance);
    }

    /** Where a token may be next: along flows, into and out of called workflows, over boundary events. */
    private static List<FlowNode> next(FlowNode node) {
        List<FlowNode> next = new ArrayList<>();
        node.getOutgoing().forEach(flow -> next.add(flow.getTarget()));
        boundary(node).forEach(next::add);
        if (node instanceof CallActivity call) {
            everywhere(StartEvent.class).stream()
                    .filter(start -> start.getParentElement() instanceof Process called
                            && called.getId().equals(call.getCalledElement()))
                    .forEach(next::add);
        }
        if (node instanceof EndEvent && node.getParentElement() instanceof Process ended) {
            everywhere(CallActivity.class).stream()
                    .filter(call -> call.getCalledElement().equals(ended.getId()))
                    .forEach(call -> {
                        call.getOutgoing().forEach(flow -> next.add(flow.getTarget()));
                        boundary(call).forEach(next::add);
                    });
        }
        return next;
    }

    /** Everything that can be reached without passing an approval of the return. */
    private static Map<String, FlowNode> reachedWithoutApproval(FlowNode from) {
        Map<String, FlowNode> reached = new java.util.TreeMap<>();
        Deque<FlowNode> left = new ArrayDeque<>(List.of(from));
        while (!left.isEmpty()) {
            FlowNode node = left.pop();
            // also what is attached to an approval is a source of its own in the test
            if (approves(node) || reached.put(process(node) + "/" + node.getId(), node) != null) {
                continue;
            }
            left.addAll(next(node));
        }
        return reached;
    }

    private static String process(FlowNode node) {
        return node.getModelInstance()
                .getModelElementsByType(Process.class)
                .iterator()
                .next()
                .getId();
    }

    private static boolean withinRelease(FlowNode node) {
        return process(node).equals("release-node")
                || node instanceof BoundaryEvent event && releases((FlowNode) event.getAttachedTo());
    }

    @Test
    void noTimerLeadsToAReleaseWithoutAnApproval() {
        List<FlowNode> timers = everywhere(FlowNode.class).stream()
                .filter(WorkflowModelTest::timer)
                .toList();
        assertThat(timers).hasSizeGreaterThan(6);
        timers.forEach(timer -> assertThat(reachedWithoutApproval(timer).values())
                .as("from %s", timer.getId())
                .noneMatch(WorkflowModelTest::releases));
    }

    @Test
    void noWayAtAllLeadsToAReleaseWithoutAnApproval() {
        Predicate<FlowNode> begins = node -> node instanceof CatchEvent && !withinRelease(node);
        everywhere(FlowNode.class).stream()
                .filter(begins)
                .forEach(start -> assertThat(reachedWithoutApproval(start).values())
                        .as("from %s of %s", start.getId(), process(start))
                        .noneMatch(WorkflowModelTest::releases));
    }

    @Test
    void onlyAnApprovalOrARefusedReleasePrecedesARelease() {
        for (CallActivity call : everywhere(CallActivity.class)) {
            if (!releases(call)) {
                continue;
            }
            for (SequenceFlow flow : call.getIncoming()) {
                FlowNode before = flow.getSource();
                if (before instanceof ExclusiveGateway gateway) {
                    assertThat(flow.getConditionExpression().getTextContent())
                            .isEqualTo("${'approve'.equals(execution.getVariable('decision'))}");
                    assertThat(gateway.getIncoming())
                            .allSatisfy(into ->
                                    assertThat(approves(into.getSource())).isTrue());
                } else {
                    assertThat(kind((UserTask) before)).isEqualTo("release-refused");
                    assertThat(before.getIncoming())
                            .allSatisfy(into ->
                                    assertThat(withinRelease(into.getSource())).isTrue());
                }
            }
        }
    }

    // ---- the drawing

    private static Rectangle2D box(Bounds bounds) {
        return new Rectangle2D.Double(bounds.getX(), bounds.getY(), bounds.getWidth(), bounds.getHeight());
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyElementIsDrawnOnce(Path file) {
        List<String> drawn = Stream.concat(
                        all(file, BpmnShape.class).stream().map(BpmnShape::getBpmnElement),
                        all(file, BpmnEdge.class).stream().map(BpmnEdge::getBpmnElement))
                .map(element -> element.getAttributeValue("id"))
                .sorted()
                .toList();
        List<String> elements = all(file, FlowElement.class).stream()
                .map(FlowElement::getId)
                .sorted()
                .toList();
        assertThat(drawn).isEqualTo(elements);
    }

    @ParameterizedTest
    @MethodSource("models")
    void noTwoShapesOverlapAndAllAreOnTheCanvas(Path file) {
        List<BpmnShape> shapes = List.copyOf(all(file, BpmnShape.class));
        for (int i = 0; i < shapes.size(); i++) {
            Rectangle2D one = box(shapes.get(i).getBounds());
            assertThat(one.getX()).isNotNegative();
            assertThat(one.getY()).isNotNegative();
            assertThat(one.getMaxX()).isLessThan(10_000);
            assertThat(one.getMaxY()).isLessThan(10_000);
            for (int j = i + 1; j < shapes.size(); j++) {
                if (!together(shapes.get(i), shapes.get(j)) && !together(shapes.get(j), shapes.get(i))) {
                    assertThat(one.intersects(box(shapes.get(j).getBounds())))
                            .as(
                                    "%s and %s",
                                    shapes.get(i).getId(), shapes.get(j).getId())
                            .isFalse();
                }
            }
        }
    }

    /** A boundary event sits on its host, and the elements of a sub-process inside it. */
    private static boolean together(BpmnShape one, BpmnShape other) {
        ModelElementInstance inner = one.getBpmnElement();
        ModelElementInstance outer = other.getBpmnElement();
        return inner instanceof BoundaryEvent event && event.getAttachedTo().equals(outer)
                || outer instanceof SubProcess
                        && inner.getParentElement().equals(outer)
                        && box(other.getBounds()).contains(box(one.getBounds()));
    }

    @ParameterizedTest
    @MethodSource("models")
    void flowsAreStraightAndConnectTheShapesThatTheyJoin(Path file) {
        Map<String, Rectangle2D> shapes = all(file, BpmnShape.class).stream()
                .collect(toMap(
                        shape -> shape.getBpmnElement().getAttributeValue("id"), shape -> box(shape.getBounds())));
        for (BpmnEdge edge : all(file, BpmnEdge.class)) {
            SequenceFlow flow = (SequenceFlow) edge.getBpmnElement();
            List<Waypoint> points = List.copyOf(edge.getWaypoints());
            assertThat(points).as(flow.getId()).hasSizeGreaterThan(1);
            touches(flow, points.get(0), shapes.get(flow.getSource().getId()));
            touches(
                    flow,
                    points.get(points.size() - 1),
                    shapes.get(flow.getTarget().getId()));
            Set<Integer> diagonal = new HashSet<>();
            for (int i = 1; i < points.size(); i++) {
                if (!points.get(i).getX().equals(points.get(i - 1).getX())
                        && !points.get(i).getY().equals(points.get(i - 1).getY())) {
                    diagonal.add(i);
                }
            }
            assertThat(diagonal).as("diagonal pieces of %s", flow.getId()).isEmpty();
        }
    }

    private static void touches(SequenceFlow flow, Waypoint point, Rectangle2D shape) {
        Rectangle2D wider =
                new Rectangle2D.Double(shape.getX() - 1, shape.getY() - 1, shape.getWidth() + 2, shape.getHeight() + 2);
        assertThat(wider.contains(point.getX(), point.getY()))
                .as("an end of %s lies at %s,%s", flow.getId(), point.getX(), point.getY())
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("models")
    void noFlowCrossesAShape(Path file) {
        for (BpmnEdge edge : all(file, BpmnEdge.class)) {
            SequenceFlow flow = (SequenceFlow) edge.getBpmnElement();
            List<Waypoint> points = List.copyOf(edge.getWaypoints());
            for (BpmnShape shape : all(file, BpmnShape.class)) {
                String id = shape.getBpmnElement().getAttributeValue("id");
                if (shape.getBpmnElement() instanceof SubProcess
                        || id.equals(flow.getSource().getId())
                        || id.equals(flow.getTarget().getId())
                        || flow.getSource() instanceof BoundaryEvent event
                                && event.getAttachedTo().getId().equals(id)) {
                    continue;
                }
                Rectangle2D box = box(shape.getBounds());
                for (int i = 1; i < points.size(); i++) {
                    assertThat(box.intersectsLine(
                                    points.get(i - 1).getX(),
                                    points.get(i - 1).getY(),
                                    points.get(i).getX(),
                                    points.get(i).getY()))
                            .as("%s crosses %s", flow.getId(), id)
                            .isFalse();
                }
            }
        }
    }

    // ---- decision tables

    @Test
    void triageAlwaysComesToOneOfThreeVerdicts() {
        for (Path file : Models.files(".dmn")) {
            DmnModelInstance model = Dmn.readModelFromFile(file.toFile());
            for (Decision decision : model.getModelElementsByType(Decision.class)) {
                assertThat(file.getFileName()).hasToString(decision.getId() + ".dmn");
                assertThat(decision.getCamundaHistoryTimeToLiveString()).matches("P\\d+D");
            }
            for (DecisionTable table : model.getModelElementsByType(DecisionTable.class)) {
                assertThat(table.getId()).startsWith("decisionTable_");
                assertThat(table.getHitPolicy()).isEqualTo(HitPolicy.FIRST);
                List<Rule> rules = List.copyOf(table.getRules());
                rules.forEach(rule -> {
                    assertThat(rule.getId()).matches("rule_[a-zA-Z]+");
                    assertThat(rule.getDescription().getTextContent()).as("why").isNotBlank();
                    assertThat(rule.getOutputEntries().iterator().next().getTextContent())
                            .isIn("\"malicious\"", "\"suspicious\"", "\"benign\"");
                });
                Rule last = rules.get(rules.size() - 1);
                assertThat(last.getInputEntries())
                        .allSatisfy(entry -> assertThat(entry.getTextContent()).isEmpty());
                assertThat(last.getOutputEntries().iterator().next().getTextContent())
                        .as("what fits no rule")
                        .isEqualTo("\"malicious\"");
                assertThat(table.getInputs())
                        .allSatisfy(input -> assertThat(input.getLabel().toLowerCase(Locale.ROOT))
                                .as("trusts no process name")
                                .isNotEqualTo("process"));
            }
        }
    }
}
