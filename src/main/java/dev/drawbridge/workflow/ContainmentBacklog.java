package dev.drawbridge.workflow;

import dev.drawbridge.alert.IntakeAdmission;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.camunda.bpm.engine.ManagementService;
import org.springframework.stereotype.Component;

/**
 * Turns alerts away while more nodes wait for their cordon than can be handled soon: the detector keeps them and sends them
 * again, which is better than a queue that nobody watches. Looks at the database at most once in a second. What is admitted goes
 * before every step of a response.
 */
@Component
class ContainmentBacklog implements IntakeAdmission {
    private static final Duration STALE = Duration.ofSeconds(1);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final ManagementService jobs;
    private final WorkflowProperties properties;
    private final Clock clock;

    private final Precedence precedence;
    private volatile Look newest = new Look(Instant.MIN, 0);

    private record Look(Instant at, long waiting) {}

    ContainmentBacklog(ManagementService jobs, WorkflowProperties properties, Precedence precedence, Clock clock) {
        this.jobs = jobs;
        this.properties = properties;
        this.precedence = precedence;
        this.clock = clock;
    }

    @Override
    public Optional<Overload> overload() {
        Instant now = clock.instant();
        Look look = newest;
        if (look.at().equals(Instant.MIN) || look.at().plus(STALE).isBefore(now)) {
            look = new Look(now, waiting());
            newest = look;
        }
        return look.waiting() > properties.maxContainmentBacklog()
                ? Optional.of(new Overload(look.waiting() + " containments are waiting", RETRY_AFTER))
                : Optional.empty();
    }

    @Override
    public Admitted admitted() {
        precedence.beginFirst();
        return precedence::endFirst;
    }

    private long waiting() {
        return jobs.createJobQuery()
                .priorityHigherThanOrEquals(properties.containmentPriority())
                .withRetriesLeft()
                .executable()
                .count();
    }
}
