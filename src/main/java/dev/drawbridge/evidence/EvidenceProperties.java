package dev.drawbridge.evidence;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * @param directory where captured content is kept, readable by Drawbridge only: it holds what attackers wrote and private keys
 * @param maxFileSize a larger file is not captured, and therefore never overwritten or moved automatically
 */
@Validated
@ConfigurationProperties("drawbridge.evidence")
record EvidenceProperties(
        @Nullable Path directory, @DefaultValue("256MB") DataSize maxFileSize) {}
