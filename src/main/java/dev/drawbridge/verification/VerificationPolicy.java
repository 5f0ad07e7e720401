package dev.drawbridge.verification;

import dev.drawbridge.shared.WatchedSet;

/**
 * What a playbook wants verified.
 *
 * @param requireKubelet whether kubelet itself is asked for the static pods
 * @param requireProcesses whether the processes on the node are compared with the pods, where node access reaches them
 */
public record VerificationPolicy(
        WatchedSet watched,
        boolean requireNodeReady,
        boolean requireApiServer,
        boolean requireStaticPods,
        boolean requireKubelet,
        boolean requireProcesses) {}
