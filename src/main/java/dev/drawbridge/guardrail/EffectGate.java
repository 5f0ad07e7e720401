package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The one way to an effect: all guardrails judge, verdict and intent are made durable, the effect happens, its outcome joins
 * the surrounding transaction. A crash in between leaves an intent without outcome; the step runs again, and effects are
 * idempotent.
 */
@Component
public class EffectGate {
    private static final int MAX_REASON = 500;

    private final List<Guardrail> guardrails;
    private final Situations situations;
    private final Overrides overrides;
    private final AuditTrail audit;
    private final TransactionTemplate alone;

    EffectGate(
            List<Guardrail> guardrails,
            Situations situations,
            Overrides overrides,
            AuditTrail audit,
            PlatformTransactionManager transactions) {
        this.guardrails = guardrails;
        this.situations = situations;
        this.overrides = overrides;
        this.audit = audit;
        this.alone = new TransactionTemplate(transactions);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
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
        if (verdict instanceof Verdict.Refused refused) {
            return new EffectResult.NotAllowed<>(refused.rule(), refused.reason(), refused.overridable());
        }
        if (verdict instanceof Verdict.NeedsApproval needs) {
            return new EffectResult.NotAllowed<>("needs-approval", needs.reason());
        }
        if (verdict instanceof Verdict.DryRun dryRun) {
            return new EffectResult.DryRun<>(dryRun.reason());
        }
        Permit permit = new Permit(effect);
        T value;
        try {
            value = act.apply(permit);
        } catch (RuntimeException | Error failed) {
            recordFailure(effect, failed);
            throw failed;
        } finally {
            permit.end();
        }
        audit.record(AuditEvent.outcome(effect.actor(), action(effect), effect.target(), String.valueOf(value))
                .on(effect.incident(), effect.node()));
        return new EffectResult.Done<>(value);
    }

    /** A failed guardrail may have broken its transaction: then the refusal is recorded in one of its own. */
    private Verdict verdict(Effect effect, Runnable announced) {
        Situation situation = situations.of(effect);
        Verdict judged = prepared(effect, situation)
                .orElseGet(() -> alone.execute(status -> judge(effect, situation, announced, status)));
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

    /** Verdict, reservation and intent are one transaction: two instances cannot both take the last slot. */
    private Verdict judge(Effect effect, Situation situation, Runnable announced, TransactionStatus transaction) {
        Verdict strictest = new Verdict.Allowed("no guardrail objects");
        List<Verdict.Refused> refusals = new ArrayList<>();
        for (Guardrail guardrail : guardrails) {
            Verdict verdict = judgeClosed(guardrail, effect, situation);
            if (verdict instanceof Verdict.Refused refused) {
                if (refused.undecided()) {
                    transaction.setRollbackOnly();
                    return refused;
                }
                refusals.add(refused);
            } else if (rank(verdict) > rank(strictest)) {
                strictest = verdict;
            }
        }
        if (!refusals.isEmpty()) {
            strictest = overridden(effect, refusals, strictest);
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
    private Verdict overridden(Effect effect, List<Verdict.Refused> refusals, Verdict otherwise) {
        Verdict.Refused refused = together(refusals);
        if (!refused.overridable()) {
            return refused;
        }
        Set<String> rules = refusals.stream().map(Verdict.Refused::rule).collect(Collectors.toSet());
        Optional<GuardrailOverride> override = overrides.covering(effect, rules);
        if (override.isEmpty()) {
            return refused;
        }
        if (!(otherwise instanceof Verdict.Allowed)) {
            return otherwise;
        }
        return overrides.use(override.get(), effect)
                ? new Verdict.Allowed("by override " + override.get().id() + " of " + refused.rule() + " approved by "
                        + override.get().approver().name() + ", refused otherwise: " + refused.reason())
                : refused;
    }

    /** One verdict for all: the rules that nobody can override, or else every rule, and each one's reason. */
    private static Verdict.Refused together(List<Verdict.Refused> refusals) {
        if (refusals.size() == 1) {
            return refusals.get(0);
        }
        boolean overridable = refusals.stream().allMatch(Verdict.Refused::overridable);
        return new Verdict.Refused(
                refusals.stream()
                        .filter(refused -> overridable || !refused.overridable())
                        .map(Verdict.Refused::rule)
                        .collect(Collectors.joining(",")),
                refusals.stream()
                        .map(refused -> refused.rule() + ": " + refused.reason())
                        .collect(Collectors.joining("; ")),
                overridable ? Verdict.Standing.OVERRIDABLE : Verdict.Standing.FINAL);
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
            audit.recordNow(AuditEvent.outcome(
                            effect.actor(), action(effect), effect.target(), "failed: " + failed.getMessage())
                    .on(effect.incident(), effect.node()));
        } catch (RuntimeException unrecorded) {
            failed.addSuppressed(unrecorded);
        }
    }

    private static AuditEvent intent(Effect effect, Verdict verdict) {
        return AuditEvent.intent(effect.actor(), action(effect), effect.target(), verdict.reason())
                .on(effect.incident(), effect.node())
                .with("verdict", verdict.getClass().getSimpleName())
                .with("rule", verdict instanceof Verdict.Refused refused ? refused.rule() : "")
                .with("request", effect.request());
    }

    private static int rank(Verdict verdict) {
        return verdict instanceof Verdict.Refused
                ? 3
                : verdict instanceof Verdict.NeedsApproval ? 2 : verdict instanceof Verdict.DryRun ? 1 : 0;
    }

    private static String action(Effect effect) {
        return "effect." + effect.kind().code();
    }
}
