package dev.drawbridge.node;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Nodes that are not reached at the InternalIP that the cluster names.
 *
 * @param endpoints by node name
 */
@Validated
@ConfigurationProperties("drawbridge.node")
record NodeEndpointProperties(@DefaultValue Map<String, Endpoint> endpoints) {
    NodeEndpointProperties {
        endpoints = Map.copyOf(endpoints);
    }

    /** @param host the cluster's address when not given; @param port that of {@code drawbridge.node.ssh} when not given */
    record Endpoint(
            @Nullable String host,
            @Nullable @Min(1) @Max(65535) Integer port,
            @DefaultValue("/") String rootPrefix) {}
}
