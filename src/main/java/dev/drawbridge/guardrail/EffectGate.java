package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The one way to an effect: all guardrails judge, verdict and intent are made durable, the effect happens, its outcome joins
 * the surrounding transaction. A crash in between leaves an intent without outcome; the step runs again, and effects are
 * idempotent.
 */
@Component
public class EffectGate {
    private static final Logger log = LoggerFactory.getLogger(EffectGate.class);
    private static final int MAX_REASON = 500;
    /** How long an effect that was announced may wait for its turn: far less than until another instance takes over what this one holds. */
    private static final Duration VERDICT_HOLDS = Duration.ofSeconds(10);

    private final List<Guardrail> guardrails;
    private final Situations situations;
    private final Overrides overrides;
    private final AuditTrail audit;
    private final Clock clock;
    private final TransactionTemplate alone;
    private final TransactionTemplate within;

    EffectGate(
            List<Guardrail> guardrails,
            Situations situations,
            Overrides overrides,
            AuditTrail audit,
            Clock clock,
            PlatformTransactionManager transactions) {
        this.guardrails = guardrails;
        this.situations = situations;
        this.overrides = overrides;
        this.audit = audit;
        this.clock = clock;
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.within = new TransactionTemplate(transactions);
        this.within.setPropagationBehavior(TransactionDefinition.PROPAGATION_MANDATORY);
    }

    /**
     * @param act performs the effect; what it returns is described in the audit trail by its {@code toString}
     * @return done, dry run, or not allowed
     * @throws RuntimeException what {@code act} threw, after the failure was recorded
     */
    public <T> EffectResult<T> perform(Effect effect, Function<Permit, T> act) {
        return perform(effect, () -> {}, act);
    }

    /**
     * @param announced what else must be durable before the effect, for example the state that it will be undone to; runs in
     *     the verdict's transaction, and only when the effect is allowed
     * @see #perform(Effect, Function)
     */
    public <T> EffectResult<T> perform(Effect effect, Runnable announced, Function<Permit, T> act) {
        Verdict verdict = verdict(effect, announced);
        if (verdict instanceof Verdict.Objection objection) {
            return new EffectResult.NotAllowed<>(
                    objection.rule(), objection.reason(), objection instanceof Verdict.NeedsApproval);
        }
        if (verdict instanceof Verdict.DryRun dryRun) {
            return new EffectResult.DryRun<>(dryRun.reason());
        }
        return new EffectResult.Done<>(done(effect, act));
    }

    private <T> T done(Effect effect, Function<Permit, T> act) {
        T value = acted(effect, act);
        audit.record(outcome(effect, String.valueOf(value)));
        return value;
    }

    private <T> T acted(Effect effect, Function<Permit, T> act) {
        Permit permit = new Permit(effect);
        try {
            return act.apply(permit);
        } catch (RuntimeException | Error failed) {
            recordFailure(effect, failed);
            throw failed;
        } finally {
            permit.end();
        }
    }

    /**
     * Judges within the caller's transaction, so that verdict, reservation and intent are durable with what the effect answers, by one commit. The
     * effect is to be performed after it, once. For an incident that begins with this transaction.
     *
     * @param announced as in {@link #perform(Effect, Runnable, Function)}, but run before the verdict, and taken back with it
     * @return empty when it is not allowed outright, or when guardrails would have to ask others than the database, for which the caller's
     *     transaction must not wait: then nothing is left of it, and it has to be performed in the ordinary way, which says why
     */
    public Optional<Announced> announce(Effect effect, Runnable announced) {
        if (effect.isolates()) {
            return Optional.empty();
        }
        Situation situation = situations.ofNew(effect);
        if (prepared(effect, situation).isPresent()) {
            return Optional.empty();
        }
        return Optional.ofNullable(within.execute(alert -> {
            // never released: that would be one more round trip under the verdict's lock, and it ends with the
            // transaction
            Object before = alert.createSavepoint();
            try {
                // before the verdict: its locks are held until the caller's transaction ends, and other verdicts wait
                // for them
                announced.run();
                if (judge(effect, situation, () -> {}, () -> {}) instanceof Verdict.Allowed) {
                    return new Announced(effect, clock.instant().plus(VERDICT_HOLDS));
                }
            } catch (ConcurrencyFailureException oneOfTwo) {
                throw oneOfTwo;
            } catch (RuntimeException unknown) {
                // the alert must not be lost with its verdict; a fault that lasts is met again in the ordinary way
                log.warn("no verdict within the transaction of {}", effect.incident(), unknown);
            }
            alert.rollbackToSavepoint(before);
            return null;
        }));
    }

