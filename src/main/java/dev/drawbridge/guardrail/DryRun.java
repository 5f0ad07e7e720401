package dev.drawbridge.guardrail;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The weakest objection, so that a dry run shows what every other guardrail would have said. */
@Component
@Order(4)
class DryRun implements Guardrail {
    private final GuardrailProperties properties;

    DryRun(GuardrailProperties properties) {
        this.properties = properties;
    }

    @Override
    public String rule() {
        return "dry-run";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        return properties.dryRun()
                ? new Verdict.DryRun("drawbridge.guardrail.dry-run is on: nothing is changed")
                : new Verdict.Allowed("no dry run");
    }
}
