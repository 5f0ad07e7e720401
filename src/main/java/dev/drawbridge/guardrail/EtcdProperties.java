package dev.drawbridge.guardrail;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Where etcd itself is asked who votes and who is healthy. Without endpoints its pods and nodes are looked at instead.
 *
 * @param endpoints client addresses, {@code https://host:port}; a voter that has none here counts as not healthy
 * @param caCertificate PEM, who vouches for the servers; null for what the JVM trusts
 * @param clientCertificate PEM, null when etcd asks for none
 * @param clientKey PEM, its private key
 * @param timeout for the answers of all endpoints together, once for their health and once for the members
 */
@Validated
@ConfigurationProperties("drawbridge.guardrail.etcd")
record EtcdProperties(
        @DefaultValue List<URI> endpoints,
        @Nullable Path caCertificate,
        @Nullable Path clientCertificate,
        @Nullable Path clientKey,

        @DefaultValue("2s") @DurationMin(millis = 100) @DurationMax(seconds = 10)
        Duration timeout) {

    private static final String PREFIX = "drawbridge.guardrail.etcd.";
    /** etcd recommends seven members at most. */
    private static final int MOST = 16;

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

    EtcdProperties {
        endpoints = List.copyOf(endpoints);
        if (endpoints.size() > MOST) {
            throw new IllegalArgumentException(PREFIX + "endpoints are more than " + MOST);
        }
        endpoints.forEach(endpoint -> check(endpoint, clientKey != null));
        if (endpoints.isEmpty() && (caCertificate != null || clientCertificate != null || clientKey != null)) {
            throw new IllegalArgumentException(PREFIX + "endpoints are missing, although other settings are there");
        }
        if ((clientCertificate == null) != (clientKey == null)) {
            throw new IllegalArgumentException(
                    PREFIX + "client-certificate and client-key are of no use without each other");
        }
    }

    private static void check(URI endpoint, boolean credentials) {
        String path = endpoint.getRawPath();
        if (endpoint.getHost() == null
                || endpoint.getPort() < 0
                || !Set.of("http", "https").contains(String.valueOf(endpoint.getScheme()))
                || path != null && !path.isEmpty() && !path.equals("/")) {
            throw new IllegalArgumentException(PREFIX + "endpoints: neither https://host:port nor http://host:port");
        }
        if (endpoint.getRawUserInfo() != null || endpoint.getRawQuery() != null || endpoint.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    PREFIX + "endpoints: no credentials, query or fragment may be in an address");
        }
        if (endpoint.getScheme().equals("http") && (credentials || !LOOPBACK.contains(endpoint.getHost()))) {
            throw new IllegalArgumentException(
                    PREFIX + "endpoints must be https: who stands between could say that all is well");
        }
    }
}
