package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Right;
import dev.drawbridge.containment.Rung;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the code of this package asks an API server for. Each feature has the manifest that grants it, and nothing else, in
 * {@code docker/kubernetes/access/<code>}, so that a cluster in which it is not wanted need not grant it. A test holds this list, the manifests
 * and the requests that are really made against each other.
 */
enum Feature {
    /** Node directory, cluster view, and whatever a rung reads before it acts. */
    READ(
            true,
            Right.core("get", "nodes"),
            Right.core("list", "nodes"),
            Right.core("watch", "nodes"),
            Right.core("list", "pods"),
            Right.core("list", "namespaces"),
            Right.core("list", "events"),
            Right.core("get", "/readyz")),

    /** Verification asks kubelets for the pods that the API does not show. */
    KUBELET(true, Right.core("get", "nodes/proxy")),

    /** Cordon, taint and label are changes of a Node object. */
    CONTAIN(true, Right.core("patch", "nodes")),

    /** Drain asks for the end of pods, within their disruption budgets. */
    EVICT(false, Right.core("create", "pods/eviction")),

    /** Network-policies labels pods, and makes and removes policies. */
    NETWORK_POLICIES(
            false,
            Right.core("patch", "pods"),
            new Right("list", "networking.k8s.io", "networkpolicies"),
            new Right("create", "networking.k8s.io", "networkpolicies"),
            new Right("patch", "networking.k8s.io", "networkpolicies"),
            new Right("delete", "networking.k8s.io", "networkpolicies")),

    /** Cilium-host-policy makes and removes one policy, and looks up whether anything enforces it. */
    CILIUM_HOST_POLICY(
            false,
            Right.core("get", "configmaps"),
            new Right("get", "cilium.io", "ciliumclusterwidenetworkpolicies"),
            new Right("create", "cilium.io", "ciliumclusterwidenetworkpolicies"),
            new Right("patch", "cilium.io", "ciliumclusterwidenetworkpolicies"),
            new Right("delete", "cilium.io", "ciliumclusterwidenetworkpolicies")),

    /** Calico-host-policy makes and removes a policy and a host endpoint, and looks up the failsafe ports. */
    CALICO_HOST_POLICY(
            false,
            new Right("get", CalicoRung.GROUP, "globalnetworkpolicies"),
            new Right("create", CalicoRung.GROUP, "globalnetworkpolicies"),
            new Right("patch", CalicoRung.GROUP, "globalnetworkpolicies"),
            new Right("delete", CalicoRung.GROUP, "globalnetworkpolicies"),
            new Right("get", CalicoRung.GROUP, "hostendpoints"),
            new Right("list", CalicoRung.GROUP, "hostendpoints"),
            new Right("create", CalicoRung.GROUP, "hostendpoints"),
            new Right("patch", CalicoRung.GROUP, "hostendpoints"),
            new Right("delete", CalicoRung.GROUP, "hostendpoints"),
            new Right("get", CalicoRung.GROUP, "felixconfigurations"),
            new Right("get", CalicoRung.GROUP, "tiers"),
            new Right("get", CalicoRung.GROUP, "tier.globalnetworkpolicies"),
            new Right("create", CalicoRung.GROUP, "tier.globalnetworkpolicies"),
            new Right("patch", CalicoRung.GROUP, "tier.globalnetworkpolicies"),
            new Right("delete", CalicoRung.GROUP, "tier.globalnetworkpolicies"));

    private final boolean usual;
    private final List<Right> rights;

    Feature(boolean usual, Right... rights) {
        this.usual = usual;
        this.rights = List.of(rights);
    }

    /** Whether the playbooks that ship need it. */
    boolean usual() {
        return usual;
    }

    List<Right> rights() {
        return rights;
    }

    String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one object that a right is for, where the manifest names it; empty for all of a kind. */
    static Optional<String> only(Right right) {
        if (right.equals(Right.core("get", "configmaps"))) {
            return Optional.of(CiliumRung.CONFIG);
        }
        if (!indirect(right)) {
            return Optional.empty();
        }
        return Optional.of(right.resource().equals("tiers") ? CalicoRung.TIER : CalicoRung.TIER + ".*");
    }

    /** Whether no request of ours is for it: Calico's API server asks for it besides, when we ask for a policy. */
    static boolean indirect(Right right) {
        return right.group().equals(CalicoRung.GROUP) && right.resource().startsWith("tier");
    }

    /** What a rung needs besides {@link #READ}. */
    static Feature of(Rung rung) {
        return switch (rung) {
            case CORDON, TAINT, LABEL -> CONTAIN;
            case DRAIN -> EVICT;
            case NETWORK_POLICIES -> NETWORK_POLICIES;
            case CILIUM_HOST_POLICY -> CILIUM_HOST_POLICY;
            case CALICO_HOST_POLICY -> CALICO_HOST_POLICY;
            case NODE_CREDENTIALS -> throw new IllegalArgumentException(rung.code() + " is nothing that we do");
        };
    }
}
