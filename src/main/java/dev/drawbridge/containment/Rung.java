package dev.drawbridge.containment;

import java.util.Locale;

/**
 * A step of the containment ladder; the code is its name in playbooks, audit entries and annotations. What a rung stops and does not stop is
 * said here once, for tasks, pages and the README.
 */
public enum Rung {
    CORDON(
            "New pods are no longer scheduled to the node.",
            "Pods that run already, static pods, DaemonSets, the kubelet, network traffic."),
    TAINT(
            "New pods without a matching toleration stay away; with NoExecute, running ones are evicted too.",
            "Static pods, pods that tolerate it (most DaemonSets), the kubelet, network traffic."),
    LABEL("Nothing by itself: it marks the node for policies and for people.", "Everything that no policy selects."),
    DRAIN(
            "Pods that a controller starts again elsewhere: they are evicted, as fast as disruption budgets let them go.",
            "Static pods, DaemonSets, what a disruption budget still holds at the deadline, pods without a controller or with local data (unless configured), the kubelet, network traffic."),
    NETWORK_POLICIES(
            "Network traffic of the node's pods, in and out, where the network plugin enforces NetworkPolicies.",
            "Pods with the host's network, static pods, pods that start later, exempt pods, traffic between a pod and its own node, the kubelet, processes on the host."),
    CILIUM_HOST_POLICY(
            "Network traffic of the host itself: static pods and other pods with the host's network, and processes outside of pods.",
            "What the allow list names, connections from the API server to the kubelet and back, traffic of other pods, processes as such."),
    CALICO_HOST_POLICY(
            "Network traffic of the host itself: static pods and other pods with the host's network, and processes outside of pods.",
            "What the allow list names, Calico's failsafe ports (as they come: SSH, API server, etcd, BGP, DNS, DHCP), connections that are open already, traffic of other pods, processes as such."),
    NODE_CREDENTIALS(
            "Nothing by itself: a person gets the plan for denying the node's own identity (system:node:<name>) at the API servers.",
            "Anything until the plan is carried out. Then still: tokens of pods and other identities that were read on the node, processes, network traffic.");

    /** What ends a static pod, for tasks, pages and the README: the ladder must not look as if one of its rungs did. */
    public static final String STATIC_PODS =
            "No rung of a playbook ends a static pod. Quarantine does: restore moves its manifest away, after the evidence is kept.";

    private final String stops;
    private final String doesNotStop;

    Rung(String stops, String doesNotStop) {
        this.stops = stops;
        this.doesNotStop = doesNotStop;
    }

    public String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws IllegalArgumentException for a name that no rung has */
    public static Rung ofCode(String code) {
        return valueOf(code.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Whether a person does it, and we never do. */
    public boolean byHand() {
        return this == NODE_CREDENTIALS;
    }

    public String stops() {
        return stops;
    }

    public String doesNotStop() {
        return doesNotStop;
    }
}
