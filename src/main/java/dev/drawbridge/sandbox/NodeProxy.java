package dev.drawbridge.sandbox;

import java.util.Optional;

/** What the sandbox's API server finds behind its node proxy; asked on the server's thread, so it answers from memory. */
@FunctionalInterface
interface NodeProxy {
    /** No kubelet runs anywhere. */
    NodeProxy NONE = (node, path) -> Optional.empty();

    /** One answer of a kubelet. */
    record Answer(int code, String body) {}

    /**
     * Asks the kubelet of a node.
     *
     * @param path below the proxy, as sent, {@code pods}
     * @return empty when no kubelet runs there
     */
    Optional<Answer> get(String node, String path);
}
