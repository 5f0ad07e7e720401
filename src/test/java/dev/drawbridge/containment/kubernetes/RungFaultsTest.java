package dev.drawbridge.containment.kubernetes;

import static dev.drawbridge.containment.kubernetes.RungWorld.FIRST;
import static dev.drawbridge.containment.kubernetes.RungWorld.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.containment.Containment.AppliedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.sandbox.ApiFaults;
import dev.drawbridge.sandbox.ApiFaults.Fault;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every rung, up and down, while the API server does what real ones do. Whatever happens: what is called applied is in place, what is called
 * undone is gone, what somebody else did meanwhile is there, and a rerun ends where it would have ended without.
 */
class RungFaultsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String NOTE = "example.org/note";
    private static final String POD = "shop/batch";

    /** What the server does with a request. */
    private enum Trouble {
        /** With a change by somebody else at the same time, unless it is for ever. */
        CONFLICT(409, null),
        BUSY(429, null),
        BUSY_FOR_A_SECOND(429, 1),
        BROKEN(500, null),
        BROKEN_FOR_A_SECOND(500, 1),
        UNAVAILABLE(503, null),
        UNAVAILABLE_FOR_A_SECOND(503, 1),
        CUT(0, null),
        ANSWER_LOST(0, null);

        private final int code;
        private final @Nullable Integer retryAfter;

        Trouble(int code, @Nullable Integer retryAfter) {
            this.code = code;
            this.retryAfter = retryAfter;
        }

        Fault fault() {
            return this == CUT
                    ? new Fault.Cut()
                    : this == ANSWER_LOST
                            ? new Fault.CutAfterEffect()
                            : new Fault.Answer(code, code == 409 ? "Conflict" : "Injected", retryAfter);
        }
    }

    private enum Which {
        FIRST_WRITE,
        SECOND_WRITE,
        EVERY_WRITE,
        FIRST_READ,
        EVERY_READ;

        boolean hits(boolean write, int number) {
            return switch (this) {
                case FIRST_WRITE -> write && number == 1;
                case SECOND_WRITE -> write && number == 2;
                case EVERY_WRITE -> write;
                case FIRST_READ -> !write && number == 1;
                case EVERY_READ -> !write;
            };
        }
    }

    /** @param repeating whether the client repeats requests, as the product's does */
    private record Run(Rung rung, Trouble trouble, Which which, boolean repeating) {
        @Override
        public String toString() {
            return rung.code() + ": " + trouble + " on " + which + (repeating ? ", repeated" : "");
        }
    }

    static Stream<Run> runs() {
        return Arrays.stream(Rung.values()).filter(rung -> !rung.byHand()).flatMap(rung -> {
            List<Run> runs = new ArrayList<>();
            for (Trouble trouble : Trouble.values()) {
                for (Which which : Which.values()) {
                    boolean read = which == Which.FIRST_READ || which == Which.EVERY_READ;
                    // the answer of a read that is lost is a read that was cut, and a read meets no conflict
                    boolean told = List.of(Trouble.BUSY, Trouble.BROKEN, Trouble.UNAVAILABLE, Trouble.CUT)
                            .contains(trouble);
                    // for how long it wants to be left alone is one more answer to the first
                    boolean once = trouble.retryAfter == null || which == Which.FIRST_WRITE;
                    if (once && (!read || told)) {
                        runs.add(new Run(rung, trouble, which, false));
                    }
                }
            }
            // the client itself sends it again, without a look
            runs.add(new Run(rung, Trouble.ANSWER_LOST, Which.FIRST_WRITE, true));
            runs.add(new Run(rung, Trouble.CUT, Which.SECOND_WRITE, true));
            return runs.stream();
        });
    }

    /** One world for all runs of a rung: each leaves it as it was. */
    private static final Map<String, Stage> STAGES = new HashMap<>();

    @AfterAll
    static void close() throws Exception {
        for (Stage stage : STAGES.values()) {
            stage.world.close();
        }
        STAGES.clear();
    }

    private static Stage stage(Run run) {
        return STAGES.computeIfAbsent(run.rung() + " " + run.repeating(), key -> new Stage(run));
    }

    private static final class Stage {
        private final RungWorld world;
        private final Rung rung;
        private final JsonNode down;
        private final JsonNode up;
        private int notes;

        Stage(Run run) {
            rung = run.rung();
            ContainmentProperties properties = RungWorld.properties(
                    "drain.deadline=1h", "network.policies-enforced=true", "network.allow-in=192.0.2.0/24 tcp/22");
            world = run.repeating()
                    ? new RungWorld(properties)
                    : new RungWorld(properties, TestClients::repeatingNothing);
            if (rung == Rung.CILIUM_HOST_POLICY) {
                CiliumRungTest.install(world);
            } else if (rung == Rung.CALICO_HOST_POLICY) {
                CalicoRungTest.install(world);
            }
            if (rung != Rung.CORDON) {
                assertThat(world.apply(Rung.CORDON)).isInstanceOf(RungOutcome.Applied.class);
            }
            if (rung == Rung.DRAIN) {
                // what runs there from the beginning goes and does not come back
                settle(() -> world.apply(rung));
                settle(() -> world.release(rung));
            }
            prepare();
            down = state();
            settle(() -> world.apply(rung));
            up = state();
            assertThat(up).isNotEqualTo(down);
            settle(() -> world.release(rung));
            prepare();
            assertThat(state()).isEqualTo(down);
        }

        /** What a drain took is not brought back by it. */
        void prepare() {
            if (rung == Rung.DRAIN && !world.pods().contains(POD)) {
                world.start("shop", "batch", pod -> pod);
            }
        }

        RungOutcome settle(Supplier<RungOutcome> act) {
            AtomicReference<RungOutcome> last = new AtomicReference<>();
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
                last.set(act.get());
                if (last.get() instanceof RungOutcome.Underway underway) {
                    world.clock.forward(underway.next());
                    return false;
                }
                return true;
            });
            return last.get();
        }

        boolean open() {
            return world.containment.applied(FIRST).stream().anyMatch(applied -> applied.rung() == rung);
        }

        boolean saysApplied() {
            return world.containment.applied(FIRST).stream()
                    .filter(applied -> applied.rung() == rung)
                    .map(AppliedRung::outcome)
                    .anyMatch("applied"::equals);
        }

        /** Everything that a rung could change, without what the server writes itself and what others note on it. */
        JsonNode state() {
            ObjectNode state = JSON.createObjectNode();
            state.set("node", bare("/api/v1/nodes/" + WORKER));
            ArrayNode pods = state.putArray("pods");
            for (JsonNode pod : bare("/api/v1/pods").path("items")) {
                if (WORKER.value().equals(pod.at("/spec/nodeName").asText())
                        && !pod.at("/metadata").has("deletionTimestamp")) {
                    pods.add(pod);
                }
            }
            for (String path : List.of(
                    "/apis/networking.k8s.io/v1/networkpolicies",
                    "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies",
                    "/apis/projectcalico.org/v3/globalnetworkpolicies",
                    "/apis/projectcalico.org/v3/hostendpoints")) {
                state.set(path, bare(path).path("items"));
            }
            return state;
        }

        private JsonNode bare(String path) {
            try {
                String answer = world.server.client().raw(path);
                JsonNode read = answer == null ? JSON.createObjectNode() : JSON.readTree(answer);
                for (JsonNode metadata : read.findParents("resourceVersion")) {
                    ((ObjectNode) metadata)
                            .remove(List.of(
                                    "resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"));
                    // left by whoever wrote the whole object
                    ((ObjectNode) metadata)
                            .remove(metadata.properties().stream()
                                    .filter(field -> field.getValue().isNull())
                                    .map(Map.Entry::getKey)
                                    .toList());
                }
                // the pod that is started again has another owner
                read.findParents("ownerReferences")
                        .forEach(metadata -> ((ObjectNode) metadata).remove("ownerReferences"));
                for (JsonNode annotations : read.findValues("annotations")) {
                    ((ObjectNode) annotations).remove(NOTE);
                }
                JsonNode taints = read.path("spec").path("taints");
                if (taints.isArray()) {
                    // the node controller's, which comes and goes after the cordon
                    for (int i = taints.size() - 1; i >= 0; i--) {
                        if (taints.get(i).path("key").asText().startsWith("node.kubernetes.io/")) {
                            ((ArrayNode) taints).remove(i);
                        }
                    }
                    if (taints.isEmpty()) {
                        ((ObjectNode) read.path("spec")).remove("taints");
                    }
                }
                return read;
            } catch (com.fasterxml.jackson.core.JsonProcessingException broken) {
                throw new IllegalStateException(broken);
            }
        }

        /** Somebody else changes the node. */
        String note() {
            String text = "note " + ++notes;
            // addressed by an item, so that nothing is read first that the rung could change meanwhile
            Node address = new NodeBuilder()
                    .withNewMetadata()
                    .withName(WORKER.value())
                    .endMetadata()
                    .build();
            world.server
                    .client()
                    .resource(address)
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"metadata\":{\"annotations\":{\"" + NOTE + "\":\"" + text + "\"}}}");
            return text;
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void nothingIsCalledWhatItIsNotAndARerunEndsWhereItShould(Run run) {
        Stage stage = stage(run);
        try {
            stage.prepare();

            RungOutcome up = during(run, stage, () -> stage.world.apply(run.rung()));
            if (up instanceof RungOutcome.Applied || up instanceof RungOutcome.Already || stage.saysApplied()) {
                assertThat(stage.state()).as("called applied").isEqualTo(stage.up);
            }
            assertThat(stage.settle(() -> stage.world.apply(run.rung())))
                    .isInstanceOfAny(RungOutcome.Applied.class, RungOutcome.Already.class);
            assertThat(stage.state()).as("after a rerun").isEqualTo(stage.up);
            assertThat(stage.saysApplied()).isTrue();

            RungOutcome down = during(run, stage, () -> stage.world.release(run.rung()));
            if (down instanceof RungOutcome.Applied || down instanceof RungOutcome.Already || !stage.open()) {
                assertThat(stage.open()).isFalse();
                stage.prepare();
                assertThat(stage.state()).as("called undone").isEqualTo(stage.down);
            }
            assertThat(stage.settle(() -> stage.world.release(run.rung())))
                    .isInstanceOfAny(RungOutcome.Applied.class, RungOutcome.Already.class);
            stage.prepare();
            assertThat(stage.state()).as("after a rerun").isEqualTo(stage.down);
            assertThat(stage.open()).isFalse();
        } catch (RuntimeException | Error failed) {
            // the next run begins in a world of its own
            STAGES.remove(run.rung() + " " + run.repeating());
            stage.world.faults(ApiFaults.NONE);
            throw failed;
        }
    }

    /** One attempt: an outcome that is true, or a fault that lets the step try again; null for the latter. */
    private static @Nullable RungOutcome during(Run run, Stage stage, Supplier<RungOutcome> attempt) {
        AtomicInteger writes = new AtomicInteger();
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger met = new AtomicInteger();
        AtomicReference<CompletableFuture<String>> other = new AtomicReference<>();
        stage.world.faults((method, path) -> {
            boolean write = !method.equals("GET");
            // the rights are asked for by themselves, and a watch is not an attempt's; what others do is not hurt
            if (path.contains("selfsubjectaccessreviews") || path.contains("watch=") || other.get() != null) {
                return Optional.empty();
            }
            if (!run.which().hits(write, (write ? writes : reads).incrementAndGet())) {
                return Optional.empty();
            }
            met.incrementAndGet();
            if (run.trouble() == Trouble.CONFLICT && run.which() != Which.EVERY_WRITE) {
                other.set(CompletableFuture.supplyAsync(stage::note));
            }
            return Optional.of(run.trouble().fault());
        });
        RungOutcome outcome = null;
        try {
            outcome = attempt.get();
        } catch (KubernetesClientException | IllegalStateException fault) {
            assertThat(met.get()).as("a fault without a cause: %s", fault).isPositive();
        }
        stage.world.faults(ApiFaults.NONE);
        assertThat(outcome instanceof RungOutcome.NotSupported || outcome instanceof RungOutcome.NodeGone)
                .as("a server in trouble is no cluster without the means, and no node that is gone: %s", outcome)
                .isFalse();
        if (other.get() != null) {
            String text = other.get().join();
            assertThat(stage.world.node(WORKER).getMetadata().getAnnotations())
                    .as("what somebody else wrote")
                    .containsEntry(NOTE, text);
        }
        return outcome;
    }
}
