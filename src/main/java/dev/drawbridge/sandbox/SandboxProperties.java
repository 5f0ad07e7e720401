package dev.drawbridge.sandbox;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Read before the application context exists, see {@link SandboxEnvironment}.
 *
 * @param directory holds all that the sandbox writes: nodes, baseline, database, evidence, credentials
 * @param password of every user, and the alert token; generated at the first start when not set
 */
@Validated
@ConfigurationProperties("drawbridge.sandbox")
record SandboxProperties(
        @DefaultValue(".drawbridge") Path directory,
        @Nullable String password) {
    /** Never the password, wherever this ends up. */
    @Override
    public String toString() {
        return "SandboxProperties[directory=" + directory + "]";
    }
}
