package dev.drawbridge.sweep;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Which nodes are swept. Without pools none is.
 *
 * @param pools by name, as the guardrails name pools: {@code control-plane} and {@code worker}, or values of their label
 */
@Validated
@ConfigurationProperties("drawbridge.sweep")
record SweepProperties(@DefaultValue Map<String, @Valid Pool> pools) {
    SweepProperties {
        pools = Map.copyOf(pools);
    }

    /**
     * How a pool is swept.
     *
     * @param interval from the sweep of a node to its next
     * @param jitter up to so much is added by chance, so that nobody can tell when a node is looked at; a tenth of the interval when
     *     it is not given
     * @param concurrency nodes that one instance sweeps at once
     */
    record Pool(
            Duration interval,
            @Nullable Duration jitter,
            @DefaultValue("4") @Min(1) @Max(64) int concurrency) {
        Pool {
            if (interval == null
                    || interval.compareTo(Duration.ofMinutes(1)) < 0
                    || interval.compareTo(Duration.ofDays(30)) > 0) {
                throw new IllegalArgumentException("drawbridge.sweep.pools.*.interval must lie between 1m and 30d");
            }
            if (jitter != null && (jitter.isNegative() || jitter.compareTo(interval) > 0)) {
                throw new IllegalArgumentException(
                        "drawbridge.sweep.pools.*.jitter must not be negative nor longer than the interval");
            }
        }

        Duration spread() {
            return jitter == null ? interval.dividedBy(10) : jitter;
        }
    }
}
