package dev.drawbridge.alert;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the intake. They protect memory, the database and the job queue from a detector that is broken or not the
 * detector it claims to be.
 *
 * @param maxAge an alert whose file event is older is stale
 * @param maxAhead an alert whose file event lies further in the future is stale; wide enough for a host whose time zone is
 *     wrong, since such a host can be attacked like any other
 * @param maxBody bytes of a request
 * @param maxAlerts alerts in one request
 * @param maxDepth nesting of JSON
 * @param maxValues objects, lists and scalars in one alert
 * @param maxString characters of one JSON string
 * @param maxKept characters of an alert's own text or of an undecodable body that are kept
 * @param maxDeadLetters rows kept of what could not be decoded
 * @param maxConcurrent requests that are worked on at once
 * @param maxWait how long a request waits for its turn before it is answered 429
 * @param retryAfter what a refused detector is told to wait
 */
@Validated
@ConfigurationProperties("drawbridge.alert")
record AlertProperties(
        @DefaultValue("24h") Duration maxAge,
        @DefaultValue("24h") Duration maxAhead,
        @DefaultValue("8MB") DataSize maxBody,
        @DefaultValue("1000") @Min(1) @Max(100_000) int maxAlerts,
        @DefaultValue("40") @Min(5) @Max(500) int maxDepth,
        @DefaultValue("20000") @Min(100) @Max(1_000_000) int maxValues,
        @DefaultValue("1000000") @Min(4096) int maxString,
        @DefaultValue("65536") @Min(1024) @Max(1_000_000) int maxKept,
        @DefaultValue("1000") @Min(1) int maxDeadLetters,
        @DefaultValue("16") @Min(1) @Max(1000) int maxConcurrent,
        @DefaultValue("5s") Duration maxWait,
        @DefaultValue("10s") Duration retryAfter) {
    AlertProperties {
        if (maxAge.isNegative() || maxAge.isZero() || maxAhead.isNegative()) {
            throw new IllegalArgumentException("drawbridge.alert.max-age and max-ahead must be positive");
        }
        if (maxWait.isNegative() || retryAfter.toSeconds() < 1) {
            throw new IllegalArgumentException(
                    "drawbridge.alert.max-wait must not be negative and retry-after at least 1s");
        }
        if (maxBody.toBytes() < 1024 || maxBody.toBytes() > 512L * 1024 * 1024) {
            throw new IllegalArgumentException("drawbridge.alert.max-body must lie between 1KB and 512MB");
        }
    }
}
