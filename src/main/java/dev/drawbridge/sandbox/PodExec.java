package dev.drawbridge.sandbox;

import io.vertx.core.http.ServerWebSocket;
import java.util.List;

/** Plays the kubelet that runs a command in a container; called on the server's thread, which it must not hold up. */
@FunctionalInterface
public interface PodExec {
    /**
     * @param pod path of the pod
     * @param socket speaks {@code v4.channel.k8s.io}; what it receives comes as soon as there is a handler for it
     * @param cut breaks the connection without any word
     */
    void run(String pod, List<String> command, ServerWebSocket socket, Runnable cut);
}
