package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The client. Only what is configured is used: a kubeconfig that happens to lie in somebody's home directory must never decide whose
 * nodes are cordoned.
 */
@Configuration(proxyBeanMethods = false)
class KubernetesConnection {
    private static final Logger log = LoggerFactory.getLogger(KubernetesConnection.class);
    private static final Path SERVICE_ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

    private static final String TOKEN = "token";

    /** Also by what the server's record of fields knows us, see {@link CordonRung}. */
    static final String USER_AGENT = Marks.MANAGER + "/1";

    /** Few and short: an effect is repeated by its workflow step, which also reads again what it decides on. */
    private static final int REPETITIONS = 2;

    private static final int REPETITION_INTERVAL_MILLIS = 100;

    @Bean(destroyMethod = "close")
    KubernetesClient kubernetesClient(KubernetesProperties properties) {
        Config config = new ConfigBuilder(found(properties))
                .withConnectionTimeout((int) properties.connectTimeout().toMillis())
                .withRequestTimeout((int) properties.requestTimeout().toMillis())
                .withUserAgent(USER_AGENT)
                .withRequestRetryBackoffLimit(REPETITIONS)
                .withRequestRetryBackoffInterval(REPETITION_INTERVAL_MILLIS)
                .build();
        log.info("Kubernetes API server: {}", config.getMasterUrl());
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private static Config found(KubernetesProperties properties) {
        if (properties.masterUrl() != null) {
            return new ConfigBuilder(Config.empty())
                    .withMasterUrl(properties.masterUrl())
                    .build();
        }
        if (properties.kubeconfig() != null) {
            return fromFile(properties.kubeconfig(), properties);
        }
        String host = System.getenv("KUBERNETES_SERVICE_HOST");
        if (host != null && Files.isReadable(SERVICE_ACCOUNT.resolve(TOKEN))) {
            return inCluster(SERVICE_ACCOUNT, host, System.getenv().getOrDefault("KUBERNETES_SERVICE_PORT", "443"));
        }
        throw new InvalidConfigurationPropertyValueException(
                "drawbridge.kubernetes.kubeconfig",
                null,
                "Drawbridge does not run in a cluster (no service account token is mounted), and neither"
                        + " drawbridge.kubernetes.kubeconfig nor drawbridge.kubernetes.master-url names one.");
    }

    /** As the kubelet mounts a service account. The token is read for each request: the kubelet replaces it about every hour. */
    static Config inCluster(Path serviceAccount, String host, String port) {
        return new ConfigBuilder(Config.empty())
                .withMasterUrl("https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port)
                .withCaCertFile(serviceAccount.resolve("ca.crt").toString())
                .withOauthTokenProvider(() -> token(serviceAccount.resolve(TOKEN)))
                .build();
    }

    private static String token(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the service account's token cannot be read", unreadable);
        }
    }

    private static Config fromFile(Path kubeconfig, KubernetesProperties properties) {
        if (!Files.isReadable(kubeconfig)) {
            throw new InvalidConfigurationPropertyValueException(
                    "drawbridge.kubernetes.kubeconfig", kubeconfig, "There is no such file, or it may not be read.");
        }
        Config config = properties.context() == null
                ? Config.fromKubeconfig(kubeconfig.toFile())
                : Config.fromKubeconfig(properties.context(), kubeconfig.toFile());
        // fabric8 would go on with an address of its own
        if (config.getCurrentContext() == null
                || properties.context() != null
                        && !properties
                                .context()
                                .equals(config.getCurrentContext().getName())) {
            throw new InvalidConfigurationPropertyValueException(
                    "drawbridge.kubernetes.context", properties.context(), "The kubeconfig has no such context.");
        }
        return config;
    }
}
