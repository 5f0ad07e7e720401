package dev.drawbridge.guardrail;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Nothing new begins while a person said so. */
@Component
@Order(1)
class PauseGuardrail implements Guardrail {
    private final Pauses pauses;

    PauseGuardrail(Pauses pauses) {
        this.pauses = pauses;
    }

    @Override
    public String rule() {
        return "pause";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() == Effect.Kind.RELEASE) {
            return new Verdict.Allowed("a pause never holds back a release");
        }
        return pauses.holding(effect, situation)
                .<Verdict>map(pause -> Verdict.NeedsApproval.ofTwo(
                        rule(),
                        "paused (" + pause.scope().code() + ") by " + pause.by().name() + ": " + pause.reason()))
                .orElseGet(() -> new Verdict.Allowed("no pause"));
    }
}
