package dev.drawbridge.guardrail;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Bounds how many nodes are taken out of service in an hour, released again or not: a loop that contains, releases and contains
 * stays below every limit on what is contained at once.
 */
@Component
@Order(3)
class HourlyBudget implements Guardrail {
    private final GuardrailProperties properties;

    HourlyBudget(GuardrailProperties properties) {
        this.properties = properties;
    }

    @Override
    public String rule() {
        return "hourly-budget";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() != Effect.Kind.CONTAIN || situation.contains(effect.node())) {
            return new Verdict.Allowed("the response began before");
        }
        long spent = situation.usageLocked().begun();
        return spent < properties.hourlyBudget()
                ? new Verdict.Allowed(spent + " containments in the last hour")
                : Verdict.NeedsApproval.ofTwo(
                        rule(),
                        spent + " containments were begun in the last hour, the limit is " + properties.hourlyBudget());
    }
}
