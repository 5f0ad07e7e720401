package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** How the rungs beyond cordon, taint and label work in this cluster. */
@Validated
@ConfigurationProperties("drawbridge.containment")
record ContainmentProperties(
        @DefaultValue Drain drain,
        @DefaultValue Taint taint,
        @DefaultValue @Valid Network network) {
    private static final Duration LONGEST_DEADLINE = Duration.ofHours(1);

    /**
     * The rung {@code drain}.
     *
     * @param deadline counted from its first look; the response goes on then, and says what stayed
     * @param grace how long a pod may take to end; what it asks for itself if not given
     * @param evictUnmanaged also pods without a controller: nothing starts them again
     * @param evictLocalData also pods with an {@code emptyDir}: its data is lost
     */
    record Drain(
            @DefaultValue("2m") Duration deadline,
            @Nullable Duration grace,
            @DefaultValue("false") boolean evictUnmanaged,
            @DefaultValue("false") boolean evictLocalData) {
        Drain {
            if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(LONGEST_DEADLINE) > 0) {
                throw new IllegalArgumentException(
                        "drawbridge.containment.drain.deadline must be positive and at most 1h");
            }
            // without any grace the API server forgets a pod that may still run
            if (grace != null && grace.compareTo(Duration.ofSeconds(1)) < 0) {
                throw new IllegalArgumentException("drawbridge.containment.drain.grace must be at least 1s");
            }
        }
    }

    /**
     * The rung {@code taint}.
     *
     * @param tolerations by which a pod may stay, as {@code namespace key}; any other pod that tolerates the taint is evicted after it
     */
    record Taint(@DefaultValue("* *") List<Tolerated> tolerations) {
        Taint {
            tolerations = List.copyOf(tolerations);
        }
    }

    /**
     * The rungs that cut off traffic.
     *
     * @param policiesEnforced something enforces NetworkPolicies that the cluster's APIs do not tell of
     * @param exempt pods that are never cut off, as {@code namespace/key=value}: what the cluster, or Drawbridge itself, cannot be without
     * @param allowIn what may reach a host that is cut off, beside the API server its kubelet: at least where Drawbridge's SSH comes from
     * @param allowOut what it may reach, beside the API server
     * @param ciliumNamespace where Cilium runs, and its ConfigMap {@code cilium-config} is
     */
    record Network(
            @DefaultValue("false") boolean policiesEnforced,

            @DefaultValue({"kube-system/k8s-app=kube-dns", "drawbridge/app.kubernetes.io/name=drawbridge"})
            List<Exempt> exempt,

            @DefaultValue List<Allowed> allowIn,
            @DefaultValue List<Allowed> allowOut,

            @DefaultValue("kube-system") @Pattern(regexp = "[a-z0-9-]+")
            String ciliumNamespace) {
        Network {
            exempt = List.copyOf(exempt);
            allowIn = List.copyOf(allowIn);
            allowOut = List.copyOf(allowOut);
        }
    }

    /** Pods of one namespace with one label. */
    record Exempt(String namespace, String key, String value) {
        private static final java.util.regex.Pattern FORM =
                java.util.regex.Pattern.compile("([a-z0-9-]+)/([A-Za-z0-9._/-]+)=([A-Za-z0-9._-]*)");

        /**
         * Reads {@code namespace/key=value}; Spring does so with each element of the list.
         *
         * @throws IllegalArgumentException for any other form
         */
        public static Exempt valueOf(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches()) {
                throw new IllegalArgumentException("not of the form namespace/label=value: " + text);
            }
            return new Exempt(form.group(1), form.group(2), form.group(3));
        }

        boolean fits(Pod pod) {
            Map<String, String> labels = pod.getMetadata().getLabels();
            return namespace.equals(pod.getMetadata().getNamespace())
                    && labels != null
                    && value.equals(labels.get(key));
        }
    }
}
