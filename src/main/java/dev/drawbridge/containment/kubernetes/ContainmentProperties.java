package dev.drawbridge.containment.kubernetes;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** How the rungs beyond cordon, taint and label work in this cluster. */
@Validated
@ConfigurationProperties("drawbridge.containment")
record ContainmentProperties(@DefaultValue Drain drain) {
    private static final Duration LONGEST_DEADLINE = Duration.ofHours(1);

    /**
     * The rung {@code drain}.
     *
     * @param deadline counted from its first look; the response goes on then, and says what stayed
     * @param grace how long a pod may take to end; what it asks for itself if not given
     * @param evictUnmanaged also pods without a controller: nothing starts them again
     * @param evictLocalData also pods with an {@code emptyDir}: its data is lost
     */
    record Drain(
            @DefaultValue("2m") Duration deadline,
            @Nullable Duration grace,
            @DefaultValue("false") boolean evictUnmanaged,
            @DefaultValue("false") boolean evictLocalData) {
        Drain {
            if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(LONGEST_DEADLINE) > 0) {
                throw new IllegalArgumentException(
                        "drawbridge.containment.drain.deadline must be positive and at most 1h");
            }
            // without any grace the API server forgets a pod that may still run
            if (grace != null && grace.compareTo(Duration.ofSeconds(1)) < 0) {
                throw new IllegalArgumentException("drawbridge.containment.drain.grace must be at least 1s");
            }
        }
    }
}
