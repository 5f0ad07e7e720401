package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** An override lets through the one effect that two people agreed to, once, and nothing else. */
class OverridesTest {
    private static final Actor ALICE = Actor.person("alice");
    private static final Actor BOB = Actor.person("bob");
    private static final Effect CORDON = effect("i1", "worker-1", Effect.Kind.CONTAIN, "cordon");

    private TestDatabase database = TestDatabase.h2();
    private final Ticking clock = new Ticking();

    /** What the rules of the gate say, by name; every rule that is not named allows. */
    private final List<Verdict.Objection> refusing = new ArrayList<>();

    private boolean dryRun;

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static final class Ticking extends Clock {
        private Instant now = Instant.parse("2026-11-24T10:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private static Effect effect(String incident, String node, Effect.Kind kind, String target) {
        return new Effect(
                Actor.playbook("tampering"), IncidentId.of(incident), NodeName.of(node), kind, target, "PATCH x");
    }

    private AuditTrail audit() {
        return TestAudit.on(database, clock);
    }

    private Overrides overrides() {
        return TestGate.overrides(database, clock);
    }

    private EffectGate gate() {
        List<Guardrail> rules = new ArrayList<>();
        refusing.forEach(refused -> rules.add(rule(refused.rule(), refused)));
        rules.add(rule("dry-run", dryRun ? new Verdict.DryRun("dry") : new Verdict.Allowed("yes")));
        return new EffectGate(
                rules, TestGate.situations(database), overrides(), audit(), Clock.systemUTC(), database.transactions());
    }

    private static Guardrail rule(String name, Verdict verdict) {
        return new Guardrail() {
            @Override
            public String rule() {
                return name;
            }

            @Override
            public Verdict judge(Effect effect, Situation situation) {
                return verdict;
            }
        };
    }

    private EffectResult<String> perform(Effect effect) {
        return gate().perform(effect, permit -> "done");
    }

    private boolean happens(Effect effect) {
        return perform(effect) instanceof EffectResult.Done;
    }

    private GuardrailOverride grant(Effect effect, String... rules) {
        Overrides.Subject subject =
                new Overrides.Subject(effect.incident(), effect.node(), effect.kind(), effect.target(), Set.of(rules));
        return database.transaction()
                .execute(status -> overrides().grant(subject, "the second node of the same attack", ALICE, BOB));
    }

    private List<AuditEvent> trail() {
        return audit().page(0, 100).stream().map(entry -> entry.event()).toList();
    }

    @Test
    void letsItsEffectThroughOnceAndTheTrailSaysSoBeforeTheEffect() {
        refusing.add(Verdict.NeedsApproval.ofTwo("max-contained-nodes", "1 nodes are contained, the limit is 1"));
        assertThat(perform(CORDON))
                .isEqualTo(new EffectResult.NotAllowed<>(
                        "max-contained-nodes", "1 nodes are contained, the limit is 1", true));
        String id = grant(CORDON, "max-contained-nodes").id();

        assertThat(gate().perform(CORDON, permit -> {
                    assertThat(trail())
                            .extracting(AuditEvent::action)
                            .containsExactly(
                                    "effect.contain", "guardrail.override", "guardrail.override-use", "effect.contain");
                    return "done";
                }))
                .isEqualTo(new EffectResult.Done<>("done"));
        assertThat(happens(CORDON)).as("the second time").isFalse();

        AuditEvent intent = trail().get(3);
        assertThat(intent.phase()).isEqualTo(AuditEvent.Phase.INTENT);
        assertThat(intent.reason())
                .isEqualTo(
                        "by override " + id
                                + " of max-contained-nodes approved by bob, refused otherwise: 1 nodes are contained, the limit is 1");
        assertThat(intent.details()).containsEntry("verdict", "Allowed").containsEntry("request", "PATCH x");
        assertThat(trail().get(2).details()).containsEntry("override", id);
        assertThat(trail().get(2).reason())
                .isEqualTo("approved by bob, proposed by alice: the second node of the same attack");
    }

    @Test
    void coversEveryRuleThatItNamesAndNoneThatItDoesNot() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        refusing.add(Verdict.NeedsApproval.ofTwo("hourly-budget", "spent"));
        grant(CORDON, "storm");
        assertThat(perform(CORDON))
                .isEqualTo(new EffectResult.NotAllowed<>(
                        "storm,hourly-budget", "storm: holds; hourly-budget: spent", true));
        grant(CORDON, "storm", "hourly-budget");
        assertThat(happens(CORDON)).isTrue();
    }

