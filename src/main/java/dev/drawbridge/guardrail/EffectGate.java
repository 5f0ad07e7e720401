package dev.drawbridge.guardrail;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import java.util.List;
import java.util.function.Function;
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
    private final List<Guardrail> guardrails;
    private final AuditTrail audit;
    private final TransactionTemplate alone;

    EffectGate(List<Guardrail> guardrails, AuditTrail audit, PlatformTransactionManager transactions) {
        this.guardrails = guardrails;
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
        // verdict, reservation and intent are one transaction: two instances cannot both take the last slot
        Verdict verdict = alone.execute(status -> judge(effect));
        if (verdict instanceof Verdict.Refused refused) {
            return new EffectResult.NotAllowed<>(refused.rule(), refused.reason());
        }
        if (verdict instanceof Verdict.NeedsApproval needs) {
            return new EffectResult.NotAllowed<>("needs-approval", needs.reason());
        }
        if (verdict instanceof Verdict.DryRun dryRun) {
            return new EffectResult.DryRun<>(dryRun.reason());
        }
        T value;
        try {
            value = act.apply(new Permit(effect));
        } catch (RuntimeException failed) {
            audit.recordNow(AuditEvent.outcome(
                            effect.actor(), action(effect), effect.target(), "failed: " + failed.getMessage())
                    .on(effect.incident(), effect.node()));
            throw failed;
        }
        audit.record(AuditEvent.outcome(effect.actor(), action(effect), effect.target(), String.valueOf(value))
                .on(effect.incident(), effect.node()));
        return new EffectResult.Done<>(value);
    }

    private Verdict judge(Effect effect) {
        Verdict strictest = new Verdict.Allowed("no guardrail objects");
        for (Guardrail guardrail : guardrails) {
            Verdict verdict = judgeClosed(guardrail, effect);
            if (rank(verdict) > rank(strictest)) {
                strictest = verdict;
            }
        }
        audit.record(AuditEvent.intent(effect.actor(), action(effect), effect.target(), strictest.reason())
                .on(effect.incident(), effect.node())
                .with("verdict", strictest.getClass().getSimpleName())
                .with("request", effect.request()));
        return strictest;
    }

    private static Verdict judgeClosed(Guardrail guardrail, Effect effect) {
        try {
            return guardrail.judge(effect);
        } catch (RuntimeException unknown) {
            return new Verdict.Refused(guardrail.rule(), "the guardrail could not decide: " + unknown.getMessage());
        }
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