    /** An effect that was allowed, and announced with a transaction that must be durable by now. */
    public final class Announced {
        private final Effect effect;
        private final Instant until;
        private final AtomicBoolean performed = new AtomicBoolean();

        private Announced(Effect effect, Instant until) {
            this.effect = effect;
            this.until = until;
        }

        /**
         * @param act as in {@link #perform(Effect, Function)}
         * @param tooLate in its place, when the verdict is older than {@link #VERDICT_HOLDS}: people may have decided otherwise since, or another
         *     instance may have taken over
         * @return what came of it, for {@link #record}: not recorded yet, because other nodes may wait for the same
         * @throws IllegalStateException when it was performed before
         * @throws RuntimeException what {@code act} threw, after the failure was recorded
         */
        public <T> T perform(Function<Permit, T> act, Supplier<T> tooLate) {
            if (performed.getAndSet(true)) {
                throw new IllegalStateException("performed before: " + effect.target());
            }
            return clock.instant().isAfter(until) ? tooLate.get() : acted(effect, act);
        }

        /** Records the outcome, with the surrounding transaction. Until then the trail has an intent whose end is not known. */
        public void record(Object outcome) {
            audit.record(outcome(effect, String.valueOf(outcome)));
        }
    }

    /**
     * Effects that happen together, each judged by itself in this order, each with its own intent and outcome in the audit trail.
     *
     * @param announced as for one effect; for all of them
     * @param act gets the permits in the order of the effects and returns what came of each, in that order
     * @return empty when not every one was allowed outright: nothing was done or reserved then, and each has to be performed by itself
     * @see #perform(Effect, Runnable, Function)
     */
    public <T> Optional<List<T>> performTogether(
            List<Effect> effects, Runnable announced, Function<List<Permit>, List<T>> act) {
        if (!allAllowed(effects, announced)) {
            return Optional.empty();
        }
        List<Permit> permits = effects.stream().map(Permit::new).toList();
        List<T> values;
        try {
            values = act.apply(permits);
        } catch (RuntimeException | Error failed) {
            effects.forEach(effect -> recordFailure(effect, failed));
            throw failed;
        } finally {
            permits.forEach(Permit::end);
        }
        List<AuditEvent> outcomes = new ArrayList<>();
        for (int i = 0; i < effects.size(); i++) {
            outcomes.add(outcome(effects.get(i), String.valueOf(values.get(i))));
        }
        audit.recordAll(outcomes);
        return Optional.of(values);
    }

    /** In one transaction, so that it is all of them or none. */
    private boolean allAllowed(List<Effect> effects, Runnable announced) {
        List<Situation> looks = new ArrayList<>();
        for (Effect effect : effects) {
            Situation situation = situations.of(effect);
            if (prepared(effect, situation).isPresent()) {
                return false;
            }
            looks.add(situation);
        }
        return Boolean.TRUE.equals(alone.execute(status -> {
            for (int i = 0; i < effects.size(); i++) {
                if (!(judge(effects.get(i), looks.get(i), () -> {}, status::setRollbackOnly)
                        instanceof Verdict.Allowed)) {
                    status.setRollbackOnly();
                    return false;
                }
            }
            announced.run();
            return true;
        }));
    }

    /** A failed guardrail may have broken its transaction: then the refusal is recorded in one of its own. */
    private Verdict verdict(Effect effect, Runnable announced) {
        Situation situation = situations.of(effect);
        Verdict judged = prepared(effect, situation)
                .orElseGet(() -> alone.execute(status -> judge(effect, situation, announced, status::setRollbackOnly)));
        if (judged == null) {
            throw new IllegalStateException("no verdict");
        }
        if (judged instanceof Verdict.Refused refused && refused.undecided()) {
            audit.recordNow(intent(effect, refused));
        }
        return judged;
    }

    /** @return the refusal of a guardrail that could not find out what it judges by */
    private Optional<Verdict> prepared(Effect effect, Situation situation) {
        for (Guardrail guardrail : guardrails) {
            try {
                guardrail.prepare(effect, situation);
            } catch (RuntimeException unknown) {
                return Optional.of(undecided(guardrail, unknown));
            }
        }
        return Optional.empty();
    }

