package dev.drawbridge.node.pod;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** Looks for helper pods that were left behind, soon after the start and then every minute, wherever pods may have been made. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
@ConditionalOnProperty("drawbridge.node.pod.image")
class HelperPodSweep {
    private static final Logger log = LoggerFactory.getLogger(HelperPodSweep.class);

    private final HelperPods pods;

    HelperPodSweep(HelperPods pods) {
        this.pods = pods;
    }

    @Scheduled(initialDelay = 5, fixedDelay = 60, timeUnit = TimeUnit.SECONDS)
    void sweep() {
        try {
            pods.sweep();
        } catch (KubernetesClientException unreachable) {
            log.warn("helper pods cannot be swept: {}", HelperPods.said(unreachable.getMessage()));
        }
    }
}
