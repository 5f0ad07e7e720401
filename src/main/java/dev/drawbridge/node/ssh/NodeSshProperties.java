package dev.drawbridge.node.ssh;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How nodes are reached over SSH.
 *
 * @param privateKey file with the client's private key (OpenSSH or PEM form)
 * @param knownHosts file with the host keys of all nodes; a node whose key is not in it is refused
 * @param keepAlive how often a node is asked for a sign of life over its open session; when it owes two, the session ends
 * @param sudo whether the user is not root and may run {@code sh} by {@code sudo -n}
 */
@Validated
@ConfigurationProperties("drawbridge.node.ssh")
record NodeSshProperties(
        @DefaultValue("root") @NotBlank String user,
        @Nullable Path privateKey,
        @Nullable Path knownHosts,
        @DefaultValue("22") @Min(1) @Max(65535) int port,
        @DefaultValue("10s") Duration connectTimeout,
        @DefaultValue("2m") Duration commandTimeout,
        @DefaultValue("10s") Duration keepAlive,
        @DefaultValue("4") @Min(1) @Max(32) int maxConcurrentCommands,
        @DefaultValue("false") boolean sudo) {
    NodeSshProperties {
        if (connectTimeout.isNegative()
                || connectTimeout.isZero()
                || commandTimeout.isNegative()
                || commandTimeout.isZero()) {
            throw new IllegalArgumentException("drawbridge.node.ssh: timeouts must be positive");
        }
        // below a millisecond there would be none
        if (keepAlive.toMillis() <= 0) {
            throw new IllegalArgumentException("drawbridge.node.ssh.keep-alive must be positive");
        }
    }
}
