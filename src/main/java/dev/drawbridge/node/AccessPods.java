package dev.drawbridge.node;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells the pods by which Drawbridge itself reaches nodes from all others: it must not evict them, nor cut them off. */
@FunctionalInterface
public interface AccessPods {
    /** @param labels of the pod; null for none */
    boolean includes(@Nullable String namespace, @Nullable Map<String, String> labels);
}
