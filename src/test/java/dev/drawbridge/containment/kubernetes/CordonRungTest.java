package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.kubernetes.NodeRung.Hold;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whose a cordon is, by the annotation beside it and by the API server's record of who set the field. */
class CordonRungTest {
    private static final String MARK = "i-1";

    private final CordonRung rung = new CordonRung();

    /** Cordoned, with our annotation; as the server keeps it, each manager has set {@code spec.unschedulable}. */
    private static Node node(String... managers) {
        return new NodeBuilder()
                .withNewMetadata()
                .withName("worker-1")
                .withUid("u1")
                .withResourceVersion("17")
                .addToAnnotations(Marks.CORDONED_BY, MARK)
                .withManagedFields(Stream.of(managers)
                        .map(manager -> new ManagedFieldsEntryBuilder()
                                .withManager(manager)
                                .withOperation("Update")
                                .withFieldsV1(fields(Map.of("f:spec", Map.of("f:unschedulable", Map.of()))))
                                .build())
                        .toList())
                .addNewManagedField()
                .withManager("kube-controller-manager")
                .withFieldsV1(fields(Map.of("f:spec", Map.of("f:taints", Map.of()))))
                .endManagedField()
                .addNewManagedField()
                .withManager("kubelet")
                .withFieldsV1(fields(Map.of("f:status", Map.of("f:unschedulable", Map.of()))))
                .endManagedField()
                .endMetadata()
                .withNewSpec()
                .withUnschedulable(true)
                .endSpec()
                .build();
    }

    private static FieldsV1 fields(Map<String, Object> owned) {
        FieldsV1 fields = new FieldsV1();
        owned.forEach(fields::setAdditionalProperty);
        return fields;
    }

    @Test
    void itIsOursWhenWeSetItOrNobodyKeepsARecord() {
        assertThat(rung.hold(node(Marks.MANAGER), MARK)).isInstanceOf(Hold.Ours.class);
        assertThat(rung.hold(node(), MARK)).isInstanceOf(Hold.Ours.class);
        Node silent = new NodeBuilder(node())
                .editMetadata()
                .withManagedFields(List.of())
                .endMetadata()
                .build();
        assertThat(rung.hold(silent, MARK)).isInstanceOf(Hold.Ours.class);
    }

    @Test
    void itIsSomebodyElsesWhoMadeTheNodeSchedulableAndCordonedItAnewUnderOurAnnotation() {
        assertThat(rung.hold(node("kubectl"), MARK))
                .isInstanceOfSatisfying(
                        Hold.Others.class,
                        others -> assertThat(others.detail()).startsWith("cordoned anew by kubectl since"));
    }

    @Test
    void itIsSomebodyElsesTooWhoDeclaresItBesidesUs() {
        assertThat(rung.hold(node(Marks.MANAGER, "argocd"), MARK)).isInstanceOf(Hold.Others.class);
        assertThat(rung.hold(node("<script>alert(1)</script>"), MARK))
                .isInstanceOfSatisfying(
                        Hold.Others.class,
                        others -> assertThat(others.detail()).startsWith("cordoned anew by somebody else"));
    }

    @Test
    void anUndoRestsOnTheNodeAsItWasRead() {
        assertThat(rung.undo(node(Marks.MANAGER), MARK).toString())
                .contains("{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":\"17\"}");
        assertThat(rung.handOver(node(Marks.MANAGER), MARK, "i-2").toString()).contains("/metadata/resourceVersion");
        assertThat(rung.apply(node(), MARK).toString())
                .as("the first rung is one request, whatever else changes on the node")
                .doesNotContain("resourceVersion");
    }
}
