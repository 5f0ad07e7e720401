package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.APIGroupList;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/**
 * What the API server offers, by its own word (discovery, which every authenticated client may ask). Asked each time: a CRD that was
 * installed yesterday counts today.
 */
@Component
class ServedApis {
    private final KubernetesClient client;

    ServedApis(KubernetesClient client) {
        this.client = client;
    }

    /** Names of the API groups; without the core group, which has none. */
    Set<String> groups() {
        APIGroupList groups = client.getApiGroups();
        return groups == null
                ? Set.of()
                : groups.getGroups().stream().map(APIGroup::getName).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * @param version group and version, {@code cilium.io/v2}; {@code v1} for the core group
     * @param resource in the plural, a subresource after a slash
     * @throws io.fabric8.kubernetes.client.KubernetesClientException when the API server could not be asked
     */
    boolean serves(String version, String resource) {
        APIResourceList offered = client.getApiResources(version);
        return offered != null && offered.getResources().stream().anyMatch(one -> resource.equals(one.getName()));
    }
}