    @Test
    void coversARefusalOfFewerRulesThanItNames() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        grant(CORDON, "storm", "hourly-budget");
        assertThat(happens(CORDON)).isTrue();
    }

    @Test
    void neverCoversAFinalRefusalEvenWhenItNamesTheRule() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        refusing.add(new Verdict.Refused("etcd-quorum", "1 of 3 are healthy"));
        grant(CORDON, "storm", "etcd-quorum");
        assertThat(perform(CORDON))
                .as("names what nobody can override")
                .isEqualTo(new EffectResult.NotAllowed<>(
                        "etcd-quorum", "storm: holds; etcd-quorum: 1 of 3 are healthy", false));
    }

    @Test
    void neverCoversWhatAGuardrailCouldNotDecide() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        refusing.add(Verdict.Refused.undecided("pool-limits", "the API server is down"));
        grant(CORDON, "storm", "pool-limits");
        assertThat(perform(CORDON)).isInstanceOfSatisfying(EffectResult.NotAllowed.class, refused -> {
            assertThat(refused.rule()).isEqualTo("pool-limits");
            assertThat(refused.overridable()).isFalse();
        });
    }

    @Test
    void expiresAndTheFirstVerdictThatFindsItSaysSo() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        grant(CORDON, "storm");
        clock.now = clock.now.plus(Duration.ofMinutes(15));
        assertThat(happens(CORDON)).isFalse();
        assertThat(happens(CORDON)).isFalse();
        assertThat(trail())
                .filteredOn(event -> event.action().equals("guardrail.override-expire"))
                .extracting(AuditEvent::reason)
                .containsExactly("it expired unused at 2026-11-24T10:15:00Z");
    }

    @Test
    void isGoodUntilTheMomentItExpires() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        grant(CORDON, "storm");
        clock.now = clock.now.plus(Duration.ofMinutes(15)).minusMillis(1);
        assertThat(happens(CORDON)).isTrue();
    }

    @Test
    void isLeftAloneByADryRun() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        grant(CORDON, "storm");
        dryRun = true;
        assertThat(perform(CORDON)).isEqualTo(new EffectResult.DryRun<>("dry"));
        dryRun = false;
        assertThat(happens(CORDON)).isTrue();
    }

    @Test
    void isStillGoodWhenWhatMustBeDurableBeforeTheEffectFailed() {
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        grant(CORDON, "storm");
        assertThatThrownBy(() -> gate().perform(
                                CORDON,
                                () -> {
                                    throw new IllegalStateException("disk full");
                                },
                                permit -> "done"))
                .hasMessage("disk full");
        assertThat(happens(CORDON)).isTrue();
    }

    @Test
    void needsTwoPeopleAReasonAndARule() {
        Overrides.Subject subject = new Overrides.Subject(
                CORDON.incident(), CORDON.node(), CORDON.kind(), CORDON.target(), Set.of("storm"));
        assertThatThrownBy(() -> overrides().grant(subject, "r", ALICE, ALICE)).hasMessageContaining("two people");
        assertThatThrownBy(() -> overrides().grant(subject, "r", Actor.playbook("p"), BOB))
                .hasMessageContaining("two people");
        assertThatThrownBy(() -> overrides().grant(subject, " ", ALICE, BOB)).hasMessageContaining("reason");
        assertThatThrownBy(() -> overrides()
                        .grant(
                                new Overrides.Subject(
                                        subject.incident(), subject.node(), subject.kind(), subject.target(), Set.of()),
                                "r",
                                ALICE,
                                BOB))
                .hasMessageContaining("rule");
        assertThat(overrides().of(CORDON.incident())).isEmpty();
    }

    @Test
    void isKeptAsItWasGranted() {
        GuardrailOverride granted = grant(CORDON, "storm", "hourly-budget");
        assertThat(overrides().of(CORDON.incident())).containsExactly(granted);
        assertThat(granted.expiresAt()).isEqualTo(clock.now.plus(Duration.ofMinutes(15)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void twoInstancesCannotBothUseIt(String kind) throws Exception {
        if (kind.equals("postgres")) {
            database.close();
            database = TestDatabase.postgres();
        }
        refusing.add(Verdict.NeedsApproval.ofTwo("storm", "holds"));
        ExecutorService instances = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 5; round++) {
                Effect effect = effect("i" + round, "worker-1", Effect.Kind.CONTAIN, "cordon");
                grant(effect, "storm");
                CyclicBarrier together = new CyclicBarrier(4);
                Callable<Boolean> instance = () -> {
                    EffectGate gate = gate();
                    together.await();
                    return gate.perform(effect, permit -> "done") instanceof EffectResult.Done;
                };
                int through = 0;
                for (Future<Boolean> one : instances.invokeAll(List.of(instance, instance, instance, instance))) {
                    through += one.get() ? 1 : 0;
                }
                assertThat(through).isEqualTo(1);
            }
        } finally {
            instances.shutdown();
        }
    }

    // ---- generated

    private static final TestDatabase GENERATED = TestDatabase.h2();

    @Provide
    static Arbitrary<Effect> effects() {
        return Combinators.combine(
                        Arbitraries.of("i1", "i2"),
                        Arbitraries.of("worker-1", "worker-2"),
                        Arbitraries.of(Effect.Kind.values()),
                        Arbitraries.of("cordon", "taint", "/etc/kubernetes/manifests/a.yaml", "a,b", "'; --"))
                .as(OverridesTest::effect);
    }

    @Provide
    static Arbitrary<Set<String>> rules() {
        return Arbitraries.of("storm", "hourly-budget", "pause", "etcd-quorum")
                .set()
                .ofMinSize(1);
    }

    /** @param tried the same in half of all cases */
    record Pair(Effect granted, Effect tried) {}

    @Provide
    static Arbitrary<Pair> pairs() {
        return effects()
                .flatMap(granted ->
                        Arbitraries.oneOf(Arbitraries.just(granted), effects()).map(tried -> new Pair(granted, tried)));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void neverLetsAnotherEffectThrough(
            @ForAll("pairs") Pair effects,
            @ForAll("rules") Set<String> named,
            @ForAll("rules") Set<String> refuse,
            @ForAll boolean late) {
        database = GENERATED;
        database.jdbc().sql("delete from guardrail_override").update();
        refusing.clear();
        refuse.forEach(rule -> refusing.add(
                rule.equals("etcd-quorum")
                        ? new Verdict.Refused(rule, "no")
                        : Verdict.NeedsApproval.ofTwo(rule, "no")));
        grant(effects.granted(), named.toArray(String[]::new));
        clock.now = clock.now.plus(Duration.ofMinutes(late ? 15 : 1));

        boolean covered = effects.granted().equals(effects.tried())
                && named.containsAll(refuse)
                && !refuse.contains("etcd-quorum");
        Statistics.label("let through").collect(covered && !late);
        assertThat(happens(effects.tried())).isEqualTo(covered && !late);
        assertThat(happens(effects.tried())).as("twice").isFalse();
    }

    // ---- settings

    @EnableConfigurationProperties(OverrideProperties.class)
    static class Bound {}

    @Test
    void timeIsBounded() {
        ApplicationContextRunner context = new ApplicationContextRunner().withUserConfiguration(Bound.class);
        context.run(started -> assertThat(started.getBean(OverrideProperties.class))
                .isEqualTo(new OverrideProperties(Duration.ofMinutes(15))));
        for (String wrong : List.of("0s", "-5m", "5h")) {
            context.withPropertyValues("drawbridge.guardrail.override.valid=" + wrong)
                    .run(failed -> assertThat(failed).hasFailed());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgres"})
    void allAreListedNewestFirstPageByPage(String kind) throws Exception {
        if (kind.equals("postgres")) {
            database.close();
            database = TestDatabase.postgres();
        }
        List<String> granted = new ArrayList<>();
        for (int n = 1; n <= 5; n++) {
            Overrides.Subject subject = new Overrides.Subject(
                    IncidentId.of("i" + n), NodeName.of("worker-" + n), Effect.Kind.CONTAIN, "cordon", Set.of("pause"));
            granted.add(0, overrides().grant(subject, "reason " + n, ALICE, BOB).id());
            // two at the same moment: the id decides
            clock.now = clock.now.plusSeconds(n % 2);
        }
        List<String> listed = new ArrayList<>();
        String after = null;
        do {
            List<GuardrailOverride> page = overrides().page(after, 2);
            page.forEach(override -> listed.add(override.id()));
            after = page.isEmpty() ? null : page.get(page.size() - 1).id();
        } while (after != null);
        assertThat(listed).containsExactlyInAnyOrderElementsOf(granted).doesNotHaveDuplicates();
        assertThat(overrides().page(null, 5))
                .isSortedAccordingTo(java.util.Comparator.comparing(GuardrailOverride::createdAt)
                        .thenComparing(GuardrailOverride::id)
                        .reversed());
        assertThat(overrides().page("no such override", 5)).isEmpty();
    }

    @Test
    void itSaysWhatBecameOfIt() {
        refusing.add(Verdict.NeedsApproval.ofTwo("pause", "paused"));
        Overrides.Subject subject = new Overrides.Subject(
                CORDON.incident(), CORDON.node(), CORDON.kind(), CORDON.target(), Set.of("pause"));
        overrides().grant(subject, "needed", ALICE, BOB);
        assertThat(overrides().page(null, 1).get(0).state(clock.now)).isEqualTo("open");
        assertThat(gate().perform(CORDON, permit -> "done")).isInstanceOf(EffectResult.Done.class);
        assertThat(overrides().page(null, 1).get(0)).satisfies(used -> {
            assertThat(used.state(clock.now)).isEqualTo("used");
            assertThat(used.usedAt()).isEqualTo(clock.now);
        });
        clock.now = clock.now.plusSeconds(60);
        overrides().grant(subject, "again", ALICE, BOB);
        clock.now = clock.now.plus(Duration.ofMinutes(15));
        assertThat(overrides().page(null, 1).get(0).state(clock.now)).isEqualTo("expired");
    }
}
