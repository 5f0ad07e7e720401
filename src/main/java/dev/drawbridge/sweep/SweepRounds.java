package dev.drawbridge.sweep;

import dev.drawbridge.guardrail.NodePools;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.annotation.PreDestroy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Sweeps what is due, a few nodes of each pool at once. Nothing is due unless a pool is configured. Which node is whose is decided by the
 * database, so any number of instances share the work.
 */
@Component
class SweepRounds {
    private static final Logger log = LoggerFactory.getLogger(SweepRounds.class);
    /** Of one node; well within the claim. */
    private static final Duration MOST = Duration.ofMinutes(5);

    private static final double FRACTIONS = 0x1.0p32;

    private final SweepProperties settings;
    private final SweepStore store;
    private final DriftSweep sweep;
    private final NodeDirectory nodes;
    private final NodePools pools;
    private final PlaybookCatalogue playbooks;
    private final MeterRegistry meters;
    private final Clock clock;
    private final Ids ids;
    private final Map<NodeName, String> registered = new ConcurrentHashMap<>();
    private final Map<String, Semaphore> free = new ConcurrentHashMap<>();
    private final ExecutorService workers = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "drift-sweep");
        thread.setDaemon(true);
        return thread;
    });

    SweepRounds(
            SweepProperties settings,
            SweepStore store,
            DriftSweep sweep,
            NodeDirectory nodes,
            NodePools pools,
            PlaybookCatalogue playbooks,
            MeterRegistry meters,
            Clock clock,
            Ids ids) {
        this.settings = settings;
        this.store = store;
        this.sweep = sweep;
        this.nodes = nodes;
        this.pools = pools;
        this.playbooks = playbooks;
        this.meters = meters;
        this.clock = clock;
        this.ids = ids;
        if (!settings.pools().isEmpty()) {
            if (playbooks.all().stream().noneMatch(SweepAlert::answeredBy)) {
                throw new IllegalStateException("drawbridge.sweep.pools is set, but no playbook answers the rule "
                        + SweepAlert.RULE + " of the source " + SweepAlert.SOURCE);
            }
            Gauge.builder("drawbridge.sweep.not.available", store, one -> one.lastWas("not-available"))
                    .description("Nodes whose last sweep could not look")
                    .register(meters);
            Gauge.builder(
                            "drawbridge.sweep.overdue",
                            store,
                            one -> one.dueBefore(clock.instant().minus(SweepStore.CLAIM)))
                    .description("Nodes that should have been swept more than ten minutes ago")
                    .register(meters);
        }
    }

    /** Only where a pool is configured. */
    @Configuration(proxyBeanMethods = false)
    @EnableScheduling
    @Conditional(AnyPool.class)
    static class Schedule {
        private final SweepRounds rounds;

        Schedule(SweepRounds rounds) {
            this.rounds = rounds;
        }

        @Scheduled(initialDelay = 10, fixedDelay = 5, timeUnit = TimeUnit.SECONDS)
        void start() {
            rounds.start();
        }
    }

    static class AnyPool extends SpringBootCondition {
        @Override
        public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
            boolean any = Binder.get(context.getEnvironment())
                    .bind("drawbridge.sweep.pools", Bindable.mapOf(String.class, Object.class))
                    .isBound();
            return new ConditionOutcome(any, "drawbridge.sweep.pools is " + (any ? "set" : "not set"));
        }
    }

    /** Puts as many workers to work as are free; they end when nothing is due. */
    void start() {
        settings.pools().forEach((name, pool) -> {
            register(name, pool);
            Semaphore left = free.computeIfAbsent(name, key -> new Semaphore(pool.concurrency()));
            while (left.tryAcquire()) {
                workers.execute(() -> {
                    try {
                        sweepDue(name, pool);
                    } catch (RuntimeException noDatabase) {
                        log.error("the sweep of pool {} stopped", name, noDatabase);
                    } finally {
                        left.release();
                    }
                });
            }
        });
    }

    /** Spread over the first interval: a start with many nodes is no burst. */
    void register(String name, SweepProperties.Pool pool) {
        for (NodeInfo node : nodes.all()) {
            if (pools.of(node.labels(), node.controlPlane()).equals(name)
                    && !name.equals(registered.get(node.name()))) {
                store.register(node.name(), name, clock.instant().plus(part(pool.interval())));
                registered.put(node.name(), name);
            }
        }
    }

    /** One node after the other until none of the pool is due. */
    void sweepDue(String name, SweepProperties.Pool pool) {
        Optional<SweepStore.Claimed> due = claim(name);
        while (due.isPresent() && !Thread.currentThread().isInterrupted()) {
            one(name, pool, due.get());
            due = claim(name);
        }
    }

    private Optional<SweepStore.Claimed> claim(String name) {
        return store.claim(name, ids.next(), clock.instant());
    }

    private void one(String name, SweepProperties.Pool pool, SweepStore.Claimed due) {
        NodeDirectory.Lookup lookup = nodes.find(due.node());
        if (lookup instanceof NodeDirectory.Lookup.Unknown) {
            store.forget(due);
            registered.remove(due.node());
            return;
        }
        Instant begun = clock.instant();
        Timer.Sample time = Timer.start(meters);
        SweepOutcome outcome = lookup instanceof NodeDirectory.Lookup.Known known
                ? look(known.node(), due)
                : new SweepOutcome.NotAvailable(((NodeDirectory.Lookup.NotAvailable) lookup).reason());
        time.stop(meters.timer("drawbridge.sweep.time", "pool", name));
        meters.counter("drawbridge.sweep.nodes", "pool", name, "outcome", outcome.code())
                .increment();
        Instant next = begun.plus(pool.interval()).plus(part(pool.spread()));
        if (!store.finish(due, outcome, clock.instant(), next)) {
            log.warn("node={} was swept by another instance meanwhile", due.node());
        }
    }

    private SweepOutcome look(NodeInfo node, SweepStore.Claimed due) {
        Playbook playbook = playbooks.all().stream()
                .filter(SweepAlert::answeredBy)
                .findFirst()
                .orElseThrow();
        try {
            return TimeLimit.within(MOST, () -> sweep.sweep(node, playbook, due));
        } catch (RuntimeException fault) {
            throw fault;
        } catch (Exception neverThrown) {
            throw new IllegalStateException(neverThrown);
        }
    }

    /** A part of it by chance: whoever is on a node must not know when it is looked at. */
    private Duration part(Duration whole) {
        long chance = Long.parseLong(Digest.ofText(ids.next()).hex().substring(0, 8), 16);
        return Duration.ofMillis((long) (whole.toMillis() * (chance / FRACTIONS)));
    }

    @PreDestroy
    void close() {
        workers.shutdownNow();
    }
}
