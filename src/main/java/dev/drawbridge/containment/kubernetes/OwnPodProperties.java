package dev.drawbridge.containment.kubernetes;

import jakarta.validation.constraints.NotBlank;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The pod that this process is, where it runs in the cluster that it guards: the Deployment says so by the downward API.
 *
 * @param name of the pod
 * @param namespace of the pod, in which its other replicas are too
 * @param outside Drawbridge runs as a pod of another cluster than the one that it guards: to be said where a kubeconfig is used in a pod
 * @param selector the label that all of them have and nothing else in the namespace, {@code key=value}
 */
@Validated
@ConfigurationProperties("drawbridge.kubernetes.pod")
record OwnPodProperties(
        @Nullable String name,
        @Nullable String namespace,
        @DefaultValue("false") boolean outside,

        @DefaultValue("app.kubernetes.io/name=drawbridge") @NotBlank
        String selector) {
    OwnPodProperties {
        if ((name == null) != (namespace == null)) {
            throw new IllegalArgumentException(
                    "drawbridge.kubernetes.pod.name and drawbridge.kubernetes.pod.namespace need each other");
        }
        if (outside && name != null) {
            throw new IllegalArgumentException(
                    "drawbridge.kubernetes.pod.outside and drawbridge.kubernetes.pod.name exclude each other");
        }
        if (!selector.matches("[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException("drawbridge.kubernetes.pod.selector is not of the form key=value");
        }
    }
}
