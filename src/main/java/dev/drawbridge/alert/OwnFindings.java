package dev.drawbridge.alert;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The way in for what Drawbridge itself found: durable, deduplicated and answered like the alert of any detector. */
@Component
public class OwnFindings {
    private final AlertIntake intake;

    OwnFindings(AlertIntake intake) {
        this.intake = intake;
    }

    /** What became of it. */
    public record Taken(
            Disposition disposition,
            @Nullable IncidentId incident,
            @Nullable String reason) {}

    /**
     * In a transaction of its own.
     *
     * @param raw JSON text in ASCII that is kept beside the alert
     * @throws RuntimeException when it could not be kept: nothing came of it, and it may be raised again
     */
    public Taken raise(Actor actor, Alert alert, String raw) {
        AlertIntake.Answer answer = intake.takeOwn(actor, alert, raw);
        return new Taken(answer.disposition(), answer.incident(), answer.reason());
    }
}
