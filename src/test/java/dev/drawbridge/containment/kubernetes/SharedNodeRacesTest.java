package dev.drawbridge.containment.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two incidents on one node that meet in the moment in which one of them ends. The request of the one is held back until the other waits for it, or
 * has gone past it.
 */
class SharedNodeRacesTest {
    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicBoolean armed = new AtomicBoolean();
    private final TestDatabase database = TestDatabase.postgres();
    private final RungWorld world = new RungWorld(
            RungWorld.properties("network.policies-enforced=true", "network.exempt="), this::holding, database);

    @AfterEach
    void close() throws Exception {
        letGo.countDown();
        threads.shutdownNow();
        world.close();
    }

    /** The next request that changes something waits in the client, where nobody else's request waits behind it. */
    private KubernetesClient holding(SandboxApiServer server) {
        Config config;
        try (KubernetesClient plain = TestClients.of(server)) {
            config = plain.getConfiguration();
        }
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(builder -> builder.addOrReplaceInterceptor("hold", new Interceptor() {
                    @Override
                    public void before(BasicBuilder request, HttpRequest sent, RequestTags tags) {
                        if (!sent.method().equals("GET") && armed.getAndSet(false)) {
                            held.countDown();
                            try {
                                letGo.await(30, TimeUnit.SECONDS);
                            } catch (InterruptedException ended) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    }
                }))
                .build();
    }

    private RungOutcome apply(IncidentId incident, Rung rung) {
        return world.containment.apply(RungWorld.ACTOR, incident, RungWorld.WORKER, rung);
    }

    private RungOutcome release(IncidentId incident, Rung rung) {
        return world.containment.release(RungWorld.ACTOR, incident, RungWorld.WORKER, rung);
    }

    /** The second begins while the request of the first is held back, and both end. */
    private void meet(Callable<RungOutcome> first, Callable<RungOutcome> second) throws Exception {
        armed.set(true);
        Future<RungOutcome> one = threads.submit(first);
        assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
        Future<RungOutcome> other = threads.submit(second);
        await().until(() -> other.isDone() || waiting() > 0);
        letGo.countDown();
        one.get(30, TimeUnit.SECONDS);
        other.get(30, TimeUnit.SECONDS);
    }

    private long waiting() {
        return database.jdbc()
                .sql(
                        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
                .query(Long.class)
                .single();
    }

    private boolean inPlace(Rung rung) {
        var node = world.node(RungWorld.WORKER);
        return switch (rung) {
            case CORDON -> Boolean.TRUE.equals(node.getSpec().getUnschedulable());
            case TAINT ->
                node.getSpec().getTaints().stream()
                        .anyMatch(taint -> taint.getKey().equals(Marks.CONTAINED));
            case LABEL -> node.getMetadata().getLabels().containsKey(Marks.CONTAINED);
            default ->
                !world.server
                        .client()
                        .network()
                        .v1()
                        .networkPolicies()
                        .inNamespace("default")
                        .list()
                        .getItems()
                        .isEmpty();
        };
    }

    @ParameterizedTest
    @EnumSource(names = {"CORDON", "TAINT", "LABEL", "NETWORK_POLICIES"})
    void twoThatEndAtOnceLeaveNothingBehind(Rung rung) throws Exception {
        world.start("default", "api", pod -> pod);
        apply(RungWorld.FIRST, rung);
        apply(RungWorld.SECOND, rung);
        assertThat(inPlace(rung)).isTrue();
        meet(() -> release(RungWorld.FIRST, rung), () -> release(RungWorld.SECOND, rung));
        assertThat(inPlace(rung)).as("nobody is left who would undo it").isFalse();
        assertNothingHeld();
    }

    @ParameterizedTest
    @EnumSource(names = {"CORDON", "TAINT", "LABEL", "NETWORK_POLICIES"})
    void oneThatBeginsWhileTheOtherEndsHoldsTheNode(Rung rung) throws Exception {
        world.start("default", "api", pod -> pod);
        apply(RungWorld.FIRST, rung);
        meet(() -> release(RungWorld.FIRST, rung), () -> apply(RungWorld.SECOND, rung));
        assertThat(world.containment.applied(RungWorld.SECOND))
                .extracting(Containment.AppliedRung::rung)
                .containsExactly(rung);
        assertThat(inPlace(rung)).as("what the second relies on is there").isTrue();
        release(RungWorld.SECOND, rung);
        assertThat(inPlace(rung)).isFalse();
        assertNothingHeld();
    }

    private void assertNothingHeld() {
        for (IncidentId incident : List.of(RungWorld.FIRST, RungWorld.SECOND)) {
            assertThat(world.containment.applied(incident)).isEmpty();
        }
        assertThat(world.contained.all()).isEmpty();
    }
}
