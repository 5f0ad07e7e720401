package dev.drawbridge.alert;

import java.time.Instant;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Whether an alert tells of now: only then may anything happen without a person. */
@Component
class Freshness {
    private final AlertProperties limits;

    Freshness(AlertProperties limits) {
        this.limits = limits;
    }

    /** Why the alert is stale; empty when it is fresh. */
    Optional<String> staleness(Alert alert, Instant now) {
        if (alert.manualRun()) {
            return Optional.of("it comes from a manual run of the rule, which looks at the past");
        }
        if (!alert.agentVerified()) {
            return Optional.of("the agent is not verified (event.agent_id_status): any host could have been named");
        }
        if (alert.eventTime().isBefore(now.minus(limits.maxAge()))) {
            return Optional.of("the file event of " + alert.eventTime() + " is older than " + limits.maxAge());
        }
        if (alert.eventTime().isAfter(now.plus(limits.maxAhead()))) {
            return Optional.of("the file event of " + alert.eventTime() + " lies in the future");
        }
        return Optional.empty();
    }
}
