package dev.drawbridge.guardrail;

import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The weakest objection, so that a dry run shows what every other guardrail would have said. */
@Component
@Order(4)
class DryRun implements Guardrail {
    private final GuardrailProperties properties;
    private final DryRuns incidents;

    DryRun(GuardrailProperties properties, DryRuns incidents) {
        this.properties = properties;
        this.incidents = incidents;
    }

    @Override
    public String rule() {
        return "dry-run";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (properties.dryRun()) {
            return new Verdict.DryRun("drawbridge.guardrail.dry-run is on: nothing is changed");
        }
        Optional<DryRuns.Mode> mode = effect.incident() == null ? Optional.empty() : incidents.of(effect.incident());
        if (mode.isEmpty()) {
            return new Verdict.Allowed("no dry run");
        }
        String why = mode.get().by().name() + ": " + mode.get().reason();
        return mode.get().ended()
                ? new Verdict.Refused(
                        rule(),
                        "the dry run of this incident was ended, and what it passed over was not done: a person decides how it goes on (it was begun by "
                                + why + ")")
                : new Verdict.DryRun("the incident is in dry run, by " + why);
    }

    @Override
    public void passedOver(Effect effect, Verdict.DryRun verdict) {
        if (effect.incident() != null) {
            incidents.begin(effect.actor(), effect.incident(), verdict.reason());
        }
    }
}
