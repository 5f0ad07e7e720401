package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PoolLimitsTest {
    private final TestDatabase database = TestDatabase.h2();
    private final List<ClusterNodes.Member> nodes = new ArrayList<>();
    private boolean known = true;

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private void pool(String prefix, int size, boolean controlPlane, String label) {
        for (int n = 1; n <= size; n++) {
            nodes.add(new ClusterNodes.Member(
                    NodeName.of(prefix + "-" + n),
                    controlPlane,
                    true,
                    label.isEmpty() ? Map.of() : Map.of("pool", label),
                    Set.of()));
        }
    }

    private void fallsIll(String node) {
        nodes.replaceAll(member -> member.node().value().equals(node)
                ? new ClusterNodes.Member(member.node(), member.controlPlane(), false, member.labels(), Set.of())
                : member);
    }

    private String contain(String node, GuardrailProperties.Pool limits) {
        GuardrailProperties properties = new GuardrailProperties(
                false,
                Set.of(),
                Set.of(),
                1000,
                1000,
                new GuardrailProperties.Storm(1000, Duration.ofMinutes(10)),
                limits);
        ContainedNodes contained = TestGate.contained(database);
        EffectGate gate = new EffectGate(
                List.of(
                        new PoolLimits(properties, () -> known ? Optional.of(List.copyOf(nodes)) : Optional.empty()),
                        new MaxContainedNodes(properties, contained)),
                new Situations(contained, properties),
                TestGate.overrides(database),
                TestAudit.on(database, Clock.systemUTC()),
                Clock.systemUTC(),
                database.transactions());
        EffectResult<String> result = gate.perform(
                new Effect(
                        Actor.playbook("tampering"),
                        IncidentId.of("i-" + node),
                        NodeName.of(node),
                        Effect.Kind.CONTAIN,
                        "cordon",
                        "[]"),
                permit -> "done");
        return result instanceof EffectResult.NotAllowed<String> refused ? refused.rule() : "done";
    }

    private static GuardrailProperties.Pool limits(int maxPercent, int minHealthyPercent) {
        return new GuardrailProperties.Pool("pool", maxPercent, minHealthyPercent);
    }

    @Test
    void aPartOfAPoolRoundedDown() {
        pool("worker", 7, false, "");
        assertThat(contain("worker-1", limits(30, 0))).isEqualTo("done");
        assertThat(contain("worker-2", limits(30, 0))).isEqualTo("done");
        assertThat(contain("worker-2", limits(30, 0))).as("a further rung").isEqualTo("done");
        assertThat(contain("worker-3", limits(30, 0))).isEqualTo("pool-limits");
        assertThat(contain("worker-3", limits(43, 0))).isEqualTo("done");
    }

    @Test
    void oneAlwaysMayIfEnoughAreLeft() {
        pool("worker", 2, false, "");
        assertThat(contain("worker-1", limits(1, 50))).isEqualTo("done");
        assertThat(contain("worker-2", limits(1, 50))).isEqualTo("pool-limits");
    }

    @Test
    void theOnlyNodeOfAPoolMayNot() {
        pool("worker", 1, false, "");
        assertThat(contain("worker-1", limits(100, 1))).isEqualTo("pool-limits");
        assertThat(contain("worker-1", limits(100, 0))).isEqualTo("done");
    }

    @Test
    void whatIsNotHealthyIsNotLeftToWork() {
        pool("worker", 4, false, "");
        fallsIll("worker-2");
        fallsIll("worker-3");
        assertThat(contain("worker-1", limits(100, 50))).isEqualTo("pool-limits");
        assertThat(contain("worker-2", limits(100, 50)))
                .as("two healthy ones are left")
                .isEqualTo("done");
    }

    @Test
    void poolsDoNotShareTheirLimits() {
        pool("cp", 3, true, "");
        pool("worker", 3, false, "");
        pool("gpu", 3, false, "gpu");
        for (String node : List.of("cp-1", "worker-1", "gpu-1")) {
            assertThat(contain(node, limits(34, 50))).as(node).isEqualTo("done");
        }
        for (String node : List.of("cp-2", "worker-2", "gpu-2")) {
            assertThat(contain(node, limits(34, 50))).as(node).isEqualTo("pool-limits");
        }
    }

    @Test
    void aNodeWhosePoolIsNotKnownMayNot() {
        pool("worker", 3, false, "");
        assertThat(contain("stranger", limits(100, 0))).isEqualTo("pool-limits");
        known = false;
        assertThat(contain("worker-1", limits(100, 0))).isEqualTo("pool-limits");
    }
}
