package dev.drawbridge.guardrail;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Overrides of guardrails.
 *
 * @param valid how long after its approval an override may be used, at most four hours: people agreed to the cluster that they saw
 */
@Validated
@ConfigurationProperties("drawbridge.guardrail.override")
record OverrideProperties(
        @DefaultValue("15m") @DurationMin(minutes = 1) @DurationMax(hours = 4)
        Duration valid) {}
