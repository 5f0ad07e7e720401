package dev.drawbridge.containment.kubernetes;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Needs a real cluster: runs when {@code DRAWBRIDGE_TEST_KUBECONFIG} names a kubeconfig for one that answers, else it is skipped. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("cluster")
@ExtendWith(RealCluster.Condition.class)
public @interface ClusterTest {}
