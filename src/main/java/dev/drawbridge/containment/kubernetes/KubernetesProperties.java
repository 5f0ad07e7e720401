package dev.drawbridge.containment.kubernetes;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Which cluster, and how long to wait for it. Without any of the first three it is the cluster that Drawbridge runs in.
 *
 * @param kubeconfig file with cluster and credentials
 * @param context name of the context in the kubeconfig; its current one if not given
 * @param masterUrl address of an API server that asks for no credentials, as the sandbox's
 * @param connectTimeout for one connection
 * @param requestTimeout for one request with all its repetitions; a step of a workflow makes a few
 */
@Validated
@ConfigurationProperties("drawbridge.kubernetes")
record KubernetesProperties(
        @Nullable Path kubeconfig,
        @Nullable String context,
        @Nullable String masterUrl,
        @DefaultValue("2s") Duration connectTimeout,
        @DefaultValue("5s") Duration requestTimeout) {
    KubernetesProperties {
        if (kubeconfig != null && masterUrl != null) {
            throw new IllegalArgumentException(
                    "drawbridge.kubernetes.kubeconfig and drawbridge.kubernetes.master-url exclude each other");
        }
        if (context != null && kubeconfig == null) {
            throw new IllegalArgumentException("drawbridge.kubernetes.context needs drawbridge.kubernetes.kubeconfig");
        }
        positive("connect-timeout", connectTimeout);
        positive("request-timeout", requestTimeout);
    }

    private static void positive(String name, Duration timeout) {
        // a request that was begun in the last moment of a step's time ends within the margin, see decision record 30
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(Duration.ofSeconds(15)) > 0) {
            throw new IllegalArgumentException("drawbridge.kubernetes." + name + " must be positive and at most 15s");
        }
    }
}
