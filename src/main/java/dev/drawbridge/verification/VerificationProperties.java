package dev.drawbridge.verification;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param staticPodWait how long one verification lets kubelet and the API server catch up with restored manifests, over all
 *     its checks: kubelet reads its directory again every 20 seconds, and the API server may be what restarts. 0 looks once
 */
@Validated
@ConfigurationProperties("drawbridge.verification")
record VerificationProperties(@DefaultValue("30s") Duration staticPodWait) {
    /** A verification runs within one job, whose lock must not end before it. */
    private static final Duration LONGEST = Duration.ofSeconds(60);

    VerificationProperties {
        if (staticPodWait.isNegative() || staticPodWait.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("drawbridge.verification.static-pod-wait must lie between 0s and 60s");
        }
    }
}
