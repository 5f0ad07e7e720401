package dev.drawbridge.node.pod;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How nodes are reached by helper pods.
 *
 * @param image with a POSIX shell and GNU coreutils and findutils, or busybox; needed where a node is reached by pods
 * @param imagePullSecret name of a Secret of the namespace
 * @param namespace where the pods are made; whoever may make pods there owns every node
 * @param startTimeout from the request to a pod that is ready
 * @param commandTimeout of one script
 * @param lifetime after which the kubelet ends a pod that was left behind
 * @param maxConcurrent nodes reached at once by this process
 * @param processes whether pods share the node's process ids, for evidence of what runs there
 */
@Validated
@ConfigurationProperties("drawbridge.node.pod")
record NodePodProperties(
        @Nullable String image,
        @Nullable String imagePullSecret,

        @DefaultValue("drawbridge-node-access") @Pattern(regexp = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
        String namespace,

        @DefaultValue("20s") Duration startTimeout,
        @DefaultValue("2m") Duration commandTimeout,
        @DefaultValue("10m") Duration lifetime,
        @DefaultValue("8") @Min(1) @Max(100) int maxConcurrent,
        @DefaultValue("false") boolean processes) {
    /** Longer than any step of a workflow. */
    private static final Duration SHORTEST_LIFE = Duration.ofMinutes(5);

    NodePodProperties {
        positive("start-timeout", startTimeout);
        positive("command-timeout", commandTimeout);
        if (lifetime.compareTo(SHORTEST_LIFE) < 0 || lifetime.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException("drawbridge.node.pod.lifetime must be from 5m to 1h");
        }
    }

    private static void positive(String name, Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("drawbridge.node.pod." + name + " must be positive");
        }
    }
}
