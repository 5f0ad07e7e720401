package dev.drawbridge.incident;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** How many incidents are open, and how long it took from the file event to containment, restore and verification. */
@Component
class IncidentMetrics {
    private final Map<IncidentStore.Milestone, Timer> timers = new EnumMap<>(IncidentStore.Milestone.class);

    IncidentMetrics(MeterRegistry meters, IncidentStore store) {
        Gauge.builder("drawbridge.incidents.open", store, IncidentStore::open)
                .description("Incidents that are not closed")
                .register(meters);
        timer(meters, IncidentStore.Milestone.CONTAINED, "drawbridge.time.to.contain", "the node was contained");
        timer(meters, IncidentStore.Milestone.RESTORED, "drawbridge.time.to.restore", "its files were restored");
        timer(meters, IncidentStore.Milestone.VERIFIED, "drawbridge.time.to.verify", "it was verified");
    }

    private void timer(MeterRegistry meters, IncidentStore.Milestone milestone, String name, String until) {
        timers.put(
                milestone,
                Timer.builder(name)
                        .description("From the file event until " + until)
                        .publishPercentileHistogram()
                        .minimumExpectedValue(Duration.ofMillis(100))
                        .maximumExpectedValue(Duration.ofDays(1))
                        .register(meters));
    }

    /** Records once the transaction has committed: a step that is rolled back and repeated counts once. */
    void reached(IncidentStore.Milestone milestone, Instant event, Instant at) {
        // clocks of nodes differ from ours: a file event after its own answer counts as answered at once
        Duration time = at.isBefore(event) ? Duration.ZERO : Duration.between(event, at);
        Timer timer = timers.get(milestone);
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                timer.record(time);
            }
        });
    }
}
