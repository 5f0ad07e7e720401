package dev.drawbridge.node;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells the pods by which Drawbridge itself reaches nodes from all others: they are not evicted, not cut off, and not left over. */
@FunctionalInterface
public interface AccessPods {
    /** @param labels of the pod; null for none */
    boolean includes(@Nullable String namespace, @Nullable Map<String, String> labels);

    /** Whether this process reaches a node now by the pod with this uid: kubelet may have been asked before it was started. */
    default boolean inUse(String uid) {
        return false;
    }
}