    /**
     * Verdict, reservation and intent are one transaction: two instances cannot both take the last slot.
     *
     * @param undecided makes sure that nothing is kept of it: a failed guardrail may have broken the transaction
     */
    private Verdict judge(Effect effect, Situation situation, Runnable announced, Runnable undecided) {
        Verdict strictest = new Verdict.Allowed("no guardrail objects");
        List<Verdict.Objection> objections = new ArrayList<>();
        for (Guardrail guardrail : guardrails) {
            Verdict verdict = judgeClosed(guardrail, effect, situation);
            if (verdict instanceof Verdict.Refused refused && refused.undecided()) {
                undecided.run();
                return refused;
            }
            if (verdict instanceof Verdict.Objection objection) {
                objections.add(objection);
            } else if (verdict instanceof Verdict.DryRun && strictest instanceof Verdict.Allowed) {
                strictest = verdict;
            }
        }
        if (!objections.isEmpty()) {
            strictest = overridden(effect, objections, strictest);
        }
        if (strictest instanceof Verdict.Allowed) {
            guardrails.forEach(guardrail -> guardrail.reserve(effect, situation));
            announced.run();
        } else if (strictest instanceof Verdict.DryRun dryRun) {
            guardrails.forEach(guardrail -> guardrail.passedOver(effect, dryRun));
        }
        // also where it was allowed: an auditor must see what was only assumed, and who was relied on
        AuditEvent intent = intent(effect, strictest);
        if (situation.etcd() instanceof EtcdVoters.Look.Known known) {
            intent = intent.with("etcd-voters", known.basis());
        }
        if (situation.replicas() instanceof OwnReplicas.Look.Known known) {
            intent = intent.with("own-replicas", known.named());
        }
        audit.record(intent);
        return strictest;
    }

    /**
     * Every rule that refuses must be one that can be overridden, and the override must name it: what two people agreed to is what they read.
     * A dry run uses nothing up, and what needs an approval still does.
     */
    private Verdict overridden(Effect effect, List<Verdict.Objection> objections, Verdict otherwise) {
        Verdict.Objection together = together(objections);
        if (!(together instanceof Verdict.NeedsApproval)) {
            return together;
        }
        Set<String> rules = objections.stream().map(Verdict.Objection::rule).collect(Collectors.toSet());
        Optional<GuardrailOverride> override = overrides.covering(effect, rules);
        if (override.isEmpty()) {
            return together;
        }
        if (!(otherwise instanceof Verdict.Allowed)) {
            return otherwise;
        }
        return overrides.use(override.get(), effect)
                ? new Verdict.Allowed("by override " + override.get().id() + " of " + together.rule() + " approved by "
                        + override.get().approver().name() + ", refused otherwise: " + together.reason())
                : together;
    }

    /** One verdict for all: the rules that nobody can override, or else every rule, and each one's reason. */
    private static Verdict.Objection together(List<Verdict.Objection> objections) {
        if (objections.size() == 1) {
            return objections.get(0);
        }
        boolean overridable = objections.stream().allMatch(Verdict.NeedsApproval.class::isInstance);
        String rules = objections.stream()
                .filter(objection -> overridable || objection instanceof Verdict.Refused)
                .map(Verdict.Objection::rule)
                .collect(Collectors.joining(","));
        String reasons = objections.stream()
                .map(objection -> objection.rule() + ": " + objection.reason())
                .collect(Collectors.joining("; "));
        return overridable ? Verdict.NeedsApproval.ofTwo(rules, reasons) : new Verdict.Refused(rules, reasons);
    }

    private static Verdict judgeClosed(Guardrail guardrail, Effect effect, Situation situation) {
        try {
            @Nullable Verdict verdict = guardrail.judge(effect, situation);
            return verdict != null ? verdict : Verdict.Refused.undecided(guardrail.rule(), "no answer");
        } catch (RuntimeException unknown) {
            return undecided(guardrail, unknown);
        }
    }

    private static Verdict undecided(Guardrail guardrail, RuntimeException unknown) {
        String why = unknown.getClass().getSimpleName() + ": " + unknown.getMessage();
        return Verdict.Refused.undecided(guardrail.rule(), why.substring(0, Math.min(why.length(), MAX_REASON)));
    }

    private void recordFailure(Effect effect, Throwable failed) {
        try {
            audit.recordNow(outcome(effect, "failed: " + failed.getMessage()));
        } catch (RuntimeException unrecorded) {
            failed.addSuppressed(unrecorded);
        }
    }

    private static AuditEvent intent(Effect effect, Verdict verdict) {
        AuditEvent intent = AuditEvent.intent(effect.actor(), action(effect), effect.target(), verdict.reason())
                .on(effect.incident(), effect.node())
                .with("verdict", verdict.getClass().getSimpleName())
                .with("rule", verdict instanceof Verdict.Objection objection ? objection.rule() : "")
                .with("request", effect.request());
        return verdict instanceof Verdict.NeedsApproval needs ? intent.with("by", needs.by()) : intent;
    }

    private static AuditEvent outcome(Effect effect, String what) {
        return AuditEvent.outcome(effect.actor(), action(effect), effect.target(), what)
                .on(effect.incident(), effect.node());
    }

    private static String action(Effect effect) {
        return "effect." + effect.kind().code();
    }
}
