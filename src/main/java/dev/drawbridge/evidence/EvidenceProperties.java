package dev.drawbridge.evidence;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * @param directory where captured content is kept, readable by Drawbridge only: it holds what attackers wrote and private keys
 * @param maxFileSize a larger file is not captured, and therefore never overwritten or moved automatically
 * @param maxIncidentSize of all files kept for one incident; what exceeds it is treated like a file that is too large
 * @param retention how long after an incident was closed its evidence is kept; null for ever
 */
@Validated
@ConfigurationProperties("drawbridge.evidence")
record EvidenceProperties(
        @Nullable Path directory,
        @DefaultValue("256MB") DataSize maxFileSize,
        @DefaultValue("2GB") DataSize maxIncidentSize,
        @Nullable Duration retention) {
    /** A number without unit is milliseconds: what was meant to be a year must not be the end of everything at once. */
    private static final Duration SHORTEST = Duration.ofDays(1);

    EvidenceProperties {
        if (retention != null && retention.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("drawbridge.evidence.retention must be at least 1d");
        }
        if (maxFileSize.toBytes() < 1 || maxIncidentSize.toBytes() < 1) {
            throw new IllegalArgumentException("drawbridge.evidence: sizes must be positive");
        }
    }
}
